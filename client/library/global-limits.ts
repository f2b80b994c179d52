// The rate limits of all torrents together: what was said last counts, by the configuration file or in the program.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { OneAtATime } from '../one-at-a-time.ts';
import { replaceFile } from '../replace-file.ts';

const rate = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const rates = v.object({ downloadBps: rate, uploadBps: rate });
const schema = v.object({ ...rates.entries, configured: rates });

/** Bytes per second, 0 = unlimited. */
export type Rates = Readonly<v.InferOutput<typeof rates>>;

export class GlobalLimits {
  readonly #path: string;
  /** What the configuration said when `now` was decided. */
  #configured: Rates;
  #now: Rates;
  readonly #saves = new OneAtATime();

  private constructor(path: string, configured: Rates, now: Rates) {
    this.#path = path;
    this.#configured = configured;
    this.#now = now;
  }

  /** What was set in the program counts again, unless the configuration says something else than it did then. */
  static async load(stateFolder: string, configured: Rates): Promise<GlobalLimits> {
    const path = join(stateFolder, 'limits.json');
    let now = configured;
    try {
      const saved = v.parse(schema, JSON.parse(await readFile(path, 'utf8')));
      if (same(saved.configured, configured)) now = saved;
    } catch {
      // None was set, or nobody can read it: the configuration counts.
    }
    return new GlobalLimits(path, configured, { downloadBps: now.downloadBps, uploadBps: now.uploadBps });
  }

  get now(): Rates {
    return this.#now;
  }

  /** The configuration was read again. True: it says something else than before, which counts from now on. */
  configure(configured: Rates): boolean {
    if (same(configured, this.#configured)) return false;
    this.#configured = configured;
    this.#now = configured;
    return true;
  }

  /** Set in the program. Throws the system's error where it cannot be kept. */
  async set(now: Rates): Promise<void> {
    this.#now = { downloadBps: now.downloadBps, uploadBps: now.uploadBps };
    const bytes = new TextEncoder().encode(JSON.stringify({ ...this.#now, configured: this.#configured }));
    await this.#saves.run(() => replaceFile(this.#path, bytes));
  }
}

function same(a: Rates, b: Rates): boolean {
  return a.downloadBps === b.downloadBps && a.uploadBps === b.uploadBps;
}
