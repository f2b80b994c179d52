// A rate limit: bytes are spent at any size while the balance is positive, and the debt is paid by time. Integer arithmetic only.

import type { Instant } from './contract.ts';

/** What an unused second of the limit may be saved up to. */
const BURST_MS = 250;

export class TokenBucket {
  #bytesPerSecond = 0;
  #balanceBytes = 0;
  /** Microseconds × bytes per second not yet turned into a whole byte. */
  #remainder = 0;
  #at: Instant = 0;

  /** Bytes per second, 0 = unlimited. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  setRate(now: Instant, bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#balanceBytes = 0;
    this.#remainder = 0;
    this.#at = now;
  }

  /** True while something may be spent. */
  allows(now: Instant): boolean {
    if (this.#bytesPerSecond === 0) return true;
    this.#refill(now);
    return this.#balanceBytes >= 0;
  }

  spend(bytes: number): void {
    if (this.#bytesPerSecond !== 0) this.#balanceBytes -= bytes;
  }

  /** Gives back what was spent and not used. */
  refund(bytes: number): void {
    if (this.#bytesPerSecond !== 0) this.#balanceBytes += bytes;
  }

  /** When `allows` is true again at the earliest. */
  allowsAt(now: Instant): Instant {
    if (this.allows(now)) return now;
    return now + Math.ceil((-this.#balanceBytes * 1_000_000) / this.#bytesPerSecond);
  }

  #refill(now: Instant): void {
    const elapsed = Math.min(now - this.#at, 10_000_000);
    this.#at = now;
    const earned = elapsed * this.#bytesPerSecond + this.#remainder;
    const bytes = Math.floor(earned / 1_000_000);
    this.#remainder = earned - bytes * 1_000_000;
    this.#balanceBytes = Math.min(this.#balanceBytes + bytes, Math.ceil((this.#bytesPerSecond * BURST_MS) / 1_000));
  }
}
