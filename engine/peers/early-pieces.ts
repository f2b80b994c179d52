// What a peer says about pieces before anybody here knows how many there are (CONFORMANCE 26), bounded. Once the metadata is known it is told
// to the peer as if it came then.
//
// A peer that speaks of more pieces than are kept stays, for it may give the metadata; it is let go, to be met anew, when they are known.

import { Bitfield } from '../bitfield.ts';
import { ALLOWED_FAST_MAX, EARLY_LOST_MAX, EARLY_PIECES_MAX } from '../limits.ts';
import type { WireFault } from '../wire/fault.ts';
import type { Peer } from './peer.ts';

const GROWTH_BYTES = 64;

export class EarlyPieces {
  readonly #peer: Peer;
  #said = false;
  /** More than is kept. */
  #beyond = false;
  #all = false;
  /** Length of its last bitfield, null: it sent none. */
  #bitfieldBytes: number | null = null;
  /** As in a bitfield. */
  #bits = new Uint8Array(0);
  readonly #lost: number[] = [];
  readonly #allowed: number[] = [];

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** The number of pieces is known: `peer.bits` has that length, none is set. Says all of it to the peer; what was never legal is a fault. */
  tell(): WireFault | 'beyond' | null {
    if (this.#beyond) return 'beyond';
    const peer = this.#peer;
    const fault = this.#said ? this.#tellPieces() : null;
    if (fault !== null) return fault;
    for (const piece of this.#allowed) {
      const range = peer.allowedFast(piece);
      if (range !== null) return range;
    }
    return null;
  }

  #tellPieces(): WireFault | null {
    const peer = this.#peer;
    if (this.#all) {
      const fault = peer.haveAll();
      if (fault !== null) return fault;
      for (const piece of this.#lost) {
        if (piece >= peer.bits.length) return 'haveRange';
        peer.torrent?.swarm.peerLost(peer, piece);
      }
      return null;
    }
    const bytes = Math.ceil(peer.bits.length / 8);
    if (this.#bitfieldBytes !== null && this.#bitfieldBytes !== bytes) return 'bitfieldLength';
    if (this.#bits.subarray(bytes).some((byte) => byte !== 0)) return 'haveRange';
    const payload = new Uint8Array(bytes);
    payload.set(this.#bits.subarray(0, bytes));
    const bits = Bitfield.fromWire(payload, peer.bits.length);
    if (typeof bits === 'string') return bits;
    return bits.count === 0 && peer.fast ? peer.haveNone() : peer.bitfield(payload);
  }

  have(piece: number): void {
    this.#said = true;
    if (!this.#reaches(piece >>> 3)) return;
    this.#bits[piece >>> 3] = (this.#bits[piece >>> 3] as number) | (0x80 >>> (piece & 7));
  }

  bitfield(bits: Uint8Array): void {
    this.#said = true;
    this.#bitfieldBytes = bits.length;
    if (bits.length === 0 || !this.#reaches(bits.length - 1)) return;
    for (let at = 0; at < bits.length; at += 1) this.#bits[at] = (this.#bits[at] as number) | (bits[at] as number);
  }

  haveAll(): void {
    this.#said = true;
    this.#all = true;
  }

  haveNone(): void {
    this.#said = true;
  }

  allowedFast(piece: number): void {
    if (this.#allowed.length < ALLOWED_FAST_MAX && !this.#allowed.includes(piece)) this.#allowed.push(piece);
  }

  dontHave(piece: number): void {
    const at = piece >>> 3;
    if (at < this.#bits.length) this.#bits[at] = (this.#bits[at] as number) & ~(0x80 >>> (piece & 7));
    if (this.#lost.length === EARLY_LOST_MAX) this.#beyond = true;
    else if (this.#all) this.#lost.push(piece);
  }

  /** Room for the byte `at`; false where it lies beyond what is kept. */
  #reaches(at: number): boolean {
    if (at >= EARLY_PIECES_MAX / 8) {
      this.#beyond = true;
      return false;
    }
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.min(EARLY_PIECES_MAX / 8, Math.max(at + 1, this.#bits.length + GROWTH_BYTES)));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    return true;
  }
}
