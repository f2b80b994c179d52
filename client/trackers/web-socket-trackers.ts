// The WebSocket trackers: one connection for each URL, shared by its torrents. An announce opens it; it is kept open, pinged, opened again
// with back-off when it is lost, and closed when its last torrent has left. A torrent whose announce fails is the engine's again.
//
// Always: every announce is answered once; only peers of torrents that the tracker was asked about are passed on; a redirect is not
// followed, so no tracker sends us to another host; on a local address only what looks like a tracker is asked; certificates are verified; a tracker that floods us is cut off.

import type { LookupAddress } from 'node:dns';
import type { RawData, WebSocket } from 'ws';
import {
  binaryText,
  parseWebSocketMessage,
  webSocketAnnounce,
  webSocketAnswer,
  WEBSOCKET_MESSAGE_BYTES_MAX,
  type AnnounceReply,
  type AnnounceRequest,
  type JobId,
  type SessionAnswer,
  type SessionOffer,
  type TorrentId,
} from '#engine';
import { reasonOf } from '../failure.ts';
import { within } from '../within.ts';
import { isLocalAddress, isTrackerPath, NO_TRACKER } from './local-address.ts';
import { lookupTracker } from './lookup-tracker.ts';
import type { TrackerSignal } from './tracker-client.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const REPLY_TIMEOUT_MS = 20_000;
/** The last word before leaving: nobody waits long for it. */
const STOPPED_TIMEOUT_MS = 3_000;
/** Silent for so long it is pinged; silent for as long again it is gone. */
const PING_INTERVAL_MS = 60_000;
/** The first wait after a connection was lost; it doubles, and a connection that lasted takes it back to this. */
const RECONNECT_FIRST_MS = 2_000;
const RECONNECT_MAX_MS = 600_000;
const LASTING_MS = 60_000;
/** An honest tracker passes on some offers a second for each torrent of a large swarm. */
const MESSAGES_PER_WINDOW_MAX = 1_000;
const WINDOW_MS = 10_000;
/** Announces and answers that the tracker does not read. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;

export interface WebSocketTrackerEvents {
  announced(job: JobId, reply: AnnounceReply): void;
  signalled(signal: TrackerSignal): void;
  /** The tracker is back, and does not know of these any more. */
  forgotten(torrents: readonly TorrentId[]): void;
}

export class WebSocketTrackers {
  readonly #bind: string | null;
  readonly #events: WebSocketTrackerEvents;
  /** By URL; bounded by the trackers of the torrents. */
  readonly #trackers = new Map<string, WebSocketTracker>();

  constructor(bind: string | null, events: WebSocketTrackerEvents) {
    this.#bind = bind;
    this.#events = events;
  }

  announce(job: JobId, request: AnnounceRequest, offers: readonly SessionOffer[]): void {
    const { url } = request;
    let tracker = this.#trackers.get(url);
    if (tracker === undefined) {
      tracker = new WebSocketTracker(url, this.#bind, this.#events, () => this.#trackers.delete(url));
      this.#trackers.set(url, tracker);
    }
    tracker.announce(job, request, offers);
  }

  answer(url: string, answer: SessionAnswer): void {
    this.#trackers.get(url)?.answer(answer);
  }
}

interface Pending {
  readonly infoHash: string;
  readonly text: string;
  readonly timer: NodeJS.Timeout;
  sent: boolean;
}

class WebSocketTracker {
  readonly #url: string;
  readonly #bind: string | null;
  readonly #events: WebSocketTrackerEvents;
  readonly #unused: () => void;
  /** Announces that were not answered, in the order in which they came. */
  readonly #pending = new Map<JobId, Pending>();
  /** The torrents that it was asked about and that have not left, by info-hash. */
  readonly #torrents = new Map<string, TorrentId>();
  /** Null: neither open nor being opened. */
  #socket: WebSocket | null = null;
  #opening = false;
  #openedAt = 0;
  #losses = 0;
  /** The connection was lost: with the next the torrents are to be announced again. */
  #forgotten = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #pingTimer: NodeJS.Timeout | undefined;
  #heardSincePing = true;
  #windowEndsAt = 0;
  #windowMessages = 0;

  /** `unused`: called when nobody needs it any more. */
  constructor(url: string, bind: string | null, events: WebSocketTrackerEvents, unused: () => void) {
    this.#url = url;
    this.#bind = bind;
    this.#events = events;
    this.#unused = unused;
  }

