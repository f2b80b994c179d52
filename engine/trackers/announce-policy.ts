// When which tracker is asked what (BEP 3, 12, 15, 21; CONFORMANCE 7, 62, 66, 68). How an announce is carried out is the driver's.
//
//   a tracker     asked ─── answered ──► its interval passes, or its minimum where peers are needed      first of its tier
//                       ─── failed ────► a pause that doubles, for it alone                              the next is asked
//                       ─── silent ────► goes on being asked (BEP 15's waits, up to 2 h)                 the next is asked
//
// Each announce goes to the first tracker in tier order that may be asked; each is tried once before any is tried again. At most one
// announce is waited for; besides it each silent tracker has one under way, whose answer counts whenever it comes. `completed` goes to
// every tracker that counts us as a leecher, `stopped` to every one that may count us at all; neither waits for an interval.

import type { Context } from '../context.ts';
import type { AnnounceEvent, AnnounceReply, Instant, RandomStream, TrackerStatus } from '../contract.ts';
import type { Torrent } from '../torrent/torrent.ts';
import { clampInterval, clampMinInterval } from './intervals.ts';
import { type ListedTracker, type Tracker, TrackerList } from './tracker-list.ts';

const RETRY_FIRST_US = 15_000_000;
const RETRY_MAX_US = 1_800_000_000;
/** The first two waits of BEP 15, 15 and 30 s: one lost datagram in either direction does not cost a tracker its turn. */
const PATIENCE_US = 45_000_000;
/** Asked early for more peers at most this often, where the tracker names no minimum. */
const MIN_INTERVAL_US = 60_000_000;
const EVENT_INDEX: Readonly<Record<AnnounceEvent, number>> = { '': 0, started: 1, completed: 2, stopped: 3, paused: 4 };
const SECOND_US = 1_000_000;

export class AnnouncePolicy {
  readonly trackers: TrackerList;
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  readonly #key: number;
  #active = false;
  /** When an announce is wanted next, whoever gets it. */
  #nextAt: Instant = Infinity;
  /** When it may be wanted at the earliest, for want of peers: the minimum of who answered last. */
  #earliestAt: Instant = 0;
  /** Who answered last: its interval is kept. */
  #current: Tracker | null = null;
  /** When it did; −1: nobody has. */
  #heardAt: Instant = -1;
  /** Whose answer is waited for before another is asked. */
  #awaited: Tracker | null = null;
  #round = 1;
  #serial = 0;
  /** The torrent became complete in this session. */
  #completed = false;
  #stopping = 0;

