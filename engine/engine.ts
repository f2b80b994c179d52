// The engine: takes every input to the torrent, connection or job that it is about, and drains what they recorded. Holds no policy.

import { assert } from './bug.ts';
import { hex } from './bytes.ts';
import { Context } from './context.ts';
import type {
  AddError,
  AddMagnet,
  AddTorrent,
  AnnounceReply,
  Command,
  CommandError,
  ConnId,
  DisconnectReason,
  DiskFault,
  Engine,
  EngineOptions,
  Instant,
  JobId,
  OpenedTorrent,
  Payload,
  PeerAddress,
  PeerStatus,
  PieceMap,
  Result,
  ScrapeReply,
  Sink,
  Stamp,
  TorrentId,
  TorrentStatus,
  TorrentSummary,
} from './contract.ts';
import type { TorrentInspection } from './inspection.ts';
import { METADATA_BUFFER_BYTES_MAX, TORRENTS_MAX } from './limits.ts';
import { remove } from './lists.ts';
import { Peer } from './peers/peer.ts';
import type { KnownPeer } from './peers/peer-book.ts';
import { inspectTorrent } from './torrent/inspect.ts';
import { peersOf, pieceMap, torrentStatus, torrentSummary } from './torrent/status.ts';
import { Torrent, type TorrentHost } from './torrent/torrent.ts';
import { HANDSHAKE_TIMEOUT_US } from './torrent/swarm.ts';
import { Scraper } from './trackers/scraper.ts';
import type { WireFault } from './wire/fault.ts';

const SECOND_US = 1_000_000;
/** Highest file priority (see `FilePriority`). */
const PRIORITY_MAX = 7;
/** A second that comes so late was slept through. */
const SLEPT_US = 60_000_000;
/** Idle peers say something every two minutes. */
const QUIET_US = 300_000_000;
const OK: Result<null, CommandError> = { ok: true, value: null };

/** A pure engine: it knows no clock, no chance and no world but what it is told. */
export function createEngine(options: EngineOptions): Engine {
  return new StarlingEngine(options);
}

class StarlingEngine implements Engine, TorrentHost {
  readonly #ctx: Context;
  /** By connection id. */
  readonly #peers: (Peer | null)[] = [];
  #nextSecond: Instant | null = null;
  readonly #torrents: (Torrent | null)[] = [];
  readonly #scraper: Scraper;
  /** Of torrents that are gone but whose end is not drained yet: to the driver they are still theirs. */
  readonly #heldIds: TorrentId[] = [];
  readonly #byInfoHash = new Map<string, Torrent>();
  /** Outgoing ids that may be used again. */
  readonly #freeConns: ConnId[] = [];
  /** Closed by us, but not drained yet: what the driver still says about them is ignored. */
  readonly #closedConns: ConnId[] = [];
  #nextConn: ConnId = 0;
  /** Incoming connections that have named no torrent yet, oldest first. */
  readonly #unrouted: Peer[] = [];
  readonly #onInfoHash = (peer: Peer, infoHash: Uint8Array) => this.#route(peer, infoHash);
  #stopped = false;

  constructor(options: EngineOptions) {
    this.#ctx = new Context(options);
    this.#scraper = new Scraper(this.#ctx);
  }

  // ── commands ──

