// What is kept of a run that a sweep made.

import type { RunResult } from '#sim';
import type { Job } from './plan.ts';

export interface Outcome extends Job {
  readonly ok: boolean;
  /** One line that says what did not hold, or why there was no answer; null where all held. */
  readonly reason: string | null;
  /** The law that was broken, without figures; null also where there was no answer. */
  readonly claim: string | null;
  /** Null where there was no answer. */
  readonly digest: string | null;
  readonly virtualS: number;
  readonly wallS: number;
  /** Threads that tried it. */
  readonly attempts: number;
}

export function outcomeOf(job: Job, result: RunResult, wallS: number, attempts: number): Outcome {
  const { ok, reason, claim, digest, virtualS } = result;
  return { ...job, ok, reason, claim, digest, virtualS, wallS: Number(wallS.toFixed(3)), attempts };
}

/** A run that gave no answer. */
export function lostOutcome(job: Job, reason: string, attempts: number): Outcome {
  return { ...job, ok: false, reason, claim: null, digest: null, virtualS: 0, wallS: 0, attempts };
}