  constructor(ctx: Context, torrent: Torrent, tiers: readonly (readonly ListedTracker[])[], random: RandomStream) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#key = random.uint32();
    this.trackers = new TrackerList(tiers, random);
  }

  /** It was started and not stopped since. */
  get active(): boolean {
    return this.#active;
  }

  /** Every `stopped` was answered. */
  get quiet(): boolean {
    return this.#stopping === 0;
  }

  start(): void {
    this.#active = this.trackers.all.length > 0;
    this.#awaited = null;
    this.#completed = false;
    this.trackers.all.forEach(beginAnew);
    this.#becomeDue();
  }

  completed(): void {
    if (!this.#active) return;
    this.#completed = true;
    this.#pump();
  }

  /** Whoever counts us as present is told, and whoever is being asked and so may. */
  stop(): void {
    this.#active = false;
    for (const tracker of this.trackers.all)
      if (tracker.present || tracker.asking !== 0) this.#send(tracker, 'stopped');
  }

  /** The user wants it: pauses after failures are over, and a silent tracker is asked anew. A minimum that a tracker named is kept. */
  announceNow(): void {
    if (this.#active) this.#becomeDue();
  }

  /** What failed before says nothing any more, and who works is to know where we are now; who has answered this very moment knows it. */
  networkChanged(): void {
    if (this.#heardAt !== this.#ctx.now) this.announceNow();
  }

  /** Takes over the trackers of `other`, which is not used any more: they are told that we leave, and hear of us again when it is their turn. */
  adopt(other: AnnouncePolicy): void {
    if (other.#active) other.stop();
    other.trackers.all.forEach(beginAnew);
    this.trackers.insert(other.trackers.all);
    this.#serial = Math.max(this.#serial, other.#serial);
    this.#stopping += other.#stopping;
    // Theirs is the turn where none of ours has answered.
    if (this.#current === null && this.#active) this.#nextAt = this.#ctx.now;
    this.#pump();
  }

  #becomeDue(): void {
    const { now } = this.#ctx;
    for (const tracker of this.trackers.all) {
      tracker.fails = 0;
      tracker.retryAt = now;
      if (!tracker.namedMinimum) tracker.earliestAt = now;
      if (tracker.silent) tracker.asking = 0;
      tracker.silent = false;
    }
    this.#round += 1;
    this.#nextAt = now;
    this.#pump();
  }

  second(): void {
    if (!this.#active) return;
    const { now } = this.#ctx;
    if (this.#awaited !== null && now - this.#awaited.askedAt >= PATIENCE_US) this.giveTurn(this.#awaited);
    if (this.#torrent.swarm.needsPeers) this.#nextAt = Math.min(this.#nextAt, Math.max(this.#earliestAt, now));
    this.#pump();
  }

  /** It goes on being asked, and may answer yet; now it is another's turn. */
  giveTurn(tracker: Tracker): void {
    tracker.silent = true;
    tracker.working = false;
    tracker.message = 'no answer yet: it is asked again, in growing intervals';
    this.#awaited = null;
    if (tracker === this.#current) this.#nextAt = this.#ctx.now;
    this.#ctx.outbox.event('trackerSilent', this.#torrent.id, tracker.index, 0);
  }

  #pump(): void {
    if (!this.#active || this.#awaited !== null) return;
    const { now } = this.#ctx;
    const tracker = this.trackers.all.find((each) => this.#owed(each)) ?? (now < this.#nextAt ? null : this.#choose());
    if (tracker === null) return;
    this.#awaited = tracker;
    tracker.round = this.#round;
    // A partial seed says so at every announce that has nothing else to say (BEP 21).
    const idle: AnnounceEvent = this.#torrent.partialSeed ? 'paused' : '';
    this.#send(tracker, !tracker.present ? 'started' : this.#owed(tracker) ? 'completed' : idle);
  }

  /** `completed` is owed to it, now. */
  #owed({ present, toldAll, asking, retryAt }: Tracker): boolean {
    return this.#completed && present && !toldAll && asking === 0 && retryAt <= this.#ctx.now;
  }

  /** The first that may be asked: among those not tried in this round, else among all, which begins another. Null: not yet. */
  #choose(): Tracker | null {
    const free = this.trackers.all.filter((tracker) => tracker.asking === 0);
    const fresh = this.#first(free.filter(({ round }) => round !== this.#round));
    if (fresh !== null) return fresh;
    // One that works is worth waiting for, whatever comes after it.
    if (this.#nextAt > this.#ctx.now) return null;
    const again = this.#first(free);
    if (again !== null) this.#round += 1;
    else if (this.#nextAt <= this.#ctx.now) this.#nextAt = Math.min(Infinity, ...free.map(mayBeAskedAt));
    return again;
  }

  /** The first of them that may be asked now; null also where one before it works and only wants more time, which is waited for. */
  #first(trackers: readonly Tracker[]): Tracker | null {
    const { now } = this.#ctx;
    for (const tracker of trackers) {
      if (mayBeAskedAt(tracker) <= now) return tracker;
      if (!tracker.working) continue;
      this.#nextAt = tracker.earliestAt;
      return null;
    }
    return null;
  }

  #send(tracker: Tracker, event: AnnounceEvent): void {
    const left = this.#torrent.leftBytes;
    this.#serial += 1;
    if (event === 'stopped') {
      this.#stopping += 1;
      tracker.present = false;
    } else {
      tracker.asking = this.#serial;
      tracker.askedAt = this.#ctx.now;
      tracker.askedWithAll = left === 0;
    }
    const job = this.#ctx.jobs.open('announce', this.#torrent, tracker.index, EVENT_INDEX[event], this.#serial);
    this.#ctx.outbox.announce(job, {
      torrent: this.#torrent.id,
      url: tracker.url,
      infoHash: this.#torrent.metainfo.infoHash,
      peerId: this.#torrent.peerId,
      port: this.#ctx.listenPort,
      uploaded: this.#torrent.uploadedBytes,
      downloaded: this.#torrent.downloadedBytes,
      left,
      event,
      key: this.#key,
      numwant: event === 'stopped' ? 0 : this.#ctx.settings.numwant,
      trackerId: tracker.trackerId,
    });
    this.#ctx.outbox.event('announceSent', this.#torrent.id, tracker.index, EVENT_INDEX[event]);
  }

  announced(trackerIndex: number, eventIndex: number, serial: number, reply: AnnounceReply): void {
    if (eventIndex === EVENT_INDEX.stopped) {
      this.#stopping -= 1;
      this.#torrent.storageChanged();
      return;
    }
    const tracker = this.trackers.at(trackerIndex);
    if (tracker.asking !== serial) return;
    tracker.asking = 0;
    if (!this.#active) return;
    if (this.#awaited === tracker) this.#awaited = null;
    tracker.silent = false;
    if (reply.ok) this.#heard(tracker, eventIndex, reply);
    else this.#failed(tracker, reply.reason);
    this.#pump();
  }

  #heard(tracker: Tracker, eventIndex: number, reply: AnnounceReply & { readonly ok: true }): void {
    const { now } = this.#ctx;
    this.#heardAt = now;
    tracker.message = reply.warning;
    tracker.trackerId = reply.trackerId ?? tracker.trackerId;
    tracker.figures = { ...tracker.figures, seeds: reply.seeds, leechers: reply.leechers };
    tracker.working = true;
    this.#current = tracker;
    tracker.fails = 0;
    tracker.retryAt = now;
    tracker.present = true;
    if (eventIndex === EVENT_INDEX.started || eventIndex === EVENT_INDEX.completed)
      tracker.toldAll = tracker.askedWithAll;
    if (this.trackers.promote(tracker)) this.#ctx.outbox.event('trackerPromoted', this.#torrent.id, tracker.tier, 0);
    this.#round += 1;
    const intervalUs = clampInterval(reply.intervalS) * SECOND_US;
    const minimumUs = reply.minIntervalS === null ? null : clampMinInterval(reply.minIntervalS) * SECOND_US;
    tracker.namedMinimum = minimumUs !== null;
    tracker.earliestAt = now + (minimumUs ?? Math.min(intervalUs, MIN_INTERVAL_US));
    this.#nextAt = now + Math.max(intervalUs, minimumUs ?? 0);
    this.#earliestAt = tracker.earliestAt;
    this.#ctx.outbox.event('announced', this.#torrent.id, reply.peers.length, 0);
    this.#torrent.swarm.heardOf(reply.peers, 'tracker');
  }

  #failed(tracker: Tracker, reason: string): void {
    const { now } = this.#ctx;
    tracker.message = reason;
    tracker.working = false;
    tracker.retryAt = now + Math.min(RETRY_FIRST_US * 2 ** Math.min(tracker.fails, 20), RETRY_MAX_US);
    tracker.fails += 1;
    if (tracker === this.#current) this.#nextAt = now;
    else if (this.#nextAt === Infinity) this.#nextAt = mayBeAskedAt(tracker);
    this.#ctx.outbox.event('announceFailed', this.#torrent.id, tracker.index, 0);
  }

  status(): TrackerStatus[] {
    const next = this.trackers.all.find((tracker) => tracker.asking === 0 && mayBeAskedAt(tracker) <= this.#nextAt);
    return this.trackers.all.map((tracker) => ({
      index: tracker.index,
      tier: tracker.tier,
      url: tracker.url,
      status: this.#statusOf(tracker),
      lastError: tracker.message,
      nextAnnounce: this.#active && (tracker === next || tracker === this.#current) ? finite(this.#nextAt) : null,
      ...tracker.figures,
    }));
  }

  #statusOf({ asking, silent, working, message }: Tracker): TrackerStatus['status'] {
    if (!this.#active) return 'idle';
    if (asking !== 0 && !silent) return 'asking';
    return working ? 'working' : message === null ? 'idle' : 'failed';
  }
}

/** An answer to what was asked before says nothing of the time from now on. */
function beginAnew(tracker: Tracker): void {
  Object.assign(tracker, {
    present: false,
    toldAll: false,
    silent: false,
    asking: 0,
    earliestAt: 0,
    namedMinimum: false,
  });
}

function finite(at: Instant): Instant | null {
  return at < Infinity ? at : null;
}

/** Where no event is owed to it. */
function mayBeAskedAt({ retryAt, earliestAt }: Tracker): Instant {
  return Math.max(retryAt, earliestAt);
}
