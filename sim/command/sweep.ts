// `starling sim sweep`: many seeds over all cores, or over many machines. What was done is kept, so that a sweep that was ended goes on.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { redisUrl, repeated, threadCount, UsageError, wholeNumber } from './arguments.ts';
import { interruptible } from './interrupt.ts';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, type SimOutput } from './output.ts';
import { buildDigest } from './sweep/build-digest.ts';
import { annotations, junit } from './sweep/ci-formats.ts';
import { loadFleet } from './sweep/load-fleet.ts';
import { reportSweep } from './sweep/report.ts';
import type { Outcome } from './sweep/outcome.ts';
import {
  type Job,
  jobs,
  keyOf,
  keys,
  type Plan,
  scenariosNamed,
  type SeedRange,
  seedsOption,
  type Shard,
  shardOf,
} from './sweep/plan.ts';
import { Progress } from './sweep/progress.ts';
import { ResultsFile } from './sweep/results-file.ts';
import { RUN_TIMEOUT_S } from './sweep/run-pool.ts';
import { runAll } from './sweep/runner.ts';
import { failureLine, summary } from './sweep/summary.ts';
import { writeRegressions } from './sweep/write-regressions.ts';
import { type Runtime, runtimeOption, workerdIfAsked } from './workerd/runtime-option.ts';

interface SweepOptions {
  readonly seeds: SeedRange;
  readonly explore: boolean;
  readonly set: readonly string[];
  readonly shard: Shard;
  readonly guard: boolean;
  readonly threads: number;
  readonly memory?: number;
  readonly runTimeout: number;
  readonly runtime: Runtime;
  readonly out?: string;
  readonly junit?: string;
  readonly annotations: boolean;
  readonly report?: string;
  readonly redis?: string;
  readonly write?: string;
}

export function addSweep(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('sweep [NAME...]')
    .description('runs many seeds of scenarios, or of all of them, on all cores')
    .addOption(seedsOption('which seeds'))
    .option('--explore', 'every seed draws its own knobs', false)
    .option('--set <knob=value>', 'a value for a knob of every run', repeated, [])
    .option('--guard', 'makes every run twice, in two places, and compares the digests', false)
    .addOption(
      new Option('--shard <i/n>', 'only the i-th of n parts, for machines that share no queue')
        .argParser(shardOf)
        .default({ index: 1, count: 1 }, 'all of it'),
    )
    .option('--threads <n>', 'runs at a time', threadCount, availableParallelism())
    .option('--memory <MiB>', "most heap of one thread (default: Node's own limit)", wholeNumber)
    .option('--run-timeout <s>', 'a run that takes longer has failed', wholeNumber, RUN_TIMEOUT_S)
    .addOption(runtimeOption())
    .option('--out <file>', 'keeps every result there; the same command goes on where it ended')
    .option('--junit <file>', 'writes a JUnit file')
    .option('--report <folder>', 'writes an index of all runs as a page, with a page for each of the first failures')
    .option('--annotations', 'names failures as annotations of GitHub', process.env['GITHUB_ACTIONS'] === 'true')
    .option('--write <folder>', 'shrinks each kind of failure and writes it there, for the tests to replay')
    .option('--redis <url>', 'shares the runs with every "sim worker" that names the same server', redisUrl)
    .action(async (names: readonly string[], options: SweepOptions) => {
      exit(await interruptible((stop) => sweep(names, options, output, stop)));
    });
}

async function sweep(
  names: readonly string[],
  options: SweepOptions,
  output: SimOutput,
  interrupted: AbortSignal,
): Promise<number> {
  const { seeds, explore, set, shard, guard, threads } = options;
  const plan: Plan = { scenarios: scenariosNamed(names).map(({ name }) => name), seeds, explore, set, shard };
  const wanted = new Set(keys(plan));
  const todo = jobs(plan);
  // Refuses what cannot be run before anything is written.
  jobs(plan).next();
  const workerd = workerdIfAsked(options.runtime, options.memory);
  const fleet = options.redis === undefined ? null : await loadFleet();
  const identity = { build: buildDigest(), scenarios: plan.scenarios, explore, set, guard };
  const file = options.out === undefined ? null : await ResultsFile.open(options.out, identity);
  const outcomes = (file?.before ?? []).filter((outcome) => wanted.has(keyOf(outcome)));
  if (outcomes.length > 0) output.out(`${outcomes.length} of ${wanted.size} runs are in ${options.out} already`);

  const unkept = new AbortController();
  const stop = AbortSignal.any([interrupted, unkept.signal]);
  const progress = new Progress(wanted.size, outcomes.length, output);
  const keep = (outcome: Outcome): void => {
    if (file?.add(outcome) === false) return;
    file?.flush().catch((error: Error) => unkept.abort(error));
    outcomes.push(outcome);
    progress.done(outcome);
    if (!outcome.ok) output.err(failureLine(outcome));
  };
  const runs = { threads, memoryMiB: options.memory ?? null, runTimeoutS: options.runTimeout, workerd };
  try {
    const rest = except(todo, file);
    if (fleet === null || options.redis === undefined) await runAll(rest, { ...runs, guard }, keep, stop);
    else {
      const flush = async () => file?.flush();
      const announcement = { id: idOf(plan, identity), build: identity.build, guard };
      await fleet.sweepTogether(options.redis, { announcement, jobs: rest, deliver: keep, flush }, runs, output, stop);
    }
  } finally {
    progress.end();
    await file?.close();
  }
  if (unkept.signal.aborted) throw new UsageError(`${options.out}: ${(unkept.signal.reason as Error).message}`);

  outcomes.sort(inOrderOf(plan));
  summary(outcomes).forEach(output.out);
  output.out(progress.rate(threads));
  if (options.junit !== undefined) write(options.junit, junit(outcomes));
  if (options.report !== undefined) output.out(`report: ${reportSweep(options.report, outcomes)}`);
  if (options.annotations) annotations(outcomes).forEach(output.out);
  if (interrupted.aborted) {
    const rest = `${wanted.size - outcomes.length} of ${wanted.size} runs were not made`;
    output.err(`interrupted: ${rest}${file === null ? '' : `; the same command goes on from ${options.out}`}`);
    return EXIT_INTERRUPTED;
  }
  if (options.write !== undefined) writeRegressions(options.write, outcomes, set, output);
  return outcomes.every(({ ok }) => ok) ? EXIT_OK : EXIT_FAILED;
}

/** Names a sweep among those of one server: the same for the same command. */
function idOf({ seeds, shard }: Plan, identity: object): string {
  return createHash('sha256').update(JSON.stringify({ identity, seeds, shard })).digest('hex').slice(0, 12);
}

/** The jobs that the file has no result of. */
function* except(todo: Iterable<Job>, file: ResultsFile | null): Generator<Job> {
  for (const job of todo) if (!file?.has(keyOf(job))) yield job;
}

/** By scenario as the plan names them, then by seed: the same for the same outcomes, whichever came first. */
function inOrderOf({ scenarios }: Plan): (one: Outcome, other: Outcome) => number {
  const places = new Map(scenarios.map((name, at) => [name, at]));
  return (one, other) =>
    (places.get(one.scenario) as number) - (places.get(other.scenario) as number) || one.seed - other.seed;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`);
  }
}
