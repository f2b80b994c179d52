// `starling sim compare`: two configurations of the engine on the same seeds, for whoever wants to change an algorithm.

import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { Settings } from '#engine';
import type { KnobValue } from '#harness';
import type { RunResult, Scenario } from '#sim';
import { chosen, knobsGiven, repeated, threadCount, UsageError } from './arguments.ts';
import { compare, type Compared, type Pair, PAIRS_MIN } from './compare/comparison.ts';
import { readSettings } from './compare/settings-text.ts';
import { interruptible } from './interrupt.ts';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, type SimOutput } from './output.ts';
import { inLanes } from './sweep/lanes.ts';
import { type SeedRange, seedsOption } from './sweep/plan.ts';
import { RunPool } from './sweep/run-pool.ts';
import { type Runtime, runtimeOption, workerdIfAsked } from './workerd/runtime-option.ts';

interface CompareOptions {
  readonly a: Side;
  readonly b: Side;
  readonly seeds: SeedRange;
  readonly set: readonly string[];
  readonly threads: number;
  readonly runtime: Runtime;
  readonly json: boolean;
}

interface Side {
  readonly text: string;
  readonly settings: Partial<Settings>;
}

export function addCompare(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('compare <NAME>')
    .description(
      'runs two configurations of the engine on the same seeds, and says which is better and how sure that is',
    )
    .requiredOption('--a <settings>', 'such as pieceOrder=random,queueTimeMs=500, or default', side)
    .requiredOption('--b <settings>', 'the other side', side)
    .addOption(seedsOption(`which seeds, at least ${PAIRS_MIN}`))
    .option('--set <knob=value>', 'a value for a knob on both sides', repeated, [])
    .option('--threads <n>', 'runs at a time', threadCount, availableParallelism())
    .addOption(runtimeOption())
    .option('--json', 'one JSON object', false)
    .action(async (name: string, options: CompareOptions) => {
      exit(await interruptible((stop) => compareSides(name, options, output, stop)));
    });
}

async function compareSides(
  name: string,
  options: CompareOptions,
  output: SimOutput,
  stop: AbortSignal,
): Promise<number> {
  const { seeds, set, json } = options;
  const [scenario, second] = chosen(name) as readonly [Scenario, Scenario?];
  if (second !== undefined) throw new UsageError('one scenario is compared at a time');
  if (seeds.last - seeds.first + 1 < PAIRS_MIN) throw new UsageError(`at least ${PAIRS_MIN} seeds are needed`);
  const pairs = await runPairs(scenario, knobsGiven(scenario, true, set), options, stop);
  if (stop.aborted) return EXIT_INTERRUPTED;
  const compared = compare(pairs);
  const failures = pairs.flatMap((pair) => failuresOf(pair, options));
  if (json) {
    const told = { scenario: name, a: options.a.text, b: options.b.text, set, seeds, failures, metrics: compared };
    output.out(JSON.stringify(told));
  } else table(pairs, compared, options).forEach(output.out);
  failures.forEach(output.err);
  return failures.length === 0 ? EXIT_OK : EXIT_FAILED;
}

/** In order of the seeds. */
async function runPairs(
  scenario: Scenario,
  knobs: { readonly [name: string]: KnobValue },
  options: CompareOptions,
  stop: AbortSignal,
): Promise<Pair[]> {
  const { seeds, threads, runtime } = options;
  const pool = new RunPool({ threads, workerd: workerdIfAsked(runtime) });
  const close = () => void pool.close();
  stop.addEventListener('abort', close, { once: true });
  const results: { readonly [side in 'a' | 'b']: RunResult[] } = { a: [], b: [] };
  const sides = Array.from({ length: 2 * (seeds.last - seeds.first + 1) }, (_, at) => ({
    place: at >> 1,
    side: at % 2 === 0 ? ('a' as const) : ('b' as const),
  }));
  try {
    await inLanes(sides, threads, stop, async ({ place, side }) => {
      const { settings } = options[side];
      const { answer } = await pool.run({ scenario: scenario.name, seed: seeds.first + place, knobs, settings });
      results[side][place] = answer.result;
    });
    return results.a.map((a, place) => ({ seed: seeds.first + place, a, b: results.b[place] as RunResult }));
  } catch (error) {
    if (stop.aborted) return [];
    throw new UsageError(`${scenario.name}: ${(error as Error).message}`);
  } finally {
    stop.removeEventListener('abort', close);
    await pool.close();
  }
}

function table(pairs: readonly Pair[], compared: readonly Compared[], { a, b }: CompareOptions): string[] {
  const [first, last] = [pairs[0] as Pair, pairs.at(-1) as Pair];
  return [
    `${first.a.scenario}, seeds ${first.seed}-${last.seed}, both sides on each`,
    `A  ${a.text}`,
    `B  ${b.text}`,
    row('', 'A', 'B', 'B − A', '95 % interval', ''),
    ...compared.map(({ metric, unit, meanA, meanB, difference, low, high, verdict }) => {
      const interval = low === null || high === null ? '' : `${signed(low)} … ${signed(high)} ${unit}`;
      return row(
        metric,
        `${figure(meanA)} ${unit}`,
        `${figure(meanB)} ${unit}`,
        `${signed(difference)} ${unit}`,
        interval,
        verdict,
      );
    }),
    'Means over the seeds; the interval is a bootstrap of the paired differences, for each figure by itself.',
  ];
}

function row(name: string, ...cells: readonly [string, string, string, string, string]): string {
  const [a, b, difference, interval, verdict] = cells;
  return `${name.padEnd(18)} ${a.padStart(10)} ${b.padStart(10)} ${difference.padStart(10)} ${interval.padStart(22)}  ${verdict}`.trimEnd();
}

function figure(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 2 : 1);
}

function signed(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${figure(Math.abs(value))}`;
}

function failuresOf(pair: Pair, options: CompareOptions): string[] {
  return (['a', 'b'] as const)
    .filter((name) => !pair[name].ok)
    .map((name) => `${name.toUpperCase()} (${options[name].text}) seed ${pair.seed} failed: ${pair[name].reason}`);
}

function side(text: string): Side {
  return { text, settings: readSettings(text) };
}
