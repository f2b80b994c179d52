// The same task in two places: another thread or another process, and memory collected much more often. The digests must be equal. Where they
// are not, both run again to name the first draw or event at which they part.

import { fork } from 'node:child_process';
import { CHECKPOINT_EVENTS, firstDifference } from '#harness';
import { RUN_TIMEOUT_S, type RunPool, threadUrl } from './run-pool.ts';
import type { RunAnswer, RunTask } from './run-task.ts';

/** Somewhere a task can run. */
export interface Placement {
  readonly name: string;
  readonly run: (task: RunTask) => Promise<RunAnswer>;
}

/** The law that this looks after. */
export const DIVERGED = 'one seed, one digest';
/** A difference that comes and goes may lie elsewhere when it is looked for. */
const LOOKS_MAX = 4;
/** Large enough that a run hardly ever collects by itself. */
const PROCESS_YOUNG_MIB = 64;

/** Null where both places gave the same digest; else one line that says where the runs part. */
export async function divergence(
  task: RunTask,
  answer: RunAnswer,
  here: Placement,
  there: Placement,
): Promise<string | null> {
  const other = await there.run(task);
  if (same(answer, other)) return null;
  const digests = `${here.name} ${answer.result.digest} ≠ ${there.name} ${other.result.digest}`;
  return `two digests of one seed (${digests}): ${await whereTheyPart(task, answer, other, here, there)}`;
}

/** Where a sweep makes its runs. */
export function inPool(pool: RunPool): Placement {
  return { name: pool.place, run: async (task) => (await pool.run(task)).answer };
}

/** A thread that collects its memory in full, again and again. */
export function collectingThread(pool: RunPool): Placement {
  return { name: 'collecting thread', run: async (task) => (await pool.run({ ...task, collecting: true })).answer };
}

/** A process of its own for every run. */
export const OWN_PROCESS: Placement = { name: 'process', run: runInProcess };

function same(one: RunAnswer, other: RunAnswer): boolean {
  return one.result.digest === other.result.digest && one.result.reason === other.result.reason;
}

/** `one`, `other`: answers that differ. */
async function whereTheyPart(
  task: RunTask,
  one: RunAnswer,
  other: RunAnswer,
  here: Placement,
  there: Placement,
): Promise<string> {
  let checkpoint = firstDiffering(one.checkpoints, other.checkpoints);
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const keepTrace = { from: checkpoint * CHECKPOINT_EVENTS, count: CHECKPOINT_EVENTS };
    const left = await here.run({ ...task, keepTrace });
    const right = await there.run({ ...task, keepTrace });
    if (same(left, right)) continue;
    const found = firstDiffering(left.checkpoints, right.checkpoints);
    if (found === checkpoint)
      return `they part at ${firstDifference(left.kept, right.kept) ?? 'no event: only the verdicts differ'}`;
    checkpoint = found;
  }
  return `they part behind event #${checkpoint * CHECKPOINT_EVENTS}, and not again where it was looked for`;
}

function firstDiffering(one: readonly number[], other: readonly number[]): number {
  const index = one.findIndex((value, at) => value !== other[at]);
  return index === -1 ? one.length : index;
}

async function runInProcess(task: RunTask): Promise<RunAnswer> {
  const child = fork(threadUrl(), {
    execArgv: [`--max-semi-space-size=${PROCESS_YOUNG_MIB}`],
    timeout: RUN_TIMEOUT_S * 1000,
    killSignal: 'SIGKILL',
  });
  try {
    return await new Promise<RunAnswer>((resolve, reject) => {
      child.once('message', (answer) => resolve(answer as RunAnswer));
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`its process ended with ${signal ?? `code ${code}`}`)));
      child.send(task);
    });
  } finally {
    child.kill('SIGKILL');
  }
}
