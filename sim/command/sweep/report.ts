// The pages of a sweep: an index of every run, and the whole of what happened in the first that failed, which are run again for it.

import { scenarios } from '#scenarios';
import type { RunRecord } from '#sim';
import { ReportWriter } from '../report-page.ts';
import type { Outcome } from './outcome.ts';
import { replayOf } from './plan.ts';
import { runTask } from './run-task.ts';

/** Failed runs that get a page: each costs its run once more. */
const PAGES_MAX = 20;

/** Writes the pages into a folder, made where it is not there; returns the index's path. Throws `UsageError`. */
export function reportSweep(folder: string, outcomes: readonly Outcome[]): string {
  const report = new ReportWriter(folder, true);
  // A run that gave no answer might give none again.
  const told = new Set(outcomes.filter(({ ok, digest }) => !ok && digest !== null).slice(0, PAGES_MAX));
  for (const outcome of outcomes) {
    const replayCommand = replayOf(outcome);
    if (!told.has(outcome)) {
      report.mention({ ...outcome, replayCommand });
      continue;
    }
    const { scenario, seed, knobs } = outcome;
    const { record } = runTask(scenarios, { scenario, seed, knobs, page: report.about(replayCommand) });
    report.add(record as RunRecord, outcome.wallS);
  }
  return report.finish();
}
