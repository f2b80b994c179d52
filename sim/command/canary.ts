// `starling sim canary`: engines with one planted bug each are hunted through the scenarios; a bug that nobody notices fails the command.

import { type Command, Option } from 'commander';
import { settingsText } from '#harness';
import { type Found, hunt, type PlantedBug, plantedBugs, scenarios, shrinkFound } from '#scenarios';
import { UsageError, wholeNumber } from './arguments.ts';
import { EXIT_FAILED, EXIT_OK, type SimOutput } from './output.ts';

interface CanaryOptions {
  readonly all: boolean;
  readonly one?: string;
  readonly seed: number;
}

/** Of so many bugs the sample has one. */
const SAMPLE_EVERY = 6;
/** Once with the defaults of every scenario, then with what is drawn. */
const ROUNDS_MAX = 5;
const SHRINK_RUNS_MAX = 200;
const COLUMNS = [62, 13, 16, 6, 9] as const;

export function addCanary(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('canary')
    .description(
      'plants bugs in the engine, one at a time, and looks whether the scenarios find them; without options a sample',
    )
    .option('--all', 'every planted bug', false)
    .addOption(new Option('--one <name>', 'one bug, by a part of its name; what finds it is shrunk').conflicts('all'))
    .option('--seed <n>', 'what all chance comes from', wholeNumber, 1)
    .action((options: CanaryOptions) => {
      const bugs = chosenBugs(options);
      output.out(row(['bug', 'area', 'noticed by', 'runs', 'time']));
      const started = performance.now();
      let found = 0;
      for (const bug of bugs) if (search(bug, options, output)) found += 1;
      output.out(`${found} of ${bugs.length} found in ${secondsSince(started)}`);
      exit(found === bugs.length ? EXIT_OK : EXIT_FAILED);
    });
}

/** The bugs that CI looks for: a few of every part of the engine, in turn. */
export function sampleOfBugs(): readonly PlantedBug[] {
  return plantedBugs.filter((_, at) => at % SAMPLE_EVERY === 0);
}

function chosenBugs({ all, one }: CanaryOptions): readonly PlantedBug[] {
  if (all) return plantedBugs;
  if (one === undefined) return sampleOfBugs();
  const bug = plantedBugs.find(({ name }) => name === one) ?? plantedBugs.find(({ name }) => name.includes(one));
  if (bug !== undefined) return [bug];
  throw new UsageError(`no planted bug "${one}"; there are: ${plantedBugs.map(({ name }) => name).join('; ')}`);
}

/** True when it was found. */
function search(bug: PlantedBug, { one, seed }: CanaryOptions, output: SimOutput): boolean {
  const started = performance.now();
  const found = hunt(bug, scenarios, seed, ROUNDS_MAX);
  const cells = found === null ? ['NOT FOUND', ''] : [found.scenario.name, String(found.runCount)];
  output.out(row([bug.name, bug.area, ...cells, secondsSince(started)]));
  if (found === null) output.err(`"${bug.name}" was not noticed in ${ROUNDS_MAX} rounds of all scenarios`);
  else if (one !== undefined) tellSmallest(bug, found, output);
  return found !== null;
}

function tellSmallest(bug: PlantedBug, found: Found, output: SimOutput): void {
  const { knobs, name } = found.scenario;
  const { smallest, reason, runCount, exhausted, peers, pieces } = shrinkFound(bug, found, SHRINK_RUNS_MAX);
  output.out(`  ${found.reason}`);
  output.out(`  shrunk in ${runCount} runs${exhausted ? '' : ', its bound'} to ${peers} peers and ${pieces} pieces:`);
  output.out(`  ${name}, seed ${smallest.seed}${settingsText(knobs, smallest.values).replaceAll(' --set', '')}`);
  output.out(`  ${reason}`);
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => (at < 3 ? cell.padEnd(COLUMNS[at] as number) : cell.padStart(COLUMNS[at] as number)))
    .join(' ')
    .trimEnd();
}

function secondsSince(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(2)} s`;
}
