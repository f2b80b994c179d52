// The end of a process that may have asked a disk which never answers.

import { setTimeout as delay } from 'node:timers/promises';

/** Calls of the system that a thread waits in: Node's exit waits for that thread. */
const THREAD_WAITS = /^(?:FSReq|FileHandleCloseReq|GetAddrInfo)/;
const PAUSE_MS = 20;
const PAUSES_MAX = 25;

/** Ends the process with `code`; by force, and so without it, where a call of the system does not come back within half a second. */
export async function endProcess(code: number): Promise<never> {
  for (let pauses = 0; waits() && pauses < PAUSES_MAX; pauses += 1) await delay(PAUSE_MS);
  if (waits()) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

function waits(): boolean {
  return process.getActiveResourcesInfo().some((name) => THREAD_WAITS.test(name));
}
