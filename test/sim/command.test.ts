import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('sim: search draws, shrinks each kind of failure and writes a file that scenario --file replays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'starling-search-'));
  try {
    const argv = ['search', 'flash-crowd', '--runs', '3', '--set', 'sizeMiB=1', '--set', 'ratioMax=-1000'];
    const { code, out, err } = await sim(...argv, '--write', folder);
    expect(code).toBe(1);
    expect(out[0]).toMatch(/^commit .*, seed 1, node v\d/);
    expect(out[1]).toBe('flash-crowd 1: seed 1 sizeMiB=1 ratioMax=-1000');
    expect(out.filter((line) => /^flash-crowd \d+: seed/.test(line))).toHaveLength(3);
    expect(out.at(-1)).toMatch(/^3 runs of 1 scenario in .* a minute: 3 failed, of 1 kind$/);
    expect(err[0]).toMatch(/^flash-crowd: not so: everyone complete within/);
    expect(err[2]).toMatch(/npm run sim scenario flash-crowd -- --seed \d+ .*--set peers=1 .*--set ratioMax=-1000/);
    const files = readdirSync(folder);
    expect(files).toEqual(['flash-crowd-everyone-complete-within.json']);
    const path = join(folder, files[0]!);
    const file = JSON.parse(readFileSync(path, 'utf8'));
    expect(Object.keys(file)).toEqual(['scenario', 'seed', 'knobs', 'reason', 'commit', 'replay']);
    expect(file.knobs).toMatchObject({ peers: 1, seeds: 1, ratioMax: -1000 });

    expect((await sim(...argv, '--write', folder)).err.at(-1)).toBe(`  known from ${path}`);
    expect(readdirSync(folder)).toEqual(files);
    const replayed = await sim('scenario', '--file', path);
    expect(replayed.code).toBe(1);
    expect(replayed.err[0]).toBe(`flash-crowd: ${file.reason}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('sim: search over all scenarios fills the time given and exits 0 where all hold', async () => {
  const { code, out } = await sim(
    'search',
    'all',
    '--runs',
    '1',
    '--set',
    'peers=2',
    '--set',
    'sizeMiB=1',
    '--write',
    tmpdir(),
  );
  expect(code).toBe(0);
  expect(out.at(-1)).toMatch(/^(\d+) runs of \1 scenarios in .*: all held$/);
});

test.each([
  ['swarm', 'faults'],
  ['magnet', 'faults'],
  ['metadata-liar', 'lies'],
])('sim: a misspelt name in a list is an error, not left out (%s, %s)', async (name, knob) => {
  const { code, out, err } = await sim('scenario', name, '--set', `${knob}=crahs`);
  expect(code, out.join('\n')).not.toBe(0);
  expect(err.join('\n')).toMatch(/no name "crahs"; there are: \w+, .*none/);
});

test('sim: a file that is no case is refused in one line that names it and what is wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'starling-case-'));
  try {
    const path = join(folder, 'case.json');
    const valid = { scenario: 'churn', seed: 1, knobs: { peers: 2 }, reason: '', commit: '' };
    for (const [wrong, what] of [
      ['{', /JSON/],
      ['null', /no scenario/],
      [JSON.stringify({ ...valid, scenario: 'nosuch' }), /no scenario "nosuch"/],
      [JSON.stringify({ ...valid, seed: 'x' }), /"seed" is not a whole number/],
      [JSON.stringify({ ...valid, knobs: null }), /"knobs" is missing/],
      [JSON.stringify({ ...valid, knobs: { toString: 1 } }), /churn has no knob "toString"/],
      [JSON.stringify({ ...valid, knobs: { peers: 'x' } }), /knob "peers" is a number/],
    ] as const) {
      writeFileSync(path, wrong);
      const { code, err } = await sim('scenario', '--file', path);
      expect([wrong, code]).toEqual([wrong, 2]);
      expect(err).toHaveLength(1);
      expect(err[0]).toContain(path);
      expect(err[0]).toMatch(what);
    }
    writeFileSync(path, JSON.stringify(valid));
    expect((await sim('scenario', 'parole', '--file', path)).err[0]).toMatch(/a case of churn, not of parole/);
  } finally {
    rmSync(folder, { recursive: true });
  }
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
