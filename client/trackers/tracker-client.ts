// The engine's side of the tracker thread: starts it with the first announce and hands requests and replies over.
//
// Always: every announce is answered once; a thread that dies answers what it had as failed, and the next announce starts another.

import { Worker } from 'node:worker_threads';
import type {
  AnnounceReply,
  AnnounceRequest,
  JobId,
  SessionAnswer,
  SessionOffer,
  TorrentId,
  WebSocketMessage,
} from '#engine';
import { workerUrl } from '../worker-url.ts';

/** Given to the thread when it starts. */
export interface TrackerThreadOptions {
  /** Local address of every announce, null: the system's choice. */
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
  | { readonly kind: 'answer'; readonly url: string; readonly answer: SessionAnswer };

/** A peer's offer, or its answer to ours, as the tracker at `url` passed it on. */
export interface TrackerSignal {
  readonly url: string;
  readonly torrent: TorrentId;
  readonly message: Extract<WebSocketMessage, { readonly kind: 'offer' | 'answer' }>;
}

export type TrackerAnswer =
  | { readonly kind: 'announced'; readonly job: JobId; readonly reply: AnnounceReply }
  | { readonly kind: 'signal'; readonly signal: TrackerSignal }
  /** A WebSocket tracker that was lost is back, and knows nothing of these torrents. */
  | { readonly kind: 'forgotten'; readonly torrents: readonly TorrentId[] };

/** None is called from within a call of the client. */
export interface TrackerEvents {
  announced(job: JobId, reply: AnnounceReply): void;
  signalled(signal: TrackerSignal): void;
  /** A tracker does not know of `torrent` any more: it wants another announce. */
  forgotten(torrent: TorrentId): void;
}

export class TrackerClient {
  readonly #options: TrackerThreadOptions;
  readonly #events: TrackerEvents;
  readonly #jobs = new Set<JobId>();
  #worker: Worker | null = null;

  constructor(options: TrackerThreadOptions, events: TrackerEvents) {
    this.#options = options;
    this.#events = events;
  }

  announce(job: JobId, request: AnnounceRequest, offers: readonly SessionOffer[] = []): void {
    this.#jobs.add(job);
    this.#worker ??= this.#start();
    this.#worker.postMessage({ kind: 'announce', job, request, offers } satisfies TrackerOrder);
  }

  /** Sends an answer to an offer that the tracker at `url` passed on; it may be lost. */
  answer(url: string, answer: SessionAnswer): void {
    this.#worker?.postMessage({ kind: 'answer', url, answer } satisfies TrackerOrder);
  }

  async close(): Promise<void> {
    this.#jobs.clear();
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(workerUrl('tracker-thread'), { workerData: this.#options });
    worker.on('message', (answer: TrackerAnswer) => this.#heard(answer));
    worker.on('error', () => {
      this.#worker = null;
      for (const job of this.#jobs) this.#answer(job, { ok: false, reason: 'the tracker thread failed' });
    });
    worker.unref();
    return worker;
  }

  #heard(answer: TrackerAnswer): void {
    switch (answer.kind) {
      case 'announced':
        this.#answer(answer.job, answer.reply);
        return;
      case 'signal':
        this.#events.signalled(answer.signal);
        return;
      case 'forgotten':
        for (const torrent of answer.torrents) this.#events.forgotten(torrent);
        return;
    }
  }

  #answer(job: JobId, reply: AnnounceReply): void {
    if (this.#jobs.delete(job)) this.#events.announced(job, reply);
  }
}
