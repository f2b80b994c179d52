import { expect, test } from 'vitest';
import { runSim } from '../../sim/command/index.ts';

async function sim(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runSim(argv, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out, err };
}

const SMALL = ['--set', 'sizeMiB=1', '--peers', '3'];

test('sim: the same seed gives the same digest, another another; one JSON object a run', async () => {
  const runs = [];
  for (const seed of ['7', '7', '8']) {
    const { code, out } = await sim('scenario', 'flash-crowd', '--seed', seed, '--json', ...SMALL);
    expect(code).toBe(0);
    expect(out).toHaveLength(1);
    runs.push(JSON.parse(out[0]!));
  }
  expect(runs[0]).toMatchObject({ scenario: 'flash-crowd', seed: 7, ok: true, peers: 4, knobs: { peers: 3 } });
  expect(runs[0].digest).toBe(runs[1].digest);
  expect(runs[0].digest).not.toBe(runs[2].digest);
});

test('sim: a run that fails exits 1, says why in one line, and how to see it again', async () => {
  const { code, out, err } = await sim('scenario', 'flash-crowd', ...SMALL, '--set', 'ratioMax=-100');
  expect(code).toBe(1);
  expect(out.at(-1)).toMatch(/FAILED$/);
  expect(err[0]).toMatch(/^flash-crowd: not so: everyone complete within .*3 of 3 are behind/);
  expect(err[1]).toBe(
    '  npm run sim scenario flash-crowd -- --seed 1 --set peers=3 --set sizeMiB=1 --set ratioMax=-100',
  );
});

test('sim: --runs explores and shrinks a failure', async () => {
  const { code, err } = await sim(
    'scenario',
    'flash-crowd',
    '--runs',
    '2',
    '--set',
    'sizeMiB=1',
    '--set',
    'ratioMax=-1000',
  );
  expect(code).toBe(1);
  expect(err[1]).toMatch(/--set peers=1 .*--set ratioMax=-1000/);
});

test('sim: usage errors exit 2 with one line (unknown scenario, knob, value, command)', async () => {
  for (const argv of [
    ['scenario', 'nosuch'],
    ['scenario', 'flash-crowd', '--set', 'nosuch=1'],
    ['scenario', 'flash-crowd', '--set', 'peers=x'],
    ['scenario', '--set', 'nosuch=1'],
    ['scenario', '--seed', '-1'],
    ['scenario', '--seed', '4294967296'],
    ['nosuch'],
  ]) {
    const { code, err } = await sim(...argv);
    expect([argv, code]).toEqual([argv, 2]);
    expect(err.join('\n').split('\n')).toHaveLength(1);
  }
});

test('sim: list names every scenario with its knobs; --help exits 0', async () => {
  const { code, out } = await sim('list');
  expect(code).toBe(0);
  expect(out.join('\n')).toMatch(/^flash-crowd .*\n {4}seeds/m);
  expect((await sim('--help')).code).toBe(0);
});
