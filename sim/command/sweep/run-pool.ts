// Runs on worker threads, one each, or in processes of workerd. One that dies takes its run with it: the run is tried again on another, a few
// times at most.

import { Piscina } from 'piscina';
import { distUrl } from '../dist-url.ts';
import { WorkerdPool } from '../workerd/workerd-pool.ts';
import type { RunAnswer, RunTask } from './run-task.ts';

export interface PoolOptions {
  readonly threads: number;
  /** Most heap of a thread, null = Node's own limit. */
  readonly memoryMiB?: number | null;
  /** A thread may take so long for one run by the clock on the wall. */
  readonly runTimeoutS?: number;
  /** Memory for what was just made: the less, the more often it is collected. */
  readonly youngMiB?: number;
  /** The path of workerd, null = threads of this Node, which alone know the limits of memory above. */
  readonly workerd?: string | null;
}

/** What makes the runs. */
interface Places {
  readonly run: (task: RunTask, options: { readonly signal: AbortSignal }) => Promise<RunAnswer>;
  /** Ends all at once, also those that run. */
  readonly destroy: () => Promise<void>;
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
  /** Where the runs are made, in a word. */
  readonly place: 'thread' | 'workerd';
  readonly #places: Places;
  readonly #timeoutS: number;

  constructor(options: PoolOptions) {
    this.#timeoutS = options.runTimeoutS ?? RUN_TIMEOUT_S;
    this.place = options.workerd ? 'workerd' : 'thread';
    this.#places = options.workerd ? new WorkerdPool(options.workerd) : threadsOf(options);
  }

  /** Throws `RunLost` when every attempt ended without an answer. */
  async run(task: RunTask): Promise<{ readonly answer: RunAnswer; readonly attempts: number }> {
    for (let attempts = 1; ; attempts += 1) {
      const signal = AbortSignal.timeout(this.#timeoutS * 1000);
      try {
        return { answer: await this.#places.run(task, { signal }), attempts };
      } catch (error) {
        if (signal.aborted) throw new RunLost(`no end after ${this.#timeoutS} s`, attempts);
        if (attempts === ATTEMPTS_MAX)
          throw new RunLost(`no answer in ${attempts} attempts: ${(error as Error).message}`, attempts);
      }
    }
  }

  /** Ends all at once, also those that run. */
  async close(): Promise<void> {
    await this.#places.destroy();
  }
}

function threadsOf({ threads, memoryMiB = null, youngMiB }: PoolOptions): Places {
  const pool = new Piscina<RunTask, RunAnswer>({
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
  pool.on('error', () => {});
  return pool;
}

/** The entry of a thread, always in the bundle. */
export function threadUrl(): URL {
  return distUrl('run-thread.js');
}
