// Re-checks pieces on two worker threads: cuts what is asked into units of a few MiB and gives each thread two units ahead.
//
// Always: a job is answered once; threads start with a job and end when nothing was asked for a while (each holds some 20 MB), or with
// `close`; memory is two units a thread (or two pieces, where a piece is longer). A thread that dies answers its units as unreadable.

import { Worker } from 'node:worker_threads';
import { SHA1_LENGTH_BYTES } from '#engine';
import { workerUrl } from '../worker-url.ts';
import type { CheckAnswer, CheckOrder } from './check-plan.ts';
import type { Storage } from './storage.ts';

const THREADS = 2;
/** One to hash and one to read meanwhile. */
const UNITS_PER_THREAD = 2;
const UNIT_BYTES = 4 * 1024 * 1024;
/** Longer than the engine takes to ask for the next pieces. */
const IDLE_MS = 300;

interface Job {
  readonly torrent: number;
  readonly first: number;
  readonly digests: (Uint8Array | null)[];
  unitsLeft: number;
  readonly done: (digests: readonly (Uint8Array | null)[]) => void;
}

interface Unit {
  readonly job: Job;
  readonly first: number;
  readonly count: number;
}

interface Thread {
  readonly worker: Worker;
  /** By their number; at most `UNITS_PER_THREAD`. */
  readonly units: Map<number, Unit>;
}

export class Checker {
  readonly #storages = new Map<number, Storage>();
  #threads: Thread[] = [];
  #waiting: Unit[] = [];
  #unitsSent = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  open(torrent: number, storage: Storage): void {
    this.#storages.set(torrent, storage);
    for (const thread of this.#threads) openIn(thread, torrent, storage);
  }

  forget(torrent: number): void {
    this.#storages.delete(torrent);
    for (const { worker } of this.#threads) worker.postMessage({ kind: 'close', torrent } satisfies CheckOrder);
  }

  /** Digests of `count` pieces from `first` on, null where a piece cannot be read. `done` is never called at once. */
  check(torrent: number, first: number, count: number, done: (digests: readonly (Uint8Array | null)[]) => void): void {
    const { pieceLengthBytes } = (this.#storages.get(torrent) as Storage).geometry;
    const piecesPerUnit = Math.max(1, Math.floor(UNIT_BYTES / pieceLengthBytes));
    const job: Job = {
      torrent,
      first,
      digests: Array.from<Uint8Array | null>({ length: count }).fill(null),
      unitsLeft: Math.ceil(count / piecesPerUnit),
      done,
    };
    if (count === 0) queueMicrotask(() => done([]));
    for (let at = 0; at < count; at += piecesPerUnit) {
      this.#waiting.push({ job, first: first + at, count: Math.min(piecesPerUnit, count - at) });
    }
    clearTimeout(this.#idleTimer);
    this.#startThreads();
    this.#pump();
  }

  /** Ends the threads; what was asked and not answered is dropped. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const threads = this.#threads;
    this.#threads = [];
    this.#waiting = [];
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  async #closeIdle(): Promise<void> {
    if (this.#waiting.length === 0 && this.#threads.every(({ units }) => units.size === 0)) await this.close();
  }

  #startThreads(): void {
    while (this.#threads.length < THREADS) {
      const worker = new Worker(workerUrl('check-thread'));
      const thread: Thread = { worker, units: new Map() };
      this.#threads.push(thread);
      worker.on('message', (answer: CheckAnswer) => this.#answered(thread, answer));
      worker.on('error', () => undefined);
      worker.on('exit', () => this.#died(thread));
      worker.unref();
      for (const [torrent, storage] of this.#storages) openIn(thread, torrent, storage);
    }
  }

  #pump(): void {
    for (let round = 0; round < UNITS_PER_THREAD; round += 1) {
      for (const thread of this.#threads) {
        if (thread.units.size > round) continue;
        const unit = this.#waiting.shift();
        if (unit === undefined) return;
        this.#unitsSent += 1;
        thread.units.set(this.#unitsSent, unit);
        const { torrent } = unit.job;
        const order: CheckOrder = {
          kind: 'check',
          torrent,
          unit: this.#unitsSent,
          first: unit.first,
          count: unit.count,
        };
        thread.worker.postMessage(order);
        thread.worker.ref();
      }
    }
  }

  #answered(thread: Thread, { unit: number, digests, good }: CheckAnswer): void {
    const unit = thread.units.get(number);
    if (unit === undefined) return;
    thread.units.delete(number);
    if (thread.units.size === 0) thread.worker.unref();
    for (let at = 0; at < unit.count; at += 1) {
      if (good[at] === 0) continue;
      const digest = digests.subarray(at * SHA1_LENGTH_BYTES, (at + 1) * SHA1_LENGTH_BYTES);
      unit.job.digests[unit.first - unit.job.first + at] = digest;
    }
    this.#pump();
    this.#unitDone(unit.job);
  }

  #died(thread: Thread): void {
    if (!this.#threads.includes(thread)) return;
    this.#threads = this.#threads.filter((other) => other !== thread);
    for (const unit of thread.units.values()) this.#unitDone(unit.job);
    if (this.#waiting.length > 0) this.#startThreads();
    this.#pump();
  }

  #unitDone(job: Job): void {
    job.unitsLeft -= 1;
    if (job.unitsLeft > 0) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.#closeIdle(), IDLE_MS).unref();
    job.done(job.digests);
  }
}

function openIn({ worker }: Thread, torrent: number, { root, files, geometry }: Storage): void {
  const plan = { root, files, pieceLengthBytes: geometry.pieceLengthBytes };
  worker.postMessage({ kind: 'open', torrent, plan } satisfies CheckOrder);
}
