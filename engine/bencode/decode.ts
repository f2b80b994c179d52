// Strict bencode (BEP 3, CONFORMANCE 1-2): every byte is accounted for, or the place and the kind of the fault are named. Never throws.
//
// One pass fills a flat table of three integers a value, at most 6 bytes (12 while it grows) for each byte of input, whatever it
// holds; objects are made only for the values that a caller looks at. Nesting is an explicit stack of BENCODE_DEPTH_MAX.
// An integer may have any number of digits here; `BencodeValue.integer` answers only what a number holds exactly.
// Encoding is the package `bencode`.

import { BENCODE_DEPTH_MAX, METAINFO_BYTES_MAX } from '../limits.ts';
import {
  BencodeValue,
  BYTE_COLON,
  BYTE_DICTIONARY,
  BYTE_END,
  BYTE_INTEGER,
  BYTE_LIST,
  BYTE_MINUS,
  BYTE_NINE,
  BYTE_ZERO,
  ENTRIES_PER_VALUE,
} from './value.ts';

/** How bytes can fail to be bencode. */
type BencodeFault =
  /** More than METAINFO_BYTES_MAX; nothing was read. */
  | 'tooLong'
  | 'truncated'
  /** No value begins with this byte. */
  | 'unexpectedByte'
  /** `ie`, `i-e`, `i-0e`, `i03e`, `i1.5e`. */
  | 'integerForm'
  /** A string's length with a leading zero, or without its colon. */
  | 'lengthForm'
  | 'keyNotString'
  /** A dictionary ends after a key. */
  | 'missingValue'
  | 'keyOrder'
  | 'duplicateKey'
  /** More than BENCODE_DEPTH_MAX lists and dictionaries inside each other. */
  | 'tooDeep'
  | 'trailingBytes';

/** `end`: offset after the value. `offset`: where the fault is; `detail` says both in words. */
export type BencodeResult =
  | { readonly ok: true; readonly value: BencodeValue; readonly end: number }
  | { readonly ok: false; readonly error: BencodeFault; readonly offset: number; readonly detail: string };

export interface BencodeOptions {
  /** Accept dictionary keys in any order, and of equal keys the first. For tracker replies and extension messages: some trackers and
   *  clients in use write keys as they come, nothing is hashed, and refusing them would cost the user a tracker or a peer. */
  readonly lenientKeyOrder?: boolean;
}

/** Decodes one value that fills `bytes` (moved: values are views of them). */
export function decodeBencode(bytes: Uint8Array, options: BencodeOptions = {}): BencodeResult {
  const result = decodeBencodePrefix(bytes, options);
  if (result.ok && result.end < bytes.length) return refuse('trailingBytes', result.end);
  return result;
}

/** Decodes the value that `bytes` (moved) begin with and leaves what follows: BEP 9 puts raw data after a dictionary. */
export function decodeBencodePrefix(bytes: Uint8Array, options: BencodeOptions = {}): BencodeResult {
  if (bytes.length > METAINFO_BYTES_MAX) return refuse('tooLong', METAINFO_BYTES_MAX);
  const scanner = new Scanner(bytes, options.lenientKeyOrder ?? false);
  const fault = scanner.scan();
  if (fault !== null) return refuse(fault, scanner.at);
  return { ok: true, value: new BencodeValue(bytes, scanner.table, 0), end: scanner.at };
}

function refuse(error: BencodeFault, offset: number): BencodeResult {
  return { ok: false, error, offset, detail: `bencode: ${error} at byte ${offset}` };
}

/** Table entries to begin with; small messages never grow beyond them. */
const FIRST_TABLE_VALUES = 32;
const NO_KEY = -1;

// One scan at a time uses these, and reads nothing that another left: an entry is set where its list or dictionary opens. The index of each
// open list or dictionary, the innermost at `#depth − 1`; for each open dictionary the index of its last key, and whether a key is due.
const open = new Int32Array(BENCODE_DEPTH_MAX);
const lastKey = new Int32Array(BENCODE_DEPTH_MAX);
const keyDue = new Uint8Array(BENCODE_DEPTH_MAX);

class Scanner {
  /** The next byte; after a fault, where it is. */
  at = 0;
  table: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #lenientKeyOrder: boolean;
  #count = 0;
  #depth = 0;

  constructor(bytes: Uint8Array, lenientKeyOrder: boolean) {
    this.#bytes = bytes;
    this.#lenientKeyOrder = lenientKeyOrder;
    this.table = new Uint32Array(FIRST_TABLE_VALUES * ENTRIES_PER_VALUE);
  }

  scan(): BencodeFault | null {
    do {
      const fault = this.#inDictionary() && keyDue[this.#depth - 1] === 1 ? this.#keyOrEnd() : this.#value();
      if (fault !== null) return fault;
    } while (this.#depth > 0);
    return null;
  }

  #inDictionary(): boolean {
    return this.#depth > 0 && this.#bytes[this.#startOf(open[this.#depth - 1] as number)] === BYTE_DICTIONARY;
  }

