// How long a scenario waits before it says that a swarm is stuck: what arithmetic allows at best, times what loss does, times a margin.

import type { Link } from '#harness';
import { distributionBoundS } from './distribution-bound.ts';
import type { Swarm } from './swarm.ts';

const MARGIN = 6;
/** Waits that no line explains: choke rounds, announces, dials tried again. */
const SLACK_S = 180;
/** Payload of a segment as TCP sends it. */
const PACKET_BYTES = 1_460;

/** Seconds in which every leecher that has joined so far must be done, honest seeds alone counted as such. */
export function patienceS(swarm: Swarm): number {
  const seeds = swarm.nodes.filter(({ options }) => options.seed && options.honest);
  const { leechers } = swarm;
  const boundS = distributionBoundS({
    sizeBytes: swarm.contents.geometry.totalBytes,
    seedUpBps: seeds.map(({ options }) => options.link.upBps),
    leecherUpBps: leechers.map(({ options }) => options.link.upBps),
    leecherDownBps: leechers.map(({ options }) => options.link.downBps),
  });
  const links = leechers.map(({ options: { link } }) => link);
  // Only whole pieces are passed on: until the first is there everyone draws on the seeds, each on a piece of its own.
  const { pieceLengthBytes, totalBytes } = swarm.contents.geometry;
  const seedUpBps = seeds.reduce((total, { options }) => total + options.link.upBps, 0);
  const firstPieceS = (leechers.length * Math.min(pieceLengthBytes, totalBytes)) / seedUpBps;
  return patienceOverS(boundS, links) + Math.ceil(firstPieceS);
}

/** Seconds allowed for what takes `boundS` at best, over these lines. */
export function patienceOverS(boundS: number, links: readonly Link[]): number {
  const slowest = Math.max(1, ...links.map(lossFactor));
  return Math.ceil(MARGIN * boundS * slowest + SLACK_S);
}

/** How much slower than its line one connection may be because of loss: TCP's rate is 1.22 packets / (RTT √p) (Mathis 1997). */
export function lossFactor(link: Pick<Link, 'upBps' | 'latencyUs' | 'lossPerMillion'>): number {
  const bytesPerS = (1.22 * PACKET_BYTES) / (4 * link.latencyUs * 1e-6 * Math.sqrt((2 * link.lossPerMillion) / 1e6));
  return Math.max(1, link.upBps / bytesPerS);
}
