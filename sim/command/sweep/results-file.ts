// The results of a sweep, each kept once: a file of JSON lines, the first of which says what sweep they are of. A line counts when it is on
// the disk for certain. A last line that was cut off is dropped when the file is opened again, and its run made again.

import { type FileHandle, open } from 'node:fs/promises';
import { UsageError } from '../arguments.ts';
import type { Outcome } from './outcome.ts';
import { keyOf } from './plan.ts';

const LINE_END = 10;

export class ResultsFile {
  /** What earlier sweeps left. */
  readonly before: readonly Outcome[];
  readonly #handle: FileHandle;
  readonly #keys: Set<string>;
  #pending: string[] = [];
  #writing: Promise<void> | null = null;

  private constructor(handle: FileHandle, before: readonly Outcome[]) {
    this.#handle = handle;
    this.before = before;
    this.#keys = new Set(before.map(keyOf));
  }

  /** Opens or makes the file. `identity`: everything on which the results depend. Throws `UsageError` where the file is of another sweep, is no
   *  such file, or cannot be opened. */
  static async open(path: string, identity: object): Promise<ResultsFile> {
    const first = JSON.stringify({ sweep: identity });
    const handle = await open(path, 'a+').catch((error: Error) => {
      throw new UsageError(`${path}: ${error.message}`);
    });
    try {
      const { lines, lengthBytes } = await wholeLines(handle);
      if (lines.length > 0 && lines[0] !== first)
        throw new UsageError(`${path} ${whyOther(lines[0] as string, first)}`);
      const before = lines.slice(1).map((line, at) => parsed(line, `${path}:${at + 2}`));
      await handle.truncate(lengthBytes);
      const file = new ResultsFile(handle, before);
      if (lines.length === 0) file.#pending.push(first);
      await file.flush();
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Keeps an outcome unless it has one of that job; false then. */
  add(outcome: Outcome): boolean {
    if (this.#keys.has(keyOf(outcome))) return false;
    this.#keys.add(keyOf(outcome));
    this.#pending.push(JSON.stringify(outcome));
    return true;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Resolves when everything added so far is on the disk. Lines that come together are synced together. */
  async flush(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
    if (this.#pending.length === 0) return;
    const text = `${this.#pending.join('\n')}\n`;
    this.#pending = [];
    this.#writing = this.#append(text).finally(() => {
      this.#writing = null;
    });
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#handle.close();
  }

  async #append(text: string): Promise<void> {
    await this.#handle.appendFile(text);
    await this.#handle.datasync();
  }
}

/** Every line that ends, and where the last of them does. */
async function wholeLines(handle: FileHandle): Promise<{ readonly lines: string[]; readonly lengthBytes: number }> {
  const bytes = await handle.readFile();
  const lines: string[] = [];
  let start = 0;
  for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END, start)) {
    lines.push(bytes.toString('utf8', start, end));
    start = end + 1;
  }
  return { lines, lengthBytes: start };
}

function parsed(line: string, where: string): Outcome {
  try {
    const outcome = JSON.parse(line);
    if (typeof outcome.scenario === 'string' && Number.isSafeInteger(outcome.seed)) return outcome;
  } catch {
    // Said below.
  }
  throw new UsageError(`${where}: no result of a run`);
}

/** Why a file is of no use to this sweep. */
function whyOther(found: string, wanted: string): string {
  let identity: { readonly [name: string]: unknown } | undefined;
  try {
    identity = JSON.parse(found).sweep;
  } catch {
    // Said below.
  }
  if (typeof identity !== 'object' || identity === null) return 'holds no results of a sweep';
  const ours = JSON.parse(wanted).sweep;
  const differing = Object.keys({ ...identity, ...ours }).filter(
    (name) => JSON.stringify(identity[name]) !== JSON.stringify(ours[name]),
  );
  const differences = differing.map(
    (name) => `${name} ${JSON.stringify(identity[name])}, not ${JSON.stringify(ours[name])}`,
  );
  return `holds another sweep (${differences.join('; ')}): name another file`;
}
