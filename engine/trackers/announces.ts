// The announces of one torrent: one policy for its HTTP and UDP trackers, another for its WebSocket trackers, which introduce peers that
// the first can never name. So a tier that answers keeps nobody from the peers of the other kind, as it would if BEP 12 ran through all of
// them. A private torrent asks one tracker at a time (BEP 27), and has one policy; one whose metadata is not known counts as public.

import type { Context } from '../context.ts';
import type { AnnounceReply, TrackerStatus } from '../contract.ts';
import type { Torrent } from '../torrent/torrent.ts';
import { AnnouncePolicy } from './announce-policy.ts';
import type { ListedTracker, Tracker } from './tracker-list.ts';
import { isWebSocketUrl } from './websocket-announce.ts';

export class Announces {
  /** At least one; of none but the first the trackers are WebSocket trackers. */
  readonly #policies: AnnouncePolicy[] = [];

  constructor(ctx: Context, torrent: Torrent, tiers: readonly (readonly string[])[]) {
    let index = 0;
    const listed = tiers.map((urls, tier) => urls.map((url): ListedTracker => ({ url, tier, index: index++ })));
    const introducing = ({ url }: ListedTracker) => isWebSocketUrl(url);
    const all = listed.flat();
    const split = !torrent.metainfo.private && all.some(introducing) && !all.every(introducing);
    const add = (label: string, kind: (tracker: ListedTracker) => boolean) => {
      const some = listed.map((tier) => tier.filter(kind));
      this.#policies.push(new AnnouncePolicy(ctx, torrent, some, torrent.random.fork(label)));
    };
    add('trackers', (tracker) => !split || !introducing(tracker));
    if (split) add('websocket trackers', introducing);
  }

  /** The metadata says so: from now on one tracker is asked at a time. */
  becomePrivate(): void {
    const [policy, introducing] = this.#policies;
    if (introducing === undefined) return;
    this.#policies.length = 1;
    (policy as AnnouncePolicy).adopt(introducing);
  }

  /** All of them, tier by tier. */
  get trackers(): readonly Tracker[] {
    return this.#policies.flatMap((policy) => policy.trackers.all).sort(byTier);
  }

  /** It was started and not stopped since. */
  get active(): boolean {
    return this.#policies.some((policy) => policy.active);
  }

  /** Every `stopped` was answered. */
  get quiet(): boolean {
    return this.#policies.every((policy) => policy.quiet);
  }

  start(): void {
    for (const policy of this.#policies) policy.start();
  }

  completed(): void {
    for (const policy of this.#policies) policy.completed();
  }

  stop(): void {
    for (const policy of this.#policies) policy.stop();
  }

  announceNow(): void {
    for (const policy of this.#policies) policy.announceNow();
  }

  networkChanged(): void {
    for (const policy of this.#policies) policy.networkChanged();
  }

  second(): void {
    for (const policy of this.#policies) policy.second();
  }

  /** `trackerIndex`: its place in the torrent's list. */
  announced(trackerIndex: number, eventIndex: number, serial: number, reply: AnnounceReply): void {
    this.#policies
      .find((policy) => policy.trackers.has(trackerIndex))
      ?.announced(trackerIndex, eventIndex, serial, reply);
  }

  /** Tier by tier. */
  status(): TrackerStatus[] {
    return this.#policies.flatMap((policy) => policy.status()).sort(byTier);
  }
}

function byTier(a: { readonly tier: number }, b: { readonly tier: number }): number {
  return a.tier - b.tier;
}
