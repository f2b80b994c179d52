// The messages of BEP 3, 5 (port), 6 (fast) and 10 (extended): their ids, their lengths, and writers into the caller's buffer.
//
// Every writer puts one whole message (or a header, where a payload follows that is sent by itself) at `at` and returns the offset
// after it. None allocates, none checks that there is room: the caller reserves it with the `…_BYTES` constant beside the writer.
// Every message is a length of 4 bytes, which does not count itself, then an id of one byte, then the body; length 0 is a keep-alive.

import { writeUint16, writeUint32 } from './integers.ts';

export const CHOKE = 0;
export const UNCHOKE = 1;
export const INTERESTED = 2;
export const NOT_INTERESTED = 3;
export const HAVE = 4;
export const BITFIELD = 5;
export const REQUEST = 6;
export const PIECE = 7;
export const CANCEL = 8;
export const PORT = 9;
export const SUGGEST = 13;
export const HAVE_ALL = 14;
export const HAVE_NONE = 15;
export const REJECT = 16;
export const ALLOWED_FAST = 17;
export const EXTENDED = 20;

/** The length in front of every message. */
export const LENGTH_PREFIX_BYTES = 4;
/** A length of 0 and nothing else. */
export const KEEP_ALIVE_BYTES = 4;
/** Choke, unchoke, interested, not interested, have-all, have-none: an id alone. */
export const BARE_BYTES = 5;
/** Have, suggest, allowed-fast: an id and a piece. */
export const HAVE_BYTES = 9;
/** Request, cancel, reject: an id, piece, begin and length. */
export const REQUEST_BYTES = 17;
/** What stands before the payload of a PIECE message. */
export const PIECE_HEADER_BYTES = 13;
export const PORT_BYTES = 7;
/** What stands before the bits of a bitfield. */
export const BITFIELD_HEADER_BYTES = 5;
/** What stands before the payload of an extended message. */
export const EXTENDED_HEADER_BYTES = 6;

/** Nothing but a sign of life (BEP 3). `KEEP_ALIVE_BYTES`. */
export function writeKeepAlive(out: Uint8Array, at: number): number {
  return writeUint32(out, at, 0);
}

/** BEP 3. `BARE_BYTES`. */
export function writeChoke(out: Uint8Array, at: number): number {
  return writeBare(out, at, CHOKE);
}

/** BEP 3. `BARE_BYTES`. */
export function writeUnchoke(out: Uint8Array, at: number): number {
  return writeBare(out, at, UNCHOKE);
}

/** BEP 3. `BARE_BYTES`. */
export function writeInterested(out: Uint8Array, at: number): number {
  return writeBare(out, at, INTERESTED);
}

/** BEP 3. `BARE_BYTES`. */
export function writeNotInterested(out: Uint8Array, at: number): number {
  return writeBare(out, at, NOT_INTERESTED);
}

/** BEP 6. `BARE_BYTES`. */
export function writeHaveAll(out: Uint8Array, at: number): number {
  return writeBare(out, at, HAVE_ALL);
}

/** BEP 6. `BARE_BYTES`. */
export function writeHaveNone(out: Uint8Array, at: number): number {
  return writeBare(out, at, HAVE_NONE);
}

/** BEP 3. `HAVE_BYTES`. */
export function writeHave(out: Uint8Array, at: number, piece: number): number {
  return writePieceIndex(out, at, HAVE, piece);
}

/** BEP 6. `HAVE_BYTES`. */
export function writeSuggest(out: Uint8Array, at: number, piece: number): number {
  return writePieceIndex(out, at, SUGGEST, piece);
}

/** BEP 6. `HAVE_BYTES`. */
export function writeAllowedFast(out: Uint8Array, at: number, piece: number): number {
  return writePieceIndex(out, at, ALLOWED_FAST, piece);
}

/** BEP 3. `REQUEST_BYTES`. */
export function writeRequest(
  out: Uint8Array,
  at: number,
  piece: number,
  beginBytes: number,
  lengthBytes: number,
): number {
  return writeBlock(out, at, REQUEST, piece, beginBytes, lengthBytes);
}

/** BEP 3. `REQUEST_BYTES`. */
export function writeCancel(
  out: Uint8Array,
  at: number,
  piece: number,
  beginBytes: number,
  lengthBytes: number,
): number {
  return writeBlock(out, at, CANCEL, piece, beginBytes, lengthBytes);
}

/** BEP 6. `REQUEST_BYTES`. */
export function writeReject(
  out: Uint8Array,
  at: number,
  piece: number,
  beginBytes: number,
  lengthBytes: number,
): number {
  return writeBlock(out, at, REJECT, piece, beginBytes, lengthBytes);
}

/** What goes before a block of `payloadBytes` (BEP 3). `PIECE_HEADER_BYTES`. */
export function writePieceHeader(
  out: Uint8Array,
  at: number,
  piece: number,
  beginBytes: number,
  payloadBytes: number,
): number {
  let next = writeHeader(out, at, PIECE, 8 + payloadBytes);
  next = writeUint32(out, next, piece);
  return writeUint32(out, next, beginBytes);
}

/** Our DHT port (BEP 5). `PORT_BYTES`. */
export function writePort(out: Uint8Array, at: number, port: number): number {
  return writeUint16(out, writeHeader(out, at, PORT, 2), port);
}

/** What goes before a bitfield of `bitfieldBytes` = ⌈pieceCount / 8⌉ (BEP 3). `BITFIELD_HEADER_BYTES`. */
export function writeBitfieldHeader(out: Uint8Array, at: number, bitfieldBytes: number): number {
  return writeHeader(out, at, BITFIELD, bitfieldBytes);
}

/** What goes before `payloadBytes` of an extended message (BEP 10); `id`: 0 for the handshake, else what the receiver named.
 *  `EXTENDED_HEADER_BYTES`. */
export function writeExtendedHeader(out: Uint8Array, at: number, id: number, payloadBytes: number): number {
  const next = writeHeader(out, at, EXTENDED, 1 + payloadBytes);
  out[next] = id;
  return next + 1;
}

function writeHeader(out: Uint8Array, at: number, id: number, bodyBytes: number): number {
  const next = writeUint32(out, at, 1 + bodyBytes);
  out[next] = id;
  return next + 1;
}

function writeBare(out: Uint8Array, at: number, id: number): number {
  return writeHeader(out, at, id, 0);
}

function writePieceIndex(out: Uint8Array, at: number, id: number, piece: number): number {
  return writeUint32(out, writeHeader(out, at, id, 4), piece);
}

function writeBlock(
  out: Uint8Array,
  at: number,
  id: number,
  piece: number,
  beginBytes: number,
  lengthBytes: number,
): number {
  let next = writeHeader(out, at, id, 12);
  next = writeUint32(out, next, piece);
  next = writeUint32(out, next, beginBytes);
  return writeUint32(out, next, lengthBytes);
}