  add(now: Instant, options: AddTorrent | AddMagnet): Result<TorrentId, AddError> {
    this.#begin(now);
    const { infoHash, name } = 'magnet' in options ? options.magnet : options.metainfo;
    const key = hex(infoHash);
    if (this.#byInfoHash.has(key)) {
      return {
        ok: false,
        error: 'duplicate',
        detail: `${name ?? key}: this torrent is here already (${key})`,
      };
    }
    let id = this.#torrents.findIndex((torrent, free) => torrent === null && !this.#heldIds.includes(free));
    if (id === -1) id = this.#torrents.length;
    if (id >= TORRENTS_MAX) return { ok: false, error: 'tooMany', detail: `more than ${TORRENTS_MAX} torrents` };
    const pieces = 'magnet' in options ? 0 : options.metainfo.geometry.pieceCount;
    this.#ctx.outbox.event('torrentAdded', id, pieces, 0);
    const torrent = new Torrent(this.#ctx, this, id, options);
    this.#torrents[id] = torrent;
    this.#byInfoHash.set(key, torrent);
    // Who rests announces nothing: without this it would show no figures.
    if (options.paused) this.#scraper.want(torrent);
    this.#settle();
    return { ok: true, value: id };
  }

  command(now: Instant, command: Command): Result<null, CommandError> {
    this.#begin(now);
    const result = this.#command(command);
    this.#settle();
    return result;
  }

  #command(command: Command): Result<null, CommandError> {
    if (command.kind === 'listening') {
      this.#ctx.listenPort = command.port;
      return OK;
    }
    if (command.kind === 'networkChanged') {
      this.#networkChanged(command.lost);
      return OK;
    }
    if (command.kind === 'places') return this.#setPlaces(command);
    if (command.kind === 'shutdown') {
      this.#ctx.leaving = true;
      this.#ctx.torrentRested = true;
      for (const peer of [...this.#unrouted]) this.closeConnection(peer, 'leaving');
      for (const torrent of this.#torrents) torrent?.shutdown();
      return OK;
    }
    if (command.kind === 'rateLimits' && !(isRate(command.downloadBps) && isRate(command.uploadBps))) {
      return { ok: false, error: 'outOfRange', detail: 'a rate limit is a whole number of bytes per second, 0 = none' };
    }
    if (command.kind === 'rateLimits' && command.torrent === null) {
      this.#ctx.downloadLimit.setRate(this.#ctx.now, command.downloadBps);
      this.#ctx.uploadLimit.setRate(this.#ctx.now, command.uploadBps);
      this.#wakeAll();
      return OK;
    }
    const torrent = this.#torrents[command.torrent as TorrentId];
    if (!torrent || torrent.phase === 'removed') {
      return { ok: false, error: 'noSuchTorrent', detail: `no torrent ${command.torrent}` };
    }
    return this.#commandTorrent(torrent, command);
  }

  /** Somebody said something: after so long in which nobody did, the way out of the machine is open again. */
  #heard(): void {
    const { now, heardAt } = this.#ctx;
    this.#ctx.heardAt = now;
    if (heardAt !== -1 && now - heardAt >= QUIET_US) this.#networkChanged(false);
  }

  #networkChanged(lost: boolean): void {
    this.#ctx.outbox.event('networkChanged', -1, lost ? 1 : 0, 0);
    // The silence until now was the old network's.
    if (this.#ctx.heardAt !== -1) this.#ctx.heardAt = this.#ctx.now;
    if (lost) for (const peer of [...this.#unrouted]) this.closeConnection(peer, 'the network changed');
    for (const torrent of this.#torrents) if (torrent?.meeting) torrent.networkChanged(lost);
  }

  #setPlaces({ connectionsMax, connectionsPerTorrentMax, uploadSlots }: Command & { kind: 'places' }) {
    for (const places of [connectionsMax, connectionsPerTorrentMax, uploadSlots])
      if (!Number.isInteger(places) || places < 1)
        return { ok: false, error: 'outOfRange', detail: `places are 1 or more, not ${places}` } as const;
    Object.assign(this.#ctx.settings, { connectionsMax, connectionsPerTorrentMax, uploadSlots });
    for (const torrent of this.#torrents) torrent?.choker.fillSlots();
    return OK;
  }

  #commandTorrent(
    torrent: Torrent,
    command: Exclude<Command, { kind: 'listening' | 'networkChanged' | 'places' | 'shutdown' }>,
  ): Result<null, CommandError> {
    switch (command.kind) {
      case 'pause':
        torrent.pause();
        return OK;
      case 'resume':
        torrent.start();
        return OK;
      case 'remove':
        torrent.remove();
        return OK;
      case 'recheck':
        torrent.recheck();
        return OK;
      case 'announceNow':
        torrent.announces.announceNow();
        return OK;
      case 'scrape':
        this.#scraper.want(torrent);
        return OK;
      case 'addPeers':
        torrent.swarm.heardOf(command.peers, 'user');
        return OK;
      case 'filePriority':
        if (!Number.isInteger(command.file) || command.file < 0 || command.file >= torrent.metainfo.files.length) {
          return { ok: false, error: 'noSuchFile', detail: `${torrent.metainfo.name}: no file ${command.file}` };
        }
        if (!Number.isInteger(command.priority) || command.priority < 0 || command.priority > PRIORITY_MAX) {
          return {
            ok: false,
            error: 'outOfRange',
            detail: `a priority is 0 … ${PRIORITY_MAX}, not ${command.priority}`,
          };
        }
        torrent.setFilePriority(command.file, command.priority);
        return OK;
      case 'sequential':
        torrent.picker.sequential = command.on;
        return OK;
      case 'rateLimits':
        torrent.downloadLimit.own.setRate(this.#ctx.now, command.downloadBps);
        torrent.uploadLimit.own.setRate(this.#ctx.now, command.uploadBps);
        this.#wakeAll();
        return OK;
    }
  }

  // ── connections ──

  connected(now: Instant, conn: ConnId, address: PeerAddress, outgoing: boolean): void {
    this.#begin(now);
    if (conn % 2 === 0) {
      const peer = this.#peer(conn);
      peer.outgoing = outgoing;
      if (peer.state !== 'closed') (peer.torrent as Torrent).swarm.connected(peer);
    } else this.#accept(conn, address);
    this.#settle();
  }

  #accept(conn: ConnId, address: PeerAddress): void {
    assert(conn % 2 === 1 && !this.#peers[conn], 'an incoming connection has a free odd id', conn);
    const peer = new Peer(this.#ctx, conn, address, false, null);
    this.#peers[conn] = peer;
    this.#ctx.connections += 1;
    this.#unrouted.push(peer);
    peer.onInfoHash = this.#onInfoHash;
    if (this.#ctx.connections > this.#ctx.settings.connectionsMax || this.#ctx.leaving) {
      this.#ctx.outbox.event('connectionRefused', -1, conn, 0);
      this.closeConnection(peer, 'too many connections');
    }
  }

  /** An incoming handshake names a torrent. */
  #route(peer: Peer, infoHash: Uint8Array): WireFault | null {
    const torrent = this.#byInfoHash.get(hex(infoHash));
    if (torrent === undefined || !torrent.meeting) return 'infoHash';
    peer.torrent = torrent;
    remove(this.#unrouted, peer);
    if (!torrent.swarm.accepted(peer)) {
      peer.torrent = null;
      this.#ctx.outbox.event('connectionRefused', torrent.id, peer.conn, 0);
      this.closeConnection(peer, 'too many connections');
    }
    return null;
  }

  received(now: Instant, conn: ConnId, chunk: Uint8Array): void {
    this.#begin(now);
    const peer = this.#peer(conn);
    peer.lastReceivedAt = now;
    this.#heard();
    if (peer.state !== 'closed') this.judge(peer, peer.received(chunk));
    this.#settle();
  }

  receivedPayload(now: Instant, conn: ConnId, stamp: Stamp, lengthBytes: number): void {
    this.#begin(now);
    const peer = this.#peer(conn);
    peer.lastReceivedAt = now;
    this.#heard();
    if (peer.state !== 'closed') this.judge(peer, peer.receivedPayload(stamp, lengthBytes));
    this.#settle();
  }

  /** Closes the connection of a peer that broke the protocol, and trusts it less. */
  judge(peer: Peer, fault: WireFault | null): void {
    if (fault === null || peer.state === 'closed') return;
    this.#ctx.outbox.event('peerFault', peer.torrent?.id ?? -1, peer.conn, 0);
    peer.knownAs?.brokeProtocol(this.#ctx.now);
    this.closeConnection(peer, `broke the protocol: ${fault}`);
  }

  writable(now: Instant, conn: ConnId): void {
    this.#begin(now);
    const peer = this.#peer(conn);
    if (peer.state !== 'closed') peer.writable();
    this.#settle();
  }

  disconnected(now: Instant, conn: ConnId, why: DisconnectReason): void {
    this.#begin(now);
    const peer = this.#peer(conn);
    if (peer.state !== 'closed') {
      this.#forget(peer, why);
      this.#peers[conn] = null;
      if (conn % 2 === 0) this.#freeConns.push(conn);
    }
    this.#settle();
  }

  closeConnection(peer: Peer, why: string): void {
    peer.stopParsing();
    this.#ctx.outbox.close(peer.conn, why);
    this.#forget(peer, null);
    this.#closedConns.push(peer.conn);
    this.#ctx.drainsMore = true;
  }

  #forget(peer: Peer, why: DisconnectReason | null): void {
    this.#ctx.connections -= 1;
    this.#ctx.outbox.event('peerClosed', peer.torrent?.id ?? -1, peer.conn, 0);
    if (peer.torrent !== null) peer.torrent.swarm.gone(peer, why);
    else remove(this.#unrouted, peer);
    peer.state = 'closed';
    peer.dispose();
  }

  dial(torrent: Torrent, known: KnownPeer): void {
    const conn = this.#freeConns.pop() ?? this.#takeConn();
    const peer = new Peer(this.#ctx, conn, known.address as PeerAddress, true, torrent);
    this.#peers[conn] = peer;
    this.#ctx.connections += 1;
    torrent.swarm.dialled(peer, known);
    this.#ctx.outbox.dial(conn, peer.address, torrent.id);
  }

  #takeConn(): ConnId {
    const conn = this.#nextConn;
    this.#nextConn += 2;
    return conn;
  }

  #peer(conn: ConnId): Peer {
    const peer = this.#peers[conn];
    assert(peer !== null && peer !== undefined, 'an input about a connection that is open', conn);
    return peer;
  }

  // ── answers ──

  blockRead(now: Instant, job: JobId, block: Payload | null): void {
    this.#begin(now);
    const { owner, a, b, c } = this.#ctx.jobs.close(job, 'readBlock');
    (owner as Peer).uploads.blockRead(a, b, c, block);
    this.#settle();
  }

  pieceHashed(now: Instant, job: JobId, digest: Uint8Array | null): void {
    this.#begin(now);
    const { owner, a } = this.#ctx.jobs.close(job, 'hashPiece');
    (owner as Torrent).storage.pieceHashed(a, digest);
    this.#settle();
  }

  blocksHashed(now: Instant, job: JobId, digests: Uint8Array | null): void {
    this.#begin(now);
    const { owner, a } = this.#ctx.jobs.close(job, 'hashBlocks');
    (owner as Torrent).storage.blocksHashed(a, digests);
    this.#settle();
  }

  blocksWritten(now: Instant, job: JobId, fault: DiskFault | null): void {
    this.#begin(now);
    const { owner, a, b } = this.#ctx.jobs.close(job, 'writeBlocks');
    (owner as Torrent).storage.blocksWritten(a, b, fault);
    this.#settle();
  }

  synced(now: Instant, job: JobId, fault: DiskFault | null): void {
    this.#begin(now);
    (this.#ctx.jobs.close(job, 'sync').owner as Torrent).storage.synced(fault);
    this.#settle();
  }

  piecesChecked(now: Instant, job: JobId, digests: readonly (Uint8Array | null)[]): void {
    this.#begin(now);
    const { owner, a, b } = this.#ctx.jobs.close(job, 'checkPieces');
    assert(digests.length === b, 'one digest a checked piece', digests.length, b);
    (owner as Torrent).piecesChecked(a, digests);
    this.#settle();
  }

  resumeSaved(now: Instant, job: JobId, fault: DiskFault | null): void {
    this.#begin(now);
    (this.#ctx.jobs.close(job, 'saveResume').owner as Torrent).storage.resumeSaved(fault);
    this.#settle();
  }

  announced(now: Instant, job: JobId, reply: AnnounceReply): void {
    this.#begin(now);
    const { owner, a, b, c } = this.#ctx.jobs.close(job, 'announce');
    (owner as Torrent).announces.announced(a, b, c, reply);
    // After what was answered: should it end a long silence, everybody is asked anew, and no answer to what was asked before counts then.
    if (reply.ok) this.#heard();
    this.#ctx.torrentRested = true;
    this.#settle();
  }

  torrentOpened(now: Instant, job: JobId, opened: OpenedTorrent): void {
    this.#begin(now);
    (this.#ctx.jobs.close(job, 'openTorrent').owner as Torrent).metadata.opened(opened);
    this.#settle();
  }

  scraped(now: Instant, job: JobId, reply: ScrapeReply): void {
    this.#begin(now);
    this.#scraper.scraped(this.#ctx.jobs.close(job, 'scrape').a, reply);
    this.#settle();
  }

  // ── time ──

  tick(now: Instant): void {
    this.#begin(now);
    const ctx = this.#ctx;
    if (ctx.pumpAt !== null && now >= ctx.pumpAt) {
      ctx.pumpAt = null;
      this.#wakeAll();
      for (const torrent of this.#torrents) if (torrent?.active) torrent.serveAll();
    }
    if (this.#nextSecond !== null && now >= this.#nextSecond) {
      // Nobody asked for so long: the machine slept, and nobody waited.
      if (now - this.#nextSecond >= SLEPT_US) this.#networkChanged(true);
      this.#nextSecond = now + SECOND_US;
      ctx.seconds += 1;
      for (const torrent of this.#torrents) torrent?.second();
      this.#closeSilent();
    }
    this.#settle();
  }

  /** Who connects must name a torrent in time (CONFORMANCE 18). */
  #closeSilent(): void {
    for (let peer = this.#unrouted[0]; peer; peer = this.#unrouted[0]) {
      if (this.#ctx.now - peer.connectedAt < HANDSHAKE_TIMEOUT_US) return;
      this.closeConnection(peer, 'no handshake in time');
    }
  }

  nextTimeout(): Instant | null {
    const { pumpAt } = this.#ctx;
    if (pumpAt === null) return this.#nextSecond;
    return this.#nextSecond === null ? pumpAt : Math.min(pumpAt, this.#nextSecond);
  }

  #wakeAll(): void {
    for (const torrent of this.#torrents) torrent?.wake();
  }

  #begin(now: Instant): void {
    assert(now >= this.#ctx.now, 'time does not go back', now, this.#ctx.now);
    this.#ctx.now = now;
  }

  /** What follows from an input once it was handled as a whole. */
  #settle(): void {
    for (let { woken } = this.#ctx; woken !== null; { woken } = this.#ctx) {
      this.#ctx.woken = woken.wokenBefore;
      woken.fillAll();
    }
    if (this.#ctx.activeTorrents === 0 && this.#unrouted.length === 0) this.#nextSecond = null;
    else this.#nextSecond ??= this.#ctx.now + SECOND_US;
    if (this.#ctx.torrentRested) this.#reportStopped();
  }

  #reportStopped(): void {
    this.#ctx.torrentRested = false;
    if (!this.#ctx.leaving || this.#stopped) return;
    if (this.#torrents.some((torrent) => torrent !== null && !torrent.rested)) return;
    this.#stopped = true;
    this.#ctx.outbox.event('stopped', -1, 0, 0);
  }

  removed(torrent: Torrent): void {
    this.#torrents[torrent.id] = null;
    this.#heldIds.push(torrent.id);
    this.#ctx.drainsMore = true;
    this.#byInfoHash.delete(hex(torrent.metainfo.infoHash));
  }

  drain(sink: Sink): void {
    const { drainsMore } = this.#ctx;
    if (drainsMore) this.#scraper.settle();
    this.#ctx.outbox.drain(sink);
    if (!drainsMore) return;
    this.#ctx.drainsMore = false;
    this.#heldIds.length = 0;
    for (const conn of this.#closedConns) {
      this.#peers[conn] = null;
      if (conn % 2 === 0) this.#freeConns.push(conn);
    }
    this.#closedConns.length = 0;
  }

  status(id: TorrentId): TorrentStatus | null {
    return this.#torrents[id] ? torrentStatus(this.#torrents[id]) : null;
  }

  summary(id: TorrentId): TorrentSummary | null {
    return this.#torrents[id] ? torrentSummary(this.#torrents[id]) : null;
  }

  pieceMap(id: TorrentId): PieceMap | null {
    return this.#torrents[id] ? pieceMap(this.#torrents[id]) : null;
  }

  peers(id: TorrentId): readonly PeerStatus[] {
    return this.#torrents[id] ? peersOf(this.#torrents[id]) : [];
  }

  inspect(id: TorrentId): TorrentInspection | null {
    return this.#torrents[id] ? inspectTorrent(this.#ctx, this.#torrents[id]) : null;
  }

  checkInvariants(): void {
    let heldBytes = 0;
    let metadataBytes = 0;
    for (const torrent of this.#torrents) {
      torrent?.checkInvariants();
      heldBytes += torrent?.heldBytes ?? 0;
      metadataBytes += torrent?.metadata.heldBytes ?? 0;
    }
    assert(metadataBytes <= METADATA_BUFFER_BYTES_MAX, 'metadata is bounded', metadataBytes);
    assert(metadataBytes === this.#ctx.metadataBytes, 'metadata is counted', metadataBytes, this.#ctx.metadataBytes);
    assert(heldBytes === this.#ctx.blocks.heldBytes, 'held bytes are counted', heldBytes, this.#ctx.blocks.heldBytes);
    let connections = 0;
    for (const peer of this.#peers) if (peer && peer.state !== 'closed') connections += 1;
    assert(connections === this.#ctx.connections, 'connections are counted', connections, this.#ctx.connections);
    assert(this.#ctx.dials >= 0, 'dials are counted', this.#ctx.dials);
  }
}

function isRate(bytesPerSecond: number): boolean {
  return Number.isSafeInteger(bytesPerSecond) && bytesPerSecond >= 0;
}
