// A peer that follows a script instead of the protocol's spirit. It takes the place of a node's engine: network, tracker and line stay.
//
// What every script shares stands here: it announces itself, dials whom it hears of, shakes hands, and is woken once a second. It claims no
// content of its own; what it may send it takes from the torrent's contents, as one who has them would. It never throws because of a peer.

import type {
  AddMagnet,
  AddTorrent,
  AnnounceReply,
  Command,
  ConnId,
  Engine,
  ExtensionHandshake,
  Instant,
  JobId,
  PeerAddress,
  Result,
  Sink,
  Stamp,
  TorrentId,
  WireFault,
} from '#engine';
import type { Random } from '#harness';
import type { TorrentContents } from '../torrent-contents.ts';
import { type ConnectionListener, ScriptedConnection } from './scripted-connection.ts';

const SECOND_US = 1_000_000;
const PEER_ID_BYTES = 20;
/** Dials that are not answered yet. */
const DIALS_MAX = 50;
/** As many addresses as any tracker gives: the large view of Sirivianos et al. 2007. */
const NUMWANT = 200;
const REDIAL_US = 15 * SECOND_US;
/** Honest peers close who is silent for longer than two minutes. */
const KEEP_ALIVE_SECONDS = 100;

export interface ScriptOptions {
  readonly contents: TorrentContents;
  readonly random: Random;
}

/** A peer that was heard of. Bounded by the nodes that exist. */
interface Heard {
  readonly address: PeerAddress;
  connected: boolean;
  dialAt: Instant;
}

export abstract class ScriptedPeer implements Engine, ConnectionListener {
  protected readonly contents: TorrentContents;
  protected readonly random: Random;
  /** Those that are open or being dialled, in the order in which they were made. */
  protected readonly connections: ScriptedConnection[] = [];
  /** What it did so far: the proof that an attack took place. */
  readonly did = { connections: 0, requestsHeard: 0, blocksSent: 0, blocksReceived: 0, timesClosed: 0 };
  protected now: Instant = 0;
  /** Connections, dials included, that it strives for. */
  protected connectionsMax = 500;
  /** Seconds between announces; a greedy peer does not wait for the tracker's interval. */
  protected announceEveryS = 30;
  protected seconds = 0;
  protected listenPort = 0;
  readonly #heard = new Map<string, Heard>();
  readonly #byConn: (ScriptedConnection | null)[] = [];
  #outputs: ((sink: Sink) => void)[] = [];
  #nextSecond: Instant | null = null;
  #nextConn: ConnId = 0;
  #nextJob: JobId = 1;
  readonly #key: number;
  readonly #peerId: Uint8Array;

  constructor({ contents, random }: ScriptOptions) {
    this.contents = contents;
    this.random = random;
    this.#key = random.uint32();
    this.#peerId = Uint8Array.from({ length: PEER_ID_BYTES }, () => random.below(256));
  }

  // ── what a script decides ──

  /** Whether to connect to a peer that was heard of. */
  protected wantsToDial(_address: PeerAddress): boolean {
    return true;
  }

  /** Claimed to the tracker. */
  protected get leftBytes(): number {
    return this.contents.geometry.totalBytes;
  }

  protected onSecond(): void {}
  /** Both handshakes are done. */
  protected meet(_connection: ScriptedConnection): void {}
  protected lost(_connection: ScriptedConnection): void {}
  choked(_connection: ScriptedConnection): void {}
  unchoked(_connection: ScriptedConnection): void {}
  interested(_connection: ScriptedConnection): void {}
  piecesChanged(_connection: ScriptedConnection): void {}
  protected asked(_connection: ScriptedConnection, _piece: number, _beginBytes: number, _lengthBytes: number): void {}
  protected got(_connection: ScriptedConnection, _piece: number, _beginBytes: number): void {}
  rejected(_connection: ScriptedConnection, _piece: number, _beginBytes: number): void {}
  extended(_connection: ScriptedConnection, _id: number, _payload: Uint8Array): void {}

  /** Beyond what every script says in its extension handshake. */
  protected introduction(): Partial<ExtensionHandshake> {
    return {};
  }

  // ── what scripts do ──

  sentBlock(): void {
    this.did.blocksSent += 1;
  }

  output(output: (sink: Sink) => void): void {
    this.#outputs.push(output);
  }

  get pieceCount(): number {
    return this.contents.geometry.pieceCount;
  }

  get infoHash(): Uint8Array {
    return this.contents.metainfo.infoHash;
  }

  /** What a block of the torrent truly holds; null where there is no such block. */
  protected stampOf(piece: number, beginBytes: number, lengthBytes: number): Stamp | null {
    const block = this.contents.geometry.blockOf(piece, beginBytes, lengthBytes);
    return block === -1 ? null : this.contents.stamp(this.contents.indexOf(piece, block));
  }

  protected close(connection: ScriptedConnection, why: string): void {
    this.#forget(connection);
    this.output((sink) => sink.close(connection.conn, why));
  }

  // ── Engine: commands ──

  add(now: Instant, options: AddTorrent | AddMagnet): Result<TorrentId, never> {
    this.now = now;
    this.#nextSecond = now + SECOND_US;
    this.#hear(options.peers);
    this.#announce('started');
    this.#dial();
    return { ok: true, value: 0 };
  }

  command(now: Instant, command: Command): Result<null, never> {
    this.now = now;
    if (command.kind === 'listening') this.listenPort = command.port;
    else if (command.kind === 'shutdown') this.output((sink) => sink.event('stopped', -1, 0, 0));
    return { ok: true, value: null };
  }

  // ── Engine: connections ──

