// V5: tit-for-tat sorts peers by bandwidth: under a seed that is no bottleneck, each class trades with its like and finishes in its own time.

import type { Settings } from '#engine';
import { Swarm } from '../swarm.ts';
import { mean, tookS } from './measure.ts';
import type { Validation } from './validation.ts';

/** kb/s of the three classes: uplinks. */
const CLASSES = [160, 400, 1600];
const LEECHERS = { full: 45, quick: 15 };
const SIZE_MIB = { full: 113, quick: 12 };
const STRONG_SEED = 6000;
const WEAK_SEED = 400;
const GIVE_UP_S = 100_000;
const CASES: readonly {
  readonly what: string;
  readonly seedKbps: number;
  readonly settings: Partial<Settings>;
  readonly band: readonly [number, number];
}[] = [
  { what: 'strong seed', seedKbps: STRONG_SEED, settings: {}, band: [2.5, Infinity] },
  { what: 'weak seed', seedKbps: WEAK_SEED, settings: {}, band: [0.9, 1.1] },
  { what: 'strong seed, no tit-for-tat', seedKbps: STRONG_SEED, settings: { titForTat: false }, band: [0.9, 1.1] },
];

export const clustering: Validation = {
  name: 'V5',
  title: 'Peers cluster by bandwidth: under a strong seed, each class takes the time of its own uplink',
  source:
    'A. Legout, N. Liogkas, E. Kohler and L. Zhang, "Clustering and sharing incentives in BitTorrent systems", SIGMETRICS 2007',
  setup: (size) =>
    `${LEECHERS[size]} leechers, a third each with uplinks of ${CLASSES.join(', ')} kb/s and downlinks of 100 Mb/s, join together and leave when they are complete; ${SIZE_MIB[size]} MiB in pieces of 256 KiB, 4 upload slots; ` +
    `a seed of ${STRONG_SEED} or ${WEAK_SEED} kb/s. The mean download time of the slowest class over that of the fastest. Re-announce: every 120 s, and after 30 s ` +
    'where a node has fewer than 8 peers.',
  findings: [
    'That leechers leave when they are complete is part of the result: where they stay, the fast ones serve the slow ones from then on, and the ' +
      'ratio under the strong seed was 1.7 (seed 1).',
    'Without tit-for-tat the engine misses the band since a slot that nobody uses goes on to others (ADR 16); before, the ratio was 1.05. Who has ' +
      'something to ask is served sooner than who has not; why that is the faster here is not known yet.',
  ],

  run: (seed, size) =>
    CASES.map(({ what, seedKbps, settings, band }) => ({
      quantity: `slowest / fastest class, ${what}`,
      unit: '',
      theory: null,
      measured: slowestOverFastest(seed, seedKbps, settings, LEECHERS[size], SIZE_MIB[size]),
      band,
    })),
};

function slowestOverFastest(
  seed: number,
  seedKbps: number,
  settings: Partial<Settings>,
  leechers: number,
  sizeMiB: number,
): number {
  const swarm = new Swarm({ seed, contents: { sizeMiB, pieceKiB: 256 } });
  const line = { downKBps: 12_500, latencyMs: 40, settings };
  swarm.addSeed({ ...line, upKBps: seedKbps / 8 });
  const classes = CLASSES.map((kbps) => swarm.addLeechers(leechers / CLASSES.length, { ...line, upKBps: kbps / 8 }));
  swarm.onComplete = (node) => node.leave();
  swarm.untilComplete(GIVE_UP_S);
  swarm.finish();
  const times = classes.map((nodes) => mean(nodes.map(tookS)));
  return (times[0] as number) / (times.at(-1) as number);
}
