// One real engine on a bench: the test plays the peers, a clock, a tracker and a disk of bytes. Jobs are answered at once unless held.

import { createHash } from 'node:crypto';
import {
  type AddCommon,
  type AddTorrent,
  type AnnounceReply,
  type AnnounceRequest,
  type ConnId,
  createEngine,
  createMetainfo,
  DEFAULT_SETTINGS,
  type DisconnectReason,
  type DiskFault,
  type Engine,
  type EntryWriter,
  type EventName,
  type JobId,
  type Metainfo,
  parseMetainfo,
  type Payload,
  type PeerAddress,
  recordEngine,
  type ResumeData,
  type ScrapeReply,
  type ScrapeRequest,
  type Settings,
  type Sink,
  type TorrentId,
} from '#engine';
import { Random } from '#harness';

export const BLOCK = 16_384;

/** A torrent with made-up contents: of one file, or of files with these lengths. */
export function makeTorrent(options: {
  readonly totalBytes?: number;
  readonly fileLengths?: readonly number[];
  readonly pieceLength: number;
  readonly trackers?: string[][];
  readonly private?: boolean;
}): {
  readonly metainfo: Metainfo;
  readonly data: Uint8Array;
} {
  const lengths = options.fileLengths ?? [options.totalBytes ?? 0];
  const data = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  for (let i = 0; i < data.length; i += 1) data[i] = (i * 31 + (i >>> 8) * 17 + (i >>> 16)) & 0xff;
  const pieceHashes: number[] = [];
  for (let at = 0; at < data.length; at += options.pieceLength) {
    pieceHashes.push(
      ...createHash('sha1')
        .update(data.subarray(at, at + options.pieceLength))
        .digest(),
    );
  }
  const bytes = createMetainfo({
    name: 'data.bin',
    files: lengths.map((lengthBytes, file) => ({
      path: options.fileLengths ? ['data.bin', `file ${file}`] : ['data.bin'],
      lengthBytes,
      pad: false,
    })),
    pieceLengthBytes: options.pieceLength,
    pieceHashes: Uint8Array.from(pieceHashes),
    announceTiers: options.trackers ?? [],
    private: options.private ?? false,
    comment: null,
    createdBy: null,
    creationDate: null,
  });
  const parsed = parseMetainfo(bytes);
  if (!parsed.ok) throw new Error(parsed.detail);
  return { metainfo: parsed.value, data };
}

export interface LabOptions {
  readonly metainfo: Metainfo;
  /** What the disk holds; absent: nothing. */
  readonly disk?: Uint8Array;
  /** 1 where the disk holds a byte; absent: everywhere, if it holds anything. */
  readonly onDisk?: Uint8Array;
  readonly settings?: Partial<Settings>;
  readonly add?: Partial<AddTorrent>;
  readonly seed?: string;
  /** The engine is given the info-hash alone. */
  readonly magnet?: boolean;
  /** The engine keeps the reasons of its decisions. */
  readonly explain?: boolean;
  /** Where everything that the engine is told is written. */
  readonly log?: EntryWriter;
}

/** One message as a peer sees it, the length prefix apart. */
export interface Frame {
  readonly id: number;
  readonly body: Uint8Array;
}

export class Lab {
  now = 1_000_000;
  readonly engine: Engine;
  readonly torrent: TorrentId;
  readonly metainfo: Metainfo;
  readonly disk: Uint8Array;
  /** 1 where a byte of the disk was written. */
  readonly onDisk: Uint8Array;
  readonly events: { readonly name: EventName; readonly a: number; readonly b: number }[] = [];
  readonly dials: { readonly conn: ConnId; readonly address: PeerAddress }[] = [];
  readonly closed = new Map<ConnId, string>();
  readonly reading = new Map<ConnId, boolean>();
  readonly announces: { readonly job: JobId; readonly request: AnnounceRequest }[] = [];
  readonly scrapes: { readonly job: JobId; readonly request: ScrapeRequest }[] = [];
  readonly saved: ResumeData[] = [];
  /** What `writeBlocks` and `sync` answer. */
  writeFault: DiskFault | null = null;
  /** What `openTorrent` answers, null: that the torrent is open. */
  openFault: DiskFault | null = null;
  /** Metadata that was to be kept. */
  readonly opened: Metainfo[] = [];
  /** What `saveResume` answers. */
  saveFault: DiskFault | null = null;
  readFails = false;
  /** Jobs named here are kept in `held` until `release`. */
  readonly holding = new Set<string>();
  held: (() => void)[] = [];
  readonly #fileLengths: readonly number[];
  #sent = new Map<ConnId, number[]>();
  #handshakes = new Set<ConnId>();
  #nextIncoming = 1;
  #answers: (() => void)[] = [];

