// A sweep over several processes on a real Redis server: workers and the coordinator are killed half-way, and no seed is lost or counted twice.

import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { startRedis } from './drivers/redis.ts';
import { freshEndpoint } from './support/loopback.ts';
import { type Child, poll, start } from './support/processes.ts';
import { openWorkspace } from './support/workspace.ts';

const MAIN = resolve('dist/main.js');
const SEEDS = 16;
const SWEEP = ['sweep', 'churn', '--seeds', String(SEEDS), '--set', 'peers=10', '--set', 'sizeMiB=2'];
const SWEEP_TIMEOUT_MS = 100_000;

interface Result {
  readonly scenario: string;
  readonly seed: number;
  readonly digest: string;
  readonly attempts: number;
}

async function arrange(context: TestContext) {
  const workspace = openWorkspace(context);
  const { url } = await startRedis(await freshEndpoint(), workspace.folder('redis'));
  const cwd = workspace.folder('sweep');
  const sim = (name: string, argv: readonly string[], main = MAIN): Child =>
    start(name, process.execPath, [main, 'sim', ...argv], { cwd });
  return {
    out: join(cwd, 'results'),
    folder: (label: string) => workspace.folder(label),
    worker: (main?: string) => sim('worker', ['worker', '--redis', url, '--threads', '2'], main),
    sweep: (out: string) => sim('sweep', [...SWEEP, '--redis', url, '--threads', '1', '--out', out]),
    alone: (out: string) => sim('alone', [...SWEEP, '--threads', '2', '--out', out]),
  };
}

function resultsIn(path: string): Result[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(1, -1);
  return lines.map((line) => JSON.parse(line)).sort((one, other) => one.seed - other.seed);
}

function reached(path: string, count: number): Promise<true> {
  return poll(`${count} results`, SWEEP_TIMEOUT_MS, async () => (resultsIn(path).length >= count ? true : null));
}

/** What two ways of making the same runs have in common. */
function digests(path: string): [number, string][] {
  return resultsIn(path).map(({ seed, digest }) => [seed, digest]);
}

test('fleet: the seeds of a worker that is killed half-way go to others, and every result is there once', async (context) => {
  const { out, worker, sweep, alone } = await arrange(context);
  const [killed, other] = [worker(), worker()];
  await Promise.all([killed, other].map((child) => child.waitFor(/waiting for sweeps/)));
  const coordinator = sweep(out);
  await killed.waitFor(/joined sweep/);
  await reached(out, 4);
  killed.signal('SIGKILL');
  await coordinator.succeeded(SWEEP_TIMEOUT_MS);
  const results = resultsIn(out);
  expect(results.map(({ seed }) => seed)).toEqual(Array.from({ length: SEEDS }, (_, at) => at + 1));
  expect(results.filter(({ attempts }) => attempts > 1).length).toBeGreaterThanOrEqual(1);
  expect(coordinator.output).toContain(`${SEEDS} runs in `);
  expect((await other.waitFor(/left sweep \w+ after (\d+) runs/))[1]).not.toBe('0');
  const local = `${out}-alone`;
  await alone(local).succeeded(SWEEP_TIMEOUT_MS);
  expect(digests(out)).toEqual(digests(local));
});

test('fleet: a coordinator that is interrupted exits 130, one that is killed loses nothing, and the same command goes on', async (context) => {
  const { out, worker, sweep } = await arrange(context);
  const first = worker();
  await first.waitFor(/waiting for sweeps/);
  const interrupted = sweep(out);
  await reached(out, 2);
  interrupted.signal('SIGINT');
  expect(await interrupted.ended(SWEEP_TIMEOUT_MS)).toEqual({ code: 130, signal: null });
  expect(interrupted.output).toMatch(/interrupted: \d+ of 16 runs were not made; the same command goes on from /);
  const before = resultsIn(out).length;
  const killed = sweep(out);
  await killed.waitFor(new RegExp(`${before} of ${SEEDS} runs are in `));
  await reached(out, before + 3);
  killed.signal('SIGKILL');
  await killed.ended(SWEEP_TIMEOUT_MS);
  await sweep(out).succeeded(SWEEP_TIMEOUT_MS);
  expect(resultsIn(out).map(({ seed }) => seed)).toEqual(Array.from({ length: SEEDS }, (_, at) => at + 1));
});

test('fleet: a worker of another build refuses the sweep, and says why', async (context) => {
  const { out, folder, worker, sweep } = await arrange(context);
  const other = folder('other');
  cpSync(resolve('dist'), join(other, 'dist'), { recursive: true });
  symlinkSync(resolve('node_modules'), join(other, 'node_modules'));
  cpSync(resolve('package.json'), join(other, 'package.json'));
  writeFileSync(join(other, 'dist/run-thread.js'), '\n// changed\n', { flag: 'a' });
  const refusing = worker(join(other, 'dist/main.js'));
  await refusing.waitFor(/waiting for sweeps/);
  const coordinator = sweep(out);
  await refusing.waitFor(/refused: sweep \w{12} is of build \w{12}, this is build \w{12}: install the same/);
  await coordinator.succeeded(SWEEP_TIMEOUT_MS);
  expect(refusing.output).not.toContain('joined');
  refusing.signal('SIGINT');
  expect(await refusing.ended(10_000)).toEqual({ code: 130, signal: null });
});

test('fleet: a server that does not answer is named in one line (sweep and worker)', async (context) => {
  const { folder } = await arrange(context);
  for (const argv of [['sweep', 'end-game', '--seeds', '1'], ['worker']]) {
    const child = start(
      'unreached',
      process.execPath,
      [MAIN, 'sim', ...argv, '--redis', 'redis://:secret@127.0.0.1:1'],
      {
        cwd: folder('unreached'),
      },
    );
    expect((await child.ended(30_000)).code).toBe(2);
    expect(child.output).toContain('starling sim: redis at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\n');
    expect(child.output).not.toContain('secret');
  }
});
