// Figures of torrents without announcing: for those that rest, and when the user asks. What is wanted by the next drain goes out together, one
// request a tracker with at most SCRAPE_HASHES_MAX torrents.
//
// A torrent asks the first of its trackers that can be asked; when that fails, the next. At most one scrape a torrent is under way, and
// each tracker is asked about it at most once a minute, or as seldom as it wants.

import type { Context } from '../context.ts';
import type { ScrapeReply, SwarmFigures } from '../contract.ts';
import { SCRAPE_HASHES_MAX } from '../limits.ts';
import type { Torrent } from '../torrent/torrent.ts';
import { clampMinInterval } from './intervals.ts';
import type { Tracker } from './tracker-list.ts';

const SCRAPE_INTERVAL_US = 60_000_000;
const SECOND_US = 1_000_000;

interface Wish {
  readonly torrent: Torrent;
  readonly tracker: Tracker;
}

export class Scraper {
  readonly #ctx: Context;
  /** By URL, in the order wanted; empty after a drain. */
  readonly #wanted = new Map<string, Wish[]>();
  /** By the number of the request; at most one wish a torrent. */
  readonly #underWay = new Map<number, readonly Wish[]>();
  readonly #asking = new Set<Torrent>();
  #requests = 0;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** Wants figures of a torrent; they go out with the next drain. Ignored while they are under way or too young. */
  want(torrent: Torrent): void {
    if (!this.#asking.has(torrent)) this.#ask(torrent, torrent.announces.trackers);
  }

  #ask(torrent: Torrent, trackers: readonly Tracker[]): void {
    const { now } = this.#ctx;
    const tracker = trackers.find(({ url, scrapeAt }) => scrapeAt <= now && canScrape(url));
    if (tracker === undefined) return;
    tracker.scrapeAt = now + SCRAPE_INTERVAL_US;
    this.#asking.add(torrent);
    this.#ctx.drainsMore = true;
    const wishes = this.#wanted.get(tracker.url) ?? [];
    wishes.push({ torrent, tracker });
    this.#wanted.set(tracker.url, wishes);
  }

  /** Records what is wanted as outputs, before a drain. */
  settle(): void {
    if (this.#wanted.size === 0) return;
    for (const [url, wishes] of this.#wanted)
      for (let from = 0; from < wishes.length; from += SCRAPE_HASHES_MAX)
        this.#send(url, wishes.slice(from, from + SCRAPE_HASHES_MAX));
    this.#wanted.clear();
  }

  #send(url: string, wishes: readonly Wish[]): void {
    const { jobs, outbox } = this.#ctx;
    const [first] = wishes as [Wish, ...Wish[]];
    this.#requests += 1;
    this.#underWay.set(this.#requests, wishes);
    const infoHashes = wishes.map(({ torrent }) => torrent.metainfo.infoHash);
    outbox.scrape(jobs.open('scrape', first.torrent, this.#requests, 0, 0), { url, infoHashes });
    outbox.event('scrapeSent', first.torrent.id, wishes.length, 0);
  }

  scraped(request: number, reply: ScrapeReply): void {
    const wishes = this.#underWay.get(request) as readonly Wish[];
    this.#underWay.delete(request);
    wishes.forEach(({ torrent, tracker }, index) => {
      this.#asking.delete(torrent);
      if (torrent.phase === 'removed') return;
      const figures = reply.ok ? (reply.figures[index] ?? null) : null;
      if (reply.ok && reply.minIntervalS !== null)
        tracker.scrapeAt = this.#ctx.now + clampMinInterval(reply.minIntervalS) * SECOND_US;
      if (figures !== null) this.#heard(torrent, tracker, figures);
      else this.#failed(torrent, tracker, reply.ok ? 'the tracker does not know this torrent' : reply.reason);
    });
  }

  #heard(torrent: Torrent, tracker: Tracker, figures: SwarmFigures): void {
    const { seeds, leechers, downloads } = tracker.figures;
    tracker.figures = {
      seeds: figures.seeds ?? seeds,
      leechers: figures.leechers ?? leechers,
      downloads: figures.downloads ?? downloads,
    };
    this.#ctx.outbox.event('scraped', torrent.id, tracker.index, 0);
  }

  #failed(torrent: Torrent, tracker: Tracker, reason: string): void {
    // While it runs, what announces say is of more interest.
    if (!torrent.active) tracker.message = reason;
    this.#ctx.outbox.event('scrapeFailed', torrent.id, tracker.index, 0);
    const { trackers } = torrent.announces;
    this.#ask(torrent, trackers.slice(trackers.indexOf(tracker) + 1));
  }
}

/** By the scheme alone: whether an HTTP tracker can be asked stands in its path, which a journal does not hold; the driver answers that it
 *  cannot. */
function canScrape(url: string): boolean {
  return /^(?:https?|udp):/i.test(url);
}
