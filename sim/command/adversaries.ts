// `starling sim adversaries`: what each attack costs the honest over several seeds, beside what is expected.

import type { Command } from 'commander';
import { defaultsOf } from '#harness';
import { type Attack, attacks, type Figure } from '#scenarios';
import { Swarm } from '#sim';
import { knobsGiven, repeated, UsageError, wholeNumber } from './arguments.ts';
import { EXIT_FAILED, EXIT_OK, type SimOutput } from './output.ts';

interface AdversariesOptions {
  readonly seed: number;
  readonly seeds: number;
  readonly full: boolean;
  readonly set: readonly string[];
}

export function addAdversaries(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('adversaries [NAME]')
    .description('runs the same swarms without and with attackers: their cost to the honest beside the expectation')
    .option('--seed <n>', 'the first seed', wholeNumber, 1)
    .option('--seeds <n>', 'how many seeds', wholeNumber, 1)
    .option('--full', 'full sizes instead of small ones', false)
    .option('--set <knob=value>', 'another value for a knob (see list)', repeated, [])
    .action((name: string | undefined, options: AdversariesOptions) => {
      const chosen = attacks.filter(({ scenario }) => name === undefined || scenario.name === name);
      const names = attacks.map(({ scenario }) => scenario.name).join(', ');
      if (chosen.length === 0) throw new UsageError(`no attack "${name}"; there are: ${names}`);
      let ok = true;
      for (const attack of chosen) ok = measure(attack, name !== undefined, options, output) && ok;
      exit(ok ? EXIT_OK : EXIT_FAILED);
    });
}

/** True when every figure of every seed is as expected and no law was broken. */
function measure(
  { scenario, measure: run }: Attack,
  named: boolean,
  options: AdversariesOptions,
  output: SimOutput,
): boolean {
  const knobs = { ...defaultsOf(scenario.knobs), ...knobsGiven(scenario, named, options.set), full: options.full };
  const byWhat = new Map<string, Figure[]>();
  let ok = true;
  output.out(`${scenario.name}: ${scenario.doc}`);
  for (let seed = options.seed; seed < options.seed + options.seeds; seed += 1) {
    const swarm = new Swarm({ ...scenario.world(knobs), seed });
    try {
      for (const figure of run(swarm, knobs)) {
        const figures = byWhat.get(figure.what) ?? [];
        figures.push(figure);
        byWhat.set(figure.what, figures);
      }
      swarm.finish();
    } catch (error) {
      ok = false;
      output.err(`  seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const figures of byWhat.values()) {
    output.out(`  ${line(figures)}`);
    ok = ok && figures.every(({ holds }) => holds);
  }
  return ok;
}

/** Median and range over the seeds, and in how many the expectation held. */
function line(figures: readonly Figure[]): string {
  const { what, unit, expected } = figures[0] as Figure;
  const values = figures.map(({ value }) => value).sort((a, b) => a - b);
  const text = (value: number) => `${value.toFixed(unit === '' ? 2 : 1)}${unit && ` ${unit}`}`;
  const range = `${text(values[values.length >> 1] as number)} [${text(values[0] as number)} … ${text(values.at(-1) as number)}]`;
  const held = figures.filter(({ holds }) => holds).length;
  return `${what.padEnd(48)} ${range.padEnd(34)} ${expected && `expected ${expected}: held in ${held} of ${figures.length}`}`.trimEnd();
}
