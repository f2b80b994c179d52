// The outer form of a journal (docs/JOURNAL.md):
//
//   file   = magic, version (1 byte), frame of the header, frames of entries
//   frame  = length of the payload (uint32), CRC-32 of the payload (uint32), payload; little-endian
//   entry  = kind (varint), microseconds since the entry before (varint), fields as the kind says
//
// An entry lies in one frame. Whatever ends the program, at most the last frame is not whole.

import type { JournalValue } from './fields.ts';

/** Of the form and of the fields of every kind: a reader takes no other. */
export const JOURNAL_VERSION = 1;
/** "StarlJnl" */
export const MAGIC = Uint8Array.of(0x53, 0x74, 0x61, 0x72, 0x6c, 0x4a, 0x6e, 0x6c);
export const FRAME_HEADER_BYTES = 8;
/** A frame is written once it holds this much. */
export const FRAME_BYTES = 64 * 1024;
/** One entry may be large: a torrent of a million pieces comes with its hashes. More is damage. */
export const FRAME_BYTES_MAX = 256 * 1024 * 1024;

export interface JournalHeader {
  /** Names the code that the inputs were given to: other code may give other outputs. */
  readonly build: string;
  /** What was recorded, for people: a few lines of `name: value`. */
  readonly about: { readonly [name: string]: JournalValue };
}

/** The bytes are no journal, or not one that can be read; the message names the byte. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

/** Signed: the engine of the language adds a conversion to every look at an unsigned one. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (ISO 3309) of `bytes[start … end)`. */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let at = start; at < end; at += 1)
    crc = (CRC_TABLE[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
