// What a sweep found, for people: the failing seeds first, each with the command that makes it again, then a line for each scenario.

import type { Outcome } from './outcome.ts';
import { replayOf } from './plan.ts';

/** Failures that are told one by one. */
const TOLD_MAX = 50;

export function failureLine({ scenario, seed, reason }: Outcome): string {
  return `FAILED ${scenario} seed ${seed}: ${reason}`;
}

export function summary(outcomes: readonly Outcome[]): string[] {
  const failed = outcomes.filter(({ ok }) => !ok);
  const width = Math.max(8, ...outcomes.map(({ scenario }) => scenario.length));
  return [
    ...failed.slice(0, TOLD_MAX).flatMap((outcome) => [failureLine(outcome), `  ${replayOf(outcome)}`]),
    ...(failed.length > TOLD_MAX ? [`… and ${failed.length - TOLD_MAX} more failed`] : []),
    `${'scenario'.padEnd(width)} ${'runs'.padStart(8)} ${'failed'.padStart(8)} ${'retried'.padStart(8)} ${'mean wall'.padStart(10)}`,
    ...[...byScenario(outcomes)].map(([name, list]) => {
      const meanS = list.reduce((sum, { wallS }) => sum + wallS, 0) / list.length;
      const count = (counts: (outcome: Outcome) => boolean) => String(list.filter(counts).length).padStart(8);
      return `${name.padEnd(width)} ${count(() => true)} ${count(({ ok }) => !ok)} ${count(({ attempts }) => attempts > 1)} ${`${meanS.toFixed(3)} s`.padStart(10)}`;
    }),
  ];
}

/** In order of first appearance. */
export function byScenario(outcomes: readonly Outcome[]): ReadonlyMap<string, readonly Outcome[]> {
  const lists = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const list = lists.get(outcome.scenario);
    if (list === undefined) lists.set(outcome.scenario, [outcome]);
    else list.push(outcome);
  }
  return lists;
}
