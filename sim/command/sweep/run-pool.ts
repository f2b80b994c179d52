// Runs on worker threads, one each. A thread that dies takes its run with it: the run is tried again on another, a few times at most.

import { Piscina } from 'piscina';
import type { RunAnswer, RunTask } from './run-task.ts';

export interface PoolOptions {
  readonly threads: number;
  /** Most heap of a thread, null = Node's own limit. */
  readonly memoryMiB?: number | null;
  /** A thread may take so long for one run by the clock on the wall. */
  readonly runTimeoutS?: number;
  /** Memory for what was just made: the less, the more often it is collected. */
  readonly youngMiB?: number;
}

/** A run that gave no answer, however often it was tried. */
export class RunLost extends Error {
  readonly attempts: number;

  constructor(reason: string, attempts: number) {
    super(reason);
    this.attempts = attempts;
  }
}

const ATTEMPTS_MAX = 3;
export const RUN_TIMEOUT_S = 600;

export class RunPool {
  readonly #pool: Piscina<RunTask, RunAnswer>;
  readonly #timeoutS: number;

  constructor({ threads, memoryMiB = null, runTimeoutS = RUN_TIMEOUT_S, youngMiB }: PoolOptions) {
    this.#timeoutS = runTimeoutS;
    this.#pool = new Piscina({
      filename: threadUrl().href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: 60_000,
      resourceLimits: {
        ...(memoryMiB === null ? {} : { maxOldGenerationSizeMb: memoryMiB }),
        ...(youngMiB === undefined ? {} : { maxYoungGenerationSizeMb: youngMiB }),
      },
    });
    // Said again of every thread that dies; its run's own promise says it too.
    this.#pool.on('error', () => {});
  }

  /** Throws `RunLost` when every attempt ended without an answer. */
  async run(task: RunTask): Promise<{ readonly answer: RunAnswer; readonly attempts: number }> {
    for (let attempts = 1; ; attempts += 1) {
      const signal = AbortSignal.timeout(this.#timeoutS * 1000);
      try {
        return { answer: await this.#pool.run(task, { signal }), attempts };
      } catch (error) {
        if (signal.aborted) throw new RunLost(`no end after ${this.#timeoutS} s`, attempts);
        if (attempts === ATTEMPTS_MAX)
          throw new RunLost(`no answer in ${attempts} attempts: ${(error as Error).message}`, attempts);
      }
    }
  }

  /** Ends all threads at once, also those that run. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** The entry of a thread, always in the bundle (see client/worker-url.ts for the reason). */
export function threadUrl(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../../dist/run-thread.js', import.meta.url)
    : new URL('./run-thread.js', import.meta.url);
}
