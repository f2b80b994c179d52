// A run in workerd is the run that it is here, to the last figure; and what goes wrong there is said, and leaves nothing running.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { scenarios } from '../../scenarios/index.ts';
import { runSim } from '../../sim/command/index.ts';
import { type RunTask, runTask } from '../../sim/command/sweep/run-task.ts';
import { workerdIfAsked } from '../../sim/command/workerd/runtime-option.ts';
import { WorkerdPool } from '../../sim/command/workerd/workerd-pool.ts';

const NEVER = new AbortController().signal;
const PAROLE: RunTask = { scenario: 'parole', seed: 7, knobs: {} };
const LARGE: RunTask = { scenario: 'flash-crowd', seed: 1, knobs: { peers: 500 } };

const folder = mkdtempSync(join(tmpdir(), 'starling-workerd-'));
const program = workerdIfAsked('workerd') as string;
const pool = new WorkerdPool(program);
afterAll(async () => {
  await pool.destroy();
  rmSync(folder, { recursive: true });
});

async function sim(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runSim(argv, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out: out.join('\n').replaceAll(/"wallS":[\d.]+/g, ''), err: err.join('\n') };
}

/** Processes of workerd that this one has started and that have not ended. */
function running(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.filter((id) => readFileSync(`/proc/${id}/comm`, 'utf8').startsWith('workerd')).length;
}

describe('workerd', () => {
  test.each<[string, RunTask]>([
    ['a run', PAROLE],
    ['with what the scenario must reach', { ...PAROLE, asksMarks: true }],
    ['with other settings of the engine', { ...PAROLE, settings: { pieceOrder: 'random' } }],
    ['with a fault at one place', { ...PAROLE, faultPoint: { site: 'write', number: 3, effect: 'fail' } }],
    ['with a part of its trace', { ...PAROLE, keepTrace: { from: 1_000, count: 50 } }],
    ['with a page', { ...PAROLE, page: { replayCommand: 'again', commit: null } }],
    ['a run that fails', { scenario: 'flash-crowd', seed: 3, knobs: { peers: 2, ratioMax: -100 } }],
  ])('workerd: %s is the same to the last figure', async (_, task) => {
    const [here, there] = [runTask(scenarios, task), await pool.run(task, { signal: NEVER })];
    expect(there).toEqual({ ...here, wallS: there.wallS });
    expect(there.wallS).toBeGreaterThan(0);
  });

  test('workerd: what is asked one after the other is asked of one process', async () => {
    await pool.run(PAROLE, { signal: NEVER });
    await pool.run(PAROLE, { signal: NEVER });
    expect(running()).toBe(1);
  });

  test('workerd: a task that cannot be run says why, and the next one runs', async () => {
    await expect(pool.run({ ...PAROLE, scenario: 'nope' }, { signal: NEVER })).rejects.toThrow('no scenario "nope"');
    expect((await pool.run(PAROLE, { signal: NEVER })).result.ok).toBe(true);
  });

  test('workerd: a run ends at once when it is told to, and so does its process', async () => {
    const stop = new AbortController();
    const run = pool.run(LARGE, { signal: stop.signal });
    setTimeout(() => stop.abort(), 500);
    await expect(run).rejects.toThrow(/abort/i);
    expect(running()).toBeLessThan(2);
  });

  test('workerd: a pool that is given up ends what runs', async () => {
    const other = new WorkerdPool(program);
    const before = running();
    const run = expect(other.run(LARGE, { signal: NEVER })).rejects.toThrow('workerd: ');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(running()).toBe(before + 1);
    await other.destroy();
    await run;
    await expect(other.run(PAROLE, { signal: NEVER })).rejects.toThrow('no more runs');
    expect(running()).toBe(before);
  });

  test.each([
    ['/bin/false', 'workerd: ended with code 1'],
    ['/no/such/program', 'ENOENT'],
    [process.execPath, 'Cannot find module'],
  ])('workerd: a program that does not serve is named (%s)', async (path, reason) => {
    await expect(new WorkerdPool(path).run(PAROLE, { signal: NEVER })).rejects.toThrow(reason);
  });
});

describe('--runtime workerd', () => {
  test('--runtime workerd: a scenario prints what it prints under Node, and writes the same page', async () => {
    const [here, there] = [join(folder, 'here.html'), join(folder, 'there.html')];
    const argv = ['scenario', 'parole', '--seed', '7', '--json'];
    const printed = await sim(...argv, '--report', here);
    expect(await sim(...argv, '--report', there, '--runtime', 'workerd')).toEqual(printed);
    expect(printed).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(there, 'utf8')).toBe(readFileSync(here, 'utf8'));
  });

  test('--runtime workerd: a failing run has its reason, its command and exit code 1', async () => {
    const argv = ['scenario', 'flash-crowd', '--seed', '3', '--peers', '2', '--set', 'ratioMax=-100', '--json'];
    const failed = await sim(...argv, '--runtime', 'workerd');
    expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('--seed 3 --set peers=2') });
    expect(await sim(...argv)).toEqual(failed);
  });

  test('--runtime workerd: a sweep of it passes the guard, whose other places are of Node', async () => {
    const argv = ['sweep', 'end-game', '--seeds', '4', '--threads', '2', '--guard', '--report', join(folder, 'sweep')];
    expect(await sim(...argv, '--runtime', 'workerd')).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(join(folder, 'sweep'))).toEqual(['index.html']);
  });

  test('--runtime workerd: compared configurations differ as they do under Node', async () => {
    const argv = ['compare', 'end-game', '--a', 'default', '--b', 'pieceOrder=random', '--seeds', '5', '--json'];
    expect(await sim(...argv, '--runtime', 'workerd')).toEqual(await sim(...argv));
  });

  test.each([
    [['scenario', 'parole', '--record', '2', join(folder, 'journal')], '--record needs --runtime node'],
    [['sweep', 'parole', '--memory', '500'], '--memory limits threads of Node: not with --runtime workerd'],
  ])('--runtime workerd: what it does not do is refused (%s)', async (argv, reason) => {
    const refused = { code: 2, err: `starling sim: ${reason}` };
    expect(await sim(...argv, '--runtime', 'workerd')).toMatchObject(refused);
  });
});
