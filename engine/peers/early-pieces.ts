// What a peer says about pieces before anybody here knows how many there are (CONFORMANCE 26): it takes the peer's place behind the wire
// reader, keeps that, bounded, and passes on all else. Once the metadata is known it is told to the peer as if it came then.
//
// A peer that speaks of more pieces than are kept stays, for it may give the metadata; it is let go, to be met anew, when they are known.

import { Bitfield } from '../bitfield.ts';
import type { Stamp } from '../contract.ts';
import { EARLY_LOST_MAX, EARLY_PIECES_MAX } from '../limits.ts';
import { DONT_HAVE_ID } from '../wire/extension-handshake.ts';
import { readUint32 } from '../wire/integers.ts';
import type { WireFault, WireHandler } from '../wire/wire.ts';
import type { Peer } from './peer.ts';

const ALLOWED_FAST_MAX = 32;
const PIECE_INDEX_BYTES = 4;
const GROWTH_BYTES = 64;

export class EarlyPieces implements WireHandler {
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

  // ── kept ──

  have(piece: number): WireFault | null {
    this.#said = true;
    if (!this.#reaches(piece >>> 3)) return null;
    this.#bits[piece >>> 3] = (this.#bits[piece >>> 3] as number) | (0x80 >>> (piece & 7));
    return null;
  }

  bitfield(bits: Uint8Array): WireFault | null {
    this.#said = true;
    this.#bitfieldBytes = bits.length;
    if (bits.length === 0 || !this.#reaches(bits.length - 1)) return null;
    for (let at = 0; at < bits.length; at += 1) this.#bits[at] = (this.#bits[at] as number) | (bits[at] as number);
    return null;
  }

  haveAll(): WireFault | null {
    if (!this.#peer.fast) return 'fastNotEnabled';
    this.#said = true;
    this.#all = true;
    return null;
  }

  haveNone(): WireFault | null {
    if (!this.#peer.fast) return 'fastNotEnabled';
    this.#said = true;
    return null;
  }

  allowedFast(piece: number): WireFault | null {
    if (!this.#peer.fast) return 'fastNotEnabled';
    if (this.#allowed.length < ALLOWED_FAST_MAX && !this.#allowed.includes(piece)) this.#allowed.push(piece);
    return null;
  }

  suggest(): WireFault | null {
    return this.#peer.fast ? null : 'fastNotEnabled';
  }

  extended(id: number, payload: Uint8Array): WireFault | null {
    if (id !== DONT_HAVE_ID || !this.#peer.extensions) return this.#peer.extended(id, payload);
    if (payload.length !== PIECE_INDEX_BYTES) return 'messageLength';
    const piece = readUint32(payload, 0);
    const at = piece >>> 3;
    if (at < this.#bits.length) this.#bits[at] = (this.#bits[at] as number) & ~(0x80 >>> (piece & 7));
    if (this.#lost.length === EARLY_LOST_MAX) this.#beyond = true;
    else if (this.#all) this.#lost.push(piece);
    return null;
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

  // ── passed on ──

  handshakeInfoHash(reserved: Uint8Array, infoHash: Uint8Array): WireFault | null {
    return this.#peer.handshakeInfoHash(reserved, infoHash);
  }

  handshakePeerId(peerId: Uint8Array): WireFault | null {
    return this.#peer.handshakePeerId(peerId);
  }

  keepAlive(): void {}

  choke(): WireFault | null {
    return this.#peer.choke();
  }

  unchoke(): WireFault | null {
    return this.#peer.unchoke();
  }

  interested(): WireFault | null {
    return this.#peer.interested();
  }

  notInterested(): WireFault | null {
    return this.#peer.notInterested();
  }

  request(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    return this.#peer.request(piece, beginBytes, lengthBytes);
  }

  cancel(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    return this.#peer.cancel(piece, beginBytes, lengthBytes);
  }

  reject(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    return this.#peer.reject(piece, beginBytes, lengthBytes);
  }

  pieceStart(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    return this.#peer.pieceStart(piece, beginBytes, lengthBytes);
  }

  pieceBytes(chunk: Uint8Array, start: number, end: number): void {
    this.#peer.pieceBytes(chunk, start, end);
  }

  pieceStamp(stamp: Stamp, lengthBytes: number): void {
    this.#peer.pieceStamp(stamp, lengthBytes);
  }

  pieceEnd(): WireFault | null {
    return this.#peer.pieceEnd();
  }

  port(): WireFault | null {
    return this.#peer.port();
  }
}
