// `starling sim worker`: lends this machine's cores to sweeps that others start.

import { availableParallelism, hostname } from 'node:os';
import type { Command } from 'commander';
import { redisUrl, threadCount, wholeNumber } from './arguments.ts';
import { interruptible } from './interrupt.ts';
import { EXIT_INTERRUPTED, type SimOutput } from './output.ts';
import { buildDigest } from './sweep/build-digest.ts';
import { loadFleet } from './sweep/load-fleet.ts';
import { RUN_TIMEOUT_S } from './sweep/run-pool.ts';
import { type Runtime, runtimeOption, workerdIfAsked } from './workerd/runtime-option.ts';

interface WorkerOptions {
  readonly redis: string;
  readonly threads: number;
  readonly memory?: number;
  readonly runTimeout: number;
  readonly runtime: Runtime;
}

export function addWorker(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('worker')
    .description('makes runs of sweeps that were started with --redis, until Ctrl-C')
    .requiredOption('--redis <url>', 'the server that the sweeps name', redisUrl)
    .option('--threads <n>', 'runs at a time', threadCount, availableParallelism())
    .option('--memory <MiB>', "most heap of one thread (default: Node's own limit)", wholeNumber)
    .option('--run-timeout <s>', 'a run that takes longer has failed', wholeNumber, RUN_TIMEOUT_S)
    .addOption(runtimeOption())
    .action(async ({ redis, threads, memory, runTimeout, runtime }: WorkerOptions) => {
      const workerd = workerdIfAsked(runtime, memory);
      const build = buildDigest();
      const { serve } = await loadFleet();
      output.out(`worker on ${hostname()}, build ${build}, ${threads} threads: waiting for sweeps`);
      const options = { threads, memoryMiB: memory ?? null, runTimeoutS: runTimeout, workerd, build };
      await interruptible((stop) => serve(redis, options, output, stop));
      exit(EXIT_INTERRUPTED);
    });
}
