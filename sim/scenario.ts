// What a scenario is, and one run of it: a seed and knob values in, a verdict with a digest out. No clock of the real world.

import type { EventName } from '#engine';
import { defaultsOf, type Knobs, type KnobValue, type ValuesOf } from '#harness';
import { Violation } from './invariants.ts';
import { measure, type RunMetrics } from './metrics.ts';
import { Swarm, type SwarmOptions } from './swarm.ts';

export interface Scenario<K extends Knobs = Knobs> {
  readonly name: string;
  /** One line: what is arranged and what must hold. */
  readonly doc: string;
  readonly knobs: K;
  /** What the engines must have said at least once with default knobs, or the run proved nothing. */
  readonly marks: readonly EventName[];
  /** The world before anyone joins. */
  readonly world: (knobs: ValuesOf<K>) => Omit<SwarmOptions, 'seed'>;
  /** Adds nodes, lets time pass, checks. */
  readonly play: (swarm: Swarm, knobs: ValuesOf<K>) => void;
}

export interface RunResult {
  readonly scenario: string;
  readonly seed: number;
  readonly knobs: { readonly [name: string]: KnobValue };
  readonly peers: number;
  /** Bytes that arrived anywhere. */
  readonly bytes: number;
  readonly virtualS: number;
  readonly events: number;
  readonly checks: number;
  readonly digest: string;
  readonly ok: boolean;
  /** One line that says what did not hold; null where all did. */
  readonly reason: string | null;
  /** The law that was broken, without figures and details: the same for two failures of one kind; null where all held. */
  readonly claim: string | null;
  /** Lines that the scenario has to tell. */
  readonly notes: readonly string[];
  /** How often each thing happened. */
  readonly marks: { readonly [name: string]: number };
  readonly metrics: RunMetrics;
}

const FIGURE = /\d+(\.\d+)?/g;
/** What a run may have besides its seed and knobs. */
export type RunOptions = Pick<SwarmOptions, 'keepTrace' | 'settings' | 'record' | 'journal' | 'faultPoint'>;

/** Ties a scenario's knobs to the types of its values. */
export function scenario<K extends Knobs>(described: Scenario<K>): Scenario {
  return described as unknown as Scenario;
}

/** Runs once. What breaks (a check, an invariant, an assertion of the engine) is the result's `reason`, never an exception. */
export function runScenario(
  played: Scenario,
  seed: number,
  given: { readonly [name: string]: KnobValue } = {},
  options: RunOptions = {},
): { readonly result: RunResult; readonly swarm: Swarm } {
  const knobs = { ...defaultsOf(played.knobs), ...given };
  const swarm = new Swarm({ ...played.world(knobs), ...options, seed });
  let reason: string | null = null;
  let claim: string | null = null;
  try {
    played.play(swarm, knobs);
    swarm.finish();
    if (Object.keys(given).length === 0)
      for (const mark of played.marks) swarm.check(`"${mark}" happens`, swarm.count(mark) > 0);
  } catch (error) {
    reason =
      error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error);
    claim = (error instanceof Violation ? error.claim : reason).replace(FIGURE, 'N');
  }
  const result: RunResult = {
    scenario: played.name,
    seed,
    knobs,
    peers: swarm.nodes.length,
    bytes: swarm.deliveredBytes,
    virtualS: swarm.nowS,
    events: swarm.clock.eventCount,
    checks: swarm.checkCount,
    digest: swarm.trace.digest(),
    ok: reason === null,
    reason,
    claim,
    notes: swarm.notes,
    marks: Object.fromEntries(swarm.marks().map((name) => [name, swarm.count(name)])),
    metrics: measure(swarm),
  };
  return { result, swarm };
}
