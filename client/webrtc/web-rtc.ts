// The peers that WebSocket trackers introduce: makes our offers, answers theirs, and carries the data channels. Signalling goes through the
// tracker thread; the connections live here, on the engine's thread, as their bytes belong to it, while ICE, DTLS and SCTP run on threads of
// the package's own.
//
// Always: the package is loaded with the first announce to a WebSocket tracker, and where it does not load, that announce fails and nothing
// else does; every offer that is made is answered for in `Introductions`; `close` ends every link.

import { randomBytes } from 'node:crypto';
import {
  binaryText,
  type AnnounceReply,
  type AnnounceRequest,
  type ConnId,
  type DisconnectReason,
  type JobId,
  type PeerAddress,
  type SessionAnswer,
  type SessionOffer,
  type TorrentId,
} from '#engine';
import type { DataChannel } from 'node-datachannel';
import { millisecondsUntil, now } from '../clock.ts';
import { reasonOf } from '../failure.ts';
import type { ConnectionEvents, Link } from '../net/connection.ts';
import type { TrackerSignal } from '../trackers/tracker-client.ts';
import { ChannelConnection, type OpenChannel } from './channel-connection.ts';
import { Introductions, type LinkId, type ReceivedOffer } from './introductions.ts';
import { PeerLink, type PeerLinkOptions, type WebRtcBinding } from './peer-link.ts';

const OFFER_ID_BYTES = 20;

interface AskedTorrent {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** Ours in this torrent, 20 bytes. */
  readonly peerId: Uint8Array;
}

export interface WebRtcOptions {
  /** Local address of every connection, null: every address of the machine. */
  readonly bind: string | null;
  /** STUN and TURN servers; asked for each new connection. */
  readonly iceServers: () => readonly string[];
  /** Loads the package. */
  readonly load?: () => Promise<WebRtcBinding>;
}

/** Where the answers go; none is called from within a drain. */
export interface WebRtcEvents {
  announce(job: JobId, request: AnnounceRequest, offers: readonly SessionOffer[]): void;
  answer(url: string, answer: SessionAnswer): void;
  announced(job: JobId, reply: AnnounceReply): void;
  introduced(torrent: TorrentId, peerId: Uint8Array): void;
  stands(conn: ConnId, link: Link, outgoing: boolean): void;
  failed(conn: ConnId, why: DisconnectReason): void;
  /** Of the connections that stand. */
  readonly connections: ConnectionEvents;
}

