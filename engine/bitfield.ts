// One bit a piece (or block), in wire order: high bit first, spare bits zero (BEP 3). Knows how many are set.

import type { WireFault } from './wire/fault.ts';

export class Bitfield {
  readonly length: number;
  #count = 0;
  /** Its bytes begin at `#at` of a page that others may share. */
  readonly #page: Uint8Array;
  readonly #at: number;

  /** `page`: zeros from `at` on, that nobody else writes. */
  constructor(length: number, page = new Uint8Array(Math.ceil(length / 8)), at = 0) {
    this.length = length;
    this.#page = page;
    this.#at = at;
  }

  /** In wire order; live. */
  get bytes(): Uint8Array {
    const end = this.#at + Math.ceil(this.length / 8);
    return this.#page.length === end - this.#at ? this.#page : this.#page.subarray(this.#at, end);
  }

  /** Copies a BITFIELD payload (BEP 3; CONFORMANCE 24, 25). `payload`: borrowed. */
  static fromWire(payload: Uint8Array, length: number): Bitfield | WireFault {
    if (payload.length !== Math.ceil(length / 8)) return 'bitfieldLength';
    const spareBits = payload.length * 8 - length;
    if (spareBits > 0 && ((payload[payload.length - 1] as number) & ((1 << spareBits) - 1)) !== 0) return 'spareBits';
    const bitfield = new Bitfield(length);
    bitfield.bytes.set(payload);
    for (let i = 0; i < payload.length; i += 1) bitfield.#count += BITS_SET[payload[i] as number] as number;
    return bitfield;
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count === this.length;
  }

  /** Becomes a copy of another of the same length. */
  assign(other: Bitfield): void {
    this.bytes.set(other.bytes);
    this.#count = other.#count;
  }

  has(index: number): boolean {
    return ((this.#page[this.#at + (index >>> 3)] as number) & (0x80 >>> (index & 7))) !== 0;
  }

  /** True when the bit was not set before. */
  set(index: number): boolean {
    const mask = 0x80 >>> (index & 7);
    const at = this.#at + (index >>> 3);
    const byte = this.#page[at] as number;
    if ((byte & mask) !== 0) return false;
    this.#page[at] = byte | mask;
    this.#count += 1;
    return true;
  }

  clear(index: number): void {
    const mask = 0x80 >>> (index & 7);
    const at = this.#at + (index >>> 3);
    const byte = this.#page[at] as number;
    if ((byte & mask) === 0) return;
    this.#page[at] = byte & ~mask;
    this.#count -= 1;
  }

  setAll(): void {
    const { bytes } = this;
    bytes.fill(0xff);
    const spareBits = bytes.length * 8 - this.length;
    if (spareBits > 0) bytes[bytes.length - 1] = (0xff << spareBits) & 0xff;
    this.#count = this.length;
  }

  clearAll(): void {
    this.bytes.fill(0);
    this.#count = 0;
  }
}

/** What one page holds; a longer bitfield has its own. */
const PAGE_BYTES = 1024;

/** Makes bitfields of one length, short ones side by side: a message about a piece then meets one cold line and not an array of its own
 *  for each peer. A page lives as long as any of its bitfields. */
export class BitfieldPages {
  readonly #length: number;
  #page = new Uint8Array(0);
  #used = 0;

  constructor(length: number) {
    this.#length = length;
  }

  /** One with no bit set. */
  take(): Bitfield {
    const bytes = Math.ceil(this.#length / 8);
    if (this.#used + bytes > this.#page.length) {
      this.#page = new Uint8Array(Math.max(PAGE_BYTES, bytes));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += bytes;
    return new Bitfield(this.#length, this.#page, at);
  }
}

const BITS_SET = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) count += rest & 1;
  return count;
});
