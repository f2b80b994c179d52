// Super-seeding (BEP 16): a first seed with a slow uplink poses as a peer without pieces and shows each peer one piece at a time, so that it
// sends hardly any piece twice before all are out.
//
// A peer is shown the rarest piece that it lacks; the next one once somebody else has that piece, for then it was passed on, or after a
// minute: a peer that nobody can reach must get on too. Only peers that came while everything was here are treated so. What was never
// shown is served all the same to one that asks. Held: one entry a connection.

import type { Context } from '../context.ts';
import type { Instant, RandomStream } from '../contract.ts';
import type { Peer } from '../peers/peer.ts';
import type { Torrent } from './torrent.ts';

const PATIENCE_US = 60_000_000;
const NOTHING = -1;

/** The last piece that a peer was shown, NOTHING before the first. */
interface Shown {
  piece: number;
  at: Instant;
}

export class SuperSeeding {
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  readonly #random: RandomStream;
  readonly #shown = new Map<Peer, Shown>();

  constructor(ctx: Context, torrent: Torrent, random: RandomStream) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#random = random;
  }

  /** A handshake is done. Returns whether the peer is told of nothing; without the fast extension it may never say what it has, and is shown
   *  its first piece now. */
  greets(peer: Peer): boolean {
    if (!this.#ctx.settings.superSeeding || this.#torrent.leftBytes > 0) return false;
    this.#shown.set(peer, { piece: NOTHING, at: this.#ctx.now });
    if (!peer.fast) this.#showNext(peer);
    return true;
  }

  /** What the peer has is known. */
  peerSaidPieces(peer: Peer): void {
    const shown = this.#shown.get(peer);
    if (shown !== undefined && (shown.piece === NOTHING || peer.bits.has(shown.piece))) this.#showNext(peer);
  }

  /** Some peer has a piece: whoever was shown it may have passed it on. */
  peerGot(piece: number): void {
    if (this.#shown.size === 0) return;
    const copies = this.#torrent.picker.availability(piece);
    for (const [peer, shown] of this.#shown) {
      if (shown.piece !== piece) continue;
      const own = peer.bits.has(piece);
      if (copies > Number(own) || (own && this.#leechers() === 1)) this.#showNext(peer);
    }
  }

  peerGone(peer: Peer): void {
    this.#shown.delete(peer);
  }

  /** Once a second. */
  second(): void {
    for (const [peer, shown] of this.#shown) if (this.#ctx.now - shown.at >= PATIENCE_US) this.#showNext(peer);
  }

  #leechers(): number {
    let count = 0;
    for (const peer of this.#torrent.swarm.peers) if (peer.up && !peer.isSeed) count += 1;
    return count;
  }

  /** The piece that fewest peers have or were shown, ties by chance. */
  #showNext(peer: Peer): void {
    const { picker } = this.#torrent;
    const shownTo = new Map<number, number>();
    for (const { piece } of this.#shown.values()) shownTo.set(piece, (shownTo.get(piece) ?? 0) + 1);
    const last = this.#shown.get(peer) as Shown;
    let best = NOTHING;
    let fewest = Infinity;
    let ties = 0;
    for (let piece = 0; piece < peer.bits.length; piece += 1) {
      if (peer.bits.has(piece) || piece === last.piece) continue;
      const copies = picker.availability(piece) + (shownTo.get(piece) ?? 0);
      if (copies > fewest) continue;
      ties = copies < fewest ? 1 : ties + 1;
      fewest = copies;
      if (ties === 1 || this.#random.below(ties) === 0) best = piece;
    }
    last.at = this.#ctx.now;
    if (best === NOTHING) return;
    last.piece = best;
    peer.sendHave(best);
    this.#ctx.outbox.event('pieceShown', this.#torrent.id, peer.conn, best);
  }
}
