// The bytes that are on their way: one ordered stream for each direction of each connection, in pooled segments.
//
// A stream is a list of segments. Those before `unsent` have left the sender, the rest wait for its uplink. A segment holds a few real
// bytes, or stands for a run of payload by a stamp and a length. Bytes enter at the tail and leave at the head, never in another order.
// When each part moves is the network's matter.

import { type Ends, FLIGHT_BYTES, HEAD, HEAD_OFFSET, NONE, QUEUED_BLOCKS, QUEUED_BYTES, TAIL, UNSENT } from './ends.ts';
import { SEGMENT_BYTES, Segments } from './segments.ts';

const SCRATCH_BYTES = 4096;

/** Who takes the bytes at the head of a stream. */
export interface StreamReader {
  /** `bytes`: borrowed for the call. `end`: the endpoint that receives. */
  received(end: number, bytes: Uint8Array): void;
  receivedPayload(end: number, stamp: number, lengthBytes: number): void;
}

export class Streams {
  readonly #ends: Ends;
  readonly #segments = new Segments();
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #scratchWords = new Int32Array(this.#scratch.buffer);
  /** Views of the scratch by length: what is handed out costs no new view. */
  readonly #views: Uint8Array[] = [];

  /** `ends`: where each stream's list begins and how much is in it. */
  constructor(ends: Ends) {
    this.#ends = ends;
  }

