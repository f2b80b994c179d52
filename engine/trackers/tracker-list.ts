// Trackers of one torrent in their tiers (BEP 12): a tier is in an order drawn once, and who answers moves to its front.
//
// What is known of each stands here; when it is asked is `announce-policy.ts`'s to decide. Bounded by TRACKERS_MAX of the .torrent.

import type { Instant, RandomStream, SwarmFigures } from '../contract.ts';

/** One tracker of the torrent. */
export interface ListedTracker {
  readonly url: string;
  readonly tier: number;
  /** Its place in the torrent's list, for events and jobs. */
  readonly index: number;
}

export interface Tracker extends ListedTracker {
  trackerId: string | null;
  /** What it said last, or why it did not; null where there is nothing to say. Untrusted text. */
  message: string | null;
  figures: SwarmFigures;
  /** It answered the last announce that was not cut off. */
  working: boolean;
  /** Announces in a row that failed. */
  fails: number;
  /** Not asked before: it failed, and the pause doubles. */
  retryAt: Instant;
  /** Not asked before, but for an event: its minimum. */
  earliestAt: Instant;
  /** It named that minimum itself. */
  namedMinimum: boolean;
  /** Serial number of the announce since the last start that it has not answered, 0 = none; `stopped` does not count. */
  asking: number;
  askedAt: Instant;
  /** Nothing was left when it was asked. */
  askedWithAll: boolean;
  /** It has been silent for so long that others are asked, while it is asked on (BEP 15). */
  silent: boolean;
  /** The round in which it was tried last. */
  round: number;
  /** It has heard `started` since the last start: nothing else comes before, and it is owed `stopped`. */
  present: boolean;
  /** It has heard `started` with nothing left, or `completed`. */
  toldAll: boolean;
  /** Figures are not asked for before. */
  scrapeAt: Instant;
}

const NO_FIGURES: SwarmFigures = { seeds: null, leechers: null, downloads: null };

export class TrackerList {
  /** Tier by tier, in the order in which they are to be asked. */
  readonly all: Tracker[];

  /** `tiers`: some of the torrent's, or parts of them; each tracker knows its own. */
  constructor(tiers: readonly (readonly ListedTracker[])[], random: RandomStream) {
    this.all = tiers.flatMap((listed) => {
      const trackers = listed.map(newTracker);
      for (let i = trackers.length - 1; i > 0; i -= 1) {
        const j = random.below(i + 1);
        [trackers[i], trackers[j]] = [trackers[j] as Tracker, trackers[i] as Tracker];
      }
      return trackers;
    });
  }

  has(index: number): boolean {
    return this.all.some((tracker) => tracker.index === index);
  }

  at(index: number): Tracker {
    return this.all.find((tracker) => tracker.index === index) as Tracker;
  }

  /** Adds trackers, each behind those of its tier. */
  insert(trackers: readonly Tracker[]): void {
    this.all.push(...trackers);
    this.all.sort((a, b) => a.tier - b.tier);
  }

  /** Moves a tracker to the front of its tier; false where it is there already. */
  promote(tracker: Tracker): boolean {
    const place = this.all.indexOf(tracker);
    const front = this.all.findIndex(({ tier }) => tier === tracker.tier);
    if (place === front) return false;
    this.all.splice(place, 1);
    this.all.splice(front, 0, tracker);
    return true;
  }
}

function newTracker({ url, tier, index }: ListedTracker): Tracker {
  return {
    url,
    tier,
    index,
    trackerId: null,
    message: null,
    figures: NO_FIGURES,
    working: false,
    fails: 0,
    retryAt: 0,
    earliestAt: 0,
    namedMinimum: false,
    asking: 0,
    askedAt: 0,
    askedWithAll: false,
    silent: false,
    round: 0,
    present: false,
    toldAll: false,
    scrapeAt: 0,
  };
}
