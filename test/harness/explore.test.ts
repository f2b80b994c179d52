import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  choice,
  defaultsOf,
  draws,
  explore,
  knob,
  near,
  type Outcome,
  readSetting,
  settingsText,
} from '../../harness/index.ts';

const knobs = {
  peers: knob(3, fc.integer({ min: 2, max: 100 }), '', 'how many'),
  order: knob('rarest', fc.constantFrom('rarest', 'random'), '', 'which'),
  lossy: knob(false, fc.boolean(), '', 'whether'),
};

/** How a run ends that breaks, or keeps, a law. */
const HELD: Outcome = { reason: null, claim: null };
const broken = (reason: string, claim = reason): Outcome => ({ reason, claim });

test('explore: shrinks to the smallest failing values and names the reason of that run', () => {
  const { counterexamples } = explore({
    knobs,
    seed: 7,
    runCount: 200,
    fixed: { lossy: true },
    run: (_seed, { peers, lossy }) => (peers >= 17 && lossy ? broken(`${peers} are too many`, 'too many') : HELD),
  });
  expect(counterexamples).toHaveLength(1);
  const { smallest, reason, exhausted } = counterexamples[0]!;
  expect(smallest.values).toEqual({ peers: 17, order: 'rarest', lossy: true });
  expect(reason).toBe('17 are too many');
  expect(exhausted).toBe(true);
  expect(settingsText(knobs, smallest.values)).toBe(' --set peers=17 --set lossy=true');
});

test('explore: shrinking never slips to another kind of failure; each kind is shrunk once and counted', () => {
  const told: [string, boolean][] = [];
  const { counterexamples, runCount } = explore({
    knobs,
    seed: 7,
    runCount: 200,
    fixed: {},
    run: (_seed, { peers }) =>
      peers >= 50 ? broken(`${peers}`, 'many') : peers < 10 ? broken(`${peers}`, 'few') : HELD,
    onFailure: (reason, known) => told.push([reason, known]),
  });
  expect(runCount).toBe(200);
  expect(Object.fromEntries(counterexamples.map(({ claim, smallest }) => [claim, smallest.values.peers]))).toEqual({
    many: 50,
    few: 2,
  });
  expect(told.filter(([, known]) => !known)).toHaveLength(2);
  expect(counterexamples.map(({ times }) => times).reduce((a, b) => a + b)).toBe(told.length);
});

test('explore: a smaller case may fail with another seed than the larger', () => {
  const run = (seed: number, { peers }: { peers: number }) => (peers > 40 || seed === 1 ? broken('x') : HELD);
  const { counterexamples } = explore({ knobs, seed: 3, runCount: 50, fixed: {}, run });
  expect(counterexamples[0]?.smallest).toEqual({ seed: 1, values: { peers: 2, order: 'rarest', lossy: false } });
});

test('explore: shrinking ends at its bound and says so', () => {
  const { counterexamples } = explore({
    knobs,
    seed: 7,
    runCount: 200,
    fixed: {},
    shrinkRunsMax: 2,
    run: (_seed, { peers }) => (peers >= 17 ? broken('too many') : HELD),
  });
  expect(counterexamples[0]).toMatchObject({ runCount: 2, exhausted: false });
});

test('explore: the first run has the seed and the defaults; runs as many as asked and finds nothing where all hold', () => {
  const seen: unknown[] = [];
  const { counterexamples } = explore({
    knobs,
    seed: 5,
    runCount: 3,
    fixed: {},
    run: (seed, values) => (seen.push([seed, values]), HELD),
  });
  expect(counterexamples).toEqual([]);
  expect(seen).toHaveLength(3);
  expect(seen[0]).toEqual([5, defaultsOf(knobs)]);
});

test('explore: the same seed draws the same cases, however many; another seed others', () => {
  const first = (seed: number, count: number) => {
    const cases = [];
    for (const drawn of draws(knobs, seed, {})) if (cases.push(drawn) === count) return cases;
  };
  expect(first(9, 600)?.slice(0, 300)).toEqual(first(9, 300));
  expect(first(10, 300)).not.toEqual(first(9, 300));
});

test('knobs: a choice shrinks through its values to the first, a near one to its default', () => {
  const sizes = {
    piece: choice(256, [1024, 512, 256, 64, 16], 'KiB', ''),
    rate: near(200, 20, 1000, 'kB/s', ''),
  };
  const smallest = (fails: (piece: number, rate: number) => boolean) =>
    explore({
      knobs: sizes,
      seed: 1,
      runCount: 100,
      fixed: {},
      run: (_seed, { piece, rate }) => (fails(piece, rate) ? broken('x') : HELD),
    }).counterexamples[0]?.smallest.values;
  expect(smallest((piece) => piece <= 512)).toEqual({ piece: 512, rate: 200 });
  expect(smallest((_piece, rate) => rate > 300)).toEqual({ piece: 1024, rate: 301 });
  expect(smallest((_piece, rate) => rate < 100)).toEqual({ piece: 1024, rate: 99 });
});

test('knobs: a setting is read as the type of the default, and refused in one line', () => {
  expect(readSetting(knobs, 'peers=12')).toEqual({ name: 'peers', value: 12 });
  expect(readSetting(knobs, 'order=a=b')).toEqual({ name: 'order', value: 'a=b' });
  expect(readSetting(knobs, 'lossy=true')).toEqual({ name: 'lossy', value: true });
  for (const wrong of ['peers=', 'peers=x', 'peers', 'lossy=1', 'toString=1', '=', ''])
    expect(readSetting(knobs, wrong)).toHaveProperty('error');
});
