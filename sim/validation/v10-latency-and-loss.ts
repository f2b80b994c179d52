// V10: a long round trip and lost packets hardly delay a swarm whose peers have slow uplinks and several connections.

import { Swarm } from '../swarm.ts';
import { mean, tookS } from './measure.ts';
import type { Validation } from './validation.ts';

const LEECHERS = 20;
const UP_KBPS = 50;
const DOWN_KBPS = 1_000;
const SIZE_MIB = { full: 50, quick: 8 };
const GIVE_UP_S = 36_000;
const ROUND_TRIPS_MS = [100, 200, 400];
const LOSSES_PERCENT = [1, 2, 5];

export const latencyAndLoss: Validation = {
  name: 'V10',
  title: 'Round trips of up to 400 ms and losses of up to 5 % cost at most 15 % of the download time',
  source:
    'A. Rao, A. Legout and W. Dabbous, "Can realistic BitTorrent experiments be performed on clusters?", IEEE P2P 2010',
  setup: (size) =>
    `One seed and ${LEECHERS} leechers of ${UP_KBPS}/${DOWN_KBPS} kB/s that join together and stay; ${SIZE_MIB[size]} MiB in pieces of 256 KiB. ` +
    'The mean download time against that of the same swarm without latency and loss. Losses halve windows as in TCP Reno. ' +
    'Re-announce: every 120 s, and after 30 s where a node has fewer than 8 peers.',
  findings: [
    'Figures below zero are chance: another latency is another order of events, and the download time of one swarm moves by a few per cent ' +
      'from seed to seed.',
  ],

  run(seed, size) {
    const plain = meanTookS(seed, SIZE_MIB[size], 0, 0);
    const cost = (latencyMs: number, lossPercent: number) =>
      100 * (meanTookS(seed, SIZE_MIB[size], latencyMs, lossPercent) / plain - 1);
    const row = (quantity: string, measured: number) => ({
      quantity,
      unit: '% longer',
      theory: null,
      measured,
      band: [-Infinity, 15] as const,
    });
    return [
      ...ROUND_TRIPS_MS.map((ms) => row(`round trip ${ms} ms`, cost(ms, 0))),
      ...LOSSES_PERCENT.map((percent) => row(`loss ${percent} %, no latency`, cost(0, percent))),
      row('round trip 400 ms and loss 5 %', cost(400, 5)),
    ];
  },
};

function meanTookS(seed: number, sizeMiB: number, latencyMs: number, lossPercent: number): number {
  const swarm = new Swarm({ seed, contents: { sizeMiB, pieceKiB: 256 } });
  const line = { upKBps: UP_KBPS, downKBps: DOWN_KBPS, latencyMs, lossPercent };
  swarm.addSeed(line);
  const leechers = swarm.addLeechers(LEECHERS, line);
  swarm.untilComplete(GIVE_UP_S);
  swarm.finish();
  return mean(leechers.map(tookS));
}
