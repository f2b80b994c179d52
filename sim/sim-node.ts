// One peer of the simulated swarm: a real engine whose every output is carried out by the simulated network, disk and trackers.
//
// Each input is followed by a drain, each event of the world by one look at the engine's next timeout. A crash forgets the engine and
// whatever was not durable; a restart makes a new engine from what the disk kept. What happens is told to the swarm, which judges it.

import {
  type AddCommon,
  type AddTorrent,
  type AnnounceReply,
  type AnnounceRequest,
  type Command,
  type ConnId,
  createEngine,
  DEFAULT_SETTINGS,
  type DisconnectReason,
  type DiskFault,
  type Engine,
  type EventName,
  type JobId,
  type Metainfo,
  type OpenedTorrent,
  type Payload,
  type PeerAddress,
  type Recorded,
  type ResumeData,
  type ScrapeReply,
  type ScrapeRequest,
  type Settings,
  type Sink,
  type Stamp,
  type TorrentId,
  type TorrentStatus,
} from '#engine';
import type { Link, Network, Random } from '#harness';
import type { FaultKind } from './faults/fault-log.ts';
import type { FaultEffect, FaultSite } from './faults/fault-point.ts';
import { checkMetadata } from './invariants.ts';
import { DEFAULT_DISK, type DiskClient, type DiskOptions, SimDisk } from './sim-disk.ts';
import { Store } from './store.ts';
import type { TorrentContents } from './torrent-contents.ts';

export interface NodeOptions {
  readonly link: Link;
  /** The address families that it has. */
  readonly families: readonly (4 | 6)[];
  /** It has everything from the start. */
  readonly seed: boolean;
  readonly settings: Partial<Settings>;
  readonly disk: Partial<DiskOptions>;
  /** False: others cannot connect to it (NAT). */
  readonly reachable: boolean;
  /** Its faults are its own: bans of it and corrupt data from it are expected. */
  readonly honest: boolean;
  /** It starts with the info-hash alone, until it has kept the metadata that others gave. */
  readonly byMagnet: boolean;
  /** Lies about content: what leaves instead of a block; null where it tells the truth. */
  readonly forge: ((stamp: Stamp, random: Random) => Stamp) | null;
  /** Plants a fault in the engine, to see that it is found; null where the engine is as it is. */
  readonly wrap: ((engine: Engine, node: SimNode) => Engine) | null;
}

/** What a node asks of the swarm that it lives in. */
export interface NodeWorld {
  readonly clock: { readonly now: number };
  readonly network: Network;
  /** An engine was made; the node uses what comes back. */
  created(node: SimNode, engine: Engine, made: Recorded): Engine;
  /** Dials on behalf of a node; returns its end of the network. */
  dial(node: SimNode, conn: ConnId, address: PeerAddress): number;
  announce(node: SimNode, job: JobId, request: AnnounceRequest): void;
  scrape(node: SimNode, job: JobId, request: ScrapeRequest): void;
  armDisk(node: SimNode, at: number, operation: number): void;
  armTimer(node: SimNode, at: number | null): void;
  happened(node: SimNode, name: EventName, torrent: TorrentId, a: number, b: number): void;
  /** A torrent is about to start on what the disk holds of it. */
  added(node: SimNode, store: Store): void;
  /** The engine hands bytes to the wire. */
  sending(node: SimNode, conn: ConnId, bytes: Uint8Array): void;
  /** The engine closes a connection that is open. */
  closing(node: SimNode, conn: ConnId): void;
  /** A connection is over: what the network still says about this end concerns nobody. */
  ended(end: number): void;
  resumeSaved(node: SimNode, store: Store, data: ResumeData): void;
  /** A fault struck the node. */
  struck(kind: FaultKind, where: { node: SimNode }): void;
  /** The next place at which one fault may strike: what it is, null = none. */
  faultAt(node: SimNode, site: FaultSite): FaultEffect | null;
  /** The hash of a received piece is known. */
  hashed(node: SimNode, store: Store, piece: number, right: boolean): void;
}

