// Unsigned integers as few bytes, and bytes as text that JSON can hold.

const TEXT_CHUNK_BYTES = 8192;

export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** LEB128: seven bits a byte, low ones first. `value`: 0 … 2⁵³ − 1. */
  integer(value: number): void {
    if (this.#length + 8 > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      this.#bytes[this.#length] = (rest % 0x80) | 0x80;
      this.#length += 1;
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  base64(): string {
    let text = '';
    for (let at = 0; at < this.#length; at += TEXT_CHUNK_BYTES)
      text += String.fromCharCode(...this.#bytes.subarray(at, Math.min(this.#length, at + TEXT_CHUNK_BYTES)));
    return btoa(text);
  }
}
