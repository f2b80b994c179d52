// Runs one program and takes the kernel's account of it: wall time, processor time, largest resident size.

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, start } from '../interop/support/processes.ts';

const SCRIPT = fileURLToPath(new URL('measure.py', import.meta.url));

export interface Usage {
  /** From the start of the process to its end. */
  readonly wallSeconds: number;
  /** User and system time of all threads. */
  readonly processorSeconds: number;
  readonly peakBytes: number;
}

export interface Measured {
  readonly child: Child;
  /** Readable once the child has ended. */
  usage(): Usage;
}

/** `account`: path of a file that does not exist yet. */
export function startMeasured(name: string, account: string, command: readonly string[]): Measured {
  const child = start(name, 'python3', [SCRIPT, account, ...command], { cwd: dirname(account) });
  return { child, usage: () => JSON.parse(readFileSync(account, 'utf8')) as Usage };
}

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
