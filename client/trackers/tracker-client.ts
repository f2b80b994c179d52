// The engine's side of the tracker thread: starts it with the first announce and hands requests and replies over.
//
// Always: every announce is answered once; a thread that dies answers what it had as failed, and the next announce starts another.

import { Worker } from 'node:worker_threads';
import type { AnnounceReply, AnnounceRequest, JobId } from '#engine';
import { workerUrl } from '../worker-url.ts';

/** Given to the thread when it starts. */
export interface TrackerThreadOptions {
  /** Local address of every announce, null: the system's choice. */
  readonly bind: string | null;
}

export interface TrackerOrder {
  readonly job: JobId;
  readonly request: AnnounceRequest;
}

export interface TrackerAnswer {
  readonly job: JobId;
  readonly reply: AnnounceReply;
}

export class TrackerClient {
  #options: TrackerThreadOptions;
  readonly #announced: (job: JobId, reply: AnnounceReply) => void;
  readonly #jobs = new Set<JobId>();
  #worker: Worker | null = null;

  /** `announced` is never called from within `announce`. */
  constructor(options: TrackerThreadOptions, announced: (job: JobId, reply: AnnounceReply) => void) {
    this.#options = options;
    this.#announced = announced;
  }

  announce(job: JobId, request: AnnounceRequest): void {
    this.#jobs.add(job);
    this.#worker ??= this.#start();
    this.#worker.postMessage({ job, request } satisfies TrackerOrder);
  }

  /** Announces leave from another address from now on; those under way are answered as failed. */
  rebind(bind: string | null): void {
    this.#options = { bind };
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    for (const job of this.#jobs) this.#answer(job, { ok: false, reason: 'the local address was changed' });
  }

  async close(): Promise<void> {
    this.#jobs.clear();
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(workerUrl('tracker-thread'), { workerData: this.#options });
    worker.on('message', ({ job, reply }: TrackerAnswer) => this.#answer(job, reply));
    worker.on('error', () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      for (const job of this.#jobs) this.#answer(job, { ok: false, reason: 'the tracker thread failed' });
    });
    worker.unref();
    return worker;
  }

  #answer(job: JobId, reply: AnnounceReply): void {
    if (this.#jobs.delete(job)) this.#announced(job, reply);
  }
}
