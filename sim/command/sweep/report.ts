// The pages of a sweep: an index of every run, and the whole of what happened in the first that failed, which are run again for it.

import { defaultsOf } from '#harness';
import { runScenario, type Scenario } from '#sim';
import { chosen } from '../arguments.ts';
import { ReportWriter } from '../report-page.ts';
import type { Outcome } from './outcome.ts';
import { replayOf } from './plan.ts';

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
    const [scenario] = chosen(outcome.scenario) as readonly [Scenario];
    const knobs = { ...defaultsOf(scenario.knobs), ...outcome.knobs };
    const { result, swarm } = runScenario(scenario, outcome.seed, knobs, { record: true });
    report.add({ scenario, result, swarm, replayCommand, wallS: outcome.wallS });
  }
  return report.finish();
}
