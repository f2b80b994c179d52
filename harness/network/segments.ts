// Pooled rows of one cache line each, out of which streams are linked: a few real bytes, or a stamp that stands for a run of payload.
//
// With tens of thousands of connections every message meets a cold row: one miss of the cache, and nothing allocated.

import { NONE } from './ends.ts';

/** A row: the next of its list, its length, its stamp as a double, then real bytes. Its bytes, integers and doubles as powers of two. */
const BYTES_SHIFT = 6;
const INTS_SHIFT = 4;
const REALS_SHIFT = 3;
const LENGTH = 1;
const STAMP = 1;
const DATA_AT = 16;

/** Real bytes that one segment holds. */
export const SEGMENT_BYTES = (1 << BYTES_SHIFT) - DATA_AT;

export class Segments {
  #buffer = new ArrayBuffer(0);
  #ints = new Int32Array(this.#buffer);
  #reals = new Float64Array(this.#buffer);
  #bytes = new Uint8Array(this.#buffer);
  #free = NONE;
  #used = 0;

  constructor() {
    this.#grow(256);
  }

  /** A segment that stands alone. `stamp`: NaN for real bytes. */
  take(stamp: number, lengthBytes: number): number {
    let segment = this.#free;
    if (segment !== NONE) this.#free = this.next(segment);
    else {
      segment = this.#used++;
      if (segment << BYTES_SHIFT === this.#buffer.byteLength) this.#grow(segment * 2);
    }
    const row = segment << INTS_SHIFT;
    this.#ints[row] = NONE;
    this.#ints[row | LENGTH] = lengthBytes;
    this.#reals[(segment << REALS_SHIFT) | STAMP] = stamp;
    return segment;
  }

  giveBack(segment: number): void {
    this.setNext(segment, this.#free);
    this.#free = segment;
  }

  next(segment: number): number {
    return this.#ints[segment << INTS_SHIFT] as number;
  }

  setNext(segment: number, next: number): void {
    this.#ints[segment << INTS_SHIFT] = next;
  }

  lengthBytes(segment: number): number {
    return this.#ints[(segment << INTS_SHIFT) | LENGTH] as number;
  }

  /** NaN: the segment holds real bytes. */
  stamp(segment: number): number {
    return this.#reals[(segment << REALS_SHIFT) | STAMP] as number;
  }

  isPayload(segment: number): boolean {
    return !Number.isNaN(this.stamp(segment));
  }

  /** Copies `from[start …]` behind what the segment holds, as much as there is room for; returns how many bytes. */
  append(segment: number, from: Uint8Array, start: number): number {
    const length = this.lengthBytes(segment);
    const count = Math.min(SEGMENT_BYTES - length, from.length - start);
    const bytes = this.#bytes;
    const to = (segment << BYTES_SHIFT) + DATA_AT + length;
    for (let i = 0; i < count; i += 1) bytes[to + i] = from[start + i] as number;
    this.#ints[(segment << INTS_SHIFT) | LENGTH] = length + count;
    return count;
  }

  /** Copies `count` of the segment's real bytes from `offset` on to `into[at …]`; up to three more are overwritten behind them. `words`: those
   *  of `into`. */
  copy(segment: number, offset: number, count: number, into: Uint8Array, words: Int32Array, at: number): void {
    const from = (segment << BYTES_SHIFT) | (DATA_AT + offset);
    if (((from | at) & 3) === 0) {
      const ints = this.#ints;
      const end = (from + count + 3) >> 2;
      for (let word = from >> 2, to = at >> 2; word < end; word += 1, to += 1) words[to] = ints[word] as number;
    } else {
      const bytes = this.#bytes;
      for (let i = 0; i < count; i += 1) into[at + i] = bytes[from + i] as number;
    }
  }

  #grow(segments: number): void {
    const bytes = new Uint8Array(segments << BYTES_SHIFT);
    bytes.set(this.#bytes);
    this.#buffer = bytes.buffer;
    this.#bytes = bytes;
    this.#ints = new Int32Array(this.#buffer);
    this.#reals = new Float64Array(this.#buffer);
  }
}
