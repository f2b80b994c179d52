// Drives one engine with the real world: sockets, disk, hashing, trackers, resume files, one timer.
//
// Always: inputs are gathered until the loop comes round, then drained once; every job that the engine hands out is answered once; the
// engine is never called from within its own drain. A throw out of the engine is our own bug and is left to end the process.

import type {
  AddMagnet,
  AnnounceReply,
  AnnounceRequest,
  AddTorrent,
  AddError,
  Command,
  CommandError,
  ConnId,
  DiskFault,
  DisconnectReason,
  Engine,
  EventName,
  Instant,
  JobId,
  Metainfo,
  OpenedTorrent,
  Payload,
  PeerAddress,
  PeerStatus,
  PieceMap,
  RandomStream,
  Result,
  ResumeData,
  Settings,
  Sink,
  TorrentId,
  TorrentStatus,
  TorrentSummary,
  TrackerStatus,
} from '#engine';
import { BLOCK_LENGTH_BYTES, createEngine, introducedPeer, isWebSocketUrl } from '#engine';
import type { Server, Socket } from 'node:net';
import { millisecondsUntil, now } from './clock.ts';
import { diskFault } from './disk/disk-fault.ts';
import { Disk, type DiskAnswers } from './disk/disk.ts';
import type { Storage } from './disk/storage.ts';
import { listen, type Listening } from './net/listener.ts';
import { NetworkWatch } from './net/network-watch.ts';
import { Transport, type TransportEvents } from './net/transport.ts';
import { OneAtATime } from './one-at-a-time.ts';
import type { ResumeStore } from './resume-store.ts';
import { TrackerClient } from './trackers/tracker-client.ts';
import { WebRtc } from './webrtc/web-rtc.ts';

/** Inputs answered from memory inside one turn of the loop before others get theirs. */
const ROUNDS_PER_TURN_MAX = 16;

export interface SessionOptions {
  readonly settings: Settings;
  readonly random: RandomStream;
  /** Takes the new engine; the session drives what comes back. */
  readonly record: (engine: Engine) => Engine;
  /** Local address of everything, null: the system's choice; see `rebind`. */
  readonly bind: string | null;
  /** STUN and TURN servers for WebRTC (see `isIceServer`); asked for each new connection. */
  readonly iceServers: () => readonly string[];
  readonly resumeStore: ResumeStore;
  /** Called inside a drain: must not call the session back. */
  readonly onEvent: (name: EventName, torrent: TorrentId, a: number, b: number) => void;
  /** Why the engine closed a connection; may hold untrusted text. Called inside a drain. */
  readonly onClose: (conn: ConnId, why: string) => void;
  /** Called after each drain, when the session may be called again. */
  readonly afterDrain: () => void;
}

export interface AddOptions extends Omit<AddTorrent, 'metainfo' | 'resume'> {
  readonly metainfo: Metainfo;
  readonly storage: Storage;
  readonly resume: ResumeData | null;
}

/** Opens a torrent whose metadata is known now. */
export type OpenTorrent = (
  metainfo: Metainfo,
) => Promise<{ readonly storage: Storage; readonly resume: ResumeData | null }>;

