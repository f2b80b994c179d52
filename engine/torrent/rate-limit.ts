// One direction of a torrent's traffic under two limits: its own and that of all torrents. Spent together, and when either is used up
// the engine is woken as soon as it allows something again.

import type { Context } from '../context.ts';
import type { TorrentId } from '../contract.ts';
import { TokenBucket } from '../token-bucket.ts';

export class RateLimit {
  readonly own = new TokenBucket();
  readonly #ctx: Context;
  readonly #all: TokenBucket;
  readonly #torrent: TorrentId;

  /** `all`: the limit of all torrents in this direction, shared. */
  constructor(ctx: Context, all: TokenBucket, torrent: TorrentId) {
    this.#ctx = ctx;
    this.#all = all;
    this.#torrent = torrent;
  }

  /** The lower of the limits that are set, in bytes per second; 0 = none is. */
  get bytesPerSecond(): number {
    const own = this.own.bytesPerSecond;
    const all = this.#all.bytesPerSecond;
    return own === 0 ? all : all === 0 ? own : Math.min(own, all);
  }

  /** True while something may be spent. */
  allows(): boolean {
    return this.#bucketAllows(this.#all) && this.#bucketAllows(this.own);
  }

  spend(bytes: number): void {
    this.#all.spend(bytes);
    this.own.spend(bytes);
  }

  /** Gives back what was spent and not used. */
  refund(bytes: number): void {
    this.#all.refund(bytes);
    this.own.refund(bytes);
  }

  #bucketAllows(bucket: TokenBucket): boolean {
    const { now } = this.#ctx;
    if (bucket.allows(now)) return true;
    if (this.#ctx.pumpAt === null) this.#ctx.outbox.event('rateLimited', this.#torrent, 0, 0);
    this.#ctx.wakeAt(bucket.allowsAt(now));
    return false;
  }
}
