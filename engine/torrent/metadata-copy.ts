// One copy of a torrent's metadata that is being put together: of one size, from one peer alone or from all that name that size.
// Memory is taken as pieces come, never by the size that somebody claims.

import type { Instant } from '../contract.ts';
import { METADATA_PIECE_BYTES } from '../limits.ts';
import type { Peer } from '../peers/peer.ts';
import type { KnownPeer } from '../peers/peer-book.ts';

/** A peer that is asked for nothing else may be asked for what another was asked for so long ago, … */
const LATE_US = 3_000_000;
/** … if no more than so many were. */
const REQUESTERS_MAX = 3;

export class MetadataCopy {
  readonly sizeBytes: number;
  /** The only peer that has a part in it; null: all that name its size. */
  readonly only: Peer | null;
  readonly startedAt: Instant;
  readonly pieceCount: number;
  receivedBytes = 0;
  readonly #pieces: (Uint8Array | null)[];
  readonly #from: (KnownPeer | null)[];
  /** How many peers are asked for a piece, and when the last was. */
  readonly #requesters: Uint8Array;
  readonly #askedAt: Float64Array;
  #missing: number;

  constructor(sizeBytes: number, only: Peer | null, startedAt: Instant) {
    this.sizeBytes = sizeBytes;
    this.only = only;
    this.startedAt = startedAt;
    this.pieceCount = Math.ceil(sizeBytes / METADATA_PIECE_BYTES);
    this.#pieces = Array.from({ length: this.pieceCount }, () => null);
    this.#from = Array.from({ length: this.pieceCount }, () => null);
    this.#requesters = new Uint8Array(this.pieceCount);
    this.#askedAt = new Float64Array(this.pieceCount);
    this.#missing = this.pieceCount;
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  lengthOf(piece: number): number {
    return Math.min(METADATA_PIECE_BYTES, this.sizeBytes - piece * METADATA_PIECE_BYTES);
  }

  lacks(piece: number): boolean {
    return this.#pieces[piece] === null;
  }

  /** Somebody is asked for a part of it. */
  get asked(): boolean {
    return this.#requesters.some((count) => count > 0);
  }

  /** The next piece to ask a peer for; −1: none. `idle`: the peer is asked for nothing; `has`: it is asked for that piece already. */
  pick(now: Instant, idle: boolean, has: (piece: number) => boolean): number {
    let late = -1;
    for (let piece = 0; piece < this.pieceCount; piece += 1) {
      if (this.#pieces[piece] !== null) continue;
      const count = this.#requesters[piece] as number;
      if (count === 0) return piece;
      if (late !== -1 || !idle || count >= REQUESTERS_MAX || has(piece)) continue;
      if (now - (this.#askedAt[piece] as number) >= LATE_US) late = piece;
    }
    return late;
  }

  ask(piece: number, now: Instant): void {
    this.#requesters[piece] = (this.#requesters[piece] as number) + 1;
    this.#askedAt[piece] = now;
  }

  /** A peer is not asked for it any more. */
  release(piece: number): void {
    this.#requesters[piece] = (this.#requesters[piece] as number) - 1;
  }

  /** `data`: borrowed, as long as `lengthOf` says. */
  put(piece: number, data: Uint8Array, from: KnownPeer): void {
    this.#pieces[piece] = data.slice();
    this.#from[piece] = from;
    this.receivedBytes += data.length;
    this.#missing -= 1;
  }

  /** Everybody who gave a part of it. */
  contributors(): Set<KnownPeer> {
    return new Set(this.#from.filter((known) => known !== null));
  }

  /** All of a complete copy, as new bytes. */
  bytes(): Uint8Array {
    const whole = new Uint8Array(this.sizeBytes);
    this.#pieces.forEach((piece, index) => whole.set(piece as Uint8Array, index * METADATA_PIECE_BYTES));
    return whole;
  }
}
