// Turns many writes of blocks into few large ones: what waits while a write runs is sorted and joined before it goes to the disk.
//
// Always: a job is answered once, after its bytes were written or failed; at most two calls run at a time for one torrent, so that a
// slow disk gathers larger writes; memory is that of the blocks lent by the engine, which bounds them.

import type { DiskFault } from '#engine';
import { diskFault } from './disk-fault.ts';
import type { Storage } from './storage.ts';

const WRITES_AT_ONCE = 2;
/** Largest joined write: 8 MiB in 512 blocks, below the system's IOV_MAX. */
const JOINED_BUFFERS_MAX = 512;

interface Run {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly buffers: readonly Uint8Array[];
  readonly done: (fault: DiskFault | null) => void;
}

export class WriteQueue {
  readonly #storage: Storage;
  #waiting: Run[] = [];
  #writing = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Writes `buffers` (at least one) from `offsetBytes` of the torrent on; borrowed until `done`, which is never called at once. */
  write(offsetBytes: number, buffers: readonly Uint8Array[], done: (fault: DiskFault | null) => void): void {
    const lengthBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    this.#waiting.push({ offsetBytes, lengthBytes, buffers, done });
    if (this.#writing < WRITES_AT_ONCE) queueMicrotask(() => this.#pump());
  }

  #pump(): void {
    while (this.#writing < WRITES_AT_ONCE && this.#waiting.length > 0) void this.#writeJoined(this.#takeJoined());
  }

  /** Takes the first waiting run by offset with all that continue it. */
  #takeJoined(): Run[] {
    this.#waiting.sort((a, b) => a.offsetBytes - b.offsetBytes);
    let count = 1;
    let buffers = (this.#waiting[0] as Run).buffers.length;
    while (count < this.#waiting.length) {
      const last = this.#waiting[count - 1] as Run;
      const next = this.#waiting[count] as Run;
      buffers += next.buffers.length;
      if (next.offsetBytes !== last.offsetBytes + last.lengthBytes || buffers > JOINED_BUFFERS_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #writeJoined(runs: readonly Run[]): Promise<void> {
    this.#writing += 1;
    const fault = await this.#storage
      .write(
        (runs[0] as Run).offsetBytes,
        runs.length === 1 ? (runs[0] as Run).buffers : runs.flatMap((run) => run.buffers),
      )
      .then(() => null, diskFault);
    this.#writing -= 1;
    for (const run of runs) run.done(fault);
    this.#pump();
  }
}
