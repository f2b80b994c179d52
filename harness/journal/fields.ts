// Fields of an entry as bytes, and back: whole numbers as varints (seven bits a byte, low first), texts and bytes behind their length, and
// plain values of any shape behind a tag.
//
// Reading never trusts: every length is held against what is left, nesting is bounded, and what does not fit is a `JournalError`.

import { JournalError } from './format.ts';

/** What `value` takes: JSON, and bytes. Keys whose value is undefined are left out. */
export type JournalValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly JournalValue[]
  | { readonly [key: string]: JournalValue | undefined };

const NULL = 0;
const FALSE = 1;
const TRUE = 2;
/** A whole number from 0 to 2⁵³ − 1. */
const UINT = 3;
/** A whole number below 0, as its magnitude. */
const NEGATIVE = 4;
/** Any other number, as text. */
const NUMBER = 5;
const TEXT = 6;
const BYTES = 7;
const LIST = 8;
const RECORD = 9;

const DEPTH_MAX = 16;
const LOW_BITS = 0x80;
/** Beyond this, numbers are divided instead of shifted. */
const SHIFTABLE = 2 ** 31;

export class FieldWriter {
  #bytes: Uint8Array;
  #length: number;

  /** `reservedBytes`: room at the front that is left to the caller. */
  constructor(reservedBytes: number) {
    this.#bytes = new Uint8Array(Math.max(1024, reservedBytes * 2));
    this.#length = reservedBytes;
  }

  /** What was written so far, with the room at the front; borrowed until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets what was written from `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** 0 … 2⁵³ − 1. */
  uint(value: number): void {
    if (value < LOW_BITS && this.#length < this.#bytes.length) {
      this.#bytes[this.#length] = value;
      this.#length += 1;
      return;
    }
    this.#reserve(8);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    while (rest >= SHIFTABLE) {
      bytes[at] = (rest % LOW_BITS) | LOW_BITS;
      rest = Math.floor(rest / LOW_BITS);
      at += 1;
    }
    while (rest >= LOW_BITS) {
      bytes[at] = (rest & 0x7f) | LOW_BITS;
      rest >>>= 7;
      at += 1;
    }
    bytes[at] = rest;
    this.#length = at + 1;
  }

  /** `source[start … end)` behind its length. */
  bytes(source: Uint8Array, start = 0, end = source.length): void {
    this.uint(end - start);
    this.#reserve(end - start);
    const bytes = this.#bytes;
    let at = this.#length;
    // Most are a header of a few bytes: a loop is faster than a view.
    if (end - start <= 32) for (let from = start; from < end; from += 1, at += 1) bytes[at] = source[from] as number;
    else bytes.set(source.subarray(start, end), at);
    this.#length += end - start;
  }

  /** UTF-16 units as varints behind their number: any string comes back as it was. */
  text(text: string): void {
    this.uint(text.length);
    for (let at = 0; at < text.length; at += 1) this.uint(text.charCodeAt(at));
  }

  value(value: JournalValue): void {
    if (value === null) this.uint(NULL);
    else if (typeof value === 'boolean') this.uint(value ? TRUE : FALSE);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') {
      this.uint(TEXT);
      this.text(value);
    } else if (value instanceof Uint8Array) {
      this.uint(BYTES);
      this.bytes(value);
    } else if (isList(value)) {
      this.uint(LIST);
      this.uint(value.length);
      for (const item of value) this.value(item);
    } else {
      const entries = Object.entries(value).filter(([, item]) => item !== undefined);
      this.uint(RECORD);
      this.uint(entries.length);
      for (const [key, item] of entries) {
        this.text(key);
        this.value(item as JournalValue);
      }
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.uint(value < 0 ? NEGATIVE : UINT);
      this.uint(Math.abs(value));
    } else {
      this.uint(NUMBER);
      this.text(Object.is(value, -0) ? '-0' : String(value));
    }
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** `Array.isArray` does not narrow a readonly array. */
function isList(value: object): value is readonly JournalValue[] {
  return Array.isArray(value);
}

export class FieldReader {
  readonly #bytes: Uint8Array;
  /** Where the next field begins. */
  at: number;
  /** No field reaches beyond. */
  end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.end = end;
  }

  uint(): number {
    let value = 0;
    let scale = 1;
    for (let at = this.at; at < this.end; at += 1) {
      const byte = this.#bytes[at] as number;
      value += (byte & 0x7f) * scale;
      if (byte < LOW_BITS) {
        if (value > Number.MAX_SAFE_INTEGER) throw new JournalError(`byte ${this.at}: a number beyond 2⁵³`);
        this.at = at + 1;
        return value;
      }
      scale *= LOW_BITS;
      if (scale > 2 ** 52) break;
    }
    throw new JournalError(`byte ${this.at}: a number that does not end`);
  }

  /** A view of the journal's bytes. */
  bytes(): Uint8Array {
    const length = this.#lengthOf('bytes');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    const length = this.#lengthOf('a text');
    let text = '';
    for (let unit = 0; unit < length; unit += 1) text += String.fromCharCode(this.uint());
    return text;
  }

  value(depth = 0): JournalValue {
    const at = this.at;
    if (depth > DEPTH_MAX) throw new JournalError(`byte ${at}: values nested deeper than ${DEPTH_MAX}`);
    const tag = this.uint();
    switch (tag) {
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case UINT:
        return this.uint();
      case NEGATIVE:
        return -this.uint();
      case NUMBER:
        return Number(this.text());
      case TEXT:
        return this.text();
      case BYTES:
        return this.bytes();
      case LIST:
        return Array.from({ length: this.#lengthOf('a list') }, () => this.value(depth + 1));
      case RECORD:
        return Object.fromEntries(
          Array.from({ length: this.#lengthOf('a record') }, () => [this.text(), this.value(depth + 1)]),
        );
      default:
        throw new JournalError(`byte ${at}: no value begins with ${tag}`);
    }
  }

  /** Every item takes a byte at least. */
  #lengthOf(what: string): number {
    const at = this.at;
    const length = this.uint();
    if (length > this.end - this.at) throw new JournalError(`byte ${at}: ${what} of ${length} that is not all here`);
    return length;
  }
}
