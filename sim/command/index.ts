// The command `starling sim`: runs scenarios, explores their knobs, prints what came of it. The only part of the simulator that sees the
// real world: arguments in, text and an exit code out.

import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { explore, type KnobValue, readSetting, settingsText } from '#harness';
import { scenarios } from '#scenarios';
import { type RunResult, runScenario, type Scenario } from '#sim';
import { header, jsonLine, listing, replayCommand, rows } from './report.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

interface ScenarioOptions {
  readonly seed: number;
  readonly peers?: number;
  readonly set: readonly string[];
  readonly runs: number;
  readonly json: boolean;
}

/** Where the command writes: whole lines without their end. */
export interface SimOutput {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

class UsageError extends Error {}

/** Runs `starling sim` with the arguments after `sim`; returns the exit code: 0, 1 when a run failed, 2 for a usage error. */
export async function runSim(argv: readonly string[], output: SimOutput = CONSOLE): Promise<number> {
  let code = 0;
  const program = new Command('starling sim')
    .description('simulated swarms of real engines: the same seed gives the same run')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.out(text.trimEnd()),
      writeErr: (text) => output.err(text.trimEnd()),
    });
  program
    .command('scenario [NAME]')
    .description('runs one scenario, or all of them')
    .option('--seed <n>', 'what all chance comes from', wholeNumber, 1)
    .option('--peers <n>', 'the same as --set peers=<n>', wholeNumber)
    .option(
      '--set <knob=value>',
      'another value for a knob (see list)',
      (text, before: string[]) => [...before, text],
      [],
    )
    .option('--runs <n>', 'explores: so many runs with drawn knobs, a failure is shrunk', wholeNumber, 1)
    .option('--json', 'one JSON object a run', false)
    .exitOverride()
    .action((name: string | undefined, options: ScenarioOptions) => {
      code = runScenarios(chosen(name), name !== undefined, options, output) ? 0 : EXIT_FAILED;
    });
  program
    .command('list')
    .description('names every scenario, what it shows and its knobs')
    .exitOverride()
    .action(() => scenarios.flatMap(listing).forEach(output.out));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!(error instanceof UsageError)) throw error;
    output.err(`starling sim: ${error.message}`);
    return EXIT_USAGE;
  }
}

function chosen(name: string | undefined): readonly Scenario[] {
  if (name === undefined) return scenarios;
  const found = scenarios.filter((scenario) => scenario.name === name);
  if (found.length > 0) return found;
  throw new UsageError(`no scenario "${name}"; there are: ${scenarios.map((scenario) => scenario.name).join(', ')}`);
}

/** True when every run held. */
function runScenarios(list: readonly Scenario[], named: boolean, options: ScenarioOptions, output: SimOutput): boolean {
  if (!options.json) output.out(header());
  let ok = true;
  for (const scenario of list) ok = runOne(scenario, given(scenario, named, options), options, output) && ok;
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

/** The values from the command line. With all scenarios, a knob that one lacks is left out there; a named one must have it. */
function given(scenario: Scenario, named: boolean, options: ScenarioOptions): { [name: string]: KnobValue } {
  const texts = options.peers === undefined ? options.set : [`peers=${options.peers}`, ...options.set];
  const values: { [name: string]: KnobValue } = {};
  for (const text of texts) {
    const setting = readSetting(scenario.knobs, text);
    if ('name' in setting) values[setting.name] = setting.value;
    else if (named || scenarios.every(({ knobs }) => 'error' in readSetting(knobs, text)))
      throw new UsageError(`${scenario.name}: ${setting.error}`);
  }
  return values;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0x7fffffff)
    throw new InvalidArgumentError('a whole number from 0 to 2147483647 is needed.');
  return Number(text);
}

const CONSOLE: SimOutput = { out: (line) => console.log(line), err: (line) => console.error(line) };
