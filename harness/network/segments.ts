// Pooled rows of one cache line each, out of which streams are linked: a few real bytes, or a stamp that stands for a run of payload.
//
// With tens of thousands of connections every message meets a cold row: one miss of the cache, and nothing allocated.

import { NONE } from './ends.ts';

/** A row: the next of its list, its length, its stamp as a double, then real bytes. */
const ROW_BYTES = 64;
const ROW_INTS = ROW_BYTES / 4;
const ROW_REALS = ROW_BYTES / 8;
const LENGTH = 1;
const STAMP = 1;
const DATA_AT = 16;

/** Real bytes that one segment holds. */
export const SEGMENT_BYTES = ROW_BYTES - DATA_AT;

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
      if (segment * ROW_BYTES === this.#buffer.byteLength) this.#grow(segment * 2);
    }
    const row = segment * ROW_INTS;
    this.#ints[row] = NONE;
    this.#ints[row + LENGTH] = lengthBytes;
    this.#reals[segment * ROW_REALS + STAMP] = stamp;
    return segment;
  }

  giveBack(segment: number): void {
    this.setNext(segment, this.#free);
    this.#free = segment;
  }

  next(segment: number): number {
    return this.#ints[segment * ROW_INTS] as number;
  }

  setNext(segment: number, next: number): void {
    this.#ints[segment * ROW_INTS] = next;
  }

  lengthBytes(segment: number): number {
    return this.#ints[segment * ROW_INTS + LENGTH] as number;
  }

  /** NaN: the segment holds real bytes. */
  stamp(segment: number): number {
    return this.#reals[segment * ROW_REALS + STAMP] as number;
  }

  isPayload(segment: number): boolean {
    return !Number.isNaN(this.stamp(segment));
  }

  /** Copies `from[start …]` behind what the segment holds, as much as there is room for; returns how many bytes. */
  append(segment: number, from: Uint8Array, start: number): number {
    const length = this.lengthBytes(segment);
    const count = Math.min(SEGMENT_BYTES - length, from.length - start);
    const bytes = this.#bytes;
    const to = segment * ROW_BYTES + DATA_AT + length;
    for (let i = 0; i < count; i += 1) bytes[to + i] = from[start + i] as number;
    this.#ints[segment * ROW_INTS + LENGTH] = length + count;
    return count;
  }

  /** Copies `count` of the segment's real bytes from `offset` on to `into[at …]`. */
  copy(segment: number, offset: number, count: number, into: Uint8Array, at: number): void {
    const bytes = this.#bytes;
    const from = segment * ROW_BYTES + DATA_AT + offset;
    for (let i = 0; i < count; i += 1) into[at + i] = bytes[from + i] as number;
  }

  #grow(segments: number): void {
    const bytes = new Uint8Array(segments * ROW_BYTES);
    bytes.set(this.#bytes);
    this.#buffer = bytes.buffer;
    this.#bytes = bytes;
    this.#ints = new Int32Array(this.#buffer);
    this.#reals = new Float64Array(this.#buffer);
  }
}
