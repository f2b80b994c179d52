// How much one direction of a connection may have on its way: TCP's congestion window in outline.
//
// Slow start doubles the window each round trip until a loss; a loss halves it, then it grows by a packet each round trip (Reno). Only the
// way there is counted, against half the window: that gives the same rate, window / round trip, without an event for acknowledgements.
// What a receiver does not read stays on its way, so a window also bounds how far a sender runs ahead of a reader.

import { type Ends, THRESHOLD_BYTES, WINDOW_BYTES } from './ends.ts';

const PACKET_BYTES = 1_460;
const INITIAL_BYTES = 10 * PACKET_BYTES;
/** Shortest retransmission timeout (RFC 6298 says 1 s, deployed stacks 200 ms). */
const TIMEOUT_MIN_US = 200_000;

export class Windows {
  readonly #maxBytes: number;
  readonly #ends: Ends;

  /** `maxBytes`: what both hosts' buffers allow, Infinity = no window at all. */
  constructor(ends: Ends, maxBytes: number) {
    this.#ends = ends;
    this.#maxBytes = maxBytes;
  }

  open(end: number): void {
    this.#ends.setReal(end, WINDOW_BYTES, this.#maxBytes === Infinity ? Infinity : INITIAL_BYTES);
    this.#ends.setReal(end, THRESHOLD_BYTES, this.#maxBytes);
  }

  /** Whether another run may leave; one alone always may, and then takes the time that `excessUs` says. */
  allows(end: number, flightBytes: number, runBytes: number): boolean {
    return flightBytes === 0 || 2 * (flightBytes + runBytes) <= this.#ends.real(end, WINDOW_BYTES);
  }

  /** What a run larger than half the window takes longer, in microseconds. */
  excessUs(end: number, runBytes: number, latencyUs: number): number {
    const windows = runBytes / this.#ends.real(end, WINDOW_BYTES);
    return windows > 0.5 ? (windows - 0.5) * 2 * latencyUs : 0;
  }

  delivered(end: number, bytes: number): void {
    const window = this.#ends.real(end, WINDOW_BYTES);
    if (window >= this.#maxBytes) return;
    const growth = window < this.#ends.real(end, THRESHOLD_BYTES) ? bytes : (PACKET_BYTES * bytes) / window;
    this.#ends.setReal(end, WINDOW_BYTES, Math.min(this.#maxBytes, window + growth));
  }

  /** Halves the window; returns how much later the lost run comes: a round trip where later packets tell of the loss, else a timeout. */
  lost(end: number, runBytes: number, latencyUs: number): number {
    const window = Math.max(2 * PACKET_BYTES, this.#ends.real(end, WINDOW_BYTES) / 2);
    this.#ends.setReal(end, WINDOW_BYTES, window);
    this.#ends.setReal(end, THRESHOLD_BYTES, window);
    return runBytes > 3 * PACKET_BYTES ? 2 * latencyUs : Math.max(TIMEOUT_MIN_US, 4 * latencyUs);
  }
}
