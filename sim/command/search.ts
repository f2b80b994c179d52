// `starling sim search`: runs of drawn knobs, as many as asked for or as there is time for. Each kind of failure is shrunk and written to a
// file that the tests replay from then on.

import type { Command } from 'commander';
import { type Counterexample, explore, type KnobValue, settingsText } from '#harness';
import { runScenario, type Scenario } from '#sim';
import { chosen, knobsGiven, repeated, wholeNumber } from './arguments.ts';
import { EXIT_FAILED, EXIT_OK, type SimOutput } from './output.ts';
import { defaultFolder, writeRegression } from './regressions.ts';
import { replayCommand } from './report.ts';
import { revision } from './revision.ts';

interface SearchOptions {
  readonly runs?: number;
  readonly seconds?: number;
  readonly seed: number;
  readonly set: readonly string[];
  readonly write?: string;
}

/** Without a bound of the user's. */
const RUNS_DEFAULT = 100;
/** Shrinking one failure may take so long, also beyond the time given. */
const SHRINK_S_MAX = 30;

export function addSearch(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('search [NAME]')
    .description(
      'runs a scenario, or all of them, with drawn seeds and knobs; shrinks what fails and writes it to a file',
    )
    .option(
      '--runs <n>',
      `runs of each scenario (default: ${RUNS_DEFAULT}, without bound where --seconds is given)`,
      wholeNumber,
    )
    .option('--seconds <n>', 'time for all of them, shared evenly', wholeNumber)
    .option('--seed <n>', 'what is drawn comes from it', wholeNumber, 1)
    .option('--set <knob=value>', 'a knob that is not drawn', repeated, [])
    .option(
      '--write <folder>',
      `where failures are written (default: ${defaultFolder() ?? 'nowhere, outside of a checkout'})`,
    )
    .action((name: string | undefined, options: SearchOptions) => {
      const list = chosen(name).map((scenario) => ({
        scenario,
        fixed: knobsGiven(scenario, name !== undefined && name !== 'all', options.set),
      }));
      exit(search(list, options, output) ? EXIT_OK : EXIT_FAILED);
    });
}

interface Searched {
  readonly scenario: Scenario;
  readonly fixed: { readonly [name: string]: KnobValue };
}

/** True when every run held. */
function search(list: readonly Searched[], options: SearchOptions, output: SimOutput): boolean {
  const commit = revision();
  const folder = options.write ?? defaultFolder();
  output.out(`commit ${commit}, seed ${options.seed}, node ${process.version}`);
  const started = performance.now();
  const endAt = options.seconds === undefined ? Infinity : started + options.seconds * 1000;
  let runs = 0;
  let failed = 0;
  let kinds = 0;
  list.forEach(({ scenario, fixed }, at) => {
    const now = performance.now();
    const spent = after(endAt === Infinity ? Infinity : now + (endAt - now) / (list.length - at));
    let draw = 0;
    let shrinkSpent = after(Infinity);
    const { runCount, counterexamples } = explore({
      knobs: scenario.knobs,
      seed: options.seed,
      runCount: options.runs ?? (options.seconds === undefined ? RUNS_DEFAULT : Infinity),
      fixed,
      run: (seed, values) => runScenario(scenario, seed, values).result,
      spent,
      shrinkSpent: () => shrinkSpent(),
      onDraw: ({ seed, values }) =>
        output.out(`${scenario.name} ${++draw}: seed ${seed}${knobsText(scenario, values)}`),
      onFailure: (reason, known) => {
        output.out(`  FAILED${known ? ' as before' : ''}: ${reason}`);
        if (!known) shrinkSpent = after(performance.now() + SHRINK_S_MAX * 1000);
      },
      onShrunk: (found) => tell(scenario, found, folder, commit, output),
    });
    runs += runCount;
    kinds += counterexamples.length;
    for (const { times } of counterexamples) failed += times;
  });
  const tookS = (performance.now() - started) / 1000;
  output.out(
    `${counted(runs, 'run')} of ${counted(list.length, 'scenario')} in ${tookS.toFixed(1)} s, ${Math.round((60 * runs) / tookS)} a minute: ` +
      (kinds === 0 ? 'all held' : `${failed} failed, of ${counted(kinds, 'kind')}`),
  );
  return kinds === 0;
}

function tell(
  scenario: Scenario,
  found: Counterexample,
  folder: string | null,
  commit: string,
  output: SimOutput,
): void {
  const { smallest, reason, claim } = found;
  const { seed, values: knobs } = smallest;
  output.err(`${scenario.name}: ${reason}`);
  output.err(
    `  shrunk in ${found.runCount} runs${found.exhausted ? '' : ', stopped at the bound: a smaller case may exist'}`,
  );
  output.err(`  ${replayCommand(scenario.name, seed, settingsText(scenario.knobs, knobs))}`);
  if (folder === null) return;
  const { path, isNew } = writeRegression(folder, scenario, { seed, knobs, reason, commit, claim });
  output.err(`  ${isNew ? 'written to' : 'known from'} ${path}`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What differs from the defaults, in short. */
function knobsText({ knobs }: Scenario, values: { readonly [name: string]: KnobValue }): string {
  return settingsText(knobs, values).replaceAll(' --set', '');
}

/** True from an instant of the wall clock on. */
function after(instant: number): () => boolean {
  return () => performance.now() >= instant;
}
