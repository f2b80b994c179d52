// Looks for cases under which a run fails: the defaults first, then drawn seeds and knobs, as many as there is time for. The first failure
// of each kind is shrunk; further ones are only counted.

import fc, { type Arbitrary } from 'fast-check';
import { defaultsOf, type Knobs, type KnobValue, type ValuesOf } from './knobs.ts';
import { type Case, type Outcome, shrink, type Shrinking, type Shrunk } from './shrink.ts';

export interface Exploration<K extends Knobs> {
  readonly knobs: K;
  /** Decides what is drawn; the first run has this seed and, but for `fixed`, the defaults. */
  readonly seed: number;
  readonly runCount: number;
  /** Values that are not varied. */
  readonly fixed: { readonly [name: string]: KnobValue };
  /** One run. Must depend on nothing but its arguments. */
  readonly run: (seed: number, values: ValuesOf<K>) => Outcome;
  /** True when no time is left for another draw. */
  readonly spent?: () => boolean;
  readonly shrinkRunsMax?: number;
  readonly shrinkSpent?: () => boolean;
  /** Told before each drawn run. */
  readonly onDraw?: (drawn: Case<K>) => void;
  /** Told of each failure before it is shrunk; `known`: one of its kind was found before, and it is not. */
  readonly onFailure?: (reason: string, known: boolean) => void;
  readonly onShrunk?: (found: Counterexample<K>) => void;
}

/** A kind of failure. */
export interface Counterexample<K extends Knobs = Knobs> extends Shrunk<K> {
  readonly claim: string;
  /** Drawn runs that failed in this way. */
  times: number;
}

export interface Explored<K extends Knobs> {
  /** Drawn runs; those that shrinking made are not counted. */
  readonly runCount: number;
  /** One for each kind of failure, in the order in which they were found. */
  readonly counterexamples: readonly Counterexample<K>[];
}

const SHRINK_RUNS_MAX = 400;

export function explore<K extends Knobs>(exploration: Exploration<K>): Explored<K> {
  const { knobs, seed, fixed, run, runCount } = exploration;
  const spent = exploration.spent ?? (() => false);
  const shrinking: Shrinking<K> = {
    knobs,
    fixed,
    run,
    runsMax: exploration.shrinkRunsMax ?? SHRINK_RUNS_MAX,
    spent: exploration.shrinkSpent ?? (() => false),
  };
  const found = new Map<string, Counterexample<K>>();
  let done = 0;
  for (const drawn of draws(knobs, seed, fixed)) {
    if (done === runCount || spent()) break;
    exploration.onDraw?.(drawn);
    const outcome = run(drawn.seed, drawn.values);
    done += 1;
    const { claim } = outcome;
    if (claim === null) continue;
    const known = found.get(claim);
    exploration.onFailure?.(outcome.reason ?? '', known !== undefined);
    if (known !== undefined) {
      known.times += 1;
      continue;
    }
    const counterexample = { ...shrink(shrinking, drawn, outcome), claim, times: 1 };
    found.set(claim, counterexample);
    exploration.onShrunk?.(counterexample);
  }
  return { runCount: done, counterexamples: [...found.values()] };
}

/** Drawn at once: fast-check's first draws of a batch lean to the ends of each range, later ones spread. */
export const DRAWS_PER_BATCH = 256;

/** The defaults, then cases without end; the same for the same seed. */
export function* draws<K extends Knobs>(
  knobs: K,
  seed: number,
  fixed: { readonly [name: string]: KnobValue },
): Generator<Case<K>> {
  yield { seed, values: { ...defaultsOf(knobs), ...fixed } };
  for (let batch = 0; ; batch += 1) yield* drawBatch(knobs, seed + batch, fixed);
}

/** `DRAWS_PER_BATCH` cases; the same for the same seed. */
export function drawBatch<K extends Knobs>(
  knobs: K,
  seed: number,
  fixed: { readonly [name: string]: KnobValue },
): Case<K>[] {
  const drawn: { [name: string]: Arbitrary<KnobValue> } = {};
  for (const [name, { arbitrary }] of Object.entries(knobs)) {
    const value = fixed[name];
    drawn[name] = value === undefined ? arbitrary : fc.constant(value);
  }
  return fc
    .sample(fc.tuple(fc.nat(), fc.record(drawn)), { seed, numRuns: DRAWS_PER_BATCH })
    .map(([caseSeed, values]) => ({ seed: caseSeed, values: values as ValuesOf<K> }));
}