export class Session implements TransportEvents, DiskAnswers {
  readonly #engine: Engine;
  readonly #options: SessionOptions;
  readonly #transport: Transport;
  readonly #disk: Disk;
  readonly #trackers: TrackerClient;
  readonly #webRtc: WebRtc;
  readonly #roots = new Map<TorrentId, string>();
  readonly #removals = new Map<TorrentId, () => void>();
  /** Of torrents that were added without metadata. */
  readonly #opens = new Map<TorrentId, OpenTorrent>();
  readonly #sink: Sink;
  /** Blocks found in memory while the engine was draining, to be handed in after it. */
  #readBlocks: { readonly job: JobId; readonly block: Uint8Array | null }[] = [];
  #draining = false;
  #turnScheduled = false;
  #closed = false;
  /** Nobody is let in any more. */
  #leaving = false;
  #server: Server | null = null;
  readonly #listens = new OneAtATime();
  readonly #networkWatch = new NetworkWatch({
    addressesLost: (addresses) => this.#transport.endFrom(addresses),
    addressesFound: () => this.command({ kind: 'networkChanged', lost: false }),
    slept: () => this.command({ kind: 'networkChanged', lost: true }),
  });
  #timer: NodeJS.Timeout | undefined;
  #timerAt: Instant = 0;
  #stoppedListener: (() => void) | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { random, settings } = options;
    const engine = createEngine({ random, settings, allocateBlock: () => new Uint8Array(BLOCK_LENGTH_BYTES) });
    this.#engine = options.record(engine);
    this.#webRtc = this.#makeWebRtc();
    this.#transport = new Transport(this, this.#webRtc, options.bind);
    this.#disk = new Disk(this);
    this.#trackers = new TrackerClient(
      { bind: options.bind },
      {
        announced: (job, reply) => this.#announced(job, reply),
        scraped: (job, reply) => {
          this.#engine.scraped(now(), job, reply);
          this.#scheduleTurn();
        },
        signalled: (signal) => this.#webRtc.signalled(signal),
        forgotten: (torrent) => this.command({ kind: 'announceNow', torrent }),
      },
    );
    this.#sink = this.#makeSink();
  }

  /** Listens and tells the engine; where it listened before, it no longer does, also when this fails. Calls are carried out one after the
   *  other. Throws `Failure`. */
  listen(ports: readonly number[]): Promise<Omit<Listening, 'server'>> {
    return this.#listens.run(() => this.#listen(ports));
  }

  async #listen(ports: readonly number[]): Promise<Omit<Listening, 'server'>> {
    const accepted = (socket: Socket) => this.#transport.accept(socket);
    this.#networkWatch.start();
    // Before the next begins: a port that is held at every address cannot be had at one.
    this.#stopListening();
    const { server, port, refusal } = await listen({ ports, bind: this.#transport.bind, accepted });
    this.#server = server;
    if (this.#leaving) this.#stopListening();
    else this.command({ kind: 'listening', port });
    return { port, refusal };
  }

  #stopListening(): void {
    this.#server?.close();
    this.#server = null;
  }

  /** Everything goes through another local address from now on; what is connected is ended. `listen` must follow. */
  rebind(bind: string | null): void {
    this.#transport.bind = bind;
    this.#webRtc.bind = bind;
    this.#trackers.rebind(bind);
    this.command({ kind: 'networkChanged', lost: true });
  }

  /** Starts a torrent on an open storage, which is the session's from then on. */
  add({ storage, ...options }: AddOptions): Result<TorrentId, AddError> {
    const added = this.#engine.add(now(), options);
    if (added.ok) {
      this.#disk.open(added.value, storage);
      this.#roots.set(added.value, storage.root);
      this.#scheduleTurn();
    }
    return added;
  }

  /** Starts a torrent whose metadata is not known yet. `open`: called when it is; keeps it and opens the storage, or throws the system's error. */
  addMagnet(options: AddMagnet, open: OpenTorrent): Result<TorrentId, AddError> {
    const added = this.#engine.add(now(), options);
    if (added.ok) {
      this.#opens.set(added.value, open);
      this.#scheduleTurn();
    }
    return added;
  }

  command(command: Command): Result<null, CommandError> {
    const result = this.#engine.command(now(), command);
    this.#scheduleTurn();
    return result;
  }

  /** Ends a torrent that is here; its content and resume data stay. Resolves when the trackers were told and its files are closed: the id
   *  is free then. */
  remove(torrent: TorrentId): Promise<void> {
    return new Promise((resolve) => {
      this.#removals.set(torrent, resolve);
      this.command({ kind: 'remove', torrent });
    });
  }

  status(torrent: TorrentId): TorrentStatus | null {
    return this.#engine.status(torrent);
  }

  /** `index`: as events name it. */
  tracker(torrent: TorrentId, index: number): TrackerStatus | undefined {
    return this.status(torrent)?.trackers.find((tracker) => tracker.index === index);
  }

  summary(torrent: TorrentId): TorrentSummary | null {
    return this.#engine.summary(torrent);
  }

  peers(torrent: TorrentId): readonly PeerStatus[] {
    return this.#engine.peers(torrent);
  }

  pieceMap(torrent: TorrentId): PieceMap | null {
    return this.#engine.pieceMap(torrent);
  }

  /** Leaves gracefully: flushes, saves, says `stopped`. True when the engine did all of it within `timeoutMs`. `close` must follow. */
  stop(timeoutMs: number): Promise<boolean> {
    this.#leaving = true;
    this.#stopListening();
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#stoppedListener = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.command({ kind: 'shutdown' });
    });
  }

  /** Ends every connection, file, thread and timer, as they are. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#leaving = true;
    clearTimeout(this.#timer);
    this.#stopListening();
    this.#networkWatch.stop();
    this.#transport.closeAll();
    this.#webRtc.close();
    await Promise.all([this.#disk.close(), this.#trackers.close()]);
  }

  connected(conn: ConnId, address: PeerAddress, outgoing: boolean): void {
    this.#engine.connected(now(), conn, address, outgoing);
    this.#scheduleTurn();
  }

  received(conn: ConnId, chunk: Uint8Array): void {
    this.#engine.received(now(), conn, chunk);
    this.#scheduleTurn();
  }

  writable(conn: ConnId): void {
    this.#engine.writable(now(), conn);
    this.#scheduleTurn();
  }

  disconnected(conn: ConnId, why: DisconnectReason): void {
    if (this.#closed) return;
    this.#engine.disconnected(now(), conn, why);
    this.#scheduleTurn();
  }

  released(block: Uint8Array): void {
    this.#disk.release(block);
  }

  blockRead(job: JobId, block: Uint8Array | null): void {
    if (this.#draining) {
      this.#readBlocks.push({ job, block });
      return;
    }
    this.#engine.blockRead(now(), job, block);
    this.#scheduleTurn();
  }

  pieceHashed(job: JobId, digest: Uint8Array | null): void {
    this.#engine.pieceHashed(now(), job, digest);
    this.#scheduleTurn();
  }

  blocksHashed(job: JobId, digests: Uint8Array | null): void {
    this.#engine.blocksHashed(now(), job, digests);
    this.#scheduleTurn();
  }

  blocksWritten(job: JobId, fault: DiskFault | null): void {
    this.#engine.blocksWritten(now(), job, fault);
    this.#scheduleTurn();
  }

  synced(job: JobId, fault: DiskFault | null): void {
    this.#engine.synced(now(), job, fault);
    this.#scheduleTurn();
  }

  piecesChecked(job: JobId, digests: readonly (Uint8Array | null)[]): void {
    this.#engine.piecesChecked(now(), job, digests);
    this.#scheduleTurn();
  }

  #announced(job: JobId, reply: AnnounceReply): void {
    if (this.#closed) return;
    this.#engine.announced(now(), job, reply);
    this.#scheduleTurn();
  }

  #makeWebRtc(): WebRtc {
    const { bind, iceServers } = this.#options;
    return new WebRtc(
      { bind, iceServers },
      {
        announce: (job, request, offers) => this.#trackers.announce(job, request, offers),
        answer: (url, answer) => this.#trackers.answer(url, answer),
        announced: (job, reply) => this.#announced(job, reply),
        introduced: (torrent, peerId) => this.command({ kind: 'addPeers', torrent, peers: [introducedPeer(peerId)] }),
        stands: (conn, link, outgoing) => this.#transport.stands(conn, link, outgoing),
        failed: (conn, why) => this.#transport.failed(conn, why),
        connections: {
          chunk: (conn, chunk) => this.#transport.chunk(conn, chunk),
          flushed: (conn) => this.#transport.flushed(conn),
          ended: (conn, why) => this.#transport.ended(conn, why),
          released: (block) => this.released(block),
        },
      },
    );
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled || this.#closed) return;
    this.#turnScheduled = true;
    setImmediate(() => {
      this.#turnScheduled = false;
      if (!this.#closed) this.#turn();
    });
  }

  #turn(): void {
    for (let round = 0; round < ROUNDS_PER_TURN_MAX; round += 1) {
      this.#drain();
      const blocks = this.#readBlocks;
      if (blocks.length === 0) break;
      this.#readBlocks = [];
      const at = now();
      for (const { job, block } of blocks) this.#engine.blockRead(at, job, block);
      if (round === ROUNDS_PER_TURN_MAX - 1) this.#scheduleTurn();
    }
    this.#armTimer();
    this.#options.afterDrain();
  }

  #drain(): void {
    this.#draining = true;
    this.#engine.drain(this.#sink);
    this.#draining = false;
    this.#transport.flush();
  }

  /** One timer for the engine's next deadline. One that is armed for earlier is left: it finds nothing due and is armed again. */
  #armTimer(): void {
    const next = this.#engine.nextTimeout();
    if (next === null || (this.#timer !== undefined && this.#timerAt <= next)) return;
    clearTimeout(this.#timer);
    this.#timerAt = next;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#engine.tick(now());
      this.#turn();
    }, millisecondsUntil(next));
  }

  #makeSink(): Sink {
    const disk = this.#disk;
    const transport = this.#transport;
    return {
      dial: (conn, address, torrent) => transport.dial(conn, address, torrent),
      send: (conn, bytes) => transport.send(conn, bytes),
      sendPayload: (conn, block) => transport.sendPayload(conn, bytesOf(block)),
      setReading: (conn, on) => transport.setReading(conn, on),
      close: (conn, why) => {
        transport.close(conn);
        this.#options.onClose(conn, why);
      },
      readBlock: (job, torrent, piece, begin, length) => disk.readBlock(job, torrent, piece, begin, length),
      hashPiece: (job, torrent, piece, blocks) => disk.hashPiece(job, torrent, piece, blocks),
      hashBlocks: (job, torrent, piece, blocks) => disk.hashBlocks(job, torrent, piece, blocks),
      writeBlocks: (job, torrent, piece, blocks) => disk.writeBlocks(job, torrent, piece, blocks),
      sync: (job, torrent) => disk.sync(job, torrent),
      checkPieces: (job, torrent, first, count) => disk.checkPieces(job, torrent, first, count),
      saveResume: (job, torrent, data) => this.#saveResume(job, torrent, data),
      announce: (job, request: AnnounceRequest) => {
        if (isWebSocketUrl(request.url)) this.#webRtc.announce(job, request);
        else this.#trackers.announce(job, request);
      },
      openTorrent: (job, torrent, metainfo) => void this.#openTorrent(job, torrent, metainfo),
      scrape: (job, request) => this.#trackers.scrape(job, request),
      event: (name, torrent, a, b) => {
        if (name === 'stopped') this.#stoppedListener?.();
        if (name === 'torrentRemoved') this.#removed(torrent);
        this.#options.onEvent(name, torrent, a, b);
      },
    };
  }

  #removed(torrent: TorrentId): void {
    this.#disk.forget(torrent);
    this.#roots.delete(torrent);
    this.#opens.delete(torrent);
    this.#removals.get(torrent)?.();
    this.#removals.delete(torrent);
  }

  async #openTorrent(job: JobId, torrent: TorrentId, metainfo: Metainfo): Promise<void> {
    const opened = await this.#open(torrent, metainfo).catch(
      (error: unknown): OpenedTorrent => ({ ok: false, fault: diskFault(error) }),
    );
    if (this.#closed) return;
    this.#engine.torrentOpened(now(), job, opened);
    this.#scheduleTurn();
  }

  async #open(torrent: TorrentId, metainfo: Metainfo): Promise<OpenedTorrent> {
    const { storage, resume } = await (this.#opens.get(torrent) as OpenTorrent)(metainfo);
    const fileLengths = await storage.fileLengths();
    if (this.#closed) storage.close();
    else {
      this.#disk.open(torrent, storage);
      this.#roots.set(torrent, storage.root);
    }
    return { ok: true, resume, fileLengths };
  }

  #saveResume(job: JobId, torrent: TorrentId, data: ResumeData): void {
    void this.#options.resumeStore.save(this.#roots.get(torrent) as string, data).then((fault) => {
      this.#engine.resumeSaved(now(), job, fault);
      this.#scheduleTurn();
    });
  }
}

/** The real world's blocks are bytes; a stamp here would be our own bug. */
function bytesOf(payload: Payload): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  throw new TypeError('a stamp reached a socket');
}
