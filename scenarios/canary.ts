// The scenarios look for bugs; this one looks whether they find any. Engines with one planted bug each run the scenario that must notice it,
// seed after seed; the engine as it is runs the same and must pass. A bug that nobody notices fails the run.

import { whole } from '#harness';
import { runScenario, type Scenario, scenario } from '#sim';
import { plant, type PlantedBug, plantedBugs } from './planted-bugs.ts';

export const canary = scenario({
  name: 'canary',
  doc: 'engines with one planted bug each: every bug must be found, and the engine without it must pass the same run',
  knobs: {
    seedsMax: whole(5, 5, 50, '', 'seeds that are tried before a bug counts as not found'),
  },
  marks: [],
  world: () => ({ contents: { sizeMiB: 1, pieceKiB: 64 } }),

  play(swarm, { seedsMax }) {
    for (const bug of plantedBugs) {
      const found = find(bug, swarm.seed, seedsMax);
      swarm.check(`"${bug.name}" is found`, found !== null, () => `${seedsMax} seeds of ${bug.scenario.name} passed`);
      swarm.trace.record(0, 0, found?.seeds ?? 0, 0);
      swarm.notes.push(`${bug.name}: found with seed ${found?.seeds} of ${bug.scenario.name}: ${found?.reason}`);
      const { result } = runScenario(bug.scenario, swarm.seed, bug.knobs);
      swarm.check(`${bug.scenario.name} passes without it`, result.ok, () => result.reason ?? '');
    }
  },
});

/** The first seed from `firstSeed` on with which the scenario fails, counted from 1, and why; null where none of `seedsMax` does. */
function find(bug: PlantedBug, firstSeed: number, seedsMax: number): { seeds: number; reason: string } | null {
  const { world } = bug.scenario;
  const planted: Scenario = {
    ...bug.scenario,
    world: (knobs) => ({ ...world(knobs), wrap: (engine) => plant(bug, engine) }),
  };
  for (let seeds = 1; seeds <= seedsMax; seeds += 1) {
    const { result } = runScenario(planted, firstSeed + seeds - 1, bug.knobs);
    if (!result.ok) return { seeds, reason: result.reason ?? '' };
  }
  return null;
}
