import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jobs, keyOf, keys, type Plan, seedRange, shardOf } from '../../../sim/command/sweep/plan.ts';

const NAMES = ['flash-crowd', 'end-game', 'parole', 'churn'];
const WHOLE = { index: 1, count: 1 };

function plan(given: Partial<Plan> = {}): Plan {
  return { scenarios: NAMES, seeds: { first: 1, last: 5 }, explore: false, set: [], shard: WHOLE, ...given };
}

test('plan: one job for each seed and scenario, seed by seed', () => {
  const all = [...jobs(plan({ scenarios: NAMES.slice(0, 2), seeds: { first: 7, last: 8 }, set: ['peers=3'] }))];
  expect(all).toEqual([
    { scenario: 'flash-crowd', seed: 7, knobs: { peers: 3 } },
    { scenario: 'end-game', seed: 7, knobs: { peers: 3 } },
    { scenario: 'flash-crowd', seed: 8, knobs: { peers: 3 } },
    { scenario: 'end-game', seed: 8, knobs: { peers: 3 } },
  ]);
});

test('plan: the shards are disjoint, complete, and as even as can be, also scenario by scenario', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(50), fc.integer({ min: 1, max: 30 }), (count, first, seeds) => {
      const range = { first, last: first + seeds - 1 };
      const shards = Array.from({ length: count }, (_, at) => [
        ...keys(plan({ seeds: range, shard: { index: at + 1, count } })),
      ]);
      expect(shards.flat().sort()).toEqual([...keys(plan({ seeds: range }))].sort());
      for (const name of NAMES) {
        const parts = shards.map((shard) => shard.filter((key) => key.startsWith(`${name}/`)).length);
        expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('plan: an explored seed draws the same knobs in every plan and shard, others than its neighbours, and never what is set', () => {
  const explored = (given: Partial<Plan>) =>
    new Map([...jobs(plan({ explore: true, set: ['peers=3'], ...given }))].map((job) => [keyOf(job), job.knobs]));
  const all = explored({ seeds: { first: 250, last: 260 } });
  for (const [key, knobs] of explored({ seeds: { first: 255, last: 258 }, shard: { index: 2, count: 3 } }))
    expect(knobs).toEqual(all.get(key));
  expect(new Set([...all.values()].map((knobs) => JSON.stringify(knobs))).size).toBe(all.size);
  for (const knobs of all.values()) expect(knobs['peers']).toBe(3);
});

test('plan: seeds are N or FIRST-LAST, a shard I/N; anything else is refused', () => {
  expect(seedRange('20')).toEqual({ first: 1, last: 20 });
  expect(seedRange('0-0')).toEqual({ first: 0, last: 0 });
  expect(seedRange('7-2147483647')).toEqual({ first: 7, last: 2147483647 });
  for (const text of ['', '0', '5-4', '-4', '4-', '1-2147483648', 'x', '1.5', '1-2-3'])
    expect(() => seedRange(text)).toThrow(/seeds are/);
  expect(shardOf('3/3')).toEqual({ index: 3, count: 3 });
  for (const text of ['', '0/3', '4/3', '1/0', '1', '1/', 'a/b']) expect(() => shardOf(text)).toThrow(/a shard is/);
});
