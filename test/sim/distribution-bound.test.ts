import { expect, test } from 'vitest';
import { lineOf, Swarm } from '../../sim/index.ts';

const LINE = { upKBps: 200, downKBps: 800, latencyMs: 40 };
const SIZE_BYTES = 2 * 2 ** 20;

function swarmOf(): Swarm {
  return new Swarm({ seed: 1, contents: { sizeMiB: 2, pieceKiB: 64 } });
}

test('bound: a swarm whose lines are faster than declared is found (downlink, all uplinks, the seed alone)', () => {
  const cases = [
    { faster: [1, 2], lines: [{ ...LINE, upKBps: 2000 }, LINE], what: 'downlink of node 2' },
    { faster: [1, 2, 3], lines: [LINE, LINE, LINE], what: 'all uplinks' },
    { faster: [1], lines: [LINE, { ...LINE, upKBps: 4000 }], what: 'uplinks of the first holders' },
  ];
  for (const { faster, lines, what } of cases) {
    const swarm = swarmOf();
    const [seed, ...leechers] = lines as [typeof LINE, ...(typeof LINE)[]];
    swarm.addSeed(seed);
    for (const line of leechers) swarm.addLeecher(line);
    for (const node of faster) {
      const { upKBps, downKBps } = lines[node - 1] as typeof LINE;
      swarm.network.links.set(node, lineOf({ ...LINE, upKBps: 4 * upKBps, downKBps: 4 * downKBps }));
    }
    swarm.untilComplete(60);
    expect(() => swarm.finish()).toThrow(what);
  }
});

test('bound: it holds for a leecher that crashed and came back, and counts once what was sent twice', () => {
  const swarm = swarmOf();
  swarm.addSeed(LINE);
  const leecher = swarm.addLeecher(LINE);
  swarm.run(5);
  leecher.crash();
  swarm.run(1);
  leecher.restart(swarm.contents);
  swarm.untilComplete(60);
  const checks = swarm.checkCount;
  swarm.finish();
  // One claim for the downlink, one for all uplinks, one for the first holder's; the rest is fixed by the number of nodes.
  expect(swarm.checkCount - checks).toBe(3 + 2 + swarm.nodes.length);
  expect(swarm.deliveredBytes).toBeGreaterThan(SIZE_BYTES);
});

test('bound: what a disk held before the first start is no gain', () => {
  const swarm = swarmOf();
  swarm.addSeed(LINE);
  const leecher = swarm.prepare(LINE);
  const store = leecher.storeOf(swarm.contents);
  for (let index = 0; index < swarm.contents.blockCount - 1; index += 1)
    store.write(index, swarm.contents.stamp(index));
  store.syncUpTo(store.writeCount);
  leecher.start(swarm.contents, { check: 'all' });
  swarm.untilComplete(10);
  expect(leecher.completedAt! / 1e6).toBeLessThan(SIZE_BYTES / 800_000);
  swarm.finish();
});