  /** Copies `bytes` to the tail. */
  append(end: number, bytes: Uint8Array): void {
    let segment = this.#ends.get(end, UNSENT) === NONE ? NONE : this.#ends.get(end, TAIL);
    if (segment !== NONE && this.#segments.isPayload(segment)) segment = NONE;
    for (let from = 0; from < bytes.length; ) {
      if (segment === NONE || this.#segments.lengthBytes(segment) === SEGMENT_BYTES) segment = this.#link(end, NaN, 0);
      from += this.#segments.append(segment, bytes, from);
    }
    this.#ends.add(end, QUEUED_BYTES, bytes.length);
  }

  appendPayload(end: number, stamp: number, lengthBytes: number): void {
    this.#link(end, stamp, lengthBytes);
    this.#ends.add(end, QUEUED_BYTES, lengthBytes);
    this.#ends.add(end, QUEUED_BLOCKS, 1);
  }

  /** Lets what waits leave the sender, up to and with the first payload run, and with it whatever follows the last one. Returns bytes. */
  depart(end: number): number {
    let blocks = this.#ends.get(end, QUEUED_BLOCKS);
    let bytes = 0;
    if (blocks <= 1) {
      bytes = this.#ends.get(end, QUEUED_BYTES);
      this.#ends.set(end, UNSENT, NONE);
      blocks = 0;
    } else {
      let segment = this.#ends.get(end, UNSENT);
      for (let payload = false; !payload; segment = this.#segments.next(segment)) {
        bytes += this.#segments.lengthBytes(segment);
        payload = this.#segments.isPayload(segment);
      }
      this.#ends.set(end, UNSENT, segment);
      blocks -= 1;
    }
    this.#ends.set(end, QUEUED_BLOCKS, blocks);
    this.#ends.add(end, QUEUED_BYTES, -bytes);
    this.#ends.add(end, FLIGHT_BYTES, bytes);
    return bytes;
  }

  /** Takes `bytes` from the head and hands them to `reader` as the receiver's end of the connection, adjoining real bytes as one. */
  deliver(end: number, bytes: number, reader: StreamReader): void {
    const receiver = end ^ 1;
    let filled = 0;
    for (let left = bytes; left > 0; ) {
      const segment = this.#ends.get(end, HEAD);
      const offset = this.#ends.get(end, HEAD_OFFSET);
      const stamp = this.#segments.stamp(segment);
      const payload = !Number.isNaN(stamp);
      const room = payload ? left : SCRATCH_BYTES - filled;
      const take = Math.min(left, this.#segments.lengthBytes(segment) - offset, room);
      if (!payload) {
        this.#segments.copy(segment, offset, take, this.#scratch, this.#scratchWords, filled);
        filled += take;
      }
      if (filled > 0 && (filled === SCRATCH_BYTES || payload || take === left)) {
        reader.received(receiver, this.#view(filled));
        filled = 0;
      }
      if (payload) reader.receivedPayload(receiver, stamp, take);
      this.#consume(end, segment, offset + take);
      left -= take;
    }
    this.#ends.add(end, FLIGHT_BYTES, -bytes);
  }

  /** Drops `bytes` that have left the sender from the head. */
  discard(end: number, bytes: number): void {
    for (let left = bytes; left > 0; ) {
      const segment = this.#ends.get(end, HEAD);
      const offset = this.#ends.get(end, HEAD_OFFSET);
      const take = Math.min(left, this.#segments.lengthBytes(segment) - offset);
      this.#consume(end, segment, offset + take);
      left -= take;
    }
    this.#ends.add(end, FLIGHT_BYTES, -bytes);
  }

  /** Drops all that has not left the sender; returns its bytes. */
  discardQueued(end: number): number {
    const bytes = this.#ends.get(end, QUEUED_BYTES);
    let segment = this.#ends.get(end, UNSENT);
    if (segment === NONE) return 0;
    this.#cutBefore(end, segment);
    while (segment !== NONE) {
      const next = this.#segments.next(segment);
      this.#segments.giveBack(segment);
      segment = next;
    }
    this.#ends.set(end, UNSENT, NONE);
    this.#ends.set(end, QUEUED_BYTES, 0);
    this.#ends.set(end, QUEUED_BLOCKS, 0);
    return bytes;
  }

  /** Bytes in a stream, counted segment by segment: the check of all the counters. */
  count(end: number): number {
    let bytes = -this.#ends.get(end, HEAD_OFFSET);
    for (let segment = this.#ends.get(end, HEAD); segment !== NONE; segment = this.#segments.next(segment))
      bytes += this.#segments.lengthBytes(segment);
    return bytes;
  }

  #cutBefore(end: number, unsent: number): void {
    let last = NONE;
    for (let at = this.#ends.get(end, HEAD); at !== unsent; at = this.#segments.next(at)) last = at;
    this.#ends.set(end, TAIL, last);
    if (last === NONE) this.#ends.set(end, HEAD, NONE);
    else this.#segments.setNext(last, NONE);
  }

  #consume(end: number, segment: number, offset: number): void {
    if (offset < this.#segments.lengthBytes(segment)) {
      this.#ends.set(end, HEAD_OFFSET, offset);
      return;
    }
    const next = this.#segments.next(segment);
    this.#ends.set(end, HEAD, next);
    this.#ends.set(end, HEAD_OFFSET, 0);
    if (next === NONE) this.#ends.set(end, TAIL, NONE);
    this.#segments.giveBack(segment);
  }

  #link(end: number, stamp: number, lengthBytes: number): number {
    const segment = this.#segments.take(stamp, lengthBytes);
    const tail = this.#ends.get(end, TAIL);
    if (tail === NONE) this.#ends.set(end, HEAD, segment);
    else this.#segments.setNext(tail, segment);
    this.#ends.set(end, TAIL, segment);
    if (this.#ends.get(end, UNSENT) === NONE) this.#ends.set(end, UNSENT, segment);
    return segment;
  }

  #view(length: number): Uint8Array {
    return (this.#views[length] ??= this.#scratch.subarray(0, length));
  }
}

/** A longer copy whose new entries are `fill`. */
export function grownInt(from: Int32Array<ArrayBuffer>, capacity: number, fill: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(capacity).fill(fill, from.length);
  to.set(from);
  return to;
}

/** A longer copy whose new entries are `fill`. */
export function grownFloat(from: Float64Array<ArrayBuffer>, capacity: number, fill: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(capacity).fill(fill, from.length);
  to.set(from);
  return to;
}
