// Makes a failing case smaller, knob by knob, as long as it goes on failing for the same reason. A failure for another reason is another
// failure: it is passed over. Bounded by runs, and by whatever else the caller counts.

import type { Arbitrary } from 'fast-check';
import type { Knobs, KnobValue, ValuesOf } from './knobs.ts';

/** What a run is made from. */
export interface Case<K extends Knobs = Knobs> {
  readonly seed: number;
  readonly values: ValuesOf<K>;
}

/** How a run ended. Two failures with the same `claim` are of one kind; both are null where all held. */
export interface Outcome {
  /** One line that says what did not hold, with its figures. */
  readonly reason: string | null;
  /** The law that was broken, without figures. */
  readonly claim: string | null;
}

export interface Shrinking<K extends Knobs> {
  readonly knobs: K;
  /** Knobs that keep their value. */
  readonly fixed: { readonly [name: string]: KnobValue };
  readonly run: (seed: number, values: ValuesOf<K>) => Outcome;
  readonly runsMax: number;
  /** True when no more time is to be spent. */
  readonly spent: () => boolean;
}

export interface Shrunk<K extends Knobs> {
  readonly smallest: Case<K>;
  readonly reason: string;
  readonly runCount: number;
  /** False: a bound was reached, there may be a smaller case. */
  readonly exhausted: boolean;
}

/** A smaller case need not fail with the seed of the larger one: these few are tried too. */
const SEEDS_TRIED = [1, 2, 3];

/** The smallest case found that fails for the same reason as `from`, whose run ended with `outcome`. */
export function shrink<K extends Knobs>(shrinking: Shrinking<K>, from: Case<K>, outcome: Outcome): Shrunk<K> {
  const { knobs, fixed, run, runsMax, spent } = shrinking;
  const names = Object.keys(knobs).filter((name) => fixed[name] === undefined);
  let smallest = from;
  let reason = outcome.reason ?? '';
  let runCount = 0;
  let stopped = false;

  const becomes = (changed: { readonly [name: string]: KnobValue }): boolean => {
    const values = { ...smallest.values, ...changed };
    for (const seed of new Set([smallest.seed, ...SEEDS_TRIED])) {
      stopped ||= runCount >= runsMax || spent();
      if (stopped) return false;
      runCount += 1;
      const ended = run(seed, values);
      if (ended.claim !== outcome.claim) continue;
      smallest = { seed, values };
      reason = ended.reason ?? '';
      return true;
    }
    return false;
  };
  /** One simpler value that fails as well. */
  const step = (name: string): boolean => {
    for (const simpler of simplerThan(knobs, name, smallest.values)) if (becomes({ [name]: simpler })) return true;
    return false;
  };

  becomes(allSimplest(knobs, names, smallest.values));
  for (let improved = true; improved && !stopped; ) {
    improved = false;
    for (const name of names) while (step(name)) improved = true;
  }
  return { smallest, reason, runCount, exhausted: !stopped };
}

/** Simpler values of one knob, the simplest first; none where it has the simplest, or one that would never be drawn. */
function* simplerThan<K extends Knobs>(knobs: K, name: string, values: ValuesOf<K>): Generator<KnobValue> {
  const value = (values as { readonly [name: string]: KnobValue })[name] as KnobValue;
  const arbitrary = knobs[name]?.arbitrary as Arbitrary<KnobValue>;
  if (!arbitrary.canShrinkWithoutContext(value)) return;
  for (const simpler of arbitrary.shrink(value, undefined)) yield simpler.value;
}

function allSimplest<K extends Knobs>(
  knobs: K,
  names: readonly string[],
  values: ValuesOf<K>,
): { readonly [name: string]: KnobValue } {
  const simplest: { [name: string]: KnobValue } = {};
  for (const name of names)
    for (const value of simplerThan(knobs, name, values)) {
      simplest[name] = value;
      break;
    }
  return simplest;
}