  constructor(options: LabOptions) {
    this.metainfo = options.metainfo;
    const total = options.metainfo.geometry.totalBytes;
    this.disk = new Uint8Array(total);
    this.onDisk = new Uint8Array(total);
    if (options.disk) {
      this.disk.set(options.disk);
      this.onDisk.fill(1);
    }
    if (options.onDisk) this.onDisk.set(options.onDisk);
    const seed = options.seed ?? 'lab';
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const engine = createEngine({
      random: new Random(seed),
      settings,
      allocateBlock: () => new Uint8Array(BLOCK),
      explain: options.explain ?? false,
    });
    this.engine =
      options.log === undefined ? engine : recordEngine(engine, { seed, settings, now: this.now }, options.log);
    this.engine.command(this.now, { kind: 'listening', port: 6881 });
    const { metainfo } = options;
    this.#fileLengths = metainfo.files.map(({ lengthBytes }) => (options.disk ? lengthBytes : -1));
    const common: AddCommon = { paused: false, check: 'trust', peers: [], useTrackers: true, ...options.add };
    const { infoHash, name, announceTiers } = metainfo;
    const added = this.engine.add(
      this.now,
      options.magnet === true
        ? { ...common, magnet: { infoHash, name, announceTiers } }
        : { metainfo, resume: null, fileLengths: this.#fileLengths, ...common },
    );
    if (!added.ok) throw new Error(added.detail);
    this.torrent = added.value;
    this.run();
  }

  get status() {
    const status = this.engine.status(this.torrent);
    if (status === null) throw new Error('no such torrent');
    return status;
  }

  // ── the world ──

  /** Drains, and answers jobs until there are none. */
  run(): void {
    this.engine.drain(this.#sink);
    for (let answer = this.#answers.shift(); answer; answer = this.#answers.shift()) {
      answer();
      this.engine.drain(this.#sink);
    }
    this.engine.checkInvariants();
  }

  release(): void {
    this.#answers.push(...this.held.splice(0));
    this.run();
  }

  /** Lets time pass, ticking whenever the engine wants it. */
  pass(seconds: number): void {
    const end = this.now + seconds * 1_000_000;
    for (;;) {
      const next = this.engine.nextTimeout();
      if (next === null || next > end) break;
      this.now = Math.max(this.now, next);
      this.engine.tick(this.now);
      this.run();
    }
    this.now = end;
    this.engine.tick(this.now);
    this.run();
  }

  count(name: EventName): number {
    return this.events.filter((event) => event.name === name).length;
  }

  // ── peers ──

  /** A peer connects to the engine and says nothing yet. */
  incoming(host = '10.0.0.2', port = 50_000): ConnId {
    const conn = this.#nextIncoming;
    this.#nextIncoming += 2;
    this.engine.connected(this.now, conn, { host, port }, false);
    this.run();
    return conn;
  }

  /** The peer that the engine dialled last under this id took the connection. */
  dialAnswered(conn: ConnId): void {
    const dial = this.dials.findLast((candidate) => candidate.conn === conn);
    if (!dial) throw new Error('nobody was dialled');
    this.engine.connected(this.now, conn, dial.address, true);
    this.run();
  }

  /** The world ended a connection or a dial. */
  disconnected(conn: ConnId, why: DisconnectReason = 'reset'): void {
    this.engine.disconnected(this.now, conn, why);
    this.run();
  }

  /** Bytes from the peer. */
  say(conn: ConnId, ...parts: (Uint8Array | readonly number[])[]): void {
    for (const part of parts) {
      if (this.closed.has(conn)) return;
      this.engine.received(this.now, conn, Uint8Array.from(part));
      this.run();
    }
  }

  /** A peer that connected, shook hands and said what it has. */
  peer(
    options: {
      readonly id?: string;
      readonly fast?: boolean;
      readonly has?: 'all' | 'none' | Uint8Array;
      readonly host?: string;
      readonly extensions?: boolean;
      /** The engine dialled it: this dial is answered. */
      readonly dial?: ConnId;
    } = {},
  ): ConnId {
    const conn = options.dial ?? this.incoming(options.host);
    if (options.dial !== undefined) this.dialAnswered(options.dial);
    const fast = options.fast ?? true;
    const extensions = options.extensions ?? false;
    this.say(conn, handshake(this.metainfo.infoHash, options.id ?? 'p', { fast, extensions }));
    const has = options.has ?? 'none';
    if (has instanceof Uint8Array) this.say(conn, message(5, ...has));
    else if (fast) this.say(conn, message(has === 'all' ? 14 : 15));
    else if (has === 'all') {
      const bits = new Uint8Array(Math.ceil(this.metainfo.geometry.pieceCount / 8));
      for (let i = 0; i < this.metainfo.geometry.pieceCount; i += 1)
        bits[i >>> 3] = (bits[i >>> 3] as number) | (0x80 >>> (i & 7));
      this.say(conn, message(5, ...bits));
    }
    return conn;
  }

  /** The frames that the engine sent since this was last asked, handshake apart. */
  frames(conn: ConnId): Frame[] {
    const bytes = this.#sent.get(conn) ?? [];
    let at = 0;
    if (!this.#handshakes.has(conn) && bytes.length >= 68) {
      this.#handshakes.add(conn);
      at = 68;
    }
    const frames: Frame[] = [];
    while (at + 4 <= bytes.length) {
      const length = uint32(bytes, at);
      frames.push({
        id: length === 0 ? -1 : (bytes[at + 4] as number),
        body: Uint8Array.from(bytes.slice(at + 5, at + 4 + length)),
      });
      at += 4 + length;
    }
    this.#sent.set(conn, []);
    return frames;
  }

  /** Everything sent on the connection since it was last asked, raw. */
  raw(conn: ConnId): Uint8Array {
    const bytes = Uint8Array.from(this.#sent.get(conn) ?? []);
    this.#sent.set(conn, []);
    return bytes;
  }

  /** The requests among `frames`, as [piece, begin, length]. */
  requests(conn: ConnId): [number, number, number][] {
    return this.frames(conn)
      .filter((frame) => frame.id === 6)
      .map(({ body }) => [uint32(body, 0), uint32(body, 4), uint32(body, 8)]);
  }

  /** Answers a request with what `data` has there. */
  give(conn: ConnId, data: Uint8Array, request: readonly [number, number, number]): void {
    const [piece, begin, length] = request;
    const at = piece * this.metainfo.geometry.pieceLengthBytes + begin;
    this.say(conn, message(7, ...u32(piece), ...u32(begin), ...data.subarray(at, at + length)));
  }

  announced(reply: Partial<AnnounceReply & { ok: true }> | { readonly ok: false; readonly reason: string }): void {
    const announce = this.announces.shift();
    if (!announce) throw new Error('no announce is outstanding');
    const full: AnnounceReply =
      reply.ok === false && 'reason' in reply
        ? { ok: false, reason: reply.reason as string }
        : {
            intervalS: 1800,
            minIntervalS: null,
            peers: [],
            seeds: null,
            leechers: null,
            trackerId: null,
            warning: null,
            ...(reply as object),
            ok: true,
          };
    this.engine.announced(this.now, announce.job, full);
    this.run();
  }

  scraped(reply: ScrapeReply): void {
    const scrape = this.scrapes.shift();
    if (!scrape) throw new Error('no scrape is outstanding');
    this.engine.scraped(this.now, scrape.job, reply);
    this.run();
  }

  // ── the sink ──

  #answer(kind: string, answer: () => void): void {
    if (this.holding.has(kind)) this.held.push(answer);
    else this.#answers.push(answer);
  }

  #blockAt(piece: number, block: number): Uint8Array | null {
    const { geometry } = this.metainfo;
    const at = geometry.pieceOffset(piece) + block * BLOCK;
    const length = geometry.blockLength(piece, block);
    if (this.readFails || this.onDisk.subarray(at, at + length).includes(0)) return null;
    return this.disk.subarray(at, at + length);
  }

  #sha1(parts: readonly (Uint8Array | null)[]): Uint8Array | null {
    const hash = createHash('sha1');
    for (const part of parts) {
      if (part === null) return null;
      hash.update(part);
    }
    return new Uint8Array(hash.digest());
  }

  #bytes(piece: number, blocks: readonly (Payload | null)[]): (Uint8Array | null)[] {
    return blocks.map((block, i) => (block === null ? this.#blockAt(piece, i) : (block as Uint8Array)));
  }

  readonly #sink: Sink = {
    dial: (conn, address) => {
      this.closed.delete(conn);
      this.#handshakes.delete(conn);
      this.#sent.delete(conn);
      this.dials.push({ conn, address });
    },
    send: (conn, bytes) => this.#sentOn(conn).push(...bytes),
    sendPayload: (conn, block) => {
      this.#sentOn(conn).push(...(block as Uint8Array));
    },
    setReading: (conn, on) => this.reading.set(conn, on),
    close: (conn, why) => this.closed.set(conn, why),
    readBlock: (job, _torrent, piece, begin, length) =>
      this.#answer('readBlock', () => {
        const at = this.metainfo.geometry.pieceOffset(piece) + begin;
        this.engine.blockRead(this.now, job, this.readFails ? null : this.disk.slice(at, at + length));
      }),
    hashPiece: (job, _torrent, piece, blocks) =>
      this.#answer('hashPiece', () => this.engine.pieceHashed(this.now, job, this.#sha1(this.#bytes(piece, blocks)))),
    hashBlocks: (job, _torrent, piece, blocks) =>
      this.#answer('hashBlocks', () => {
        const digests = this.#bytes(piece, blocks).map((block) => this.#sha1([block]));
        this.engine.blocksHashed(
          this.now,
          job,
          digests.includes(null) ? null : Uint8Array.from(digests.flatMap((digest) => [...(digest as Uint8Array)])),
        );
      }),
    writeBlocks: (job, _torrent, piece, blocks) =>
      this.#answer('writeBlocks', () => {
        blocks.forEach((block, i) => {
          if (block === null || this.writeFault !== null) return;
          const at = this.metainfo.geometry.pieceOffset(piece) + i * BLOCK;
          this.disk.set(block as Uint8Array, at);
          this.onDisk.fill(1, at, at + (block as Uint8Array).length);
        });
        this.engine.blocksWritten(this.now, job, this.writeFault);
      }),
    sync: (job) => this.#answer('sync', () => this.engine.synced(this.now, job, this.writeFault)),
    checkPieces: (job, _torrent, first, count) =>
      this.#answer('checkPieces', () => {
        const { geometry } = this.metainfo;
        const digests = Array.from({ length: count }, (_, i) =>
          this.#sha1(
            Array.from({ length: geometry.blockCount(first + i) }, (__, block) => this.#blockAt(first + i, block)),
          ),
        );
        this.engine.piecesChecked(this.now, job, digests);
      }),
    saveResume: (job, _torrent, data) =>
      this.#answer('saveResume', () => {
        if (this.saveFault === null) this.saved.push(data);
        this.engine.resumeSaved(this.now, job, this.saveFault);
      }),
    openTorrent: (job, _torrent, metainfo) => {
      this.opened.push(metainfo);
      this.#answer('openTorrent', () => {
        const fault = this.openFault;
        const fileLengths = this.#fileLengths;
        this.engine.torrentOpened(
          this.now,
          job,
          fault === null ? { ok: true, resume: null, fileLengths } : { ok: false, fault },
        );
      });
    },
    announce: (job, request) => this.announces.push({ job, request }),
    scrape: (job, request) => this.scrapes.push({ job, request }),
    event: (name, _torrent, a, b) => this.events.push({ name, a, b }),
  };

  #sentOn(conn: ConnId): number[] {
    const bytes = this.#sent.get(conn) ?? [];
    this.#sent.set(conn, bytes);
    return bytes;
  }
}

export function uint32(bytes: ArrayLike<number>, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

export function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Compares large contents without printing them. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** One wire message: id and body behind their length. */
export function message(id: number, ...body: number[]): number[] {
  return [...u32(body.length + 1), id, ...body];
}

export function handshake(
  infoHash: Uint8Array,
  id: string,
  options: { readonly fast?: boolean; readonly extensions?: boolean } = {},
): number[] {
  const reserved = [0, 0, 0, 0, 0, options.extensions ? 0x10 : 0, 0, options.fast ? 0x04 : 0];
  const peerId = [...new TextEncoder().encode(id.padEnd(20, '-').slice(0, 20))];
  return [19, ...new TextEncoder().encode('BitTorrent protocol'), ...reserved, ...infoHash, ...peerId];
}
