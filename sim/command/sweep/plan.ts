// What a sweep runs: every seed with every scenario, in one order, or one shard of it. The shards of a plan share nothing and miss nothing.

import { InvalidArgumentError, Option } from 'commander';
import { DRAWS_PER_BATCH, drawBatch, type KnobValue, settingsText } from '#harness';
import { scenarios } from '#scenarios';
import type { Scenario } from '#sim';
import { chosen, knobsGiven } from '../arguments.ts';
import { replayCommand } from '../report.ts';

/** One run to be made. A plan has one for each seed and scenario. */
export interface Job {
  readonly scenario: string;
  readonly seed: number;
  /** Values given or drawn; the other knobs have their defaults. */
  readonly knobs: { readonly [name: string]: KnobValue };
}

/** First and last, both inclusive. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

/** `index`: 1 … `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface Plan {
  readonly scenarios: readonly string[];
  readonly seeds: SeedRange;
  /** Each seed draws its own knobs, but for those that `set` gives. */
  readonly explore: boolean;
  /** Texts `KNOB=VALUE`. */
  readonly set: readonly string[];
  readonly shard: Shard;
}

/** Scenarios by name, all where none is named. Throws `UsageError`. */
export function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  if (names.length === 0) return scenarios;
  const wanted = new Set(names.flatMap(chosen));
  return scenarios.filter((scenario) => wanted.has(scenario));
}

/** The jobs of the plan's shard, seed by seed. Throws `UsageError` where a scenario lacks a knob that is set. */
export function* jobs(plan: Plan): Generator<Job> {
  const list = plan.scenarios.map((name) => {
    const [scenario] = chosen(name) as readonly [Scenario];
    const fixed = knobsGiven(scenario, plan.scenarios.length < scenarios.length, plan.set);
    return { scenario, knobsOf: plan.explore ? drawing(scenario, fixed) : () => fixed };
  });
  for (const { seed, at } of places(plan)) {
    const { scenario, knobsOf } = list[at] as (typeof list)[number];
    yield { scenario: scenario.name, seed, knobs: knobsOf(seed) };
  }
}

/** The keys of all jobs. */
export function* keys(plan: Plan): Generator<string> {
  for (const { seed, at } of places(plan)) yield keyOf({ scenario: plan.scenarios[at] as string, seed });
}

/** Seeds and places of scenarios in the plan's shard. The shards take turns along the diagonal, so that each has its part of every scenario. */
function* places({
  scenarios: { length },
  seeds,
  shard,
}: Plan): Generator<{ readonly seed: number; readonly at: number }> {
  for (let { first: seed } = seeds; seed <= seeds.last; seed += 1)
    for (let at = 0; at < length; at += 1)
      if ((seed - seeds.first + at) % shard.count === shard.index - 1) yield { seed, at };
}

/** The knobs that belong to each seed: spread as those of a search, and the same for the same seed in every plan. */
function drawing(scenario: Scenario, fixed: Job['knobs']): (seed: number) => Job['knobs'] {
  let batch = -1;
  let cases: readonly { readonly values: Job['knobs'] }[] = [];
  return (seed) => {
    const wanted = Math.floor(seed / DRAWS_PER_BATCH);
    if (wanted !== batch) cases = drawBatch(scenario.knobs, wanted, fixed);
    batch = wanted;
    return (cases[seed % DRAWS_PER_BATCH] as { readonly values: Job['knobs'] }).values;
  };
}

/** Names a job among those of its plan. */
export function keyOf({ scenario, seed }: Pick<Job, 'scenario' | 'seed'>): string {
  return `${scenario}/${seed}`;
}

/** The command that makes this run again. */
export function replayOf({ scenario, seed, knobs }: Job): string {
  const [found] = chosen(scenario) as readonly [Scenario];
  return replayCommand(scenario, seed, settingsText(found.knobs, knobs));
}

/** Reads `A-B`, or `N` for 1 … N; commander reports what it throws. */
export function seedRange(text: string): SeedRange {
  const match = /^(?:(\d{1,10})-)?(\d{1,10})$/.exec(text);
  const first = Number(match?.[1] ?? 1);
  const last = Number(match?.[2]);
  if (match === null || last > 0x7fffffff || first > last || (match[1] === undefined && last === 0))
    throw new InvalidArgumentError('seeds are FIRST-LAST, or how many from 1 on.');
  return { first, last };
}

/** The option that says which seeds are run. */
export function seedsOption(description: string): Option {
  return new Option('--seeds <n|first-last>', description).argParser(seedRange).default({ first: 1, last: 20 }, '20');
}

/** Reads `I/N`, 1 ≤ I ≤ N; commander reports what it throws. */
export function shardOf(text: string): Shard {
  const match = /^(\d{1,5})\/(\d{1,5})$/.exec(text);
  const shard = { index: Number(match?.[1]), count: Number(match?.[2]) };
  if (match === null || shard.index < 1 || shard.index > shard.count)
    throw new InvalidArgumentError('a shard is I/N, from 1/N to N/N.');
  return shard;
}
