// What the network keeps for each end of each connection: one row of integers and one of instants, each within a cache line.
//
// With tens of thousands of connections every message meets a cold row; side by side that is two misses of the cache and not fifteen.

export const NONE = -1;

/** Integers a row, as a power of two, and what each of them is. The first seven are about the stream that the end sends. */
const ROW_SHIFT = 4;
export const HEAD = 0;
export const UNSENT = 1;
export const TAIL = 2;
/** Bytes of the first segment that were delivered already. */
export const HEAD_OFFSET = 3;
/** Bytes that have not left the sender, and how many payload runs are among them. */
export const QUEUED_BYTES = 4;
export const QUEUED_BLOCKS = 5;
/** Bytes that left the sender and were not delivered. */
export const FLIGHT_BYTES = 6;
export const STATE = 7;
export const NODE = 8;
export const READY_NEXT = 9;
export const FLAGS = 10;
/** Bytes through the receiver's line that wait to be read. */
export const ARRIVED_BYTES = 11;
/** Bytes that wait at a partition. */
export const STALLED_BYTES = 12;
/** Bytes of messages since `writable` was said last. */
export const QUIET_BYTES = 13;
/** Events and places in a ring that name this end: while there are any, its number is not used again. */
export const PENDING = 14;
/** One way, between the two nodes. */
export const LATENCY_US = 15;

/** Values of STATE. */
export const FREE = 0;
export const DIALLING = 1;
export const ACCEPTING = 2;
export const OPEN = 3;
export const CLOSED = 4;

/** Bits of FLAGS: handed over and not flushed, in the ring, its block on the uplink, waiting for its window, not reading. */
export const DIRTY = 1;
export const READY = 2;
export const SENDING = 4;
export const WINDOW_FULL = 8;
export const UNREAD = 16;

/** Fractional numbers a row, as a power of two. */
const REALS_SHIFT = 2;
export const LAST_ARRIVAL = 0;
export const LAST_DELIVERY = 1;
export const WINDOW_BYTES = 2;
export const THRESHOLD_BYTES = 3;

export class Ends {
  #ints = new Int32Array(0);
  #reals = new Float64Array(0);

  get(end: number, field: number): number {
    return this.#ints[(end << ROW_SHIFT) | field] as number;
  }

  set(end: number, field: number, value: number): void {
    this.#ints[(end << ROW_SHIFT) | field] = value;
  }

  add(end: number, field: number, value: number): void {
    const at = (end << ROW_SHIFT) | field;
    this.#ints[at] = (this.#ints[at] as number) + value;
  }

  real(end: number, field: number): number {
    return this.#reals[(end << REALS_SHIFT) | field] as number;
  }

  setReal(end: number, field: number, value: number): void {
    this.#reals[(end << REALS_SHIFT) | field] = value;
  }

  /** Makes room for ends below `count`. */
  grow(count: number): void {
    const ints = new Int32Array(count << ROW_SHIFT);
    for (let row = this.#ints.length; row < ints.length; row += 1 << ROW_SHIFT)
      for (const field of [HEAD, UNSENT, TAIL, READY_NEXT]) ints[row | field] = NONE;
    ints.set(this.#ints);
    this.#ints = ints;
    const reals = new Float64Array(count << REALS_SHIFT);
    reals.set(this.#reals);
    this.#reals = reals;
  }
}
