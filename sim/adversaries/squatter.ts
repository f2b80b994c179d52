// The squatter of slots. It says that it wants what everybody has and asks nobody for anything: what it takes is a turn among a peer's
// upload slots, and it costs it no byte.

import type { ScriptedConnection } from './scripted-connection.ts';
import { ScriptedPeer } from './scripted-peer.ts';

export class Squatter extends ScriptedPeer {
  protected override meet(connection: ScriptedConnection): void {
    connection.sendHaveNone();
    connection.sendInterested();
  }
}
