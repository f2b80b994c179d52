// The command `starling sim`: one file for each of its commands. The only part of the simulator that sees the real world: arguments, files
// and worker threads in, text and an exit code out.

import { Command, CommanderError } from 'commander';
import { addAdversaries } from './adversaries.ts';
import { UsageError } from './arguments.ts';
import { addCompare } from './compare.ts';
import { addExhaust } from './exhaust.ts';
import { addCanary } from './canary.ts';
import { addList } from './list.ts';
import { addMarks } from './marks.ts';
import { CONSOLE, EXIT_OK, EXIT_USAGE, type SimOutput } from './output.ts';
import { addReplay } from './replay.ts';
import { addScenario } from './scenario.ts';
import { addSearch } from './search.ts';
import { addValidate } from './validate.ts';
import { addSweep } from './sweep.ts';
import { addWorker } from './worker.ts';

/** Runs `starling sim` with the arguments after `sim`; returns the exit code: 0, 1 when a run failed, 2 for a usage error, 130 after
 *  Ctrl-C. */
export async function runSim(argv: readonly string[], output: SimOutput = CONSOLE): Promise<number> {
  let code = EXIT_OK;
  const exit = (reached: number) => {
    code = reached;
  };
  const program = new Command('starling sim')
    .description('simulated swarms of real engines: the same seed gives the same run')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.out(text.trimEnd()),
      writeErr: (text) => output.err(text.trimEnd()),
    });
  addScenario(program, output, exit);
  addSearch(program, output, exit);
  addExhaust(program, output, exit);
  addSweep(program, output, exit);
  addCanary(program, output, exit);
  addMarks(program, output, exit);
  addWorker(program, output, exit);
  addCompare(program, output, exit);
  addList(program, output);
  addReplay(program, output, exit);
  addValidate(program, output, exit);
  addAdversaries(program, output, exit);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    if (!(error instanceof UsageError)) throw error;
    output.err(`starling sim: ${error.message}`);
    return EXIT_USAGE;
  }
}
