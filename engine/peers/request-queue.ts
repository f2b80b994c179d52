// What one peer was asked for and has not answered, oldest first. A block is named by its key: piece × blocks per piece + block.
//
// An entry is live while we want the block from this peer, or given up: cancelled or timed out. With the fast extension a given-up
// entry still gets its one answer (BEP 6), and a block that comes late is taken if it is still needed; asked for anew, the block stands
// here twice, live once. Bounded by OUTGOING_REQUESTS_MAX
// live entries, and as many given up.

import type { Instant } from '../contract.ts';

export class RequestQueue {
  readonly #keys: number[] = [];
  readonly #sentAt: number[] = [];
  readonly #live: boolean[] = [];
  #liveCount = 0;

  /** Entries that still hold their block. */
  get liveCount(): number {
    return this.#liveCount;
  }

  get length(): number {
    return this.#keys.length;
  }

  /** The oldest entry of the block, live or given up; −1: the peer was not asked for it. */
  indexOf(key: number): number {
    return this.#keys.indexOf(key);
  }

  keyAt(index: number): number {
    return this.#keys[index] as number;
  }

  sentAt(index: number): Instant {
    return this.#sentAt[index] as number;
  }

  isLive(index: number): boolean {
    return this.#live[index] as boolean;
  }

  /** The entry that holds the block, −1: none does. */
  liveIndexOf(key: number): number {
    for (let i = 0; i < this.#keys.length; i += 1) if (this.#keys[i] === key && this.#live[i]) return i;
    return -1;
  }

  push(key: number, now: Instant): void {
    this.#keys.push(key);
    this.#sentAt.push(now);
    this.#live.push(true);
    this.#liveCount += 1;
  }

  /** The entry stays, but holds its block no longer. */
  giveUp(index: number): void {
    if (!this.#live[index]) return;
    this.#live[index] = false;
    this.#liveCount -= 1;
  }

  removeAt(index: number): void {
    if (this.#live[index]) this.#liveCount -= 1;
    if (index === 0) {
      this.#keys.shift();
      this.#sentAt.shift();
      this.#live.shift();
      return;
    }
    for (let i = index; i < this.#keys.length - 1; i += 1) {
      this.#keys[i] = this.#keys[i + 1] as number;
      this.#sentAt[i] = this.#sentAt[i + 1] as number;
      this.#live[i] = this.#live[i + 1] as boolean;
    }
    this.#keys.pop();
    this.#sentAt.pop();
    this.#live.pop();
  }

  clear(): void {
    this.#keys.length = 0;
    this.#sentAt.length = 0;
    this.#live.length = 0;
    this.#liveCount = 0;
  }
}
