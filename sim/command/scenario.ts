// `starling sim scenario`: one run of one scenario or of all, or an exploration of its knobs.

import type { Command } from 'commander';
import { explore, type KnobValue, settingsText } from '#harness';
import { type RunResult, runScenario, type Scenario } from '#sim';
import { chosen, knobsGiven, repeated, wholeNumber } from './arguments.ts';
import { EXIT_FAILED, EXIT_OK, type SimOutput } from './output.ts';
import { header, jsonLine, replayCommand, rows } from './report.ts';

interface ScenarioOptions {
  readonly seed: number;
  readonly peers?: number;
  readonly set: readonly string[];
  readonly runs: number;
  readonly json: boolean;
}

export function addScenario(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('scenario [NAME]')
    .description('runs one scenario, or all of them')
    .option('--seed <n>', 'what all chance comes from', wholeNumber, 1)
    .option('--peers <n>', 'the same as --set peers=<n>', wholeNumber)
    .option('--set <knob=value>', 'another value for a knob (see list)', repeated, [])
    .option('--runs <n>', 'explores: so many runs with drawn knobs, a failure is shrunk', wholeNumber, 1)
    .option('--json', 'one JSON object a run', false)
    .action((name: string | undefined, options: ScenarioOptions) => {
      exit(runScenarios(chosen(name), name !== undefined, options, output) ? EXIT_OK : EXIT_FAILED);
    });
}

/** True when every run held. */
function runScenarios(list: readonly Scenario[], named: boolean, options: ScenarioOptions, output: SimOutput): boolean {
  const texts = options.peers === undefined ? options.set : [`peers=${options.peers}`, ...options.set];
  if (!options.json) output.out(header());
  let ok = true;
  for (const scenario of list) ok = runOne(scenario, knobsGiven(scenario, named, texts), options, output) && ok;
  return ok;
}

function runOne(
  scenario: Scenario,
  fixed: { readonly [name: string]: KnobValue },
  { seed, runs, json }: ScenarioOptions,
  output: SimOutput,
): boolean {
  const show = (result: RunResult, wallS: number) =>
    (json ? [jsonLine(result, wallS)] : rows(result, wallS)).forEach(output.out);
  const run = (runSeed: number, knobs: { readonly [name: string]: KnobValue }): RunResult => {
    const started = performance.now();
    const { result } = runScenario(scenario, runSeed, knobs);
    show(result, (performance.now() - started) / 1000);
    return result;
  };
  if (runs === 1) {
    const { ok, reason } = run(seed, fixed);
    if (!ok) complain(scenario, seed, fixed, reason, output);
    return ok;
  }
  const found = explore({
    knobs: scenario.knobs,
    seed,
    runCount: runs,
    fixed,
    run: (runSeed, values) => run(runSeed, values).reason,
  });
  if (found === null) return true;
  complain(scenario, found.seed, found.values, `${found.reason} (after ${found.shrinkCount} shrinks)`, output);
  return false;
}

function complain(
  scenario: Scenario,
  seed: number,
  values: { readonly [name: string]: KnobValue },
  reason: string | null,
  output: SimOutput,
): void {
  output.err(`${scenario.name}: ${reason}`);
  output.err(`  ${replayCommand(scenario.name, seed, settingsText(scenario.knobs, values))}`);
}
