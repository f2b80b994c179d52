// `sim sweep` as a user starts it: the bundled program with its threads, ended by a signal and started again.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runSim } from '../../../sim/command/index.ts';
import { readRegression, regressionFiles } from '../../../sim/command/regressions.ts';
import { RunPool } from '../../../sim/command/sweep/run-pool.ts';
import { runScenario } from '../../../sim/index.ts';

const SMALL = ['flash-crowd', 'end-game', '--set', 'sizeMiB=1', '--set', 'peers=3'];
const TIMEOUT_MS = 120_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'starling-sweep-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function sweep(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runSim(['sweep', ...argv], { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** The results of a file, in one order; how long they took is nobody's business. */
function resultsIn(path: string): unknown[] {
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines
    .map((line) => ({ ...JSON.parse(line), wallS: 0 }))
    .sort((one, other) => one.scenario.localeCompare(other.scenario) || one.seed - other.seed);
}

test('sweep: any number of threads and shards give the same results', { timeout: TIMEOUT_MS }, async () => {
  const results = async (...argv: string[]) => {
    const path = join(folder, argv.join('').replaceAll('/', '-'));
    expect(await sweep(...SMALL, '--seeds', '6', '--out', path, ...argv)).toMatchObject({ code: 0, err: '' });
    return resultsIn(path);
  };
  const one = await results('--threads', '1');
  expect(one).toHaveLength(12);
  expect(await results('--threads', '3')).toEqual(one);
  const shards = [await results('--shard', '1/2'), await results('--shard', '2/2')];
  expect(shards.map(({ length }) => length)).toEqual([6, 6]);
  for (const result of one) expect(shards.flat()).toContainEqual(result);
});

test('sweep: failing seeds come first with their replay, exit code 1, JUnit and annotations', {
  timeout: TIMEOUT_MS,
}, async () => {
  const file = join(folder, 'junit.xml');
  const argv = ['flash-crowd', '--seeds', '3-4', '--set', 'sizeMiB=1', '--set', 'peers=2', '--set', 'ratioMax=-100'];
  const { code, out, err } = await sweep(...argv, '--junit', file, '--annotations');
  expect(code).toBe(1);
  expect(out.split('\n').slice(0, 2)).toEqual([
    expect.stringMatching(/^FAILED flash-crowd seed 3: not so: everyone complete/),
    '  npm run sim scenario flash-crowd -- --seed 3 --set peers=2 --set sizeMiB=1 --set ratioMax=-100',
  ]);
  expect(err.match(/FAILED/g)).toHaveLength(2);
  expect(out.match(/^::error title=flash-crowd seed [34]::/gm)).toHaveLength(2);
  expect(readFileSync(file, 'utf8')).toContain('tests="2" failures="2" errors="0"');
});

test('sweep: explored seeds are replayed by the command that is printed', { timeout: TIMEOUT_MS }, async () => {
  const { code, out } = await sweep('flash-crowd', '--seeds', '2', '--explore', '--set', 'ratioMax=-1000');
  expect(code).toBe(1);
  const replay = /npm run sim scenario (flash-crowd) -- (--seed 1 .*)/.exec(out)!;
  const lines: string[] = [];
  const again = await runSim(['scenario', replay[1]!, ...replay[2]!.split(' ')], {
    out: () => {},
    err: (line) => lines.push(line),
  });
  expect(again).toBe(1);
  expect(out).toContain(lines[0]!.replace('flash-crowd: ', ''));
});

test('sweep: --write shrinks each kind of failure once and writes it for the tests to replay', {
  timeout: TIMEOUT_MS,
}, async () => {
  const argv = ['flash-crowd', '--seeds', '3', '--set', 'sizeMiB=1', '--set', 'ratioMax=-1000', '--write', folder];
  expect((await sweep(...argv, '--explore')).code).toBe(1);
  const [path, ...others] = regressionFiles(folder);
  expect(others).toEqual([]);
  const { regression, scenario } = readRegression(path!);
  expect(regression.knobs).toMatchObject({ peers: 1, sizeMiB: 1, ratioMax: -1000 });
  expect(runScenario(scenario, regression.seed, regression.knobs).result.reason).toBe(regression.reason);
});

test('sweep: a thread that dies gives its run to another, three times, then the run has failed (out of memory)', {
  timeout: TIMEOUT_MS,
}, async () => {
  const argv = ['flash-crowd', '--seeds', '1', '--set', 'peers=400', '--set', 'sizeMiB=64', '--memory', '32'];
  const { code, out } = await sweep(...argv);
  expect(code).toBe(1);
  expect(out).toMatch(/^FAILED flash-crowd seed 1: no answer in 3 attempts: .*memory/);
  expect((await sweep('end-game', '--seeds', '2', '--memory', '64')).code).toBe(0);
});

test('sweep: a run that does not end is ended, and has failed', { timeout: TIMEOUT_MS }, async () => {
  const pool = new RunPool({ threads: 1, runTimeoutS: 0.3 });
  const endless = { scenario: 'flash-crowd', seed: 1, knobs: { peers: 300, sizeMiB: 16 } };
  await expect(pool.run(endless)).rejects.toThrow('no end after 0.3 s');
  await pool.close();
});

test('sweep: Ctrl-C keeps what is done and exits 130; the same command goes on and gives what a whole sweep gives', {
  timeout: TIMEOUT_MS,
}, async () => {
  const path = join(folder, 'results');
  const argv = ['sweep', 'churn', '--seeds', '8', '--set', 'peers=12', '--threads', '2'];
  const interrupted = spawn(process.execPath, [resolve('dist/main.js'), 'sim', ...argv, '--out', path], {
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let err = '';
  interrupted.stderr.on('data', (text) => (err += text));
  const exited = new Promise((done) => interrupted.on('close', done));
  while (lineCount(path) < 3) await new Promise((done) => setTimeout(done, 10));
  interrupted.kill('SIGINT');
  expect(await exited).toBe(130);
  expect(err).toMatch(/interrupted: \d of 8 runs were not made; the same command goes on from /);
  const done = lineCount(path) - 1;
  expect(done).toBeGreaterThanOrEqual(2);
  expect(done).toBeLessThan(8);
  const resumed = await sweep(...argv.slice(1), '--out', path);
  expect(resumed).toMatchObject({ code: 0, out: expect.stringContaining(`${done} of 8 runs are in ${path} already`) });
  const whole = join(folder, 'whole');
  expect((await sweep(...argv.slice(1), '--out', whole)).code).toBe(0);
  expect(resultsIn(path)).toEqual(resultsIn(whole));
});

test('sweep: usage errors exit 2 with one line', async () => {
  for (const argv of [
    ['nosuch'],
    ['--seeds', '0'],
    ['--shard', '3/2'],
    ['--set', 'nosuch=1'],
    ['--seeds', '1', '--out', '/nosuch/folder/file'],
  ]) {
    const { code, err } = await sweep(...argv);
    expect([argv, code]).toEqual([argv, 2]);
    expect(err.split('\n')).toHaveLength(1);
  }
});

function lineCount(path: string): number {
  try {
    return readFileSync(path, 'utf8').split('\n').length - 1;
  } catch {
    return 0;
  }
}
