// What every part of the engine shares: the time of the input being handled, where outputs are recorded, and what belongs to all torrents.

import type { EngineOptions, Instant, RandomStream } from './contract.ts';
import { BlockPool } from './pieces/block-pool.ts';
import { Jobs } from './jobs.ts';
import { Outbox } from './outbox.ts';
import type { Peer } from './peers/peer.ts';
import { Reasons } from './reasons.ts';
import type { Settings } from './settings.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Torrent } from './torrent/torrent.ts';

export class Context {
  // What every input touches stands first, side by side: in a swarm of thousands each meets an engine that no cache holds.
  /** Of the input being handled; never goes back. */
  now: Instant = 0;
  /** When a peer or a tracker last said anything, or the network last changed since; −1: none ever did. */
  heardAt: Instant = -1;
  /** The torrent woken last (see `Torrent.wake`), from which `wokenBefore` leads to the others; null: none. */
  woken: Torrent | null = null;
  /** Torrents that want to be looked at each second. */
  activeTorrents = 0;
  /** A torrent came to rest: the engine looks whether all have. */
  torrentRested = false;
  /** The next drain has more to do than to hand out what was recorded. */
  drainsMore = false;
  /** When to look at every torrent again: a rate limit that was used up allows something, or a block may be late. */
  pumpAt: Instant | null = null;
  readonly outbox = new Outbox();
  /** Ticks of a second so far, while any torrent wants them. */
  seconds = 0;
  readonly jobs = new Jobs<Torrent | Peer>();
  readonly blocks: BlockPool;
  /** Null where nobody asks why. */
  readonly reasons: Reasons | null;
  /** Its own copy: a command may change some of it. */
  readonly settings: Settings;
  readonly downloadLimit = new TokenBucket();
  readonly uploadLimit = new TokenBucket();
  readonly random: RandomStream;
  listenPort = 0;
  /** The program is about to end: nothing starts again. */
  leaving = false;
  /** Connections of all torrents, dials included. */
  connections = 0;
  /** Outgoing connections whose handshake is not finished. */
  dials = 0;
  /** Metadata that was received and is not verified, of all torrents. */
  metadataBytes = 0;

  constructor(options: EngineOptions) {
    this.settings = { ...options.settings };
    this.random = options.random;
    this.reasons = options.explain === true ? new Reasons() : null;
    this.blocks = new BlockPool(options.allocateBlock);
    this.downloadLimit.setRate(0, options.settings.downloadBps);
    this.uploadLimit.setRate(0, options.settings.uploadBps);
  }

  /** Wants a tick at `at` at the latest. */
  wakeAt(at: Instant): void {
    if (this.pumpAt === null || at < this.pumpAt) this.pumpAt = at;
  }
}
