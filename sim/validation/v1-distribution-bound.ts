// V1: how close a flash crowd comes to the least time that arithmetic allows.

import { distributionBoundS } from '../distribution-bound.ts';
import { Swarm } from '../swarm.ts';
import { allTookS, carriedBytes, MIB } from './measure.ts';
import type { Validation } from './validation.ts';

const LEECHERS = 40;
const LEECHER_KBPS = 200;
const SEED_KBPS = 2 * LEECHER_KBPS;
const DOWN_KBPS = 800;
const SIZE_MIB = 16;
const GIVE_UP_RATIO = 5;

export const distributionBound: Validation = {
  name: 'V1',
  title: 'Distribution time against its lower bound D = max{F/u_s, F/d_min, N·F/(u_s + Σu_i)}',
  source: 'R. Kumar and K. W. Ross, "Peer-assisted file distribution: the minimum distribution time", IEEE HotWeb 2006',
  setup: () =>
    `One seed of ${SEED_KBPS} kB/s, ${LEECHERS} leechers of ${LEECHER_KBPS}/${DOWN_KBPS} kB/s that join together and stay; ${SIZE_MIB} MiB ` +
    'in pieces of 64 KiB, round trips of 40 ms, default settings. Utilisation: what all uplinks carried until the first leecher was ' +
    'complete, of what they could have carried. That no run is faster than the bound is checked at the end of every run of every ' +
    'scenario. Re-announce: every 120 s, and after 30 s where a node has fewer than 8 peers.',
  findings: [],

  run(seed) {
    const swarm = new Swarm({ seed, contents: { sizeMiB: SIZE_MIB, pieceKiB: 64 } });
    const line = { upKBps: LEECHER_KBPS, downKBps: DOWN_KBPS, latencyMs: 40 };
    swarm.addSeed({ ...line, upKBps: SEED_KBPS });
    const leechers = swarm.addLeechers(LEECHERS, line);
    const boundS = distributionBoundS({
      sizeBytes: SIZE_MIB * MIB,
      seedUpBps: [SEED_KBPS * 1000],
      leecherUpBps: leechers.map(() => LEECHER_KBPS * 1000),
      leecherDownBps: leechers.map(() => DOWN_KBPS * 1000),
    });
    swarm.until('one is complete', () => leechers.some(({ complete }) => complete), GIVE_UP_RATIO * boundS);
    const utilisation = carriedBytes(swarm) / (swarm.nowS * (SEED_KBPS + LEECHERS * LEECHER_KBPS) * 1000);
    swarm.untilComplete(GIVE_UP_RATIO * boundS);
    swarm.finish();
    return [
      {
        quantity: 'time until all are complete / D',
        unit: '',
        theory: 1,
        measured: allTookS(leechers) / boundS,
        band: [1, 1.3],
      },
      { quantity: 'uplink utilisation', unit: '', theory: 1, measured: utilisation, band: [0.9, 1] },
    ];
  },
};
