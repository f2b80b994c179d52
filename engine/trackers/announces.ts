// The announces of one torrent: one policy for its HTTP and UDP trackers, another for its WebSocket trackers, which introduce peers that
// the first can never name. So a tier that answers keeps nobody from the peers of the other kind, as it would if BEP 12 ran through all of
// them. A private torrent asks one tracker at a time (BEP 27), and has one policy.

import type { Context } from '../context.ts';
import type { AnnounceReply, TrackerStatus } from '../contract.ts';
import type { Torrent } from '../torrent/torrent.ts';
import { AnnouncePolicy, type ListedTracker } from './announce-policy.ts';
import { isWebSocketUrl } from './websocket-announce.ts';

export class Announces {
  readonly #policies: AnnouncePolicy[] = [];
  /** The policy of each tracker, in the torrent's order. */
  readonly #policyOf: AnnouncePolicy[] = [];

  constructor(ctx: Context, torrent: Torrent, tiers: readonly (readonly string[])[]) {
    let index = 0;
    const listed = tiers.map((urls, tier) => urls.map((url): ListedTracker => ({ url, tier, index: index++ })));
    const split = !torrent.metainfo.private;
    const introducing = (tracker: ListedTracker) => split && isWebSocketUrl(tracker.url);
    const add = (chosen: readonly ListedTracker[][], label: string) => {
      const kept = chosen.filter((tier) => tier.length > 0);
      const policy = new AnnouncePolicy(ctx, torrent, kept, torrent.random.fork(label));
      for (const tracker of kept.flat()) this.#policyOf[tracker.index] = policy;
      this.#policies.push(policy);
    };
    add(
      listed.map((tier) => tier.filter((tracker) => !introducing(tracker))),
      'trackers',
    );
    if (listed.flat().some(introducing))
      add(
        listed.map((tier) => tier.filter(introducing)),
        'websocket trackers',
      );
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

  second(): void {
    for (const policy of this.#policies) policy.second();
  }

  /** `trackerIndex`: its place in the torrent's list. */
  announced(trackerIndex: number, eventIndex: number, session: number, reply: AnnounceReply): void {
    (this.#policyOf[trackerIndex] as AnnouncePolicy).announced(trackerIndex, eventIndex, session, reply);
  }

  status(): TrackerStatus[] {
    return this.#policies.flatMap((policy) => policy.status());
  }
}
