// Makes the runs of a sweep on this machine: one outcome a job, whatever happens to the run.

import { collectingThread, DIVERGED, divergence, OWN_PROCESS, inPool, type Placement } from './guard.ts';
import { inLanes } from './lanes.ts';
import { lostOutcome, type Outcome, outcomeOf } from './outcome.ts';
import type { Job } from './plan.ts';
import { type PoolOptions, RunLost, RunPool } from './run-pool.ts';

export interface RunnerOptions extends PoolOptions {
  /** Every run is made twice, in two places. */
  readonly guard: boolean;
}

/** Memory of a thread that is short of it for what was just made. */
const YOUNG_MIB = 1;

export class Runner {
  readonly #pool: RunPool;
  /** The second places, in turn by seed; none without the guard. */
  readonly #others: readonly Placement[];
  readonly #pressed: RunPool | null;

  constructor(options: RunnerOptions) {
    this.#pool = new RunPool(options);
    this.#pressed = options.guard ? new RunPool({ ...options, youngMiB: YOUNG_MIB, workerd: null }) : null;
    this.#others = this.#pressed === null ? [] : [collectingThread(this.#pressed), OWN_PROCESS];
  }

  async run(job: Job): Promise<Outcome> {
    try {
      const { answer, attempts } = await this.#pool.run(job);
      const outcome = outcomeOf(job, answer.result, answer.wallS, attempts);
      const other = this.#others[job.seed % this.#others.length];
      const parted = other === undefined ? null : await divergence(job, answer, inPool(this.#pool), other);
      return parted === null ? outcome : { ...outcome, ok: false, reason: parted, claim: DIVERGED };
    } catch (error) {
      return lostOutcome(job, (error as Error).message, error instanceof RunLost ? error.attempts : 1);
    }
  }

  /** Ends at once, also what runs: its outcomes say that they were lost. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#pressed?.close()]);
  }
}

/** Runs the jobs, one a thread, until all are done or the signal says to stop: then what still runs counts as never begun. */
export async function runAll(
  jobs: Iterable<Job>,
  options: RunnerOptions,
  deliver: (outcome: Outcome) => void,
  stop: AbortSignal,
): Promise<void> {
  const runner = new Runner(options);
  const close = () => void runner.close();
  stop.addEventListener('abort', close, { once: true });
  try {
    await inLanes(jobs, options.threads, stop, async (job) => {
      const outcome = await runner.run(job);
      if (!stop.aborted) deliver(outcome);
    });
  } finally {
    stop.removeEventListener('abort', close);
    await runner.close();
  }
}
