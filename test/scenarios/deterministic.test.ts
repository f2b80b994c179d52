// The same seed gives the same run: here, in a thread that collects its memory all the time, in a process of its own, and under another major
// version of Node; another seed gives another.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { KnobValue } from '../../harness/index.ts';
import { scenarios } from '../../scenarios/index.ts';
import { collectingThread, divergence, type Placement } from '../../sim/command/sweep/guard.ts';
import { RunPool } from '../../sim/command/sweep/run-pool.ts';
import { type RunAnswer, runTask } from '../../sim/command/sweep/run-task.ts';
import { runScenario } from '../../sim/index.ts';

const COMMAND = resolve('dist/main.js');
const PINNED_NODE = resolve('node_modules/.bin/node');
/** Where Debian and most images keep the system's own. */
const SYSTEM_NODE = '/usr/bin/node';
/** One process runs so long that it is hung. */
const PROCESS_TIMEOUT_MS = 120_000;

/** Defaults, but for sizes: marks are reached and runs are short. */
const SMALLER: { readonly [scenario: string]: { readonly [knob: string]: KnobValue } } = {
  'flash-crowd': { peers: 10, sizeMiB: 2 },
  churn: { peers: 10, sizeMiB: 2 },
};

function smaller(name: string): { readonly [knob: string]: KnobValue } {
  return SMALLER[name] ?? {};
}

/** Runs the shipped command under a Node of its own; the digests by scenario. */
function digestsUnder(node: string): { readonly [scenario: string]: string } {
  const digests: { [scenario: string]: string } = {};
  for (const { name } of scenarios) {
    const settings = Object.entries(smaller(name)).flatMap(([knob, value]) => ['--set', `${knob}=${value}`]);
    const out = execFileSync(node, [COMMAND, 'sim', 'scenario', name, '--json', ...settings], {
      encoding: 'utf8',
      timeout: PROCESS_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    digests[name] = JSON.parse(out).digest;
  }
  return digests;
}

function majorOf(node: string): string {
  return execFileSync(node, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }).trim();
}

const HERE: Placement = { name: 'here', run: async (task) => runTask(scenarios, task) };
const pool = new RunPool({ threads: 1, youngMiB: 1 });
afterAll(() => pool.close());

/** The run of seed 1 in this process, made once. */
const firstRuns = new Map<string, Promise<RunAnswer>>();
function firstRun(name: string): Promise<RunAnswer> {
  const answer = firstRuns.get(name) ?? HERE.run({ scenario: name, seed: 1, knobs: smaller(name) });
  firstRuns.set(name, answer);
  return answer;
}

describe.each(scenarios.map(({ name }) => name))('%s', (name) => {
  const scenario = scenarios.find((each) => each.name === name)!;

  test(`${name}: holds, reaches what it is about, and gives the same digest in a thread that collects its memory`, {
    timeout: PROCESS_TIMEOUT_MS,
  }, async () => {
    const task = { scenario: name, seed: 1, knobs: smaller(name) };
    const answer = await firstRun(name);
    expect(answer.result.reason).toBeNull();
    expect(scenario.marks.filter((mark) => !answer.result.marks[mark])).toEqual([]);
    expect(await divergence(task, answer, HERE, collectingThread(pool))).toBeNull();
  });

  test(`${name}: another seed gives another digest`, { timeout: PROCESS_TIMEOUT_MS }, async () => {
    const another = runScenario(scenario, 2, smaller(name)).result.digest;
    expect(another).not.toBe((await firstRun(name)).result.digest);
  });
});

test('deterministic: the shipped command gives the same digests in two processes, and under two majors of Node', {
  timeout: 4 * PROCESS_TIMEOUT_MS,
}, async () => {
  const pinned = digestsUnder(PINNED_NODE);
  for (const { name } of scenarios) expect([name, pinned[name]]).toEqual([name, (await firstRun(name)).result.digest]);
  const other = existsSync(SYSTEM_NODE) && majorOf(SYSTEM_NODE) !== majorOf(PINNED_NODE) ? SYSTEM_NODE : null;
  if (other === null) {
    const why = `no other major of Node at ${SYSTEM_NODE}: the same digests under two majors were not shown`;
    if (process.env['CI'] !== undefined) throw new Error(why);
    console.warn(why);
    return;
  }
  expect(digestsUnder(other)).toEqual(pinned);
});
