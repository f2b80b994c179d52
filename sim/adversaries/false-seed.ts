// What every script shares that pretends to be a seed: it says that it has everything, lets everybody in, and answers as it likes.

import type { ScriptedConnection } from './scripted-connection.ts';
import { ScriptedPeer } from './scripted-peer.ts';

export abstract class FalseSeed extends ScriptedPeer {
  protected override get leftBytes(): number {
    return 0;
  }

  protected override meet(connection: ScriptedConnection): void {
    connection.sendHaveAll();
    connection.sendUnchoke();
  }

  /** Sends the block as it truly is. */
  protected serve(connection: ScriptedConnection, piece: number, beginBytes: number, lengthBytes: number): void {
    const stamp = this.stampOf(piece, beginBytes, lengthBytes);
    if (stamp !== null) connection.sendBlock(piece, beginBytes, lengthBytes, stamp);
  }
}