const NO_END = -1;
/** In place of the connection of an end that has none, or none any more. */
export const NO_CONN = -1;
const PIECE_HEADER_BYTES = 13;
/** Of a handshake, up to the end of the info-hash (BEP 3). */
const NAMED_BYTES = 48;

export class SimNode implements Sink, DiskClient {
  // What every message touches stands first, side by side: in a swarm of thousands each meets a node that no cache holds.
  /** Null while crashed, before joining and after leaving. */
  engine: Engine | null = null;
  readonly #world: NodeWorld;
  /** Incoming connections that have named no torrent yet. */
  #unnamedCount = 0;
  readonly index: number;
  stoppedAt: number | null = null;
  /** End of the network by connection id; kept after a close, for looking back (see `closed`). */
  #ends = new Int32Array(8).fill(NO_END);
  readonly options: NodeOptions;
  #payloadBytes = 0;
  readonly disk: SimDisk;
  /** By the engine's torrent id while it runs. */
  readonly stores: Store[] = [];

  /** One a family. */
  readonly addresses: readonly PeerAddress[];
  /** Connections that the engine holds open or dials. */
  openConnections = 0;
  joinedAt: number | null = null;
  completedAt: number | null = null;
  /** When its engine last said that the network changed. */
  networkChangedAt = -Infinity;
  /** By store: pieces whose hash was shown to be right, one bit each. */
  readonly proven = new Map<Store, Uint8Array>();
  readonly #random: Random;
  #incarnation = 0;
  /** Torrents that the user paused, and whether the user ended the program. */
  readonly #paused = new Set<TorrentId>();
  #leaving = false;
  readonly #freeIncoming: ConnId[] = [];
  #nextIncoming: ConnId = 1;
  /** Bytes that came on each of the `#unnamedCount`. */
  readonly #unnamed = new Map<ConnId, number>();

  constructor(
    index: number,
    options: NodeOptions,
    addresses: readonly PeerAddress[],
    world: NodeWorld,
    random: Random,
  ) {
    this.index = index;
    this.options = options;
    this.addresses = addresses;
    this.#world = world;
    this.#random = random;
    this.disk = new SimDisk(
      { ...DEFAULT_DISK, ...options.disk },
      world.clock,
      random.fork('disk'),
      this,
      (at, operation) => world.armDisk(this, at, operation),
    );
  }

  /** The address in the first of its families. */
  get address(): PeerAddress {
    return this.addresses[0] as PeerAddress;
  }

  get families(): readonly (4 | 6)[] {
    return this.options.families;
  }

  /** Its address in a family that it has. */
  addressIn(family: 4 | 6): PeerAddress {
    return this.addresses[this.families.indexOf(family)] as PeerAddress;
  }

  get running(): boolean {
    return this.engine !== null;
  }

  /** Of the open connections, those that are about a torrent: it dialled, or who connected has named one in the handshake. */
  get torrentConnections(): number {
    return this.openConnections - this.#unnamedCount;
  }

  get complete(): boolean {
    return this.options.seed || this.completedAt !== null;
  }

  /** Starts an engine on what the disk holds. `add`: what differs from a plain start. */
  start(contents: TorrentContents, add: Partial<AddTorrent> = {}): void {
    const random = this.#random.fork(`engine ${this.#incarnation}`);
    const settings = { ...DEFAULT_SETTINGS, ...this.options.settings };
    const engine = createEngine({
      random,
      settings,
      allocateBlock: () => {
        throw new Error('no block of bytes exists in the simulated world');
      },
    });
    const planted = this.options.wrap?.(engine, this) ?? engine;
    this.engine = this.#world.created(this, planted, { seed: random.path, settings, now: this.now });
    this.#incarnation += 1;
    this.#leaving = false;
    this.joinedAt ??= this.now;
    this.stoppedAt = null;
    this.#world.network.setListening(this.index, true);
    this.#world.network.setReachable(this.index, this.options.reachable);
    this.engine.command(this.now, { kind: 'listening', port: this.address.port });
    this.add(contents, add);
  }

