// The engine's side of the tracker thread: starts it with the first request and hands requests and replies over.
//
// Always: every request is answered once; a thread that dies answers what it had as failed, and the next request starts another.

import { Worker } from 'node:worker_threads';
import type { AnnounceReply, AnnounceRequest, JobId, ScrapeReply, ScrapeRequest } from '#engine';
import { workerUrl } from '../worker-url.ts';

/** Given to the thread when it starts. */
export interface TrackerThreadOptions {
  /** Local address of every request, null: the system's choice. */
  readonly bind: string | null;
}

export type TrackerOrder =
  | { readonly kind: 'announce'; readonly job: JobId; readonly request: AnnounceRequest }
  | { readonly kind: 'scrape'; readonly job: JobId; readonly request: ScrapeRequest };

export type TrackerAnswer =
  | { readonly kind: 'announced'; readonly job: JobId; readonly reply: AnnounceReply }
  | { readonly kind: 'scraped'; readonly job: JobId; readonly reply: ScrapeReply };

/** Never called from within `announce` or `scrape`. */
export interface TrackerListener {
  announced(job: JobId, reply: AnnounceReply): void;
  scraped(job: JobId, reply: ScrapeReply): void;
}

export class TrackerClient {
  #options: TrackerThreadOptions;
  readonly #listener: TrackerListener;
  readonly #jobs = new Map<JobId, TrackerOrder['kind']>();
  #worker: Worker | null = null;

  constructor(options: TrackerThreadOptions, listener: TrackerListener) {
    this.#options = options;
    this.#listener = listener;
  }

  announce(job: JobId, request: AnnounceRequest): void {
    this.#order({ kind: 'announce', job, request });
  }

  scrape(job: JobId, request: ScrapeRequest): void {
    this.#order({ kind: 'scrape', job, request });
  }

  /** Announces leave from another address from now on; those under way are answered as failed. */
  rebind(bind: string | null): void {
    this.#options = { bind };
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    this.#answerAll('the local address was changed');
  }

  async close(): Promise<void> {
    this.#jobs.clear();
    await this.#worker?.terminate();
  }

  #answerAll(reason: string): void {
    for (const [job, kind] of this.#jobs)
      this.#answer({ kind: kind === 'announce' ? 'announced' : 'scraped', job, reply: { ok: false, reason } });
  }

  #order(order: TrackerOrder): void {
    this.#jobs.set(order.job, order.kind);
    this.#worker ??= this.#start();
    this.#worker.postMessage(order);
  }

  #start(): Worker {
    const worker = new Worker(workerUrl('tracker-thread'), { workerData: this.#options });
    worker.on('message', (answer: TrackerAnswer) => this.#answer(answer));
    worker.on('error', () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#answerAll('the tracker thread failed');
    });
    worker.unref();
    return worker;
  }

  #answer(answer: TrackerAnswer): void {
    if (!this.#jobs.delete(answer.job)) return;
    if (answer.kind === 'announced') this.#listener.announced(answer.job, answer.reply);
    else this.#listener.scraped(answer.job, answer.reply);
  }
}
