// A value inside decoded bencode: a place in the source, read when asked for.
//
// The decoder has proved the whole form before one of these exists, so nothing here fails: an accessor of another type than the value's
// answers undefined, and `reply.get('interval')?.integer()` needs no further check. Values are views: the source must not change.

import { decodeUtf8, decodeUtf8Lossy } from './utf8.ts';

/** Entries of one value in the table: where it begins in the source, where it ends, and the table's index of what follows it. */
export const ENTRIES_PER_VALUE = 3;

export const BYTE_INTEGER = 0x69;
export const BYTE_LIST = 0x6c;
export const BYTE_DICTIONARY = 0x64;
export const BYTE_END = 0x65;
export const BYTE_COLON = 0x3a;
export const BYTE_MINUS = 0x2d;
export const BYTE_ZERO = 0x30;
export const BYTE_NINE = 0x39;

export type BencodeKind = 'integer' | 'string' | 'list' | 'dictionary';

export class BencodeValue {
  readonly #source: Uint8Array;
  readonly #table: Uint32Array;
  readonly #index: number;

  /** For the decoder. `table`: ENTRIES_PER_VALUE a value, parents before children, a dictionary's keys among its values. */
  constructor(source: Uint8Array, table: Uint32Array, index: number) {
    this.#source = source;
    this.#table = table;
    this.#index = index;
  }

  /** Offset of the first byte in the source. */
  get start(): number {
    return this.#table[this.#index * ENTRIES_PER_VALUE] as number;
  }

  /** Offset after the last byte in the source. */
  get end(): number {
    return this.#table[this.#index * ENTRIES_PER_VALUE + 1] as number;
  }

  get kind(): BencodeKind {
    const first = this.#source[this.start];
    if (first === BYTE_INTEGER) return 'integer';
    if (first === BYTE_LIST) return 'list';
    return first === BYTE_DICTIONARY ? 'dictionary' : 'string';
  }

  /** The value as it stands in the source, a view: what an info-hash covers. */
  raw(): Uint8Array {
    return this.#source.subarray(this.start, this.end);
  }

  /** An integer that a number holds exactly; undefined beyond ±(2⁵³ − 1), so that nothing is ever silently wrong. */
  integer(): number | undefined {
    if (this.kind !== 'integer') return undefined;
    const negative = this.#source[this.start + 1] === BYTE_MINUS;
    let value = 0;
    for (let at = this.start + (negative ? 2 : 1); at < this.end - 1; at += 1) {
      value = value * 10 + ((this.#source[at] as number) - BYTE_ZERO);
      if (value > Number.MAX_SAFE_INTEGER) return undefined;
    }
    return negative ? -value : value;
  }

  /** The content of a string, a view of the source. */
  bytes(): Uint8Array | undefined {
    return this.kind === 'string' ? this.#source.subarray(this.#contentStart(this.#index), this.end) : undefined;
  }

  /** The content of a string that is valid UTF-8. Untrusted text. */
  text(): string | undefined {
    const bytes = this.bytes();
    return bytes && decodeUtf8(bytes);
  }

  /** The content of any string, bytes that are not UTF-8 replaced by U+FFFD. Untrusted text. */
  lossyText(): string | undefined {
    const bytes = this.bytes();
    return bytes && decodeUtf8Lossy(bytes);
  }

  /** The items of a list, in order, made one at a time: a hostile list costs no array of objects. */
  items(): Iterable<BencodeValue> | undefined {
    return this.kind === 'list' ? this.#children() : undefined;
  }

  /** The pairs of a dictionary, in the source's order. Keys are raw bytes, views of the source. */
  entries(): Iterable<readonly [Uint8Array, BencodeValue]> | undefined {
    return this.kind === 'dictionary' ? this.#pairs() : undefined;
  }

  /** The value under an ASCII key; where a lenient source has the key twice, the first. Undefined when this is no dictionary. */
  get(key: string): BencodeValue | undefined {
    if (this.kind !== 'dictionary') return undefined;
    const table = this.#table;
    for (let index = this.#index + 1; index < this.#next(this.#index); index = this.#next(index + 1)) {
      if (this.#matches(index, key)) return new BencodeValue(this.#source, table, index + 1);
    }
    return undefined;
  }

  *#children(): Iterable<BencodeValue> {
    for (let index = this.#index + 1; index < this.#next(this.#index); index = this.#next(index)) {
      yield new BencodeValue(this.#source, this.#table, index);
    }
  }

  *#pairs(): Iterable<readonly [Uint8Array, BencodeValue]> {
    let key: Uint8Array | undefined;
    for (const child of this.#children()) {
      if (key === undefined) key = child.bytes();
      else {
        yield [key, child];
        key = undefined;
      }
    }
  }

  /** The index of what follows a value and all that is inside it. */
  #next(index: number): number {
    return this.#table[index * ENTRIES_PER_VALUE + 2] as number;
  }

  #contentStart(index: number): number {
    return this.#source.indexOf(BYTE_COLON, this.#table[index * ENTRIES_PER_VALUE]) + 1;
  }

  /** Whether the string at `index` consists of these ASCII characters. */
  #matches(index: number, key: string): boolean {
    const start = this.#contentStart(index);
    const end = this.#table[index * ENTRIES_PER_VALUE + 1] as number;
    if (end - start !== key.length) return false;
    for (let i = 0; i < key.length; i += 1) {
      if (this.#source[start + i] !== key.charCodeAt(i)) return false;
    }
    return true;
  }
}
