// Looks for settings under which a run fails, and shrinks what it finds to the smallest that still does.

import fc, { type Arbitrary } from 'fast-check';
import { defaultsOf, type Knobs, type KnobValue, type ValuesOf } from './knobs.ts';

export interface Exploration<K extends Knobs> {
  readonly knobs: K;
  /** Decides what is drawn; the first run has this seed and, but for `fixed`, the defaults. */
  readonly seed: number;
  readonly runCount: number;
  /** Values that are not varied. */
  readonly fixed: { readonly [name: string]: KnobValue };
  /** One run: null when all held, else one line that says what did not. */
  readonly run: (seed: number, values: ValuesOf<K>) => string | null;
}

export interface Counterexample<K extends Knobs> {
  readonly seed: number;
  readonly values: ValuesOf<K>;
  readonly reason: string;
  readonly shrinkCount: number;
}

/** The smallest failing run found, or null when all of them held. */
export function explore<K extends Knobs>(exploration: Exploration<K>): Counterexample<K> | null {
  const { knobs, seed, fixed, run } = exploration;
  const drawn: { [name: string]: Arbitrary<KnobValue> } = {};
  for (const [name, { arbitrary }] of Object.entries(knobs)) {
    const value = fixed[name];
    drawn[name] = value === undefined ? arbitrary : fc.constant(value);
  }
  const defaults = { ...defaultsOf(knobs), ...fixed };
  let reason = '';
  const property = fc.property(fc.noShrink(fc.nat()), fc.record(drawn), (runSeed, values) => {
    const failure = run(runSeed, values as ValuesOf<K>);
    if (failure !== null) reason = failure;
    return failure === null;
  });
  const found = fc.check(property, {
    seed,
    numRuns: exploration.runCount,
    examples: [[seed, defaults]],
  });
  if (!found.failed) return null;
  const [failedSeed, values] = found.counterexample as [number, ValuesOf<K>];
  // The last failure that shrinking saw may be a larger one than the smallest: ask that one again.
  reason = run(failedSeed, values) ?? reason;
  return { seed: failedSeed, values, reason, shrinkCount: found.numShrinks };
}