  #keyOrEnd(): BencodeFault | null {
    if (this.at === this.#bytes.length) return 'truncated';
    if (this.#bytes[this.at] === BYTE_END) return this.#close();
    if (!isDigit(this.#bytes[this.at])) return 'keyNotString';
    const dictionary = this.#depth - 1;
    const before = lastKey[dictionary] as number;
    const key = this.#count;
    const keyStart = this.at;
    const fault = this.#string();
    if (fault !== null) return fault;
    lastKey[dictionary] = key;
    keyDue[dictionary] = 0;
    if (before === NO_KEY || this.#lenientKeyOrder) return null;
    const order = this.#compareStrings(before, key);
    if (order < 0) return null;
    this.at = keyStart;
    return order === 0 ? 'duplicateKey' : 'keyOrder';
  }

  #value(): BencodeFault | null {
    if (this.at === this.#bytes.length) return 'truncated';
    const byte = this.#bytes[this.at];
    if (this.#inDictionary()) {
      if (byte === BYTE_END) return 'missingValue';
      keyDue[this.#depth - 1] = 1;
    } else if (this.#depth > 0 && byte === BYTE_END) return this.#close();
    if (isDigit(byte)) return this.#string();
    if (byte === BYTE_INTEGER) return this.#integer();
    if (byte === BYTE_LIST || byte === BYTE_DICTIONARY) return this.#openContainer();
    return 'unexpectedByte';
  }

  #openContainer(): BencodeFault | null {
    if (this.#depth === BENCODE_DEPTH_MAX) return 'tooDeep';
    open[this.#depth] = this.#count;
    lastKey[this.#depth] = NO_KEY;
    keyDue[this.#depth] = 1;
    this.#depth += 1;
    this.#add(this.at, 0);
    this.at += 1;
    return null;
  }

  #close(): null {
    this.#depth -= 1;
    this.at += 1;
    const entry = (open[this.#depth] as number) * ENTRIES_PER_VALUE;
    this.table[entry + 1] = this.at;
    this.table[entry + 2] = this.#count;
    return null;
  }

  #string(): BencodeFault | null {
    const bytes = this.#bytes;
    const start = this.at;
    let length = 0;
    let colon = start;
    for (; isDigit(bytes[colon]); colon += 1) {
      // A leading zero, and a length beyond the source: both are seen before the number can grow past what it holds exactly.
      if (colon > start && length === 0) return 'lengthForm';
      length = length * 10 + ((bytes[colon] as number) - BYTE_ZERO);
      if (length > bytes.length) return 'truncated';
    }
    if (colon === bytes.length) return 'truncated';
    if (bytes[colon] !== BYTE_COLON) return 'lengthForm';
    const end = colon + 1 + length;
    if (end > bytes.length) return 'truncated';
    this.#add(start, end);
    this.at = end;
    return null;
  }

  #integer(): BencodeFault | null {
    const bytes = this.#bytes;
    const start = this.at;
    const negative = bytes[start + 1] === BYTE_MINUS;
    const first = start + (negative ? 2 : 1);
    let end = first;
    while (isDigit(bytes[end])) end += 1;
    if (end === bytes.length) return 'truncated';
    const zero = bytes[first] === BYTE_ZERO;
    if (bytes[end] !== BYTE_END || end === first || (zero && (negative || end > first + 1))) return 'integerForm';
    this.#add(start, end + 1);
    this.at = end + 1;
    return null;
  }

  /** Enters a value whose next one in the table is its own child or follows it; `#close` corrects that for lists and dictionaries. */
  #add(start: number, end: number): void {
    const entry = this.#count * ENTRIES_PER_VALUE;
    if (entry === this.table.length) {
      const grown = new Uint32Array(Math.min(this.table.length * 2, this.#entriesMax()));
      grown.set(this.table);
      this.table = grown;
    }
    this.#count += 1;
    this.table[entry] = start;
    this.table[entry + 1] = end;
    this.table[entry + 2] = this.#count;
  }

  /** A closed value has two bytes or more, an open one at least one. */
  #entriesMax(): number {
    return (Math.floor(this.#bytes.length / 2) + BENCODE_DEPTH_MAX) * ENTRIES_PER_VALUE;
  }

  #startOf(index: number): number {
    return this.table[index * ENTRIES_PER_VALUE] as number;
  }

  #endOf(index: number): number {
    return this.table[index * ENTRIES_PER_VALUE + 1] as number;
  }

  /** Raw byte order of the contents of two strings: negative, 0 or positive. */
  #compareStrings(left: number, right: number): number {
    const bytes = this.#bytes;
    let a = bytes.indexOf(BYTE_COLON, this.#startOf(left)) + 1;
    let b = bytes.indexOf(BYTE_COLON, this.#startOf(right)) + 1;
    const aEnd = this.#endOf(left);
    const bEnd = this.#endOf(right);
    while (a < aEnd && b < bEnd) {
      if (bytes[a] !== bytes[b]) return (bytes[a] as number) - (bytes[b] as number);
      a += 1;
      b += 1;
    }
    return aEnd - a - (bEnd - b);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= BYTE_ZERO && byte <= BYTE_NINE;
}
