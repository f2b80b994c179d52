// What one peer was asked for and has not answered, oldest first. A block is named by its key: piece × blocks per piece + block.
//
// An entry is live while we want the block from this peer, or given up: cancelled or timed out. With the fast extension a given-up
// entry still gets its one answer (BEP 6), and a block that comes late is taken if it is still needed; one that timed out may be live again,
// and where the block is asked for anew it stands here twice, live once. Bounded by OUTGOING_REQUESTS_MAX live entries, and as many given up.

import type { Instant } from '../contract.ts';
import { RowQueue } from './row-queue.ts';

/** The key, −1 − key once it is given up; when it was asked for, or CANCELLED. */
const KEY = 0;
const SENT_AT = 1;
const CANCELLED: Instant = -1;

export class RequestQueue extends RowQueue {
  #liveCount = 0;

  constructor() {
    super(2);
  }

  /** Entries that still hold their block. */
  get liveCount(): number {
    return this.#liveCount;
  }

  /** The oldest entry of the block, live or given up; −1: the peer was not asked for it. */
  indexOf(key: number): number {
    for (let i = 0; i < this.length; i += 1) if (this.keyAt(i) === key) return i;
    return -1;
  }

  keyAt(index: number): number {
    const key = this.get(index, KEY);
    return key < 0 ? -1 - key : key;
  }

  /** Before any instant where it was cancelled. */
  sentAt(index: number): Instant {
    return this.get(index, SENT_AT);
  }

  isLive(index: number): boolean {
    return this.get(index, KEY) >= 0;
  }

  /** The entry that holds the block, −1: none does. */
  liveIndexOf(key: number): number {
    for (let i = 0; i < this.length; i += 1) if (this.get(i, KEY) === key) return i;
    return -1;
  }

  push(key: number, now: Instant): void {
    const index = this.append();
    this.set(index, KEY, key);
    this.set(index, SENT_AT, now);
    this.#liveCount += 1;
  }

  /** The entry stays, but holds its block no longer. */
  giveUp(index: number): void {
    if (!this.isLive(index)) return;
    this.set(index, KEY, -1 - this.keyAt(index));
    this.#liveCount -= 1;
  }

  /** It is given up, and the peer is told so. */
  cancel(index: number): void {
    this.giveUp(index);
    this.set(index, SENT_AT, CANCELLED);
  }

  /** Whether a block that was asked for at `since` or later and then timed out is still owed: its entry is live again. */
  revive(key: number, since: Instant): boolean {
    if (this.#liveCount === this.length) return false;
    const earliest = Math.max(since, 0);
    for (let i = this.length - 1; i >= 0; i -= 1) {
      if (this.get(i, KEY) !== -1 - key || this.sentAt(i) < earliest) continue;
      this.set(i, KEY, key);
      this.#liveCount += 1;
      return true;
    }
    return false;
  }

  removeAt(index: number): void {
    if (this.isLive(index)) this.#liveCount -= 1;
    this.remove(index);
  }

  clear(): void {
    this.truncate(0);
    this.#liveCount = 0;
  }
}
