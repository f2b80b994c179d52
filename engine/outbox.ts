// Record, then drain. Every output of the engine is a row of numbers here until `drain` hands all of them to the driver's sink in the
// order recorded, so that no driver code ever runs inside a half-done transition. Wire bytes gather in one arena; what is sent on one
// connection without anything between is one `send`, which begins at a whole word: so it is copied four bytes at a time.

import { assert } from './bug.ts';
import type {
  AnnounceRequest,
  ConnId,
  JobId,
  Payload,
  PeerAddress,
  ScrapeRequest,
  Sink,
  TorrentId,
} from './contract.ts';
import type { EventName } from './events.ts';
import type { Metainfo } from './metainfo/metainfo.ts';
import type { ResumeData } from './resume/resume-data.ts';

const SEND = 0;
const SEND_PAYLOAD = 1;
const EVENT = 2;
const READ_BLOCK = 3;
const HASH_PIECE = 4;
const WRITE_BLOCKS = 5;
const HASH_BLOCKS = 6;
const SYNC = 7;
const CHECK_PIECES = 8;
const SAVE_RESUME = 9;
const ANNOUNCE = 10;
const DIAL = 11;
const CLOSE = 12;
const SET_READING = 13;
const OPEN_TORRENT = 14;
const SCRAPE = 15;

/** Numbers a row: what, then up to five arguments. */
const STRIDE = 6;
/** Holds what one input mostly leads to on one connection: a few requests, a HAVE, the header of a block. */
const COPIED_BYTES_MAX = 68;

/** Where outputs stand until they are drained. An engine holds one only meanwhile, so that thousands of them in one process share a few,
 *  which stay in the cache. */
interface Arena {
  rows: Float64Array;
  readonly refs: unknown[];
  wire: WireBytes;
}

/** Wire bytes, and the same as words. */
interface WireBytes {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

const NO_ARENA: Arena = { rows: new Float64Array(0), refs: [], wire: wireBytes(0) };
const freeArenas: Arena[] = [];
/** What short wire bytes are handed out in, by length: lent to the sink for the call. */
const views: WireBytes[] = [];

export class Outbox {
  #arena = NO_ARENA;
  #count = 0;
  #byteCount = 0;
  #draining = false;

  /** Where the bytes reserved last are to be written. Valid until the next `reserve`. */
  get bytes(): Uint8Array {
    return this.#arena.wire.bytes;
  }

  get empty(): boolean {
    return this.#count === 0;
  }

