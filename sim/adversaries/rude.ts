// Peers that break the wire's rules, each one of them: what is unreadable, what nobody asked for, and one that asks without end and never
// reads. All come by themselves and come again.

import { HANDSHAKE_BYTES, messages, writeHandshake } from '#engine';
import type { ScriptedConnection } from './scripted-connection.ts';
import { ScriptedPeer } from './scripted-peer.ts';

/** Says a length that no message may have. */
class Garbler extends ScriptedPeer {
  protected override meet({ conn }: ScriptedConnection): void {
    this.output((sink) => sink.send(conn, Uint8Array.of(0xff, 0xff, 0xff, 0xff)));
  }
}

const BLOCKS_PER_SECOND = 8;
const FAST_BYTE = 27;
const FAST_BIT = 0x04;

/** Sends blocks that were never asked for. Without the fast extension, where a block may have been asked for before a choke. */
class Babbler extends ScriptedPeer {
  protected override wantsToDial(): boolean {
    return false;
  }

  override greeted({ conn }: ScriptedConnection): void {
    const handshake = new Uint8Array(HANDSHAKE_BYTES);
    const peerId = Uint8Array.from({ length: 20 }, () => this.random.below(256));
    writeHandshake(handshake, 0, this.infoHash, peerId);
    handshake[FAST_BYTE] = (handshake[FAST_BYTE] as number) & ~FAST_BIT;
    this.output((sink) => sink.send(conn, handshake));
  }

  protected override onSecond(): void {
    const { geometry } = this.contents;
    for (const connection of this.connections) {
      if (!connection.isUp) continue;
      for (let sent = 0; sent < BLOCKS_PER_SECOND; sent += 1) {
        const piece = this.random.below(this.pieceCount);
        const lengthBytes = geometry.blockLength(piece, 0);
        connection.sendBlock(piece, 0, lengthBytes, this.stampOf(piece, 0, lengthBytes) as number);
      }
    }
  }
}

/** Enough that their rejects alone are more than anybody should keep. */
const REQUESTS_AT_ONCE = 70_000;

/** Asks without end once it is unchoked, and reads nothing from then on. */
class Glutton extends ScriptedPeer {
  readonly #full = new Set<ScriptedConnection>();

  override piecesChanged(connection: ScriptedConnection): void {
    if (connection.pieceCount > 0) connection.sendInterested();
  }

  override unchoked(connection: ScriptedConnection): void {
    const piece = connection.pieces.indexOf(1);
    if (piece === -1 || this.#full.has(connection)) return;
    this.#full.add(connection);
    this.output((sink) => sink.setReading(connection.conn, false));
    const lengthBytes = this.contents.geometry.blockLength(piece, 0);
    const flood = new Uint8Array(REQUESTS_AT_ONCE * messages.REQUEST_BYTES);
    for (let at = 0; at < flood.length; at += messages.REQUEST_BYTES)
      messages.writeRequest(flood, at, piece, 0, lengthBytes);
    this.output((sink) => sink.send(connection.conn, flood));
  }

  protected override lost(connection: ScriptedConnection): void {
    this.#full.delete(connection);
  }
}

export const RUDE = [Garbler, Babbler, Glutton] as const;
