// When which tracker is asked what (BEP 3, 12, 21; CONFORMANCE 7, 62, 66, 68). How an announce is carried out is the driver's.
//
// Tiers are tried in order, the trackers of a tier in an order drawn once; who answers moves to the front of its tier and is asked
// again after its interval, or earlier, but not before its minimum, when peers are needed. When nobody answers, the whole list is
// tried again after a pause that doubles. One announce at a time; `stopped` does not wait for it.

import type { Context } from '../context.ts';
import type { AnnounceEvent, AnnounceReply, Instant, RandomStream, TrackerStatus } from '../contract.ts';
import type { Torrent } from '../torrent/torrent.ts';

const RETRY_FIRST_US = 15_000_000;
const RETRY_MAX_US = 1_800_000_000;
/** Asked early for more peers at most this often, where the tracker names no minimum. */
const MIN_INTERVAL_US = 60_000_000;
const EVENT_INDEX: Readonly<Record<AnnounceEvent, number>> = { '': 0, started: 1, completed: 2, stopped: 3, paused: 4 };

/** One tracker of the torrent. */
export interface ListedTracker {
  readonly url: string;
  /** In the torrent's list. */
  readonly tier: number;
  /** Its place in the torrent's list, for events. */
  readonly index: number;
}

interface Tracker extends ListedTracker {
  /** Where it stands among the tiers of this policy. */
  readonly ownTier: number;
  trackerId: string | null;
  lastError: string | null;
  seeds: number | null;
  leechers: number | null;
  /** It has heard `started` since the last start: nothing else comes before, and it is owed `stopped`. */
  present: boolean;
  /** When it was last told `started`, nothing was left. */
  startedWithAll: boolean;
  /** It was told `stopped` since. */
  stopped: boolean;
}

export class AnnouncePolicy {
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  readonly #key: number;
  readonly #tiers: Tracker[][];
  #active = false;
  /** Where in the tiers the announce under way, or the next, is addressed. */
  #tier = 0;
  #rank = 0;
  #nextAt: Instant = 0;
  #earliestAt: Instant = 0;
  #fails = 0;
  /** Events that no tracker has heard yet, oldest first: at most `started` and `completed`. */
  #events: AnnounceEvent[] = [];
  #asking: Tracker | null = null;
  /** The session in which it was asked. */
  #askedIn = 0;
  /** Counts the starts: an answer to an announce of an earlier one says nothing of this. */
  #session = 0;
  #stopping = 0;

