// Ctrl-C: the first asks for an orderly end, the second ends at once.

import { EXIT_INTERRUPTED } from './output.ts';

/** npm passes on what the terminal has already said: so soon it is no second Ctrl-C. */
const ECHO_MS = 500;

/** Runs `work` with a signal that an interrupt (SIGINT or SIGTERM) aborts. */
export async function interruptible<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let firstAt = 0;
  const onSignal = () => {
    if (stop.signal.aborted && performance.now() - firstAt > ECHO_MS) process.exit(EXIT_INTERRUPTED);
    if (stop.signal.aborted) return;
    firstAt = performance.now();
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
