// Two ways to run the same seeds, side by side: what each measures on average, how far they are apart seed by seed, and whether that can be
// chance. A seed counts where both runs held and both have the figure.

import { meanInterval, Random } from '#harness';
import type { RunMetrics, RunResult } from '#sim';

/** The same seed on both sides. */
export interface Pair {
  readonly seed: number;
  readonly a: RunResult;
  readonly b: RunResult;
}

type Verdict = 'A better' | 'B better' | 'no difference seen' | 'too few pairs';

export interface Compared {
  readonly metric: string;
  readonly unit: string;
  /** Pairs that have the figure. */
  readonly pairs: number;
  readonly meanA: number;
  readonly meanB: number;
  /** Mean of B − A over the pairs, and its 95 % interval; null where there are too few. */
  readonly difference: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly verdict: Verdict;
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly lessIsBetter: boolean;
  /** Null where the run has no such figure. */
  readonly of: (metrics: RunMetrics) => number | null;
}

/** An interval of fewer says nothing. */
export const PAIRS_MIN = 5;

const METRICS: readonly Metric[] = [
  { name: 'median completion', unit: 's', lessIsBetter: true, of: ({ completionS }) => median(completionS) },
  { name: 'mean completion', unit: 's', lessIsBetter: true, of: ({ completionS }) => mean(completionS) },
  { name: 'last completion', unit: 's', lessIsBetter: true, of: ({ completionS }) => last(completionS) },
  { name: 'uplinks used', unit: '%', lessIsBetter: false, of: ({ uplinkUtilisation }) => percent(uplinkUtilisation) },
  { name: 'duplicate blocks', unit: '%', lessIsBetter: true, of: ({ duplicateShare }) => percent(duplicateShare) },
];

/** One entry for each metric, in a fixed order. The same pairs give the same intervals. */
export function compare(pairs: readonly Pair[]): Compared[] {
  const held = pairs.filter(({ a, b }) => a.ok && b.ok);
  return METRICS.map((metric) => compareBy(metric, held));
}

function compareBy({ name, unit, lessIsBetter, of }: Metric, pairs: readonly Pair[]): Compared {
  const figures = pairs.flatMap(({ a, b }) => {
    const [figureA, figureB] = [of(a.metrics), of(b.metrics)];
    return figureA === null || figureB === null ? [] : [{ a: figureA, b: figureB }];
  });
  const count = figures.length;
  const differences = figures.map(({ a, b }) => b - a);
  const told = {
    metric: name,
    unit,
    pairs: count,
    meanA: mean(figures.map(({ a }) => a)) ?? 0,
    meanB: mean(figures.map(({ b }) => b)) ?? 0,
    difference: mean(differences) ?? 0,
  };
  if (count < PAIRS_MIN) return { ...told, low: null, high: null, verdict: 'too few pairs' };
  const { low, high } = meanInterval(differences, new Random('compare').fork(name));
  if (low <= 0 && high >= 0) return { ...told, low, high, verdict: 'no difference seen' };
  return { ...told, low, high, verdict: low > 0 === lessIsBetter ? 'A better' : 'B better' };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length / 2;
  return mean(sorted.slice(Math.ceil(half) - 1, Math.floor(half) + 1));
}

function last(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function percent(share: number | null): number | null {
  return share === null ? null : share * 100;
}