  /** Room for `lengthBytes` on the stream of `conn`: returns where in `bytes` they go. The caller writes all of them. */
  reserve(conn: ConnId, lengthBytes: number): number {
    if (this.#arena === NO_ARENA) this.#takeArena();
    const last = (this.#count - 1) * STRIDE;
    const goesOn = last >= 0 && this.#arena.rows[last] === SEND && this.#arena.rows[last + 1] === conn;
    const at = goesOn ? this.#byteCount : wordsOf(this.#byteCount) << 2;
    const end = at + lengthBytes;
    if (end > this.#arena.wire.bytes.length) this.#growBytes(end);
    this.#byteCount = end;
    if (goesOn) this.#arena.rows[last + 3] = end;
    else this.#push(SEND, conn, at, end, 0, 0, null);
    return at;
  }

  sendPayload(conn: ConnId, block: Payload): void {
    this.#push(SEND_PAYLOAD, conn, 0, 0, 0, 0, block);
  }

  dial(conn: ConnId, address: PeerAddress, torrent: TorrentId): void {
    this.#push(DIAL, conn, torrent, 0, 0, 0, address);
  }

  setReading(conn: ConnId, on: boolean): void {
    this.#push(SET_READING, conn, on ? 1 : 0, 0, 0, 0, null);
  }

  close(conn: ConnId, why: string): void {
    this.#push(CLOSE, conn, 0, 0, 0, 0, why);
  }

  readBlock(job: JobId, torrent: TorrentId, piece: number, beginBytes: number, lengthBytes: number): void {
    this.#push(READ_BLOCK, job, torrent, piece, beginBytes, lengthBytes, null);
  }

  hashPiece(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#push(HASH_PIECE, job, torrent, piece, 0, 0, blocks);
  }

  hashBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#push(HASH_BLOCKS, job, torrent, piece, 0, 0, blocks);
  }

  writeBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#push(WRITE_BLOCKS, job, torrent, piece, 0, 0, blocks);
  }

  sync(job: JobId, torrent: TorrentId): void {
    this.#push(SYNC, job, torrent, 0, 0, 0, null);
  }

  checkPieces(job: JobId, torrent: TorrentId, first: number, count: number): void {
    this.#push(CHECK_PIECES, job, torrent, first, count, 0, null);
  }

  saveResume(job: JobId, torrent: TorrentId, data: ResumeData): void {
    this.#push(SAVE_RESUME, job, torrent, 0, 0, 0, data);
  }

  announce(job: JobId, request: AnnounceRequest): void {
    this.#push(ANNOUNCE, job, 0, 0, 0, 0, request);
  }

  openTorrent(job: JobId, torrent: TorrentId, metainfo: Metainfo): void {
    this.#push(OPEN_TORRENT, job, torrent, 0, 0, 0, metainfo);
  }

  scrape(job: JobId, request: ScrapeRequest): void {
    this.#push(SCRAPE, job, 0, 0, 0, 0, request);
  }

  event(name: EventName, torrent: TorrentId, a: number, b: number): void {
    this.#push(EVENT, torrent, a, b, 0, 0, name);
  }

  drain(sink: Sink): void {
    assert(!this.#draining, 'drain was re-entered');
    if (this.#count === 0) return;
    this.#draining = true;
    const { rows, refs } = this.#arena;
    const count = this.#count;
    for (let i = 0; i < count; i += 1) {
      const row = i * STRIDE;
      // All but the ids of jobs and what an event carries are small integers, and shall stay such to the language: what keeps one would keep
      // a box for it.
      const job = rows[row + 1] as number;
      const a = job | 0;
      const b = (rows[row + 2] as number) | 0;
      const c = (rows[row + 3] as number) | 0;
      const ref = refs[i];
      switch (rows[row] as number) {
        case SEND:
          sink.send(a, this.#view(b, c));
          break;
        case SEND_PAYLOAD:
          sink.sendPayload(a, ref as Payload);
          break;
        case EVENT:
          sink.event(ref as EventName, a, rows[row + 2] as number, rows[row + 3] as number);
          break;
        case READ_BLOCK:
          sink.readBlock(job, b, c, (rows[row + 4] as number) | 0, (rows[row + 5] as number) | 0);
          break;
        case HASH_PIECE:
          sink.hashPiece(job, b, c, ref as (Payload | null)[]);
          break;
        case HASH_BLOCKS:
          sink.hashBlocks(job, b, c, ref as (Payload | null)[]);
          break;
        case WRITE_BLOCKS:
          sink.writeBlocks(job, b, c, ref as (Payload | null)[]);
          break;
        case SYNC:
          sink.sync(job, b);
          break;
        case CHECK_PIECES:
          sink.checkPieces(job, b, c, (rows[row + 4] as number) | 0);
          break;
        case SAVE_RESUME:
          sink.saveResume(job, b, ref as ResumeData);
          break;
        case ANNOUNCE:
          sink.announce(job, ref as AnnounceRequest);
          break;
        case OPEN_TORRENT:
          sink.openTorrent(job, b, ref as Metainfo);
          break;
        case SCRAPE:
          sink.scrape(job, ref as ScrapeRequest);
          break;
        case DIAL:
          sink.dial(a, ref as PeerAddress, b);
          break;
        case CLOSE:
          sink.close(a, ref as string);
          break;
        case SET_READING:
          sink.setReading(a, b === 1);
          break;
      }
      refs[i] = null;
    }
    assert(this.#count === count, 'an output was recorded while draining');
    this.#count = 0;
    this.#byteCount = 0;
    this.#draining = false;
    freeArenas.push(this.#arena);
    this.#arena = NO_ARENA;
  }

  /** The arena's bytes from `from` to `to`: short ones copied under a view that is used again, which costs less than a new view. */
  #view(from: number, to: number): Uint8Array {
    const length = to - from;
    const { bytes, words } = this.#arena.wire;
    if (length > COPIED_BYTES_MAX) return bytes.subarray(from, to);
    const view = (views[length] ??= wireBytes(length));
    const first = from >> 2;
    const count = wordsOf(length);
    for (let i = 0; i < count; i += 1) view.words[i] = words[first + i] as number;
    return view.bytes;
  }

  #push(what: number, a: number, b: number, c: number, d: number, e: number, ref: unknown): void {
    if (this.#arena === NO_ARENA) this.#takeArena();
    const row = this.#count * STRIDE;
    if (row === this.#arena.rows.length) this.#growRows();
    const rows = this.#arena.rows;
    rows[row] = what;
    rows[row + 1] = a;
    rows[row + 2] = b;
    rows[row + 3] = c;
    rows[row + 4] = d;
    rows[row + 5] = e;
    this.#arena.refs[this.#count] = ref;
    this.#count += 1;
  }

  #takeArena(): void {
    this.#arena = freeArenas.pop() ?? { rows: new Float64Array(16 * STRIDE), refs: [], wire: wireBytes(512) };
  }

  #growRows(): void {
    const rows = new Float64Array(this.#arena.rows.length * 2);
    rows.set(this.#arena.rows);
    this.#arena.rows = rows;
  }

  #growBytes(needed: number): void {
    const grown = wireBytes(Math.max(needed, this.#arena.wire.bytes.length * 2));
    grown.words.set(this.#arena.wire.words);
    this.#arena.wire = grown;
  }
}

function wireBytes(lengthBytes: number): WireBytes {
  const words = new Int32Array(wordsOf(lengthBytes));
  return { bytes: new Uint8Array(words.buffer, 0, lengthBytes), words };
}

/** How many words hold so many bytes. */
function wordsOf(bytes: number): number {
  return (bytes + 3) >> 2;
}
