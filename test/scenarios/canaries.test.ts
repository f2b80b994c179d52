// The scenarios find bugs that were planted, and shrink them to a few peers and pieces. A sample; `npm run sim canary -- --all` hunts all.

import { describe, expect, test } from 'vitest';
import { hunt, plantedBugs, shrinkFound } from '../../scenarios/canaries/index.ts';
import { method, patched, type PlantedBug } from '../../scenarios/canaries/planted-bug.ts';
import { scenarios } from '../../scenarios/index.ts';
import { sampleOfBugs } from '../../sim/command/canary.ts';

const RUNS_MAX = 150;

test('canaries: there are at least 24, over at least 9 parts of the engine, each with a name of its own', () => {
  expect(plantedBugs.length).toBeGreaterThanOrEqual(24);
  expect(new Set(plantedBugs.map(({ area }) => area)).size).toBeGreaterThanOrEqual(9);
  expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length);
});

describe('canaries: found', () => {
  // Those that change what a drain says stand between the engine and every other change of it: they were once left out.
  const drained = ['HAVE before the piece is written', '"left" is always everything'];
  const bugs = new Set([...sampleOfBugs(), ...plantedBugs.filter(({ name }) => drained.includes(name))]);
  test.each([...bugs].map((bug) => [bug.name, bug] as const))('canaries: "%s" is found', (_, bug) => {
    const found = hunt(bug, scenarios, 1, 2);
    expect(found?.reason).toEqual(expect.any(String));
  });
});

describe('canaries: shrunk', () => {
  test.each([
    // Of all scenarios a drawn one with bit rot shows it first, which takes some pieces that rot.
    ['a piece counts without its hash', scenarios.filter((each) => each.name === 'parole')],
    ['resume data forgets flushed pieces', scenarios],
    ['"completed" is not announced', scenarios],
    ['the last piece is never asked for', scenarios],
  ])('canaries: "%s" shrinks to at most 3 peers and 3 pieces', (name, list) => {
    const bug = plantedBugs.find((each) => each.name === name) as PlantedBug;
    const found = hunt(bug, list, 1, 2);
    if (found === null) throw new Error('not found');
    const { peers, pieces } = shrinkFound(bug, found, RUNS_MAX);
    expect(peers).toBeLessThanOrEqual(3);
    expect(pieces).toBeLessThanOrEqual(3);
  });
});

class Real {
  one(): number {
    return 1;
  }

  two(): number {
    return 2;
  }
}

test('canaries: a patch is in place during the run alone, also when the run throws', () => {
  const real = new Real();
  const bug: PlantedBug = {
    name: 'both',
    area: '',
    patches: [
      method(Real.prototype, 'one', (one) => () => one.call(real) + 10),
      method(Real.prototype, 'two', () => () => -2),
    ],
  };
  expect(patched(bug, () => [real.one(), real.two()])).toEqual([11, -2]);
  expect(() =>
    patched(bug, () => {
      throw new Error('from within');
    }),
  ).toThrow('from within');
  expect([real.one(), real.two()]).toEqual([1, 2]);
});

test('canaries: an engine without a bug is not taken for one', () => {
  const cheap = scenarios.filter(({ name }) => ['resume-check', 'pause-resume'].includes(name));
  expect(hunt({ name: 'none', area: '' }, cheap, 1, 2)).toBeNull();
});
