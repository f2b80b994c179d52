// The downloading process's side of the channel: answers requests, and pushes what has changed.
//
// Always: a push says only what is new, at most four times a second; nothing is pushed while nothing changes, nor while the UI does not
// take what was sent: it gets the newest state when it does.

import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../failure.ts';
import type { Library } from '../library/library.ts';
import type { LogRing } from '../library/log-ring.ts';
import { detailOf, logDetail } from './detail.ts';
import {
  ALL_TORRENTS,
  type Asked,
  type Detail,
  type Page,
  type Request,
  type Told,
  type TorrentKey,
  type Totals,
} from './protocol.ts';

const PUSH_MS = 250;
/** Details and totals are pushed at every so many pushes. */
const DETAIL_PUSHES = 4;
/** Messages that the UI has not taken before pushes wait. */
const UNTAKEN_MAX = 4;

export interface ServerOptions {
  readonly library: Library;
  /** Of all torrents and the client itself. */
  readonly log: LogRing;
  /** Calls `taken` when the UI's side has the message, or never will. */
  readonly send: (told: Told, taken: () => void) => void;
  readonly totals: () => Omit<Totals, 'downloadBps' | 'uploadBps' | 'connections'>;
  readonly setGlobalLimits: (downloadBps: number, uploadBps: number) => Promise<void>;
}

export class Server {
  readonly #options: ServerOptions;
  readonly #library: Library;
  #watched: { readonly key: TorrentKey; readonly page: Page } | null = null;
  #detail: Detail | null = null;
  #totals: Totals | null = null;
  #untaken = 0;
  #pushes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#library = options.library;
  }

  /** Pushes from now on: first of all every row, then `ready`. */
  start(): void {
    this.#push();
    this.tell({ kind: 'ready' });
    this.#timer = setInterval(() => this.#push(), PUSH_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  tell(told: Told): void {
    this.#untaken += 1;
    this.#options.send(told, () => {
      this.#untaken -= 1;
    });
  }

  /** Answers once, whatever happens. */
  async answer({ id, request }: Asked): Promise<void> {
    let key: TorrentKey | null = null;
    let error: string | null = null;
    try {
      if (request.call === 'add') ({ key, error } = await this.#library.add(request));
      else await this.#carryOut(request);
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      error = thrown.message;
    }
    if (request.call !== 'watch' && request.call !== 'leave') this.#pushRows();
    this.tell({ kind: 'answered', id, error, key });
  }

  async #carryOut(request: Exclude<Request, { readonly call: 'add' }>): Promise<void> {
    const library = this.#library;
    switch (request.call) {
      case 'pause':
        return library.pause(request.key);
      case 'resume':
        return library.resume(request.key);
      case 'recheck':
        return library.recheck(request.key);
      case 'announce':
        return library.announce(request.key);
      case 'remove':
        return library.remove(request.key, request.withData);
      case 'move':
        return library.move(request.key, request.to);
      case 'sequential':
        return library.sequential(request.key, request.on);
      case 'priority':
        return library.priority(request.key, request.files, request.priority);
      case 'limits': {
        const { key, downloadBps, uploadBps } = request;
        if (key === null) return this.#options.setGlobalLimits(downloadBps, uploadBps);
        return library.limits(key, downloadBps, uploadBps);
      }
      case 'relocate':
        return library.relocate(request.key, request.folder);
      case 'overwrite':
        return library.overwrite(request.key);
      case 'watch':
        return this.#watch(request.key, request.page);
      case 'leave':
        return;
    }
  }

  #watch(key: TorrentKey | null, page: Page): void {
    this.#watched = key === null ? null : { key, page };
    this.#detail = null;
    this.#pushDetail();
  }

  #push(): void {
    if (this.#untaken > UNTAKEN_MAX) return;
    this.#pushRows();
    this.#pushes += 1;
    if (this.#pushes % DETAIL_PUSHES !== 1) return;
    this.#pushDetail();
    this.#pushTotals();
  }

  #pushRows(): void {
    const { list, conductor } = this.#library;
    if (!list.anythingTouched) return;
    const { changed, removed } = list.take((torrent) => conductor.summary(torrent));
    if (changed.length > 0 || removed.length > 0) this.tell({ kind: 'rows', changed, removed });
  }

  #pushDetail(): void {
    if (this.#watched === null) return;
    const { key, page } = this.#watched;
    const { list, conductor } = this.#library;
    const torrent = list.get(key);
    let detail: Detail | null = null;
    if (key === ALL_TORRENTS) detail = logDetail(ALL_TORRENTS, this.#options.log);
    else if (torrent !== undefined) detail = detailOf(torrent, page, conductor.session);
    if (detail === null || isDeepStrictEqual(detail, this.#detail)) return;
    this.#detail = detail;
    this.tell({ kind: 'detail', detail });
  }

  #pushTotals(): void {
    const { downloadBps, uploadBps, connections } = this.#library.list.sums;
    const totals: Totals = { downloadBps, uploadBps, connections, ...this.#options.totals() };
    if (isDeepStrictEqual(totals, this.#totals)) return;
    this.#totals = totals;
    this.tell({ kind: 'totals', totals });
  }
}