  connected(now: Instant, conn: ConnId, address: PeerAddress, outgoing: boolean): void {
    this.now = now;
    if (outgoing) {
      const connection = this.#byConn[conn];
      if (!connection) return;
      connection.dialling = false;
      connection.sendHandshake(this.#peerId);
    } else this.#open(new ScriptedConnection(this, conn, address, false));
  }

  received(now: Instant, conn: ConnId, chunk: Uint8Array): void {
    this.now = now;
    const connection = this.#byConn[conn];
    if (connection) this.#judge(connection, connection.received(chunk));
  }

  receivedPayload(now: Instant, conn: ConnId, stamp: Stamp, lengthBytes: number): void {
    this.now = now;
    const connection = this.#byConn[conn];
    if (connection) this.#judge(connection, connection.receivedPayload(stamp, lengthBytes));
  }

  disconnected(now: Instant, conn: ConnId): void {
    this.now = now;
    const connection = this.#byConn[conn];
    if (!connection) return;
    if (connection.isUp) this.did.timesClosed += 1;
    this.#forget(connection);
  }

  greeted(connection: ScriptedConnection): void {
    if (!connection.outgoing) connection.sendHandshake(this.#peerId);
  }

  up(connection: ScriptedConnection): void {
    this.did.connections += 1;
    connection.sendExtensionHandshake(this.listenPort, this.introduction());
    this.meet(connection);
  }

  requested(connection: ScriptedConnection, piece: number, beginBytes: number, lengthBytes: number): void {
    this.did.requestsHeard += 1;
    this.asked(connection, piece, beginBytes, lengthBytes);
  }

  arrived(connection: ScriptedConnection, piece: number, beginBytes: number): void {
    this.did.blocksReceived += 1;
    this.got(connection, piece, beginBytes);
  }

  // ── Engine: time, trackers, outputs ──

  scraped(): void {}

  announced(now: Instant, _job: JobId, reply: AnnounceReply): void {
    this.now = now;
    if (reply.ok) this.#hear(reply.peers);
    this.#dial();
  }

  tick(now: Instant): void {
    this.now = now;
    if (this.#nextSecond === null || now < this.#nextSecond) return;
    this.#nextSecond = now + SECOND_US;
    this.seconds += 1;
    if (this.seconds % this.announceEveryS === 0) this.#announce('');
    if (this.seconds % KEEP_ALIVE_SECONDS === 0)
      for (const connection of this.connections) if (connection.isUp) connection.sendKeepAlive();
    this.#dial();
    this.onSecond();
  }

  nextTimeout(): Instant | null {
    return this.#nextSecond;
  }

  drain(sink: Sink): void {
    const outputs = this.#outputs;
    this.#outputs = [];
    for (const output of outputs) output(sink);
  }

  // It has no disk, and nothing to say of itself.
  writable(): void {}
  blockRead(): void {}
  pieceHashed(): void {}
  blocksHashed(): void {}
  blocksWritten(): void {}
  synced(): void {}
  piecesChecked(): void {}
  resumeSaved(): void {}
  torrentOpened(): void {}
  checkInvariants(): void {}
  status(): null {
    return null;
  }

  summary(): null {
    return null;
  }

  pieceMap(): null {
    return null;
  }

  inspect(): null {
    return null;
  }

  peers(): readonly [] {
    return [];
  }

  // ── inside ──

  #hear(addresses: readonly PeerAddress[]): void {
    for (const address of addresses) {
      if (this.#heard.has(address.host)) continue;
      const connected = this.connections.some((connection) => connection.address.host === address.host);
      this.#heard.set(address.host, { address, connected, dialAt: 0 });
    }
  }

  #dial(): void {
    let dials = 0;
    for (const connection of this.connections) if (connection.dialling) dials += 1;
    for (const heard of this.#heard.values()) {
      if (dials >= DIALS_MAX || this.connections.length >= this.connectionsMax) return;
      if (heard.connected || heard.dialAt > this.now || !this.wantsToDial(heard.address)) continue;
      heard.dialAt = this.now + REDIAL_US;
      dials += 1;
      const connection = new ScriptedConnection(this, this.#nextConn, heard.address, true);
      this.#nextConn += 2;
      this.#open(connection);
      this.output((sink) => sink.dial(connection.conn, heard.address, 0));
    }
  }

  #open(connection: ScriptedConnection): void {
    this.#byConn[connection.conn] = connection;
    this.connections.push(connection);
    const heard = this.#heard.get(connection.address.host);
    if (heard) heard.connected = true;
  }

  #forget(connection: ScriptedConnection): void {
    connection.isUp = false;
    connection.stopParsing();
    this.#byConn[connection.conn] = null;
    this.connections.splice(this.connections.indexOf(connection), 1);
    const { host } = connection.address;
    const heard = this.#heard.get(host);
    if (heard) heard.connected = this.connections.some(({ address }) => address.host === host);
    this.lost(connection);
  }

  #judge(connection: ScriptedConnection, fault: WireFault | null): void {
    if (fault !== null) this.close(connection, fault);
  }

  #announce(event: 'started' | ''): void {
    const url = this.contents.metainfo.announceTiers[0]?.[0];
    if (url === undefined) return;
    const job = this.#nextJob;
    this.#nextJob += 1;
    const { infoHash } = this;
    this.output((sink) =>
      sink.announce(job, {
        torrent: 0,
        url,
        infoHash,
        peerId: this.#peerId,
        port: this.listenPort,
        uploaded: 0,
        downloaded: 0,
        left: this.leftBytes,
        event,
        key: this.#key,
        numwant: NUMWANT,
        trackerId: null,
      }),
    );
  }
}
