import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultsOf, explore, knob, readSetting, settingsText } from '../../harness/index.ts';

const knobs = {
  peers: knob(3, fc.integer({ min: 2, max: 100 }), '', 'how many'),
  order: knob('rarest', fc.constantFrom('rarest', 'random'), '', 'which'),
  lossy: knob(false, fc.boolean(), '', 'whether'),
};

test('explore: shrinks to the smallest failing values and names the reason of that run', () => {
  const found = explore({
    knobs,
    seed: 7,
    runCount: 200,
    fixed: { lossy: true },
    run: (_seed, { peers, lossy }) => (peers >= 17 && lossy ? `${peers} are too many` : null),
  });
  expect(found?.values).toEqual({ peers: 17, order: 'rarest', lossy: true });
  expect(found?.reason).toBe('17 are too many');
  expect(settingsText(knobs, found!.values)).toBe(' --set peers=17 --set lossy=true');
});

test('explore: the first run has the seed and the defaults; runs as many as asked and finds nothing where all hold', () => {
  const seen: unknown[] = [];
  const found = explore({
    knobs,
    seed: 5,
    runCount: 3,
    fixed: {},
    run: (seed, values) => (seen.push([seed, values]), null),
  });
  expect(found).toBeNull();
  expect(seen).toHaveLength(3);
  expect(seen[0]).toEqual([5, defaultsOf(knobs)]);
});

test('knobs: a setting is read as the type of the default, and refused in one line', () => {
  expect(readSetting(knobs, 'peers=12')).toEqual({ name: 'peers', value: 12 });
  expect(readSetting(knobs, 'order=a=b')).toEqual({ name: 'order', value: 'a=b' });
  expect(readSetting(knobs, 'lossy=true')).toEqual({ name: 'lossy', value: true });
  for (const wrong of ['peers=', 'peers=x', 'peers', 'lossy=1', 'toString=1', '=', ''])
    expect(readSetting(knobs, wrong)).toHaveProperty('error');
});
