// How well a mean is known from a few values: an interval that holds the true mean in 95 of 100 samples, whatever the values' distribution.
//
// Bootstrap (Efron 1979): means of resamples, of which the middle 95 % are the percentile interval. It is too narrow for few values, so its
// percentiles are moved outwards as far as Student's interval is wider than the normal one without n − 1 (the expanded percentile interval of
// Hesterberg, "What Teachers Should Know About the Bootstrap", 2015, section 4.3).

import type { Random } from './random.ts';

export interface MeanInterval {
  readonly mean: number;
  /** The interval's ends, both inclusive. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 10_000;
/** The normal distribution leaves 2.5 % above it. */
const Z = 1.959964;

/** `values`: five or more, independent of each other. `random`: the stream that resamples are drawn from; the more, the steadier the ends. */
export function meanInterval(values: readonly number[], random: Random, resamples = RESAMPLES): MeanInterval {
  const count = values.length;
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample += 1) {
    let sum = 0;
    for (let drawn = 0; drawn < count; drawn += 1) sum += values[random.below(count)] as number;
    means[resample] = sum / count;
  }
  means.sort();
  const tail = normalBelow(-Math.sqrt(count / (count - 1)) * studentQuantile(count - 1));
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  return { mean, low: percentile(means, tail), high: percentile(means, 1 - tail) };
}

/** `share`: 0 … 1 of the sorted values lie below. */
function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  return below + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] as number) - below);
}

/** Student's t with `freedom` ≥ 4 degrees leaves 2.5 % above it, to 0.5 % (Abramowitz & Stegun 26.7.5). */
function studentQuantile(freedom: number): number {
  const g1 = (Z ** 3 + Z) / 4;
  const g2 = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96;
  const g3 = (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384;
  return Z + g1 / freedom + g2 / freedom ** 2 + g3 / freedom ** 3;
}

/** How much of the normal distribution lies below x ≤ 0, to 10⁻⁷ (Abramowitz & Stegun 26.2.17). */
function normalBelow(x: number): number {
  const t = 1 / (1 - 0.2316419 * x);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  // oxlint-disable-next-line no-restricted-properties -- its last bit reaches no run, only the fourth digit of an interval that is shown
  return (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * series;
}
