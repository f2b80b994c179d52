// A10: the three selfish clients of Liogkas et al. 2006. One takes from seeds alone, where nothing is asked in return; one takes from the
// fastest alone; one claims pieces that it does not have, so that others are interested, and pays them with garbage. None uploads a block that is true.

import { corrupted } from '../torrent-contents.ts';
import type { ScriptedConnection } from './scripted-connection.ts';
import { ScriptedLeecher } from './scripted-leecher.ts';

class SeedsOnly extends ScriptedLeecher {
  protected override mayAskPeer(connection: ScriptedConnection): boolean {
    return connection.seed;
  }
}

/** How many count as the fastest. */
const FASTEST_COUNT = 4;
/** Until then everybody is tried. */
const TRIAL_SECONDS = 20;

class FastestOnly extends ScriptedLeecher {
  #fastest: readonly ScriptedConnection[] = [];

  protected override mayAskPeer(connection: ScriptedConnection): boolean {
    return this.#fastest.length < FASTEST_COUNT || this.#fastest.includes(connection);
  }

  protected override onSecond(): void {
    if (this.seconds % TRIAL_SECONDS === 0)
      this.#fastest = this.connections
        .filter(({ isUp, receivedBytes }) => isUp && receivedBytes > 0)
        .sort((a, b) => b.receivedBytes - a.receivedBytes)
        .slice(0, FASTEST_COUNT);
    super.onSecond();
  }
}

class FalsePieces extends ScriptedLeecher {
  protected override meet(connection: ScriptedConnection): void {
    connection.sendHaveNone();
    for (let piece = 0; piece < this.pieceCount; piece += 2) connection.sendHave(piece);
    connection.sendInterested();
    connection.sendUnchoke();
  }

  protected override asked(
    connection: ScriptedConnection,
    piece: number,
    beginBytes: number,
    lengthBytes: number,
  ): void {
    const stamp = this.stampOf(piece, beginBytes, lengthBytes);
    if (stamp !== null) connection.sendBlock(piece, beginBytes, lengthBytes, corrupted(stamp));
  }
}

/** The three in turn. */
export const SELFISH = [SeedsOnly, FastestOnly, FalsePieces] as const;
