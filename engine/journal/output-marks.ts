// What an engine put out, as numbers that are equal when the outputs are: two bytes for every output (its kind, and eight bits of its
// content) and one digest of everything since the engine was made. A block counts by its length, or by its stamp where it has one.

import type {
  AnnounceRequest,
  ConnId,
  JobId,
  Payload,
  PeerAddress,
  ScrapeRequest,
  Sink,
  TorrentId,
} from '../contract.ts';
import { type EventName, EVENTS } from '../events.ts';
import type { Metainfo } from '../metainfo/metainfo.ts';
import type { ResumeData } from '../resume/resume-data.ts';
import { publicUrl } from '../trackers/public-url.ts';

/** In the order of their numbers in a journal. */
export const OUTPUT_KINDS = [
  'dial',
  'send',
  'sendPayload',
  'setReading',
  'close',
  'readBlock',
  'hashPiece',
  'hashBlocks',
  'writeBlocks',
  'sync',
  'checkPieces',
  'saveResume',
  'announce',
  'event',
  'openTorrent',
  'scrape',
] as const satisfies readonly (keyof Sink)[];

const OUTPUT = Object.fromEntries(OUTPUT_KINDS.map((kind, index) => [kind, index])) as Record<keyof Sink, number>;
const EVENT_INDEX = new Map(Object.keys(EVENTS).map((name, index) => [name as EventName, index]));
const MARK_BYTES = 2;
const WORD = 2 ** 32;
const START = 0x3c6ef372;

/** A sink between the engine and the real one. */
export class OutputMarks implements Sink {
  #digest = 0x6a09e667;
  /** Where outputs go on to. */
  #target: Sink | null = null;
  #marks = new Uint8Array(256);
  #length = 0;

  /** Of every output so far, 0 … 2³² − 1. */
  get digest(): number {
    return this.#digest >>> 0;
  }

  /** Begins a drain to `target`. */
  begin(target: Sink): void {
    this.#target = target;
    this.#length = 0;
  }

  /** Of the drain that was begun last: the first `markBytes` of these; borrowed until the next. */
  get marks(): Uint8Array {
    return this.#marks;
  }

  get markBytes(): number {
    return this.#length;
  }

  /** What an input returned. */
  returned(value: number): void {
    this.#digest = mixed(this.#digest, value);
  }

  dial(conn: ConnId, address: PeerAddress, torrent: TorrentId): void {
    this.#mark(OUTPUT.dial, mixedValue(mixed(START, conn), address));
    this.#target?.dial(conn, address, torrent);
  }

  send(conn: ConnId, bytes: Uint8Array): void {
    this.#mark(OUTPUT.send, mixedBytes(mixed(START, conn), bytes));
    this.#target?.send(conn, bytes);
  }

  sendPayload(conn: ConnId, block: Payload): void {
    this.#mark(OUTPUT.sendPayload, mixedPayload(mixed(START, conn), block));
    this.#target?.sendPayload(conn, block);
  }

  setReading(conn: ConnId, on: boolean): void {
    this.#mark(OUTPUT.setReading, mixed(mixed(START, conn), on ? 1 : 0));
    this.#target?.setReading(conn, on);
  }

  close(conn: ConnId, why: string): void {
    this.#mark(OUTPUT.close, mixedText(mixed(START, conn), why));
    this.#target?.close(conn, why);
  }

  readBlock(job: JobId, torrent: TorrentId, piece: number, beginBytes: number, lengthBytes: number): void {
    const place = mixed(mixed(mixed(START, job), torrent), piece);
    this.#mark(OUTPUT.readBlock, mixed(mixed(place, beginBytes), lengthBytes));
    this.#target?.readBlock(job, torrent, piece, beginBytes, lengthBytes);
  }

  hashPiece(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#mark(OUTPUT.hashPiece, mixedBlocks(job, torrent, piece, blocks));
    this.#target?.hashPiece(job, torrent, piece, blocks);
  }

  hashBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#mark(OUTPUT.hashBlocks, mixedBlocks(job, torrent, piece, blocks));
    this.#target?.hashBlocks(job, torrent, piece, blocks);
  }

  writeBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#mark(OUTPUT.writeBlocks, mixedBlocks(job, torrent, piece, blocks));
    this.#target?.writeBlocks(job, torrent, piece, blocks);
  }

  sync(job: JobId, torrent: TorrentId): void {
    this.#mark(OUTPUT.sync, mixed(mixed(START, job), torrent));
    this.#target?.sync(job, torrent);
  }

  checkPieces(job: JobId, torrent: TorrentId, first: number, count: number): void {
    this.#mark(OUTPUT.checkPieces, mixed(mixed(mixed(mixed(START, job), torrent), first), count));
    this.#target?.checkPieces(job, torrent, first, count);
  }

  saveResume(job: JobId, torrent: TorrentId, data: ResumeData): void {
    this.#mark(OUTPUT.saveResume, mixedValue(mixed(mixed(START, job), torrent), data));
    this.#target?.saveResume(job, torrent, data);
  }

  announce(job: JobId, request: AnnounceRequest): void {
    // As the URL stands in the journal, so that a replay, which knows no other, gives the same mark.
    this.#mark(OUTPUT.announce, mixedValue(mixed(START, job), { ...request, url: publicUrl(request.url) }));
    this.#target?.announce(job, request);
  }

  openTorrent(job: JobId, torrent: TorrentId, metainfo: Metainfo): void {
    this.#mark(OUTPUT.openTorrent, mixedBytes(mixed(mixed(START, job), torrent), metainfo.infoBytes));
    this.#target?.openTorrent(job, torrent, metainfo);
  }

  scrape(job: JobId, request: ScrapeRequest): void {
    this.#mark(OUTPUT.scrape, mixedValue(mixed(START, job), { ...request, url: publicUrl(request.url) }));
    this.#target?.scrape(job, request);
  }

  event(name: EventName, torrent: TorrentId, a: number, b: number): void {
    const index = EVENT_INDEX.get(name) as number;
    this.#mark(OUTPUT.event, mixed(mixed(mixed(mixed(START, index), torrent), a), b));
    this.#target?.event(name, torrent, a, b);
  }

  #mark(kind: number, hash: number): void {
    this.#digest = mixed(this.#digest + kind, hash);
    if (this.#length + MARK_BYTES > this.#marks.length) {
      const grown = new Uint8Array(this.#marks.length * 2);
      grown.set(this.#marks);
      this.#marks = grown;
    }
    this.#marks[this.#length] = kind;
    this.#marks[this.#length + 1] = hash >>> 24;
    this.#length += MARK_BYTES;
  }
}

/** The first output in which two drains differ, counted from 0; −1: their marks agree. */
export function firstDifferentMark(one: Uint8Array, other: Uint8Array): number {
  const length = Math.max(one.length, other.length);
  for (let at = 0; at < length; at += 1) if (one[at] !== other[at]) return Math.floor(at / MARK_BYTES);
  return -1;
}

/** The kind of an output by its marks; null where there are fewer. */
export function markedKind(marks: Uint8Array, index: number): keyof Sink | null {
  return OUTPUT_KINDS[marks[index * MARK_BYTES] ?? -1] ?? null;
}

/** Mixes a number of up to 53 bits into 32. */
function mixed(hash: number, value: number): number {
  let next = Math.imul(hash ^ value, 0x2c1b3c6d);
  next ^= next >>> 15;
  if (value >= WORD) next += Math.floor(value / WORD);
  next = Math.imul(next, 0x297a2d39);
  return next ^ (next >>> 13);
}

function mixedBytes(hash: number, bytes: Uint8Array): number {
  let next = mixed(hash, bytes.length);
  for (let at = 0; at < bytes.length; at += 1) next = Math.imul(next ^ (bytes[at] as number), 0x01000193);
  return mixed(next, 0);
}

function mixedText(hash: number, text: string): number {
  let next = mixed(hash, text.length);
  for (let at = 0; at < text.length; at += 1) next = mixed(next, text.charCodeAt(at));
  return next;
}

function mixedPayload(hash: number, block: Payload): number {
  return mixed(hash, typeof block === 'number' ? block : -block.length);
}

function mixedBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): number {
  let next = mixed(mixed(mixed(START, job), torrent), piece);
  for (const block of blocks) next = block === null ? mixed(next, 0) : mixedPayload(next, block);
  return next;
}

/** Anything made of records, lists, texts, numbers and bytes; records by their fields in the order in which they were made. */
function mixedValue(hash: number, value: unknown): number {
  if (typeof value === 'number') return mixed(hash, value);
  if (typeof value === 'string') return mixedText(hash, value);
  if (value instanceof Uint8Array) return mixedBytes(hash, value);
  if (typeof value !== 'object' || value === null) return mixed(hash, value === true ? 1 : value === false ? 0 : -1);
  const items = Object.values(value);
  let next = mixed(hash, items.length);
  for (const item of items) next = mixedValue(next, item);
  return next;
}