  /** `tiers`: none is empty. */
  constructor(ctx: Context, torrent: Torrent, tiers: readonly (readonly ListedTracker[])[], random: RandomStream) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#key = random.uint32();
    this.#tiers = tiers.map((listed, ownTier) => {
      const trackers = listed.map(
        (tracker): Tracker => ({
          ...tracker,
          ownTier,
          trackerId: null,
          lastError: null,
          seeds: null,
          leechers: null,
          present: false,
          startedWithAll: false,
          stopped: false,
        }),
      );
      for (let i = trackers.length - 1; i > 0; i -= 1) {
        const j = random.below(i + 1);
        [trackers[i], trackers[j]] = [trackers[j] as Tracker, trackers[i] as Tracker];
      }
      return trackers;
    });
  }

  /** Every `stopped` was answered. */
  get quiet(): boolean {
    return this.#stopping === 0;
  }

  start(): void {
    this.#session += 1;
    this.#active = this.#tiers.length > 0;
    this.#events = ['started'];
    for (const tracker of this.#tiers.flat()) Object.assign(tracker, { present: false, stopped: false });
    this.#fails = 0;
    this.#tier = 0;
    this.#rank = 0;
    this.#nextAt = this.#ctx.now;
    this.#pump();
  }

  completed(): void {
    if (!this.#active) return;
    if (!this.#events.includes('completed')) this.#events.push('completed');
    this.#nextAt = this.#ctx.now;
    this.#pump();
  }

  /** Whoever counts us as present is told; where nobody does, whoever is being asked may, unless that is left over from before a pause,
   *  which told it. */
  stop(): void {
    this.#active = false;
    const present = this.#tiers.flat().filter((tracker) => tracker.present);
    for (const tracker of present) this.#sayStopped(tracker);
    const mayCount = this.#askedIn === this.#session ? this.#asking : null;
    if (present.length === 0 && mayCount !== null) this.#sayStopped(mayCount);
  }

  #sayStopped(tracker: Tracker): void {
    if (tracker.stopped) return;
    tracker.stopped = true;
    this.#send(tracker, 'stopped');
  }

  announceNow(): void {
    this.#nextAt = this.#ctx.now;
    this.#pump();
  }

  second(): void {
    if (this.#torrent.swarm.needsPeers)
      this.#nextAt = Math.min(this.#nextAt, Math.max(this.#earliestAt, this.#ctx.now));
    this.#pump();
  }

  #pump(): void {
    if (!this.#active || this.#asking !== null || this.#ctx.now < this.#nextAt) return;
    const tracker = this.#tiers[this.#tier]?.[this.#rank];
    if (tracker === undefined) return;
    this.#asking = tracker;
    this.#askedIn = this.#session;
    // A partial seed says so at every announce that has nothing else to say (BEP 21).
    const idle: AnnounceEvent = this.#torrent.partialSeed ? 'paused' : '';
    this.#send(tracker, tracker.present ? (this.#events[0] ?? idle) : 'started');
  }

  #send(tracker: Tracker, event: AnnounceEvent): void {
    if (event === 'stopped') this.#stopping += 1;
    if (event === 'started') tracker.startedWithAll = this.#torrent.leftBytes === 0;
    const job = this.#ctx.jobs.open('announce', this.#torrent, tracker.index, EVENT_INDEX[event], this.#session);
    this.#ctx.outbox.announce(job, {
      torrent: this.#torrent.id,
      url: tracker.url,
      infoHash: this.#torrent.metainfo.infoHash,
      peerId: this.#torrent.peerId,
      port: this.#ctx.listenPort,
      uploaded: this.#torrent.uploadedBytes,
      downloaded: this.#torrent.downloadedBytes,
      left: this.#torrent.leftBytes,
      event,
      key: this.#key,
      numwant: event === 'stopped' ? 0 : this.#ctx.settings.numwant,
      trackerId: tracker.trackerId,
    });
    this.#ctx.outbox.event('announceSent', this.#torrent.id, tracker.index, EVENT_INDEX[event]);
  }

  announced(trackerIndex: number, eventIndex: number, session: number, reply: AnnounceReply): void {
    if (eventIndex === EVENT_INDEX.stopped) {
      this.#stopping -= 1;
      this.#torrent.storageChanged();
      return;
    }
    this.#asking = null;
    const tracker = this.#find(trackerIndex);
    if (session !== this.#session) {
      this.#pump();
      return;
    }
    if (reply.ok) this.#heard(tracker, eventIndex, reply);
    else this.#failed(tracker, reply.reason);
    this.#pump();
  }

  #heard(tracker: Tracker, eventIndex: number, reply: AnnounceReply & { readonly ok: true }): void {
    tracker.lastError = reply.warning;
    tracker.trackerId = reply.trackerId ?? tracker.trackerId;
    tracker.seeds = reply.seeds;
    tracker.leechers = reply.leechers;
    this.#fails = 0;
    const tier = this.#tiers[tracker.ownTier] as Tracker[];
    const rank = tier.indexOf(tracker);
    if (rank > 0) {
      tier.splice(rank, 1);
      tier.unshift(tracker);
      this.#ctx.outbox.event('trackerPromoted', this.#torrent.id, tracker.tier, 0);
    }
    this.#tier = 0;
    this.#rank = 0;
    const { now } = this.#ctx;
    const intervalUs = reply.intervalS * 1_000_000;
    this.#nextAt = now + Math.max(intervalUs, (reply.minIntervalS ?? 0) * 1_000_000);
    this.#earliestAt =
      now + (reply.minIntervalS === null ? Math.min(intervalUs, MIN_INTERVAL_US) : reply.minIntervalS * 1_000_000);
    if (this.#events[0] !== undefined && EVENT_INDEX[this.#events[0]] === eventIndex) this.#events.shift();
    tracker.present = this.#active;
    // Who was complete when it said `started` has nothing to say of it (BEP 3: no `completed` if complete at start).
    if (eventIndex === EVENT_INDEX.started && tracker.startedWithAll)
      this.#events = this.#events.filter((event) => event !== 'completed');
    if (this.#events.length > 0) this.#nextAt = now;
    this.#ctx.outbox.event('announced', this.#torrent.id, reply.peers.length, 0);
    if (this.#active) this.#torrent.swarm.heardOf(reply.peers);
    else this.#sayStopped(tracker);
  }

  #failed(tracker: Tracker, reason: string): void {
    tracker.lastError = reason;
    this.#ctx.outbox.event('announceFailed', this.#torrent.id, tracker.index, 0);
    this.#rank += 1;
    if (this.#rank >= (this.#tiers[this.#tier] as Tracker[]).length) {
      this.#rank = 0;
      this.#tier += 1;
    }
    if (this.#tier < this.#tiers.length) return;
    this.#tier = 0;
    this.#nextAt = this.#ctx.now + Math.min(RETRY_FIRST_US * 2 ** Math.min(this.#fails, 20), RETRY_MAX_US);
    this.#earliestAt = this.#nextAt;
    this.#fails += 1;
  }

  #find(index: number): Tracker {
    return this.#tiers.flat().find((tracker) => tracker.index === index) as Tracker;
  }

  status(): TrackerStatus[] {
    return this.#tiers.flat().map((tracker) => ({
      tier: tracker.tier,
      url: tracker.url,
      lastError: tracker.lastError,
      nextAnnounce: this.#active && tracker === this.#tiers[this.#tier]?.[this.#rank] ? this.#nextAt : null,
      seeds: tracker.seeds,
      leechers: tracker.leechers,
    }));
  }
}
