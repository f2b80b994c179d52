// `starling sim scenario`: one run of one scenario, of all, or of a case that was written to a file.

import { closeSync, openSync, writeSync } from 'node:fs';
import type { Command } from 'commander';
import { ENGINE_BUILD } from '#engine';
import { type KnobValue, settingsText } from '#harness';
import { JournalWriter } from '#harness/journal';
import { scenarios } from '#scenarios';
import { type FaultPoint, faultPointText, readFaultPoint, type Scenario } from '#sim';
import { chosen, knobsGiven, repeated, UsageError, wholeNumber } from './arguments.ts';
import { interruptible } from './interrupt.ts';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, type SimOutput } from './output.ts';
import { readRegression } from './regressions.ts';
import { header, jsonLine, replayCommand, rows } from './report.ts';
import { ReportWriter } from './report-page.ts';
import { type RunAnswer, type RunTask, runTask } from './sweep/run-task.ts';
import { type Runtime, runtimeOption, workerdIfAsked } from './workerd/runtime-option.ts';
import { WorkerdPool } from './workerd/workerd-pool.ts';

interface ScenarioOptions {
  readonly seed: number;
  readonly peers?: number;
  readonly set: readonly string[];
  readonly file?: string;
  readonly record?: readonly string[];
  readonly json: boolean;
  readonly report?: string;
  readonly fault?: string;
  readonly runtime: Runtime;
}

/** What is run. */
interface Run {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly knobs: { readonly [name: string]: KnobValue };
  readonly faultPoint?: FaultPoint | undefined;
}

export function addScenario(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('scenario [NAME]')
    .description('runs one scenario, or all of them')
    .option('--seed <n>', 'what all chance comes from', wholeNumber, 1)
    .option('--peers <n>', 'the same as --set peers=<n>', wholeNumber)
    .option('--set <knob=value>', 'another value for a knob (see list)', repeated, [])
    .option('--file <path>', 'the scenario, seed and knobs of a file that search wrote')
    .option('--record <node file...>', "writes one node's inputs (its number, from 1) as a journal for replay")
    .option('--fault <site:number:effect>', 'one fault at one place of the run, as exhaust names it')
    .option('--json', 'one JSON object a run', false)
    .option('--report <path>', 'writes what happened as a page: an HTML file, or a folder of them for several runs')
    .addOption(runtimeOption())
    .action(async (name: string | undefined, options: ScenarioOptions) => {
      const faultPoint = options.fault === undefined ? undefined : faultPointOf(options.fault);
      const given = options.file === undefined ? runsGiven(name, options) : [runOfFile(name, options.file)];
      const runs = given.map((run) => ({ ...run, faultPoint }));
      const journal = options.record === undefined ? null : journalAsked(options.record, runs);
      const workerd = workerdIfAsked(options.runtime);
      if (journal !== null && workerd !== null) throw new UsageError('--record needs --runtime node');
      exit(
        workerd === null
          ? await runAll(
              runs,
              (task, run) => (journal === null ? runTask(scenarios, task) : recorded(task, run, journal)),
              options,
              output,
            )
          : await interruptible((stop) => runInWorkerd(workerd, runs, options, output, stop)),
      );
    });
}

/** Makes a run. */
type Make = (task: RunTask, run: Run) => RunAnswer | Promise<RunAnswer>;

async function runInWorkerd(
  workerd: string,
  runs: readonly Run[],
  options: ScenarioOptions,
  output: SimOutput,
  stop: AbortSignal,
): Promise<number> {
  const pool = new WorkerdPool(workerd);
  try {
    return await runAll(runs, (task) => pool.run(task, { signal: stop }), options, output);
  } catch (error) {
    if (stop.aborted) return EXIT_INTERRUPTED;
    throw new UsageError((error as Error).message);
  } finally {
    await pool.destroy();
  }
}

async function runAll(runs: readonly Run[], make: Make, options: ScenarioOptions, output: SimOutput): Promise<number> {
  if (!options.json) output.out(header());
  const report = options.report === undefined ? null : new ReportWriter(options.report, runs.length > 1);
  let ok = true;
  for (const run of runs) ok = (await runOne(run, make, report, options.json, output)) && ok;
  const page = report?.finish();
  if (page !== undefined && !options.json) output.out(`report: ${page}`);
  return ok ? EXIT_OK : EXIT_FAILED;
}

function runsGiven(name: string | undefined, { seed, peers, set }: ScenarioOptions): Run[] {
  const texts = peers === undefined ? set : [`peers=${peers}`, ...set];
  const named = name !== undefined && name !== 'all';
  return chosen(name).map((scenario) => ({ scenario, seed, knobs: knobsGiven(scenario, named, texts) }));
}

function runOfFile(name: string | undefined, path: string): Run {
  const { scenario, regression } = readRegression(path);
  if (name !== undefined && name !== scenario.name)
    throw new UsageError(`${path} is a case of ${scenario.name}, not of ${name}`);
  return { scenario, seed: regression.seed, knobs: regression.knobs };
}

function faultPointOf(text: string): FaultPoint {
  const point = readFaultPoint(text);
  if ('error' in point) throw new UsageError(point.error);
  return point;
}

/** True when it held. */
async function runOne(
  run: Run,
  make: Make,
  report: ReportWriter | null,
  json: boolean,
  output: SimOutput,
): Promise<boolean> {
  const { scenario, seed, knobs, faultPoint } = run;
  const fault = faultPoint === undefined ? '' : ` --fault ${faultPointText(faultPoint)}`;
  const again = replayCommand(scenario.name, seed, settingsText(scenario.knobs, knobs) + fault);
  const { result, wallS, record } = await make(
    {
      scenario: scenario.name,
      seed,
      knobs,
      asksMarks: true,
      ...(faultPoint && { faultPoint }),
      ...(report && { page: report.about(again) }),
    },
    run,
  );
  (json ? [jsonLine(result, wallS)] : rows(result, wallS)).forEach(output.out);
  if (record !== null) report?.add(record, wallS);
  if (result.ok) return true;
  output.err(`${scenario.name}: ${result.reason}`);
  output.err(`  ${again}`);
  return false;
}

interface JournalFile {
  readonly node: number;
  readonly path: string;
}

function journalAsked(words: readonly string[], runs: readonly Run[]): JournalFile {
  const [node, path] = words;
  if (words.length !== 2 || !/^[1-9]\d{0,6}$/.test(node as string))
    throw new UsageError('--record takes a node and a file');
  if (runs.length !== 1) throw new UsageError('--record needs one scenario');
  return { node: Number(node), path: path as string };
}

/** The run of a node that a scenario does not have leaves an empty journal, which is an error of whoever asked. */
function recorded(task: RunTask, { scenario, seed, knobs }: Run, { node, path }: JournalFile): RunAnswer {
  const file = openSync(path, 'w');
  try {
    const about = { run: replayCommand(scenario.name, seed, settingsText(scenario.knobs, knobs)), node };
    const log = new JournalWriter((bytes) => writeSync(file, bytes), { build: ENGINE_BUILD, about });
    const answer = runTask(scenarios, task, { node, log });
    log.flush();
    const { peers } = answer.result;
    if (node > peers) throw new UsageError(`${scenario.name} has ${peers} nodes, and no ${node}`);
    return answer;
  } finally {
    closeSync(file);
  }
}
