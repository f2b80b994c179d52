// SHA-1 (FIPS 180-4) for what the engine must know at once: info-hashes, allowed-fast sets, checksums. Pieces and blocks are hashed
// by the driver, which does it several times faster.

import { SHA1_LENGTH_BYTES } from './limits.ts';

const CHUNK_LENGTH_BYTES = 64;
/** Room for the bit length that ends the last 64 bytes. */
const LENGTH_FIELD_BYTES = 8;

/** The digest of `bytes` (borrowed for the call): 20 new bytes. */
export function sha1(bytes: Uint8Array): Uint8Array {
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Int32Array(80);
  const wholeBytes = bytes.length - (bytes.length % CHUNK_LENGTH_BYTES);
  for (let at = 0; at < wholeBytes; at += CHUNK_LENGTH_BYTES) compress(state, words, bytes, at);
  const tail = padded(bytes, wholeBytes);
  for (let at = 0; at < tail.length; at += CHUNK_LENGTH_BYTES) compress(state, words, tail, at);
  const digest = new Uint8Array(SHA1_LENGTH_BYTES);
  const view = new DataView(digest.buffer);
  state.forEach((word, index) => {
    view.setInt32(index * 4, word);
  });
  return digest;
}

/** The bytes from `wholeBytes` on, the bit 1, zeros, and the length in bits: one or two times 64 bytes. */
function padded(bytes: Uint8Array, wholeBytes: number): Uint8Array {
  const rest = bytes.length - wholeBytes;
  const tail = new Uint8Array(
    rest + 1 + LENGTH_FIELD_BYTES <= CHUNK_LENGTH_BYTES ? CHUNK_LENGTH_BYTES : 2 * CHUNK_LENGTH_BYTES,
  );
  tail.set(bytes.subarray(wholeBytes));
  tail[rest] = 0x80;
  new DataView(tail.buffer).setBigUint64(tail.length - LENGTH_FIELD_BYTES, BigInt(bytes.length) * 8n);
  return tail;
}

/** Folds the 64 bytes from `at` on into `state`. `words`: scratch of 80. */
function compress(state: Int32Array, words: Int32Array, bytes: Uint8Array, at: number): void {
  const w = words;
  for (let i = 0, from = at; i < 16; i += 1, from += 4) {
    w[i] =
      ((bytes[from] as number) << 24) |
      ((bytes[from + 1] as number) << 16) |
      ((bytes[from + 2] as number) << 8) |
      (bytes[from + 3] as number);
  }
  for (let i = 16; i < 80; i += 1) {
    const mixed = (w[i - 3] as number) ^ (w[i - 8] as number) ^ (w[i - 14] as number) ^ (w[i - 16] as number);
    w[i] = (mixed << 1) | (mixed >>> 31);
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  for (let i = 0; i < 80; i += 1) {
    const mixed =
      i < 20
        ? ((b & c) | (~b & d)) + 0x5a827999
        : i < 40
          ? (b ^ c ^ d) + 0x6ed9eba1
          : i < 60
            ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
            : (b ^ c ^ d) + 0xca62c1d6;
    const next = (((a << 5) | (a >>> 27)) + mixed + e + (w[i] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
}
