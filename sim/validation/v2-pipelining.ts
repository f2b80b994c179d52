// V2: what a fixed number of outstanding requests makes of a long line.

import { Swarm } from '../swarm.ts';
import { MIB } from './measure.ts';
import { around, type Validation } from './validation.ts';

const LINE_BPS = 10e6;
const ROUND_TRIP_S = 0.2;
const BLOCK_BITS = 16_384 * 8;
const OUTSTANDING = [1, 5, 17];
/** Slow start is over by then, with a window of many times the line. */
const WARM_UP_S = 20;
const MEASURED_S = 60;

export const pipelining: Validation = {
  name: 'V2',
  title: 'Pipelining: rate = min(C, q·B / (RTT + B/C))',
  source: 'B. Cohen, "Incentives build robustness in BitTorrent", P2PEcon 2003 (pipelining); the formula is arithmetic',
  setup: () =>
    'A seed and a leecher, uplink C = 10 Mb/s, round trip 200 ms, blocks of B = 16 KiB, always q requests outstanding ' +
    `(\`pipelineBlocks\`). Payload of ${MEASURED_S} s after ${WARM_UP_S} s of slow start. Re-announce: none is needed, the two stay connected.`,
  findings: [],

  run: (seed) =>
    OUTSTANDING.map((q) => {
      const theory = Math.min(LINE_BPS, (q * BLOCK_BITS) / (ROUND_TRIP_S + BLOCK_BITS / LINE_BPS)) / 1e6;
      return {
        quantity: `rate, q = ${q}`,
        unit: 'Mb/s',
        theory,
        measured: rateMbps(seed, q),
        band: around(theory, 3),
      };
    }),
};

function rateMbps(seed: number, q: number): number {
  const sizeMiB = Math.ceil(((WARM_UP_S + MEASURED_S) * 1.1 * LINE_BPS) / 8 / MIB);
  const swarm = new Swarm({ seed, contents: { sizeMiB, pieceKiB: 256 } });
  const line = { upKBps: LINE_BPS / 8000, downKBps: LINE_BPS / 800, latencyMs: ROUND_TRIP_S * 1000 };
  swarm.addSeed(line);
  const leecher = swarm.addLeecher({ ...line, settings: { pipelineBlocks: q } });
  swarm.run(WARM_UP_S);
  const before = leecher.status().downloadedBytes;
  swarm.run(MEASURED_S);
  const bytes = leecher.status().downloadedBytes - before;
  swarm.finish();
  return (bytes * 8) / MEASURED_S / 1e6;
}
