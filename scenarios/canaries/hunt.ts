// The scenarios look for bugs; this looks whether they find any. A planted bug is hunted as the search hunts a real one: through all
// scenarios, the cheap ones first, with their defaults and then with what is drawn. Nothing says which of them should notice it.

import { type Case, defaultsOf, draws, type KnobValue, shrink } from '#harness';
import { runScenario, type Scenario } from '#sim';
import { patched, planted, type PlantedBug } from './planted-bug.ts';

export interface Found {
  readonly scenario: Scenario;
  readonly seed: number;
  /** Empty: the defaults. */
  readonly knobs: { readonly [name: string]: KnobValue };
  /** One line. */
  readonly reason: string;
  readonly claim: string;
  /** Runs until then, this one included. */
  readonly runCount: number;
}

/** One run with the bug in every engine. */
function runWith(bug: PlantedBug, scenario: Scenario, seed: number, knobs: { readonly [name: string]: KnobValue }) {
  return patched(bug, () => runScenario(planted(bug, scenario), seed, knobs).result);
}

/** The first run of `list` that fails with the bug in, and holds without it; null where none of `roundsMax` rounds does. */
export function hunt(bug: PlantedBug, list: readonly Scenario[], seed: number, roundsMax: number): Found | null {
  const ordered = cheapestFirst(list);
  const drawn = ordered.map(({ knobs }) => draws(knobs, seed, {}));
  let runCount = 0;
  for (let round = 0; round < roundsMax; round += 1)
    for (const [at, scenario] of ordered.entries()) {
      const { seed: runSeed, values } = (drawn[at] as ReturnType<typeof draws>).next().value;
      // Only with its defaults a scenario promises to reach its marks.
      const knobs = round === 0 ? {} : values;
      runCount += 1;
      const { reason, claim } = runWith(bug, scenario, runSeed, knobs);
      if (reason === null || claim === null || !runScenario(scenario, runSeed, knobs).result.ok) continue;
      return { scenario, seed: runSeed, knobs, reason, claim, runCount };
    }
  return null;
}

export interface ShrunkFound {
  readonly smallest: Case;
  readonly reason: string;
  readonly runCount: number;
  readonly exhausted: boolean;
  /** Of the smallest case. */
  readonly peers: number;
  readonly pieces: number;
}

/** The smallest case in which the bug shows in the same way. */
export function shrinkFound(
  bug: PlantedBug,
  { scenario, seed, knobs, reason, claim }: Found,
  runsMax: number,
): ShrunkFound {
  const shrinking = {
    knobs: scenario.knobs,
    fixed: {},
    run: (runSeed: number, values: { readonly [name: string]: KnobValue }) => runWith(bug, scenario, runSeed, values),
    runsMax,
    spent: () => false,
  };
  const values = { ...defaultsOf(scenario.knobs), ...knobs };
  const shrunk = shrink(shrinking, { seed, values }, { reason, claim });
  const { swarm } = patched(bug, () =>
    runScenario(planted(bug, scenario), shrunk.smallest.seed, shrunk.smallest.values),
  );
  return { ...shrunk, peers: swarm.nodes.length, pieces: swarm.contents.geometry.pieceCount };
}

/** By how much is moved with the defaults: so that a hunt spends its time on the large ones only where the small ones notice nothing. */
function cheapestFirst(list: readonly Scenario[]): Scenario[] {
  const cost = ({ knobs }: Scenario) => Number(knobs['peers']?.default ?? 1) * Number(knobs['sizeMiB']?.default ?? 1);
  return [...list].sort((a, b) => cost(a) - cost(b));
}
