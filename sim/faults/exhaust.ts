// Every single fault of a run: a clean run counts the places at which a fault can strike, then the same seed is run once for each place and
// each thing that can happen there, and must come to the same good end. Knows nothing of the scenario but that it says whether all held.

import type { KnobValue } from '#harness';
import { runScenario, type RunOptions, type RunResult, type Scenario } from '../scenario.ts';
import { EFFECTS, type FaultEffect, type FaultPoint, type FaultSite } from './fault-point.ts';

export interface Exhausting {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly knobs: { readonly [name: string]: KnobValue };
  readonly sites: readonly FaultSite[];
  readonly options?: RunOptions;
}

/** What became of all faults of one kind at one kind of place. */
export interface ExhaustRow {
  readonly site: FaultSite;
  readonly effect: FaultEffect;
  /** Places in the clean run. */
  readonly points: number;
  /** How many of them the run survived. */
  readonly converged: number;
  readonly firstFailure: { readonly point: FaultPoint; readonly reason: string } | null;
}

/** The clean run; `rows` is empty until it held, and is told row by row by `onRow`. */
export function exhaust(
  { scenario, seed, knobs, sites, options = {} }: Exhausting,
  onRow: (row: ExhaustRow) => void,
): RunResult {
  const { result, swarm } = runScenario(scenario, seed, knobs, options);
  if (!result.ok) return result;
  for (const site of sites)
    for (const effect of EFFECTS[site]) {
      const points = swarm.faultPoints.count(site);
      let converged = 0;
      let firstFailure: ExhaustRow['firstFailure'] = null;
      for (let number = 1; number <= points; number += 1) {
        const faultPoint = { site, number, effect };
        const { reason } = runScenario(scenario, seed, knobs, { ...options, faultPoint }).result;
        if (reason === null) converged += 1;
        else firstFailure ??= { point: faultPoint, reason };
      }
      onRow({ site, effect, points, converged, firstFailure });
    }
  return result;
}
