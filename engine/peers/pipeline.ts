// How many blocks to keep requested at one peer, and when to ask for more.
//
// The target begins small and grows by one with every block that arrives (it doubles each round trip) until the rate has stopped growing,
// and never far beyond what the rate asks for; then it is what the peer sends in the shortest round trip seen plus `queueTimeMs`. New
// requests go out together: only when the queue has fallen to the low-water mark is it filled to the target, in one write (the notes:
// "request queuing"). A fixed target, for experiments, is kept full block by block.

import type { Instant } from '../contract.ts';
import { BLOCK_LENGTH_BYTES, OUTGOING_REQUESTS_MAX, REQQ_DEFAULT } from '../limits.ts';

const TARGET_START = 4;
const TARGET_MIN = 2;
const ROUND_TRIP_MAX_US = 10_000_000;
/** A growing target stays below this many times what the rate so far asks for. */
const GROWTH_MAX = 2;

export class Pipeline {
  target = TARGET_START;
  /** What the peer said it keeps (BEP 10 `reqq`). */
  #reqq = REQQ_DEFAULT;
  #growing = true;
  #lastRate = 0;
  #secondsWithoutGrowth = 0;
  /** Shortest time from a request to its block, µs; longer ones do not count as such. */
  #roundTripMin = ROUND_TRIP_MAX_US;
  readonly #queueTimeMs: number;
  readonly #fixed: number;

  /** `fixed`: the target always, 0 = as above. */
  constructor(queueTimeMs: number, fixed = 0) {
    this.#queueTimeMs = queueTimeMs;
    this.#fixed = fixed;
    this.restart();
  }

  setReqq(reqq: number): void {
    this.#reqq = Math.max(1, reqq);
    this.target = Math.min(this.target, this.#cap());
  }

  /** Ask again once no more than this many are outstanding. */
  get lowWater(): number {
    return this.#fixed > 0 ? this.target - 1 : this.target - Math.max(1, this.target >>> 2);
  }

  /** The shortest time from a request to its block that was seen, µs. */
  get roundTripUs(): number {
    return this.#roundTripMin;
  }

  blockArrived(sentAt: Instant, now: Instant): void {
    this.#roundTripMin = Math.min(this.#roundTripMin, now - sentAt);
    if (this.#growing && this.target < this.#cap()) this.target += 1;
  }

  /** Once a second while blocks are outstanding. */
  second(bytesPerSecond: number): void {
    if (this.#fixed > 0) return this.restart();
    const spanUs = this.#roundTripMin + this.#queueTimeMs * 1_000;
    const blocks = Math.ceil((bytesPerSecond * spanUs) / (1_000_000 * BLOCK_LENGTH_BYTES)) + 1;
    if (this.#growing) {
      // At a block or less a second the measured rate jumps, and seems to grow for ever.
      this.target = Math.min(this.target, Math.max(TARGET_START, GROWTH_MAX * blocks));
      this.#secondsWithoutGrowth =
        bytesPerSecond > this.#lastRate + (this.#lastRate >>> 3) ? 0 : this.#secondsWithoutGrowth + 1;
      this.#lastRate = bytesPerSecond;
      if (this.#secondsWithoutGrowth < 3) return;
      this.#growing = false;
    }
    this.target = Math.min(Math.max(blocks, TARGET_MIN), this.#cap());
  }

  /** The peer stopped answering: one request at a time until it does again. */
  snubbed(): void {
    this.target = 1;
    this.#growing = false;
  }

  /** It was unchoked anew; or, `leastBlocks` 1, it answers again: who snubbed us may do so again, and shall hold up no more than it must. */
  restart(leastBlocks = TARGET_START): void {
    if (this.#fixed > 0) {
      this.target = Math.min(this.#fixed, this.#cap());
      this.#growing = false;
      return;
    }
    if (this.target < leastBlocks) this.target = Math.min(leastBlocks, this.#cap());
    this.#growing = true;
    this.#lastRate = 0;
    this.#secondsWithoutGrowth = 0;
  }

  #cap(): number {
    return Math.min(this.#reqq, OUTGOING_REQUESTS_MAX);
  }
}
