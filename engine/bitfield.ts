// One bit a piece (or block), in wire order: high bit first, spare bits zero (BEP 3). Knows how many are set.

import type { WireFault } from './wire/wire.ts';

export class Bitfield {
  readonly length: number;
  readonly bytes: Uint8Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.bytes = new Uint8Array(Math.ceil(length / 8));
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

  has(index: number): boolean {
    return ((this.bytes[index >>> 3] as number) & (0x80 >>> (index & 7))) !== 0;
  }

  /** True when the bit was not set before. */
  set(index: number): boolean {
    const mask = 0x80 >>> (index & 7);
    const byte = this.bytes[index >>> 3] as number;
    if ((byte & mask) !== 0) return false;
    this.bytes[index >>> 3] = byte | mask;
    this.#count += 1;
    return true;
  }

  clear(index: number): void {
    const mask = 0x80 >>> (index & 7);
    const byte = this.bytes[index >>> 3] as number;
    if ((byte & mask) === 0) return;
    this.bytes[index >>> 3] = byte & ~mask;
    this.#count -= 1;
  }

  setAll(): void {
    this.bytes.fill(0xff);
    const spareBits = this.bytes.length * 8 - this.length;
    if (spareBits > 0) this.bytes[this.bytes.length - 1] = (0xff << spareBits) & 0xff;
    this.#count = this.length;
  }

  clearAll(): void {
    this.bytes.fill(0);
    this.#count = 0;
  }
}

const BITS_SET = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) count += rest & 1;
  return count;
});
