import { expect, test } from 'vitest';
import { scenarios } from '../../scenarios/index.ts';
import { measure, runScenario, Swarm } from '../../sim/index.ts';

const LINE = { upKBps: 200, downKBps: 800, latencyMs: 40 };
const flashCrowd = scenarios.find(({ name }) => name === 'flash-crowd')!;

test('metrics: a seed and a leecher take the time of one uplink of two', () => {
  const { metrics } = runScenario(flashCrowd, 1, { peers: 1, sizeMiB: 2, upKBps: 100 }).result;
  const leastS = (2 * 2 ** 20) / 200_000;
  expect(metrics.completionS).toHaveLength(1);
  expect(metrics.completionS[0]).toBeGreaterThanOrEqual(leastS);
  expect(metrics.completionS[0]).toBeLessThan(leastS * 1.1);
  // The seed's 200 of 300 kB/s.
  expect(metrics.uplinkUtilisation).toBeGreaterThan(0.6);
  expect(metrics.uplinkUtilisation).toBeLessThan(0.67);
  expect(metrics.duplicateShare).toBe(0);
});

test('metrics: none where nobody completed and where a line has no limit', () => {
  const swarm = new Swarm({ seed: 1, contents: { sizeMiB: 1, pieceKiB: 64 } });
  swarm.addLeecher(LINE);
  swarm.run(5);
  expect(measure(swarm)).toEqual({ completionS: [], uplinkUtilisation: null, duplicateShare: null });
  swarm.addSeed({ ...LINE, upKBps: Infinity });
  swarm.untilComplete(60);
  expect(measure(swarm)).toMatchObject({ completionS: [expect.any(Number)], uplinkUtilisation: null });
});
