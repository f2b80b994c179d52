// What an engine put out, as numbers that are equal when the outputs are: two bytes for every output (its kind, and eight bits of its
// content) and one digest of everything since the engine was made. A block counts by its length, or by its stamp where it has one.

import type { AnnounceRequest, ConnId, JobId, Payload, PeerAddress, Sink, TorrentId } from '../contract.ts';
import { type EventName, EVENTS } from '../events.ts';
import type { ResumeData } from '../resume/resume-data.ts';

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
] as const satisfies readonly (keyof Sink)[];

const OUTPUT = Object.fromEntries(OUTPUT_KINDS.map((kind, index) => [kind, index])) as Record<keyof Sink, number>;
const EVENT_INDEX = new Map(Object.keys(EVENTS).map((name, index) => [name as EventName, index]));
const MARK_BYTES = 2;
const WORD = 2 ** 32;

/** A sink between the engine and the real one. */
export class OutputMarks implements Sink {
  /** Of every output so far. */
  digest = 0x6a09e667;
  /** Where outputs go on to. */
  #target: Sink | null = null;
  #marks = new Uint8Array(256);
  #length = 0;
  #hash = 0;

  /** Begins a drain to `target`. */
  begin(target: Sink): void {
    this.#target = target;
    this.#length = 0;
  }

  /** Of the drain that was begun last; borrowed until the next. */
  get marks(): Uint8Array {
    return this.#marks.subarray(0, this.#length);
  }

  /** What an input returned. */
  returned(value: number): void {
    this.digest = mixed(this.digest, value);
  }

  dial(conn: ConnId, address: PeerAddress): void {
    this.#begin(conn);
    this.#value(address);
    this.#mark(OUTPUT.dial);
    this.#target?.dial(conn, address);
  }

  send(conn: ConnId, bytes: Uint8Array): void {
    this.#begin(conn);
    this.#bytes(bytes);
    this.#mark(OUTPUT.send);
    this.#target?.send(conn, bytes);
  }

  sendPayload(conn: ConnId, block: Payload): void {
    this.#begin(conn);
    this.#payload(block);
    this.#mark(OUTPUT.sendPayload);
    this.#target?.sendPayload(conn, block);
  }

  setReading(conn: ConnId, on: boolean): void {
    this.#begin(conn);
    this.#number(on ? 1 : 0);
    this.#mark(OUTPUT.setReading);
    this.#target?.setReading(conn, on);
  }

  close(conn: ConnId, why: string): void {
    this.#begin(conn);
    this.#text(why);
    this.#mark(OUTPUT.close);
    this.#target?.close(conn, why);
  }

  readBlock(job: JobId, torrent: TorrentId, piece: number, beginBytes: number, lengthBytes: number): void {
    this.#begin(job);
    this.#number(torrent);
    this.#number(piece);
    this.#number(beginBytes);
    this.#number(lengthBytes);
    this.#mark(OUTPUT.readBlock);
    this.#target?.readBlock(job, torrent, piece, beginBytes, lengthBytes);
  }

  hashPiece(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#blocks(job, torrent, piece, blocks);
    this.#mark(OUTPUT.hashPiece);
    this.#target?.hashPiece(job, torrent, piece, blocks);
  }

  hashBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#blocks(job, torrent, piece, blocks);
    this.#mark(OUTPUT.hashBlocks);
    this.#target?.hashBlocks(job, torrent, piece, blocks);
  }

  writeBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#blocks(job, torrent, piece, blocks);
    this.#mark(OUTPUT.writeBlocks);
    this.#target?.writeBlocks(job, torrent, piece, blocks);
  }

  sync(job: JobId, torrent: TorrentId): void {
    this.#begin(job);
    this.#number(torrent);
    this.#mark(OUTPUT.sync);
    this.#target?.sync(job, torrent);
  }

  checkPieces(job: JobId, torrent: TorrentId, first: number, count: number): void {
    this.#begin(job);
    this.#number(torrent);
    this.#number(first);
    this.#number(count);
    this.#mark(OUTPUT.checkPieces);
    this.#target?.checkPieces(job, torrent, first, count);
  }

  saveResume(job: JobId, torrent: TorrentId, data: ResumeData): void {
    this.#begin(job);
    this.#number(torrent);
    this.#value(data);
    this.#mark(OUTPUT.saveResume);
    this.#target?.saveResume(job, torrent, data);
  }

  announce(job: JobId, request: AnnounceRequest): void {
    this.#begin(job);
    this.#value(request);
    this.#mark(OUTPUT.announce);
    this.#target?.announce(job, request);
  }

  event(name: EventName, torrent: TorrentId, a: number, b: number): void {
    this.#begin(EVENT_INDEX.get(name) as number);
    this.#number(torrent);
    this.#number(a);
    this.#number(b);
    this.#mark(OUTPUT.event);
    this.#target?.event(name, torrent, a, b);
  }

  // ── inside ──

  #begin(first: number): void {
    this.#hash = 0x3c6ef372;
    this.#number(first);
  }

  #number(value: number): void {
    this.#hash = mixed(this.#hash, value);
  }

  #bytes(bytes: Uint8Array): void {
    let hash = mixed(this.#hash, bytes.length) | 0;
    for (let at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    this.#hash = mixed(hash, 0);
  }

  #text(text: string): void {
    this.#number(text.length);
    for (let at = 0; at < text.length; at += 1) this.#number(text.charCodeAt(at));
  }

  #payload(block: Payload): void {
    if (typeof block === 'number') this.#number(block);
    else this.#number(-block.length);
  }

  #blocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#begin(job);
    this.#number(torrent);
    this.#number(piece);
    for (const block of blocks) {
      if (block === null) this.#number(0);
      else this.#payload(block);
    }
  }

  /** Anything made of records, lists, texts, numbers and bytes; records by their fields in the order in which they were made. */
  #value(value: unknown): void {
    if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#text(value);
    else if (value instanceof Uint8Array) this.#bytes(value);
    else if (typeof value === 'object' && value !== null) {
      const items = Object.values(value);
      this.#number(items.length);
      for (const item of items) this.#value(item);
    } else this.#number(value === true ? 1 : value === false ? 0 : -1);
  }

  #mark(kind: number): void {
    this.digest = mixed(mixed(this.digest, kind), this.#hash);
    if (this.#length + MARK_BYTES > this.#marks.length) {
      const grown = new Uint8Array(this.#marks.length * 2);
      grown.set(this.#marks);
      this.#marks = grown;
    }
    this.#marks[this.#length] = kind;
    this.#marks[this.#length + 1] = this.#hash >>> 24;
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
  return (next ^ (next >>> 13)) >>> 0;
}
