// The engine's side of the tracker thread: starts it with the first request and hands requests and replies over.
//
// Always: every request is answered once; a thread that dies answers what it had as failed, and the next request starts another.

import { Worker } from 'node:worker_threads';
import type {
  AnnounceReply,
  AnnounceRequest,
  JobId,
  ScrapeReply,
  ScrapeRequest,
  SessionAnswer,
  SessionOffer,
  TorrentId,
  WebSocketMessage,
} from '#engine';
import { workerUrl } from '../worker-url.ts';

/** Given to the thread when it starts. */
export interface TrackerThreadOptions {
  /** Local address of every request, null: the system's choice. */
  readonly bind: string | null;
}

export type TrackerOrder =
  /** `offers`: for a WebSocket tracker. */
  | {
      readonly kind: 'announce';
      readonly job: JobId;
      readonly request: AnnounceRequest;
      readonly offers: readonly SessionOffer[];
    }
  | { readonly kind: 'scrape'; readonly job: JobId; readonly request: ScrapeRequest }
  | { readonly kind: 'answer'; readonly url: string; readonly answer: SessionAnswer };

/** A peer's offer, or its answer to ours, as the tracker at `url` passed it on. */
export interface TrackerSignal {
  readonly url: string;
  readonly torrent: TorrentId;
  readonly message: Extract<WebSocketMessage, { readonly kind: 'offer' | 'answer' }>;
}

export type TrackerAnswer =
  | { readonly kind: 'announced'; readonly job: JobId; readonly reply: AnnounceReply }
  | { readonly kind: 'scraped'; readonly job: JobId; readonly reply: ScrapeReply }
  | { readonly kind: 'signal'; readonly signal: TrackerSignal }
  /** A WebSocket tracker that was lost is back, and knows nothing of these torrents. */
  | { readonly kind: 'forgotten'; readonly torrents: readonly TorrentId[] };

/** None is called from within a call of the client. */
export interface TrackerListener {
  announced(job: JobId, reply: AnnounceReply): void;
  scraped(job: JobId, reply: ScrapeReply): void;
  signalled(signal: TrackerSignal): void;
  /** A tracker does not know of `torrent` any more: it wants another announce. */
  forgotten(torrent: TorrentId): void;
}

export class TrackerClient {
  #options: TrackerThreadOptions;
  readonly #listener: TrackerListener;
  readonly #jobs = new Map<JobId, 'announced' | 'scraped'>();
  #worker: Worker | null = null;

  constructor(options: TrackerThreadOptions, listener: TrackerListener) {
    this.#options = options;
    this.#listener = listener;
  }

  announce(job: JobId, request: AnnounceRequest, offers: readonly SessionOffer[] = []): void {
    this.#jobs.set(job, 'announced');
    this.#order({ kind: 'announce', job, request, offers });
  }

  scrape(job: JobId, request: ScrapeRequest): void {
    this.#jobs.set(job, 'scraped');
    this.#order({ kind: 'scrape', job, request });
  }

  /** Sends an answer to an offer that the tracker at `url` passed on; it may be lost. */
  answer(url: string, answer: SessionAnswer): void {
    this.#worker?.postMessage({ kind: 'answer', url, answer } satisfies TrackerOrder);
  }

  /** Announces leave from another address from now on; those under way are answered as failed. WebSocket trackers forget us. */
  rebind(bind: string | null): void {
    this.#options = { bind };
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    this.#answerAll('the local address was changed');
  }

  async close(): Promise<void> {
    this.#jobs.clear();
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #answerAll(reason: string): void {
    for (const [job, kind] of this.#jobs) this.#heard({ kind, job, reply: { ok: false, reason } });
  }

  #order(order: TrackerOrder): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(order);
  }

  #start(): Worker {
    const worker = new Worker(workerUrl('tracker-thread'), { workerData: this.#options });
    worker.on('message', (answer: TrackerAnswer) => this.#heard(answer));
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#answerAll('the tracker thread failed');
    });
    worker.unref();
    return worker;
  }

  #heard(answer: TrackerAnswer): void {
    switch (answer.kind) {
      case 'announced':
        if (this.#jobs.delete(answer.job)) this.#listener.announced(answer.job, answer.reply);
        return;
      case 'scraped':
        if (this.#jobs.delete(answer.job)) this.#listener.scraped(answer.job, answer.reply);
        return;
      case 'signal':
        this.#listener.signalled(answer.signal);
        return;
      case 'forgotten':
        for (const torrent of answer.torrents) this.#listener.forgotten(torrent);
        return;
    }
  }
}
