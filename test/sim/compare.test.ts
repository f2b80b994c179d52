import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../engine/index.ts';
import { scenarios } from '../../scenarios/index.ts';
import { compare, type Pair } from '../../sim/command/compare/comparison.ts';
import { readSettings } from '../../sim/command/compare/settings-text.ts';
import { runSim } from '../../sim/command/index.ts';
import { type RunMetrics, runScenario } from '../../sim/index.ts';

const SMALL = ['--set', 'sizeMiB=1', '--set', 'peers=6'];

async function simCompare(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runSim(['compare', ...argv], { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out, err };
}

test('compare: the same settings on both sides differ by exactly nothing', { timeout: 60_000 }, async () => {
  const sides = ['--a', 'default', '--b', 'pieceOrder=rarestFirst'];
  const { code, out, err } = await simCompare('flash-crowd', ...sides, '--seeds', '5', ...SMALL, '--json');
  expect([code, err]).toEqual([0, []]);
  const told = JSON.parse(out[0]!);
  expect(told).toMatchObject({ scenario: 'flash-crowd', a: 'default', b: 'pieceOrder=rarestFirst', failures: [] });
  expect(told.metrics).toHaveLength(5);
  for (const metric of told.metrics)
    expect(metric).toMatchObject({ pairs: 5, difference: 0, low: 0, high: 0, verdict: 'no difference seen' });
});

test('compare: random piece order is slower than rarest first, and is said to be (20 leechers, 64 pieces)', {
  timeout: 120_000,
}, async () => {
  const knobs = ['--set', 'peers=20', '--set', 'sizeMiB=4'];
  const sides = ['--a', 'default', '--b', 'pieceOrder=random'];
  const { code, out } = await simCompare('flash-crowd', ...sides, '--seeds', '8', ...knobs);
  expect(code).toBe(0);
  expect(out.find((line) => line.startsWith('mean completion'))).toMatch(/\+\d.* A better$/);
  expect(out.find((line) => line.startsWith('uplinks used'))).toMatch(/−\d.* A better$/);
});

test('compare: a run that fails counts for neither side, is named, and makes the exit code 1', {
  timeout: 60_000,
}, async () => {
  const sides = ['--a', 'default', '--b', 'pipelineBlocks=1'];
  const { code, out, err } = await simCompare(
    'flash-crowd',
    ...sides,
    '--seeds',
    '5',
    ...SMALL,
    '--set',
    'ratioMax=-100',
  );
  expect(code).toBe(1);
  expect(err).toHaveLength(10);
  expect(err[0]).toMatch(/^A \(default\) seed 1 failed: not so: everyone complete/);
  expect(err[9]).toMatch(/^B \(pipelineBlocks=1\) seed 5 failed: /);
  expect(out.join('\n')).toContain('too few pairs');
});

test('compare: usage errors exit 2 with one line', async () => {
  for (const argv of [
    ['flash-crowd', '--a', 'default'],
    ['flash-crowd', '--a', 'default', '--b', 'nosuch=1'],
    ['nosuch', '--a', 'default', '--b', 'default'],
    ['all', '--a', 'default', '--b', 'default'],
    ['flash-crowd', '--a', 'default', '--b', 'default', '--seeds', '4'],
    ['flash-crowd', '--a', 'default', '--b', 'default', '--set', 'nosuch=1'],
  ]) {
    const { code, err } = await simCompare(...argv);
    expect([argv, code]).toEqual([argv, 2]);
    expect(err.join('\n').split('\n')).toHaveLength(1);
  }
});

test('compare: settings are NAME=VALUE by comma; what is wrong is named', () => {
  expect(readSettings('default')).toEqual({});
  expect(readSettings('pieceOrder=random,seedChoke=fastestFirst,queueTimeMs=500')).toEqual({
    pieceOrder: 'random',
    seedChoke: 'fastestFirst',
    queueTimeMs: 500,
  });
  for (const [text, why] of [
    ['', 'no setting ""; there are: '],
    ['nosuch=1', 'no setting "nosuch"; there are: connectionsMax, '],
    ['clientName=x', 'no setting "clientName"'],
    ['__proto__=1', 'no setting "__proto__"'],
    ['queueTimeMs', '"queueTimeMs" is not NAME=VALUE.'],
    ['queueTimeMs=1,queueTimeMs=2', 'queueTimeMs is given twice.'],
    ['queueTimeMs=1.5', 'queueTimeMs is a whole number from 0 to 999999999, not "1.5".'],
    ['queueTimeMs=', 'queueTimeMs is a whole number'],
    ['pieceOrder=fastest', 'pieceOrder is rarestFirst or random, not "fastest".'],
  ] as const)
    expect(() => readSettings(text)).toThrow(why);
  // Every setting but the names of the program can be set.
  for (const [name, value] of Object.entries(DEFAULT_SETTINGS))
    if (!['peerIdPrefix', 'clientName'].includes(name))
      expect(readSettings(`${name}=${value}`)).toEqual({ [name]: value });
});

test('compare: figures are paired by seed; less is better for times, more for uplinks; a figure that one run lacks drops its pair', () => {
  const { result } = runScenario(scenarios.find(({ name }) => name === 'flash-crowd')!, 1, { peers: 1, sizeMiB: 1 });
  const run = (metrics: Partial<RunMetrics>) => ({ ...result, metrics: { ...result.metrics, ...metrics } });
  const pairs: Pair[] = Array.from({ length: 8 }, (_, at) => ({
    seed: at,
    a: run({ completionS: [at, 10 * at, 100 + at], uplinkUtilisation: 0.5, duplicateShare: 0 }),
    b: run({
      completionS: [at + 2, 10 * at + 2, 102 + at],
      uplinkUtilisation: 0.75,
      duplicateShare: at < 4 ? null : 0,
    }),
  }));
  const [median, mean, last, uplinks, duplicates] = compare(pairs);
  for (const times of [median, mean, last])
    expect(times).toMatchObject({ pairs: 8, difference: 2, low: 2, high: 2, verdict: 'A better' });
  expect(median).toMatchObject({ meanA: 35, meanB: 37 });
  expect(last).toMatchObject({ meanA: 103.5, meanB: 105.5 });
  expect(uplinks).toMatchObject({ meanA: 50, meanB: 75, difference: 25, verdict: 'B better' });
  expect(duplicates).toMatchObject({ pairs: 4, low: null, verdict: 'too few pairs' });
});
