// The temporary folder of one test and what was started in it; both are gone when the test is over, whether it passed or not.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopIn } from './processes.ts';

interface Stoppable {
  stop(): Promise<void>;
}

/** Where the temporary folders lie: memory-backed where there is such a place. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const open = new Set<Workspace>();
process.on('exit', () => {
  for (const workspace of open) workspace.remove();
});

export class Workspace {
  readonly dir: string;
  readonly #running: Stoppable[] = [];
  #folders = 0;

  constructor() {
    this.dir = mkdtempSync(join(BASE, 'starling-interop-'));
    chmodSync(this.dir, 0o755);
    open.add(this);
  }

  /** A new empty folder. */
  folder(label: string): string {
    const path = join(this.dir, `${this.#folders++}-${label}`);
    mkdirSync(path);
    return path;
  }

  /** Stops `thing` before the folder is removed; the last one first. */
  track<T extends Stoppable>(thing: T): T {
    this.#running.push(thing);
    return thing;
  }

  async close(): Promise<void> {
    try {
      for (const thing of this.#running.toReversed()) await thing.stop();
      await stopIn(this.dir);
    } finally {
      this.remove();
    }
  }

  /** Removes the folder while nobody is stopped: for a process that ends. */
  remove(): void {
    open.delete(this);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Opens a workspace that is closed when the test ends. `onTestFinished`: from the test's context. */
export function openWorkspace(context: { onTestFinished(close: () => Promise<void>): void }): Workspace {
  const workspace = new Workspace();
  context.onTestFinished(() => workspace.close());
  return workspace;
}
