// Keeps the journal of a session: in the file that the user named, or else in a nameless one of bounded size, of which a copy is kept when
// our own bug ends the program.
//
// A journal is of use only from the engine's start on, so the nameless one keeps the beginning: once it is full, what follows is not
// recorded. Its name is removed as soon as it is open: nothing is left behind, however the program ends.
// Writing never fails a transfer: a file that cannot be written ends the recording, and says so once.

import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, ENGINE_BUILD, recordEngine, type Settings } from '#engine';
import { type JournalValue, JournalWriter } from '#harness/journal';
import { now } from './clock.ts';
import { Failure, reasonOf } from './failure.ts';

/** Of the nameless journal. A download of 1 GiB takes some 2 MB, a seed's upload some 4 MB. */
const NAMELESS_BYTES_MAX = 256 * 1024 * 1024;
/** What a killed program may lose of its journal. */
const FLUSH_US = 1_000_000;
const COPY_BYTES = 1024 * 1024;

export interface RecorderOptions {
  /** Null: a nameless one in `folder`. */
  readonly path: string | null;
  readonly folder: string;
  readonly about: { readonly [name: string]: JournalValue };
  /** One line: the recording ended early, and why. */
  readonly onLost: (reason: string) => void;
}

export class Recorder {
  readonly #options: RecorderOptions;
  /** Null: nothing can be written, or no longer. */
  #file: number | null;
  #log: JournalWriter | null = null;
  #bytes = 0;
  #lost: string | null = null;

  /** Throws `Failure` where the file that the user named cannot be made. */
  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#file = options.path === null ? openNameless(options.folder) : openNamed(options.path);
  }

  /** The same engine, recorded. `engine`: new. */
  record(engine: Engine, seed: string, settings: Settings): Engine {
    if (this.#file === null) return engine;
    const header = { build: ENGINE_BUILD, about: this.#options.about };
    this.#log = new JournalWriter((bytes) => this.#write(bytes), header);
    return recordEngine(engine, { seed, settings, now: now() }, this.#log);
  }

  /** Between inputs, often: what is old enough is written. */
  settle(): void {
    if (this.#log !== null && this.#log.unflushedUs >= FLUSH_US) this.#log.flush();
  }

  /** Our own bug: leaves a journal on the disk. One line that says where it is; null: there is none. */
  keep(): string | null {
    this.#log?.flush();
    const { path, folder } = this.#options;
    if (this.#file === null) return null;
    const limits = this.#lost === null ? '' : `; it ends before the bug (${this.#lost})`;
    const advice = `\`starling sim replay\` shows the run again${limits}`;
    if (path !== null) return `the journal of this run is ${path}: ${advice}`;
    const name = join(folder, `bug-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.journal`);
    try {
      copy(this.#file, this.#bytes, name);
    } catch (error) {
      return `the journal of this run could not be kept: ${name}: ${reasonOf(error)}`;
    }
    return `the journal of this run is ${name}: ${advice}`;
  }

  close(): void {
    this.#log?.flush();
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #write(bytes: Uint8Array): void {
    if (this.#file === null || this.#lost !== null) return;
    if (this.#options.path === null && this.#bytes + bytes.length > NAMELESS_BYTES_MAX) {
      this.#lose(`it is full at ${NAMELESS_BYTES_MAX} bytes`);
      return;
    }
    try {
      // All of it or none: a half-written frame would hide what comes later.
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#file, bytes, done, bytes.length - done, this.#bytes + done);
      this.#bytes += bytes.length;
    } catch (error) {
      this.#lose(reasonOf(error));
      try {
        ftruncateSync(this.#file, this.#bytes);
      } catch {
        // What was cut off within a frame is left out by whoever reads it.
      }
    }
  }

  #lose(reason: string): void {
    this.#lost = reason;
    this.#options.onLost(reason);
  }
}

function openNamed(path: string): number {
  try {
    return openSync(path, 'w', 0o600);
  } catch (error) {
    throw new Failure(`${path}: cannot be written: ${reasonOf(error)}`);
  }
}

/** A file without a name that ends with the program; null where there can be none. */
function openNameless(folder: string): number | null {
  const path = join(folder, `.journal-${process.pid}-${Math.floor(performance.now() * 1000)}`);
  try {
    mkdirSync(folder, { recursive: true });
    const file = openSync(path, 'wx+', 0o600);
    rmSync(path);
    return file;
  } catch {
    return null;
  }
}

function copy(from: number, lengthBytes: number, path: string): void {
  const to = openSync(path, 'wx', 0o600);
  try {
    const part = new Uint8Array(COPY_BYTES);
    for (let at = 0; at < lengthBytes; ) {
      const read = readSync(from, part, 0, Math.min(part.length, lengthBytes - at), at);
      for (let done = 0; done < read; ) done += writeSync(to, part, done, read - done);
      at += read;
    }
  } finally {
    closeSync(to);
  }
}