  /** Adds a torrent, from the resume data and files that the disk holds of it. */
  add(contents: TorrentContents, add: Partial<AddTorrent> = {}): TorrentId {
    const store = this.storeOf(contents);
    this.#world.added(this, store);
    const { metainfo } = contents;
    const { infoHash, name, announceTiers } = metainfo;
    const common: AddCommon = {
      paused: false,
      check: 'trust',
      peers: [],
      useTrackers: metainfo.announceTiers.length > 0,
      ...add,
    };
    const result = (this.engine as Engine).add(
      this.now,
      this.options.byMagnet && !store.metadataKept
        ? { ...common, magnet: { infoHash, name, announceTiers } }
        : { metainfo, resume: store.resume, fileLengths: store.fileLengths(), ...common },
    );
    if (!result.ok) throw new Error(`node ${this.index}: ${result.detail}`);
    this.stores[result.value] = store;
    this.settle();
    return result.value;
  }

  /** What the disk holds of a torrent, made at the first use. */
  storeOf(contents: TorrentContents): Store {
    for (const store of this.proven.keys()) if (store.contents === contents) return store;
    const store = new Store(contents, this.options.seed);
    this.proven.set(store, new Uint8Array(Math.ceil(contents.geometry.pieceCount / 8)));
    return store;
  }

  command(command: Command): void {
    if (command.kind === 'pause') this.#paused.add(command.torrent);
    else if (command.kind === 'resume') this.#paused.delete(command.torrent);
    else if (command.kind === 'shutdown') this.#leaving = true;
    const result = (this.engine as Engine).command(this.now, command);
    if (!result.ok) throw new Error(`node ${this.index}: ${result.detail}`);
    this.settle();
  }

  pause(torrent: TorrentId = 0): void {
    this.#world.struck('pause', { node: this });
    this.command({ kind: 'pause', torrent });
  }

  resume(torrent: TorrentId = 0): void {
    this.#world.struck('resume', { node: this });
    this.command({ kind: 'resume', torrent });
  }

  /** Leaves in good order: flushes, saves, says `stopped`. */
  leave(): void {
    if (this.engine === null) return;
    this.#world.struck('leave', { node: this });
    this.command({ kind: 'shutdown' });
  }

  /** Power is lost. `noticeUs`: when the peers' connections break. */
  crash(noticeUs = 0): void {
    if (this.engine === null) return;
    this.#world.struck('crash', { node: this });
    this.engine = null;
    this.openConnections = 0;
    for (let conn = 0; conn < this.#ends.length; conn += 1) {
      if (!this.isOpen(conn)) continue;
      this.#world.ended(this.#ends[conn] as number);
      this.#ends[conn] = closed(this.#ends[conn] as number);
    }
    this.#world.network.crash(this.index, noticeUs);
    this.disk.crash(this.stores);
    // What was proven of blocks that are lost now is no proof: from here on resume data and new hashes count.
    for (const proven of this.proven.values()) proven.fill(0);
    this.stores.length = 0;
    this.#paused.clear();
    this.#unnamed.clear();
    this.#unnamedCount = 0;
    this.#freeIncoming.length = 0;
    this.#nextIncoming = 1;
    this.#world.armTimer(this, null);
  }

  /** A new engine on what survived. */
  restart(contents: TorrentContents, add: Partial<AddTorrent> = {}): void {
    this.#world.struck('restart', { node: this });
    this.#world.network.restart(this.index);
    this.start(contents, add);
  }

