// A6: the idler. It opens a connection to everyone, says nothing beyond the handshakes and keeps the connection alive: what it takes is a
// place under the limit.

import type { ScriptedConnection } from './scripted-connection.ts';
import { ScriptedPeer } from './scripted-peer.ts';

export class Idler extends ScriptedPeer {
  protected override meet(connection: ScriptedConnection): void {
    connection.sendHaveNone();
  }
}
