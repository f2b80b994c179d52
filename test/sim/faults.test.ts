import { expect, test } from 'vitest';
import { scenarios } from '../../scenarios/index.ts';
import { FAULT_KINDS, type FaultKind, FAULT_SITES, runScenario, Swarm } from '../../sim/index.ts';

const LINE = { upKBps: 200, downKBps: 800, latencyMs: 40 };

test('faults: what strikes is listed in order with its node, and changes the digest', () => {
  const digests = [false, true].map((struck) => {
    const swarm = new Swarm({ seed: 1, contents: { sizeMiB: 1, pieceKiB: 64 } });
    const leecher = swarm.addLeecher(LINE);
    swarm.run(1);
    leecher.crash();
    swarm.run(2);
    leecher.restart(swarm.contents);
    if (struck) swarm.struck('partition', { untilS: 60 });
    expect(swarm.faults.slice(0, 2)).toEqual([
      { atS: 1, kind: 'crash', node: leecher.index, other: null, untilS: null },
      { atS: 3, kind: 'restart', node: leecher.index, other: null, untilS: null },
    ]);
    expect(swarm.faultCount('partition')).toBe(Number(struck));
    return swarm.trace.digest();
  });
  expect(digests[0]).not.toBe(digests[1]);
});

/** Runs of `swarm` with everything on, by seed. */
const RUNS = 30;

test('faults: every kind strikes, and is survived (the scenario swarm, 30 seeds)', { timeout: 120_000 }, () => {
  const swarm = scenarios.find(({ name }) => name === 'swarm')!;
  const struck = new Set<FaultKind>();
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const knobs = { peers: 4, liars: seed % 2, strikes: 6, bodyKiB: 512 };
    const { result, swarm: run } = runScenario(swarm, seed, knobs);
    expect(result.reason).toBeNull();
    for (const { kind } of run.faults) struck.add(kind);
  }
  const points = FAULT_SITES.map((site): FaultKind => `${site}Point`);
  expect(FAULT_KINDS.filter((kind) => !struck.has(kind) && !points.includes(kind))).toEqual([]);
});