  /** Power is lost and comes back at once: the program starts with the torrents that it had, unless it was about to end. */
  powerCycle(): void {
    const again = this.#leaving
      ? []
      : this.stores.map(({ contents }, id) => ({ contents, paused: this.#paused.has(id) }));
    this.crash();
    const [first, ...others] = again;
    if (first === undefined) return;
    this.restart(first.contents, { paused: first.paused });
    for (const { contents, paused } of others) this.add(contents, { paused });
    again.forEach(({ paused }, id) => paused && this.#paused.add(id));
  }

  /** The user sees that a torrent failed, and resumes it; a copy that was complete and is said not to be is checked again. */
  repair(torrent: TorrentId): void {
    const before = this.engine?.status(torrent);
    if (before?.state === 'failed') this.resume(torrent);
    if (this.options.seed && before?.complete === false) this.command({ kind: 'recheck', torrent });
  }

  status(torrent: TorrentId = 0): TorrentStatus {
    const status = this.engine?.status(torrent) ?? null;
    if (status === null) throw new Error(`node ${this.index} runs no torrent ${torrent}`);
    return status;
  }

  /** Which blocks are written on its disk at this moment; a snapshot. */
  keptBlocks(torrent: TorrentId = 0): { has(piece: number, block: number): boolean } {
    const { contents } = this.stores[torrent] as Store;
    const written = Array.from(
      { length: contents.blockCount },
      (_, index) => this.stores[torrent]?.written(index) !== 0,
    );
    return { has: (piece, block) => written[contents.indexOf(piece, block)] === true };
  }

  get now(): number {
    return this.#world.clock.now;
  }

  /** The end of the network that a connection is or was. */
  endOf(conn: ConnId): number {
    const end = this.#ends[conn] ?? NO_END;
    return end < NO_END ? closed(end) : end;
  }

  isOpen(conn: ConnId): boolean {
    return (this.#ends[conn] as number) >= 0;
  }

  // ── what the network says; `conn` was given to the swarm with the end ──

  connected(end: number, conn: ConnId | null, address: PeerAddress): ConnId {
    // The program ended while the connection was being made.
    if (this.engine === null) {
      this.#world.network.close(end);
      return NO_CONN;
    }
    const outgoing = conn !== null;
    const id = conn ?? this.#takeIncoming();
    this.#bind(id, end);
    if (!outgoing) {
      this.#unnamed.set(id, 0);
      this.#unnamedCount += 1;
    }
    this.engine.connected(this.now, id, address, outgoing);
    return id;
  }

  received(conn: ConnId, bytes: Uint8Array): void {
    if (conn === NO_CONN) return;
    // Nearly always nobody: one look at a count, and not into a table, in a simulation of thousands.
    if (this.#unnamedCount > 0) this.#toldMore(conn, bytes.length);
    (this.engine as Engine).received(this.now, conn, bytes);
  }

  receivedPayload(conn: ConnId, stamp: Stamp, lengthBytes: number): void {
    if (conn === NO_CONN) return;
    (this.engine as Engine).receivedPayload(this.now, conn, stamp, lengthBytes);
  }

  writable(conn: ConnId): void {
    if (conn === NO_CONN) return;
    (this.engine as Engine).writable(this.now, conn);
  }

  disconnected(conn: ConnId, why: DisconnectReason): void {
    if (conn === NO_CONN) return;
    this.#unbind(conn);
    (this.engine as Engine).disconnected(this.now, conn, why);
  }

  tick(): void {
    if (this.engine === null) return;
    this.engine.tick(this.now);
    this.settle();
  }

  announced(job: JobId, reply: AnnounceReply): void {
    this.engine?.announced(this.now, job, reply);
    this.settle();
  }

  scraped(job: JobId, reply: ScrapeReply): void {
    this.engine?.scraped(this.now, job, reply);
    this.settle();
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** Ends an event: what the engine recorded goes out, its timer is armed. */
  settle(): void {
    const { engine } = this;
    if (engine === null) return;
    engine.drain(this);
    this.#world.network.flush();
    if (this.stoppedAt !== null && this.stoppedAt === this.now) this.#exit();
    else this.#world.armTimer(this, engine.nextTimeout());
  }

  // ── what the disk answers ──

  faultAt(site: FaultSite): FaultEffect | null {
    return this.#world.faultAt(this, site);
  }

  struck(kind: FaultKind): void {
    this.#world.struck(kind, { node: this });
  }

  blockRead(job: JobId, block: Stamp | null): void {
    (this.engine as Engine).blockRead(this.now, job, block);
    this.settle();
  }

  pieceHashed(job: JobId, store: Store, piece: number, digest: Uint8Array | null): void {
    this.#world.hashed(this, store, piece, this.#prove(store, piece, digest));
    (this.engine as Engine).pieceHashed(this.now, job, digest);
    this.settle();
  }

  blocksHashed(job: JobId, digests: Uint8Array | null): void {
    (this.engine as Engine).blocksHashed(this.now, job, digests);
    this.settle();
  }

  blocksWritten(job: JobId, fault: DiskFault | null): void {
    (this.engine as Engine).blocksWritten(this.now, job, fault);
    this.settle();
  }

  synced(job: JobId, fault: DiskFault | null): void {
    (this.engine as Engine).synced(this.now, job, fault);
    this.settle();
  }

  piecesChecked(job: JobId, store: Store, first: number, digests: readonly (Uint8Array | null)[]): void {
    digests.forEach((digest, piece) => this.#prove(store, first + piece, digest));
    (this.engine as Engine).piecesChecked(this.now, job, digests);
    this.settle();
  }

  resumeSaved(job: JobId, store: Store, data: ResumeData, fault: DiskFault | null): void {
    this.#world.resumeSaved(this, store, data);
    (this.engine as Engine).resumeSaved(this.now, job, fault);
    this.settle();
  }

  torrentOpened(job: JobId, store: Store, fault: DiskFault | null): void {
    const { resume } = store;
    const opened: OpenedTorrent =
      fault === null ? { ok: true, resume, fileLengths: store.fileLengths() } : { ok: false, fault };
    (this.engine as Engine).torrentOpened(this.now, job, opened);
    this.settle();
  }

  // ── what the engine asks: the Sink ──

  dial(conn: ConnId, address: PeerAddress): void {
    this.#bind(conn, this.#world.dial(this, conn, address));
  }

  send(conn: ConnId, bytes: Uint8Array): void {
    if (!this.isOpen(conn)) return;
    const at = bytes.length - PIECE_HEADER_BYTES;
    // A PIECE header says how long the payload is that follows it.
    if (at >= 0 && bytes[at + 4] === 7)
      this.#payloadBytes =
        ((bytes[at + 1] as number) << 16) + ((bytes[at + 2] as number) << 8) + (bytes[at + 3] as number) - 9;
    this.#world.sending(this, conn, bytes);
    this.#world.network.send(this.#ends[conn] as number, bytes);
  }

  sendPayload(conn: ConnId, block: Payload): void {
    if (!this.isOpen(conn)) return;
    const { forge } = this.options;
    const stamp = forge === null ? (block as Stamp) : forge(block as Stamp, this.#random);
    this.#world.network.sendPayload(this.#ends[conn] as number, stamp, this.#payloadBytes);
  }

  setReading(conn: ConnId, on: boolean): void {
    if (this.isOpen(conn)) this.#world.network.setReading(this.#ends[conn] as number, on);
  }

  close(conn: ConnId): void {
    if (!this.isOpen(conn)) return;
    this.#world.closing(this, conn);
    this.#unbind(conn);
    this.#world.network.close(this.endOf(conn));
  }

  readBlock(job: JobId, torrent: TorrentId, piece: number, beginBytes: number, lengthBytes: number): void {
    this.disk.readBlock(job, this.stores[torrent] as Store, piece, beginBytes, lengthBytes);
  }

  hashPiece(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.disk.hashPiece(job, this.stores[torrent] as Store, piece, blocks);
  }

  hashBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.disk.hashBlocks(job, this.stores[torrent] as Store, piece, blocks);
  }

  writeBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.disk.writeBlocks(job, this.stores[torrent] as Store, piece, blocks);
  }

  sync(job: JobId, torrent: TorrentId): void {
    this.disk.sync(job, this.stores[torrent] as Store);
  }

  checkPieces(job: JobId, torrent: TorrentId, first: number, count: number): void {
    this.disk.checkPieces(job, this.stores[torrent] as Store, first, count);
  }

  saveResume(job: JobId, torrent: TorrentId, data: ResumeData): void {
    this.disk.saveResume(job, this.stores[torrent] as Store, data);
  }

  openTorrent(job: JobId, torrent: TorrentId, metainfo: Metainfo): void {
    const store = this.stores[torrent] as Store;
    checkMetadata(this, store, metainfo);
    this.disk.keepMetadata(job, store);
  }

  announce(job: JobId, request: AnnounceRequest): void {
    this.#world.announce(this, job, request);
  }

  scrape(job: JobId, request: ScrapeRequest): void {
    this.#world.scrape(this, job, request);
  }

  event(name: EventName, torrent: TorrentId, a: number, b: number): void {
    if (name === 'stopped') this.stoppedAt = this.now;
    else if (name === 'downloadCompleted') this.completedAt ??= this.now;
    else if (name === 'networkChanged') this.networkChangedAt = this.now;
    this.#world.happened(this, name, torrent, a, b);
  }

  #prove(store: Store, piece: number, digest: Uint8Array | null): boolean {
    const proven = this.proven.get(store) as Uint8Array;
    const byte = piece >> 3;
    const bit = 0x80 >> (piece & 7);
    const hash = store.contents.hashOf(piece);
    const right = digest?.every((value, at) => value === hash[at]) ?? false;
    proven[byte] = right ? (proven[byte] as number) | bit : (proven[byte] as number) & ~bit;
    return right;
  }

  /** The program ends after the engine said that it is done. */
  #exit(): void {
    for (let conn = 0; conn < this.#ends.length; conn += 1) if (this.isOpen(conn)) this.close(conn);
    this.engine = null;
    this.stores.length = 0;
    this.#paused.clear();
    this.#world.network.setListening(this.index, false);
    this.#world.armTimer(this, null);
  }

  #toldMore(conn: ConnId, bytes: number): void {
    const before = this.#unnamed.get(conn);
    if (before === undefined) return;
    if (before + bytes < NAMED_BYTES) this.#unnamed.set(conn, before + bytes);
    else this.#hasNamed(conn);
  }

  #hasNamed(conn: ConnId): void {
    this.#unnamed.delete(conn);
    this.#unnamedCount = this.#unnamed.size;
  }

  #takeIncoming(): ConnId {
    const free = this.#freeIncoming.pop();
    if (free !== undefined) return free;
    this.#nextIncoming += 2;
    return this.#nextIncoming - 2;
  }

  #bind(conn: ConnId, end: number): void {
    if (conn >= this.#ends.length) {
      const ends = new Int32Array(conn * 2).fill(NO_END);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    if (!this.isOpen(conn)) this.openConnections += 1;
    this.#ends[conn] = end;
  }

  #unbind(conn: ConnId): void {
    this.#world.ended(this.#ends[conn] as number);
    this.#ends[conn] = closed(this.#ends[conn] as number);
    this.#hasNamed(conn);
    this.openConnections -= 1;
    if (conn % 2 === 1) this.#freeIncoming.push(conn);
  }
}

/** How the end of a connection that is over is kept, and back: below NO_END, which stays itself. */
function closed(end: number): number {
  return -2 - end;
}
