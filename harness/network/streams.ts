// The bytes that are on their way: one ordered stream for each direction of each connection, in pooled segments.
//
// A stream is a list of segments. Those before `unsent` have left the sender, the rest wait for its uplink. A segment holds up to 32 real
// bytes, or stands for a run of payload by a stamp and a length. Bytes enter at the tail and leave at the head, never in another order.
// When each part moves is the network's matter. Nothing is allocated for a message; what is freed is used again.

import { type Ends, FLIGHT_BYTES, HEAD, HEAD_OFFSET, NONE, QUEUED_BLOCKS, QUEUED_BYTES, TAIL, UNSENT } from './ends.ts';

const SEGMENT_BYTES = 32;
const SCRATCH_BYTES = 4096;

/** Who takes the bytes at the head of a stream. */
export interface StreamReader {
  /** `bytes`: borrowed for the call. `end`: the endpoint that receives. */
  received(end: number, bytes: Uint8Array): void;
  receivedPayload(end: number, stamp: number, lengthBytes: number): void;
}

export class Streams {
  readonly #ends: Ends;
  #free = NONE;
  #used = 0;
  #next = new Int32Array(1024);
  #length = new Int32Array(1024);
  /** NaN: real bytes. */
  #stamp = new Float64Array(1024);
  #data = new Uint8Array(1024 * SEGMENT_BYTES);
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  /** Views of the scratch by length: what is handed out costs no new view. */
  readonly #views: Uint8Array[] = [];

  /** `ends`: where each stream's list begins and how much is in it. */
  constructor(ends: Ends) {
    this.#ends = ends;
  }

  /** Copies `bytes` to the tail. */
  append(end: number, bytes: Uint8Array): void {
    let segment = this.#ends.get(end, UNSENT) === NONE ? NONE : this.#ends.get(end, TAIL);
    if (segment !== NONE && !Number.isNaN(this.#stamp[segment])) segment = NONE;
    const count = bytes.length;
    for (let from = 0; from < count; ) {
      if (segment === NONE || this.#length[segment] === SEGMENT_BYTES) segment = this.#link(end, NaN, 0);
      const length = this.#length[segment] as number;
      const take = Math.min(SEGMENT_BYTES - length, count - from);
      const data = this.#data;
      let to = segment * SEGMENT_BYTES + length;
      for (const stop = from + take; from < stop; ) data[to++] = bytes[from++] as number;
      this.#length[segment] = length + take;
    }
    this.#ends.add(end, QUEUED_BYTES, count);
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
      for (let payload = false; !payload; segment = this.#next[segment] as number) {
        bytes += this.#length[segment] as number;
        payload = !Number.isNaN(this.#stamp[segment]);
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
      const stamp = this.#stamp[segment] as number;
      const room = Number.isNaN(stamp) ? SCRATCH_BYTES - filled : left;
      const take = Math.min(left, (this.#length[segment] as number) - offset, room);
      if (Number.isNaN(stamp)) {
        const data = this.#data;
        const scratch = this.#scratch;
        let from = segment * SEGMENT_BYTES + offset;
        for (const stop = from + take; from < stop; ) scratch[filled++] = data[from++] as number;
      }
      if (filled > 0 && (filled === SCRATCH_BYTES || !Number.isNaN(stamp) || take === left)) {
        reader.received(receiver, this.#view(filled));
        filled = 0;
      }
      if (!Number.isNaN(stamp)) reader.receivedPayload(receiver, stamp, take);
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
      const take = Math.min(left, (this.#length[segment] as number) - offset);
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
      const next = this.#next[segment] as number;
      this.#next[segment] = this.#free;
      this.#free = segment;
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
    for (let segment = this.#ends.get(end, HEAD); segment !== NONE; segment = this.#next[segment] as number)
      bytes += this.#length[segment] as number;
    return bytes;
  }

  #cutBefore(end: number, unsent: number): void {
    let last = NONE;
    for (let at = this.#ends.get(end, HEAD); at !== unsent; at = this.#next[at] as number) last = at;
    this.#ends.set(end, TAIL, last);
    if (last === NONE) this.#ends.set(end, HEAD, NONE);
    else this.#next[last] = NONE;
  }

  #consume(end: number, segment: number, offset: number): void {
    if (offset < (this.#length[segment] as number)) {
      this.#ends.set(end, HEAD_OFFSET, offset);
      return;
    }
    const next = this.#next[segment] as number;
    this.#ends.set(end, HEAD, next);
    this.#ends.set(end, HEAD_OFFSET, 0);
    if (next === NONE) this.#ends.set(end, TAIL, NONE);
    this.#next[segment] = this.#free;
    this.#free = segment;
  }

  #link(end: number, stamp: number, lengthBytes: number): number {
    let segment = this.#free;
    if (segment !== NONE) this.#free = this.#next[segment] as number;
    else {
      segment = this.#used++;
      if (segment === this.#next.length) this.#growSegments();
    }
    this.#next[segment] = NONE;
    this.#stamp[segment] = stamp;
    this.#length[segment] = lengthBytes;
    const tail = this.#ends.get(end, TAIL);
    if (tail === NONE) this.#ends.set(end, HEAD, segment);
    else this.#next[tail] = segment;
    this.#ends.set(end, TAIL, segment);
    if (this.#ends.get(end, UNSENT) === NONE) this.#ends.set(end, UNSENT, segment);
    return segment;
  }

  #view(length: number): Uint8Array {
    return (this.#views[length] ??= this.#scratch.subarray(0, length));
  }

  #growSegments(): void {
    const capacity = this.#next.length * 2;
    this.#next = grownInt(this.#next, capacity, NONE);
    this.#length = grownInt(this.#length, capacity, 0);
    this.#stamp = grownFloat(this.#stamp, capacity, 0);
    const data = new Uint8Array(capacity * SEGMENT_BYTES);
    data.set(this.#data);
    this.#data = data;
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