export class WebRtc {
  /** Of what is connected from now on. */
  bind: string | null;
  readonly #options: WebRtcOptions;
  readonly #events: WebRtcEvents;
  readonly #introductions: Introductions;
  /** Those that are not open yet, and those of the connections that stand. */
  readonly #links = new Map<LinkId, PeerLink>();
  readonly #connections = new Map<LinkId, ChannelConnection>();
  /** The torrents that a WebSocket tracker was asked about. */
  readonly #torrents = new Map<TorrentId, AskedTorrent>();
  /** Dials whose failure is about to be said. */
  readonly #failing = new Set<ConnId>();
  #loading: Promise<WebRtcBinding> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: WebRtcOptions, events: WebRtcEvents) {
    this.#options = options;
    this.bind = options.bind;
    this.#events = events;
    this.#introductions = new Introductions({
      introduced: (torrent, peerId) => events.introduced(torrent, peerId),
      finish: (link, sdp) => this.#links.get(link)?.accept(sdp),
      answer: (link, offer) => void this.#answer(link, offer),
      drop: (link) => this.#drop(link),
      failed: (conn, why) => this.#failed(conn, why),
    });
  }

  /** Makes offers where the announce wants peers, then announces. */
  announce(job: JobId, request: AnnounceRequest): void {
    void this.#announce(job, request).catch((error: unknown) => {
      this.#events.announced(job, { ok: false, reason: reasonOf(error) });
    });
  }

  /** What a tracker passed on. */
  signalled({ url, torrent, message }: TrackerSignal): void {
    const ownId = this.#torrents.get(torrent)?.peerId;
    if (ownId === undefined || this.#closed) return;
    const { peerId, offerId, sdp } = message;
    if (message.kind === 'offer')
      this.#introductions.offerReceived(now(), { torrent, peerId, ownId, url, offerId, sdp });
    else this.#introductions.answerReceived(now(), { torrent, peerId, offerId, sdp });
    this.#arm();
  }

  dial(conn: ConnId, { host }: PeerAddress, torrent: TorrentId): void {
    this.#introductions.dialled(now(), conn, torrent, host);
    this.#arm();
  }

  abort(conn: ConnId): void {
    this.#failing.delete(conn);
    this.#introductions.aborted(conn);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#connections.clear();
  }

  async #announce(job: JobId, request: AnnounceRequest): Promise<void> {
    const { torrent, event, infoHash, peerId, numwant } = request;
    if (event === 'stopped') {
      this.#torrents.delete(torrent);
      this.#introductions.torrentLeft(torrent);
      this.#events.announce(job, request, []);
      return;
    }
    const binding = await this.#load();
    if (this.#closed) return;
    const asked = { infoHash, peerId };
    this.#torrents.set(torrent, asked);
    // Who has everything is found by those who have not: `completed` brings no new need (WebTorrent offers none then either).
    const wanted = event === 'completed' ? 0 : this.#introductions.room(numwant);
    const failures: unknown[] = [];
    const make = () => this.#offer(binding, torrent, peerId).catch((error: unknown) => void failures.push(error));
    const made = (await Promise.all(Array.from({ length: wanted }, make))).filter((offer) => offer !== undefined);
    if (this.#closed) return;
    // A tracker that was told `stopped` meanwhile would count us again.
    if (this.#torrents.get(torrent) !== asked) throw new Error('the torrent was left meanwhile');
    if (wanted > 0 && made.length === 0) throw failures[0];
    this.#events.announce(job, request, made);
  }

  #load(): Promise<WebRtcBinding> {
    const load = this.#options.load ?? (() => import('node-datachannel'));
    this.#loading ??= load().catch((error: unknown) => {
      throw new Error(`WebRTC does not work on this system: ${reasonOf(error)}`);
    });
    return this.#loading;
  }

  /** One more offer. */
  async #offer(binding: WebRtcBinding, torrent: TorrentId, ownId: Uint8Array): Promise<SessionOffer> {
    const id = this.#introductions.newLink();
    const offerId = binaryText(randomBytes(OFFER_ID_BYTES));
    this.#introductions.offerMade(now(), { torrent, ownId, offerId, link: id });
    this.#arm();
    try {
      return { offerId, sdp: await this.#makeLink(id, binding).offer() };
    } catch (error) {
      this.#linkEnded(id);
      throw error;
    }
  }

  async #answer(id: LinkId, { torrent, peerId, url, offerId, sdp }: ReceivedOffer): Promise<void> {
    try {
      const binding = await this.#load();
      const answer = await this.#makeLink(id, binding).answer(sdp);
      const asked = this.#torrents.get(torrent);
      if (asked !== undefined) this.#events.answer(url, { ...asked, toPeerId: peerId, offerId, sdp: answer });
    } catch {
      this.#linkEnded(id);
    }
  }

  #makeLink(id: LinkId, binding: WebRtcBinding): PeerLink {
    const options: PeerLinkOptions = { binding, bind: this.bind, iceServers: this.#options.iceServers() };
    const link = new PeerLink(options, {
      opened: (channel) => this.#opened(id, link, channel),
      ended: () => this.#linkEnded(id),
    });
    this.#links.set(id, link);
    return link;
  }

  #opened(id: LinkId, link: PeerLink, channel: DataChannel): void {
    const dial = this.#introductions.opened(id);
    if (dial === null) {
      this.#drop(id);
      return;
    }
    const hangUp = () => {
      this.#connections.delete(id);
      this.#links.delete(id);
      link.close();
    };
    const receive: OpenChannel['receive'] = (receiver) => link.receive(receiver);
    const connection = new ChannelConnection(dial.conn, { channel, receive, hangUp }, this.#events.connections);
    this.#connections.set(id, connection);
    this.#events.stands(dial.conn, connection, dial.outgoing);
  }

  #linkEnded(id: LinkId): void {
    this.#drop(id);
    const connection = this.#connections.get(id);
    if (connection === undefined) this.#introductions.linkFailed(id);
    else connection.ended();
  }

  /** The engine is never told from within the drain in which it dialled, and not of a dial that it gave up. */
  #failed(conn: ConnId, why: DisconnectReason): void {
    this.#failing.add(conn);
    setImmediate(() => {
      if (this.#failing.delete(conn) && !this.#closed) this.#events.failed(conn, why);
    });
  }

  #drop(id: LinkId): void {
    this.#links.get(id)?.close();
    this.#links.delete(id);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#introductions.nextTimeout();
    if (next === null || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#introductions.tick(now());
      this.#arm();
    }, millisecondsUntil(next));
    this.#timer.unref();
  }
}
