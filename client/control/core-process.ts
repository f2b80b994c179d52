// The entry of the downloading process, which a UI forks: what it is told comes in over the channel, what it says goes out over it.
//
// Always: it leaves in good order, within five seconds, when it is asked to, when the channel ends (the UI was killed), and on a signal that
// the terminal sends to everybody in it; a failure to start is one line on stderr and exit code 1; our own bug keeps the journal, is
// named on stderr and ends the process with 1.

import { endProcess } from '../end-process.ts';
import { Failure, reasonOf } from '../failure.ts';
import { CoreMain } from './core-main.ts';
import type { CoreOptions } from './core-options.ts';
import type { Asked, Told } from './protocol.ts';

const core = new CoreMain(JSON.parse(process.argv[2] as string) as CoreOptions, send);

function send(told: Told, taken: () => void): void {
  if (process.connected) process.send?.(told, undefined, undefined, () => taken());
  else taken();
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function leave(): Promise<void> {
  await core.leave();
  // What was said last is taken before the channel ends.
  if (process.connected) process.disconnect();
  await endProcess(0);
}

// The UI that read it may be gone.
process.stderr.on('error', () => undefined);
process.on('uncaughtException', (error: Error) => {
  complain(error.stack ?? error.message);
  complain(core.crashed(error));
  process.exit(1);
});
process.on('message', (asked: Asked) => {
  void core.answer(asked).then((leaving) => {
    if (leaving) void leave();
  });
});
process.on('disconnect', () => void leave());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave());

try {
  await core.start();
} catch (error) {
  complain(error instanceof Failure ? error.message : reasonOf(error));
  await core.leave();
  await endProcess(1);
}