  announce(job: JobId, request: AnnounceRequest, offers: readonly SessionOffer[]): void {
    const infoHash = binaryText(request.infoHash);
    const stopped = request.event === 'stopped';
    if (stopped) this.#torrents.delete(infoHash);
    else this.#torrents.set(infoHash, request.torrent);
    if (stopped && this.#socket === null && !this.#opening) {
      // It forgot us when the connection ended.
      this.#events.announced(job, { ok: false, reason: 'not connected' });
      this.#endIfUnused();
      return;
    }
    const giveUp = () => {
      this.#answer(job, { ok: false, reason: 'the tracker does not answer' });
      this.#endIfUnused();
    };
    const timer = setTimeout(giveUp, stopped ? STOPPED_TIMEOUT_MS : CONNECT_TIMEOUT_MS + REPLY_TIMEOUT_MS);
    this.#pending.set(job, { infoHash, text: webSocketAnnounce(request, offers), timer, sent: false });
    if (this.#socket !== null) this.#sendPending();
    else if (!this.#opening) void this.#open();
  }

  answer(answer: SessionAnswer): void {
    this.#send(webSocketAnswer(answer));
  }

  async #open(): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#opening = true;
    try {
      const url = new URL(this.#url);
      const [found] = await within(CONNECT_TIMEOUT_MS, lookupTracker(url.hostname, this.#bind));
      const { address } = found as LookupAddress;
      // A bare host is how many of these trackers are addressed, and a request for it presses no button.
      const bare = url.pathname === '/' && url.search === '';
      if (isLocalAddress(address) && !bare && !isTrackerPath(url.pathname)) throw new Error(NO_TRACKER);
      await this.#connect(found as LookupAddress);
    } catch (error) {
      this.#lost(reasonOf(error));
    }
  }

  /** Resolves when the socket is open. */
  async #connect({ address, family }: LookupAddress): Promise<void> {
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(this.#url, {
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      followRedirects: false,
      perMessageDeflate: false,
      maxPayload: WEBSOCKET_MESSAGE_BYTES_MAX,
      headers: { 'user-agent': 'Starling/0.1.0' },
      lookup: (_name, { all }, done) => {
        if (all === true) done(null, [{ address, family }]);
        else done(null, address, family);
      },
      ...(this.#bind === null ? {} : { localAddress: this.#bind }),
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => socket.terminate(), CONNECT_TIMEOUT_MS);
      let reason: unknown = new Error('the tracker closed the connection');
      socket.on('error', (error) => {
        reason = error;
      });
      socket.on('close', () => {
        clearTimeout(timer);
        reject(reason as Error);
        if (this.#socket === socket) this.#lost(reasonOf(reason));
      });
      socket.on('open', () => {
        clearTimeout(timer);
        this.#opened(socket);
        resolve();
      });
      socket.on('message', (data) => this.#received(data));
      socket.on('pong', () => {
        this.#heardSincePing = true;
      });
      socket.on('ping', () => {
        this.#heardSincePing = true;
      });
    });
  }

  #opened(socket: WebSocket): void {
    this.#opening = false;
    this.#socket = socket;
    this.#openedAt = performance.now();
    this.#heardSincePing = true;
    this.#pingTimer = setInterval(() => this.#ping(), PING_INTERVAL_MS);
    this.#sendPending();
    if (this.#forgotten) this.#reportForgotten();
    this.#endIfUnused();
  }

  #reportForgotten(): void {
    this.#forgotten = false;
    const announced = new Set([...this.#pending.values()].map(({ infoHash }) => infoHash));
    const silent = [...this.#torrents].filter(([infoHash]) => !announced.has(infoHash));
    if (silent.length > 0) this.#events.forgotten(silent.map(([, torrent]) => torrent));
  }

  #ping(): void {
    if (!this.#heardSincePing) {
      this.#socket?.terminate();
      return;
    }
    this.#heardSincePing = false;
    this.#socket?.ping();
  }

  /** It could not be opened, or is open no more. */
  #lost(reason: string): void {
    clearInterval(this.#pingTimer);
    if (this.#socket !== null) this.#forgotten = true;
    if (this.#socket !== null && performance.now() - this.#openedAt >= LASTING_MS) this.#losses = 0;
    this.#socket = null;
    this.#opening = false;
    for (const job of this.#pending.keys()) this.#answer(job, { ok: false, reason });
    if (this.#endIfUnused()) return;
    const wait = Math.min(RECONNECT_FIRST_MS * 2 ** Math.min(this.#losses, 20), RECONNECT_MAX_MS);
    this.#losses += 1;
    // Apart from all the others who lost the same tracker.
    this.#retryTimer = setTimeout(() => void this.#open(), wait * (1 + Math.random())).unref();
  }

  #received(data: RawData): void {
    this.#heardSincePing = true;
    if (this.#floods()) {
      this.#socket?.terminate();
      return;
    }
    const message = parseWebSocketMessage((data as Buffer).toString());
    if (message === null) return;
    const infoHash = message.infoHash === null ? null : binaryText(message.infoHash);
    if (message.kind === 'reply') {
      this.#replied(infoHash, message.reply);
      return;
    }
    const torrent = this.#torrents.get(infoHash as string);
    if (torrent !== undefined) this.#events.signalled({ url: this.#url, torrent, message });
  }

  #floods(): boolean {
    const at = performance.now();
    if (at >= this.#windowEndsAt) {
      this.#windowEndsAt = at + WINDOW_MS;
      this.#windowMessages = 0;
    }
    this.#windowMessages += 1;
    return this.#windowMessages > MESSAGES_PER_WINDOW_MAX;
  }

  /** A reply names no announce: it answers the oldest of its torrent, and one that names no torrent the oldest of all. */
  #replied(infoHash: string | null, reply: AnnounceReply): void {
    for (const [job, pending] of this.#pending) {
      if (!pending.sent || (infoHash !== null && pending.infoHash !== infoHash)) continue;
      this.#answer(job, reply);
      this.#endIfUnused();
      return;
    }
  }

  #answer(job: JobId, reply: AnnounceReply): void {
    const pending = this.#pending.get(job);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    this.#pending.delete(job);
    if (!reply.ok) this.#torrents.delete(pending.infoHash);
    this.#events.announced(job, reply);
  }

  #sendPending(): void {
    for (const pending of this.#pending.values()) {
      if (pending.sent) continue;
      pending.sent = true;
      this.#send(pending.text);
    }
  }

  #send(text: string): void {
    if (this.#socket === null) return;
    this.#socket.send(text, () => undefined);
    if (this.#socket.bufferedAmount > UNSENT_BYTES_MAX) this.#socket.terminate();
  }

  /** Nobody is there any more: the connection ends. */
  #endIfUnused(): boolean {
    if (this.#torrents.size > 0 || this.#pending.size > 0 || this.#opening) return false;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pingTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#unused();
    return true;
  }
}
