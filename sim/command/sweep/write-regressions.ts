// The failures of a sweep as files that the tests replay: one for each kind, made as small as it gets in a while.

import { defaultsOf, shrink } from '#harness';
import { runScenario, type Scenario } from '#sim';
import { chosen, knobsGiven } from '../arguments.ts';
import type { SimOutput } from '../output.ts';
import { writeRegression } from '../regressions.ts';
import { revision } from '../revision.ts';
import { DIVERGED } from './guard.ts';
import type { Outcome } from './outcome.ts';

const SHRINK_RUNS_MAX = 400;
const SHRINK_S_MAX = 30;

/** Shrinks the first failure of each kind and tells where it was written. `set`: what keeps its value, `KNOB=VALUE`. What gave no answer, or two
 *  digests, is left out: it would not fail in the same way here. */
export function writeRegressions(
  folder: string,
  outcomes: readonly Outcome[],
  set: readonly string[],
  output: SimOutput,
): void {
  const commit = revision();
  const kinds = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    const kind = `${outcome.scenario} ${outcome.claim}`;
    if (outcome.claim !== null && outcome.claim !== DIVERGED && !kinds.has(kind)) kinds.set(kind, outcome);
  }
  for (const outcome of kinds.values()) {
    const [scenario] = chosen(outcome.scenario) as readonly [Scenario];
    const endAt = performance.now() + SHRINK_S_MAX * 1000;
    const { smallest, reason } = shrink(
      {
        knobs: scenario.knobs,
        fixed: knobsGiven(scenario, false, set),
        run: (seed, values) => runScenario(scenario, seed, values).result,
        runsMax: SHRINK_RUNS_MAX,
        spent: () => performance.now() >= endAt,
      },
      { seed: outcome.seed, values: { ...defaultsOf(scenario.knobs), ...outcome.knobs } },
      outcome,
    );
    const found = { seed: smallest.seed, knobs: smallest.values, reason, commit, claim: outcome.claim as string };
    const { path, isNew } = writeRegression(folder, scenario, found);
    output.out(`${isNew ? 'written to' : 'known from'} ${path}`);
  }
}
