// What a validation is: an experiment of the literature, done again with real engines in the simulated swarm, and judged by a band.
//
// A run measures; it never judges. A band is judged on the mean over seeds, and how many seeds lie inside it is told beside it.

/** `full`: the sizes of the publication; `quick`: small enough for every test run, and said so in the set-up. */
export type Size = 'full' | 'quick';

/** One figure of one run. */
interface Measurement {
  /** The same text for the same figure of every seed. */
  readonly quantity: string;
  /** Empty for a bare number. */
  readonly unit: string;
  /** What the formula or the publication says; null where it says only an order. */
  readonly theory: number | null;
  readonly measured: number;
  /** Lowest and highest accepted, both inclusive; ±Infinity where one side is open. */
  readonly band: readonly [lowest: number, highest: number];
}

export interface Validation {
  /** `V1` … `V11`. */
  readonly name: string;
  readonly title: string;
  /** Authors, title, place and year. */
  readonly source: string;
  /** What is arranged and how it is measured, in sentences; ends with the re-announce policy. */
  readonly setup: (size: Size) => string;
  /** What was found out where a band is missed, or was widened: which of engine, network and band is wrong, with the evidence. */
  readonly findings: readonly string[];
  readonly run: (seed: number, size: Size) => readonly Measurement[];
}

/** One figure over all seeds. */
export interface Outcome extends Omit<Measurement, 'measured'> {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  readonly seeds: number;
  readonly seedsInBand: number;
  /** The mean lies in the band. */
  readonly ok: boolean;
}

/** Runs a validation for seeds 1 … `seeds`. */
export function validate(validation: Validation, seeds: number, size: Size): Outcome[] {
  const runs = Array.from({ length: seeds }, (_, at) => validation.run(at + 1, size));
  return (runs[0] ?? []).map(({ quantity, unit, theory, band }, row) => {
    const values = runs.map((run) => (run[row] as Measurement).measured);
    const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
    return {
      quantity,
      unit,
      theory,
      band,
      mean,
      least: Math.min(...values),
      most: Math.max(...values),
      seeds,
      seedsInBand: values.filter((value) => within(value, band)).length,
      ok: within(mean, band),
    };
  });
}

/** The band of ± `percent` around what theory says. */
export function around(theory: number, percent: number): readonly [number, number] {
  const width = (Math.abs(theory) * percent) / 100;
  return [theory - width, theory + width];
}

function within(value: number, [lowest, highest]: Measurement['band']): boolean {
  return value >= lowest && value <= highest;
}
