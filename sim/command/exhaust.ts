// `starling sim exhaust`: one fault at every place of a run, one run for each, and a table of how many of them converged.

import type { Command } from 'commander';
import { type KnobValue, settingsText } from '#harness';
import { exhaust, type ExhaustRow, FAULT_SITES, faultPointText, type FaultSite, type Scenario } from '#sim';
import { chosen, knobsGiven, repeated, UsageError, wholeNumber } from './arguments.ts';
import { EXIT_FAILED, EXIT_OK, type SimOutput } from './output.ts';
import { replayCommand } from './report.ts';

interface ExhaustOptions {
  readonly seed: number;
  readonly set: readonly string[];
  readonly site: readonly string[];
  readonly json: boolean;
}

/** What is exhausted where nothing is named: small, with a pause and a crash of its own, so that there is resuming to disturb. */
const DEFAULT_SCENARIO = 'swarm';
const DEFAULT_SETTINGS = [
  'peers=2',
  'layout=4',
  'files=2',
  'bodyKiB=192',
  'copyS=8',
  'cutPercent=0',
  'mixed=false',
  'natPercent=0',
  'joinWithinS=0',
  'faults=crash+pause',
  'faultsForS=10',
  'strikes=1',
];
const WIDTHS = [-8, -7, 8, 11];

export function addExhaust(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('exhaust [NAME]')
    .description(
      'fails, tears or crashes at every write, read, sync, save, hash, check, message and tracker reply in turn',
    )
    .option('--seed <n>', 'what all chance comes from', wholeNumber, 1)
    .option(
      '--set <knob=value>',
      `another value for a knob; without a NAME: ${DEFAULT_SETTINGS.join(' ')}`,
      repeated,
      [],
    )
    .option('--site <site>', `only there: ${FAULT_SITES.join(', ')}; may be repeated`, repeated, [])
    .option('--json', 'one JSON object a row', false)
    .action((name: string | undefined, options: ExhaustOptions) => {
      const [scenario] = chosen(name ?? DEFAULT_SCENARIO);
      if (name === 'all') throw new UsageError('exhaust takes one scenario');
      const settings = name === undefined ? [...DEFAULT_SETTINGS, ...options.set] : options.set;
      const knobs = knobsGiven(scenario as Scenario, true, settings);
      exit(run(scenario as Scenario, knobs, options, output) ? EXIT_OK : EXIT_FAILED);
    });
}

/** True when every run converged. */
function run(
  scenario: Scenario,
  knobs: { readonly [name: string]: KnobValue },
  { seed, site, json }: ExhaustOptions,
  output: SimOutput,
): boolean {
  const replay = replayCommand(scenario.name, seed, settingsText(scenario.knobs, knobs));
  const started = performance.now();
  if (!json) output.out(cells(['site', 'effect', 'points', 'converged']));
  let runs = 0;
  let failed = 0;
  const show = (row: ExhaustRow) => {
    runs += row.points;
    failed += row.points - row.converged;
    const { firstFailure } = row;
    const again = firstFailure === null ? null : `${replay} --fault ${faultPointText(firstFailure.point)}`;
    if (json) output.out(JSON.stringify({ scenario: scenario.name, seed, knobs, ...row, replay: again }));
    else {
      output.out(cells([row.site, row.effect, String(row.points), String(row.converged)]));
      if (firstFailure !== null) output.out(`    first failure: ${firstFailure.reason}\n    ${again}`);
    }
  };
  const { reason } = exhaust({ scenario, seed, knobs, sites: sitesOf(site) }, show);
  if (reason !== null) {
    output.err(`${scenario.name} fails without any fault: ${reason}`);
    output.err(`  ${replay}`);
    return false;
  }
  const wallS = ((performance.now() - started) / 1000).toFixed(1);
  if (!json) output.out(`${runs} runs in ${wallS} s: ${failed === 0 ? 'all converged' : `${failed} failed`}`);
  return failed === 0;
}

function sitesOf(texts: readonly string[]): readonly FaultSite[] {
  if (texts.length === 0) return FAULT_SITES;
  return texts.map((text) => {
    const site = FAULT_SITES.find((each) => each === text);
    if (site === undefined) throw new UsageError(`no fault site "${text}"; there are: ${FAULT_SITES.join(', ')}`);
    return site;
  });
}

function cells(texts: readonly string[]): string {
  return texts
    .map((text, at) => {
      const width = WIDTHS[at] as number;
      return width < 0 ? text.padEnd(-width) : text.padStart(width);
    })
    .join(' ');
}
