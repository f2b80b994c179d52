// The incremental parser of everything that one peer sends: first the handshake, then messages, cut anywhere.
//
//   state      leaves on                              to
//   handshake  68 bytes                               message
//   message    header of a PIECE with payload         payload
//              unknown id                             skip
//   payload    its last byte, in bytes or stamps      message
//   skip       its last byte                          message
//   any        a fault, or `stopParsing()`            stopped, for good
//
// What always holds: a length is judged before anything of the body is kept; a message that lies wholly in a chunk is parsed in place;
// only a message that was cut is kept, in a scratch that grows with the bytes that really came, never with the length that was
// announced; payload and skipped bodies are never kept. An idle reader owns a few fields and, after its first cut message, 32 bytes.
// Whether a message makes sense for the torrent and in this moment is the matter of who extends it: a connection is its own reader, for every
// message meets both, and side by side in memory they are one place.

import { assert } from '../bug.ts';
import type { Stamp } from '../contract.ts';
import { BLOCK_LENGTH_BYTES, WIRE_MESSAGE_BYTES_MAX } from '../limits.ts';
import { HANDSHAKE_BYTES, INFO_HASH_AT, PEER_ID_AT, PROTOCOL_BYTES, RESERVED_AT } from './handshake.ts';
import { readUint16, readUint32 } from './integers.ts';
import {
  ALLOWED_FAST,
  BITFIELD,
  CANCEL,
  CHOKE,
  EXTENDED,
  HAVE,
  HAVE_ALL,
  HAVE_NONE,
  INTERESTED,
  LENGTH_PREFIX_BYTES,
  NOT_INTERESTED,
  PIECE,
  PIECE_HEADER_BYTES,
  PORT,
  REJECT,
  REQUEST,
  SUGGEST,
  UNCHOKE,
} from './messages.ts';
import type { WireFault } from './fault.ts';

const HANDSHAKE = 0;
const MESSAGE = 1;
const PAYLOAD = 2;
const SKIP = 3;
const STOPPED = 4;

/** Length and id: what it takes to judge a message. */
const JUDGED_BYTES = LENGTH_PREFIX_BYTES + 1;
/** Id, piece and begin: the length of a PIECE message without payload. */
const PIECE_LENGTH_MIN = PIECE_HEADER_BYTES - LENGTH_PREFIX_BYTES;
/** Id and extended id. */
const EXTENDED_LENGTH_MIN = 2;

/** Holds any message of fixed length, and the header of a PIECE. */
const SCRATCH_BYTES = 32;
/** What the scratch for a long message reserves beyond the bytes that have come: few copies, and nothing worth attacking. */
const SCRATCH_GROWTH_BYTES = 4096;

/** By id, the only legal length; 0 where it varies or the id is unknown (CONFORMANCE 20). */
const EXACT_LENGTH = new Uint8Array(256);
for (const id of [CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE_ALL, HAVE_NONE]) EXACT_LENGTH[id] = 1;
for (const id of [HAVE, SUGGEST, ALLOWED_FAST]) EXACT_LENGTH[id] = 5;
for (const id of [REQUEST, CANCEL, REJECT]) EXACT_LENGTH[id] = 13;
EXACT_LENGTH[PORT] = 3;

export abstract class WireReader {
  #state = HANDSHAKE;
  #heldBytes = 0;
  /** Bytes of payload, or of a body to skip, that are still to come. */
  #remainingBytes = 0;
  /** Set once, by what stopped the parser. */
  #fault: WireFault | null = null;
  /** The first `#heldBytes` bytes of a handshake or message that was cut. */
  #scratch: Uint8Array | null = null;

  // One call a message, in stream order, while `received` runs. A returned fault stops the parser for good. Every `Uint8Array` is borrowed
  // for the call. Integers are unsigned 32-bit and not yet compared with the torrent.

  /** `infoHash`: 20 bytes; called as soon as they are here, before the peer id, so that the acceptor can answer early. */
  abstract handshakeInfoHash(reserved: Uint8Array, infoHash: Uint8Array): WireFault | null;
  abstract handshakePeerId(peerId: Uint8Array): WireFault | null;
  abstract keepAlive(): void;
  abstract choke(): WireFault | null;
  abstract unchoke(): WireFault | null;
  abstract interested(): WireFault | null;
  abstract notInterested(): WireFault | null;
  abstract have(piece: number): WireFault | null;
  abstract bitfield(bits: Uint8Array): WireFault | null;
  abstract request(piece: number, beginBytes: number, lengthBytes: number): WireFault | null;
  abstract cancel(piece: number, beginBytes: number, lengthBytes: number): WireFault | null;
  /** A PIECE message begins; `lengthBytes` of payload follow in any number of `pieceBytes` or `pieceStamp`, then `pieceEnd`. */
  abstract pieceStart(piece: number, beginBytes: number, lengthBytes: number): WireFault | null;
  /** `chunk[start … end)` is the next payload. */
  abstract pieceBytes(chunk: Uint8Array, start: number, end: number): void;
  abstract pieceStamp(stamp: Stamp, lengthBytes: number): void;
  abstract pieceEnd(): WireFault | null;
  abstract port(port: number): WireFault | null;
  abstract suggest(piece: number): WireFault | null;
  abstract haveAll(): WireFault | null;
  abstract haveNone(): WireFault | null;
  abstract reject(piece: number, beginBytes: number, lengthBytes: number): WireFault | null;
  abstract allowedFast(piece: number): WireFault | null;
  /** Extended message `id` (BEP 10); 0 is the extension handshake. */
  abstract extended(id: number, payload: Uint8Array): WireFault | null;

  /** Bytes reserved for what was cut: never more than have come of it, plus 4 KiB. */
  get scratchBytes(): number {
    return this.#scratch === null ? 0 : this.#scratch.length;
  }

  /** The next bytes of the stream, borrowed for the call. Makes one call for every message that is complete and returns the first
   *  fault, the peer's or one that a call found. After that, and after `stopParsing`, nothing is parsed and null is returned. */
  received(chunk: Uint8Array): WireFault | null {
    if (this.#state === STOPPED) return null;
    let at = 0;
    while (at < chunk.length && this.#state !== STOPPED) {
      if (this.#state === MESSAGE) at = this.#messages(chunk, at);
      else if (this.#state === PAYLOAD) at = this.#payload(chunk, at);
      else if (this.#state === SKIP) at = this.#skip(chunk, at);
      else at = this.#handshake(chunk, at);
    }
    return this.#fault;
  }

  /** The next `lengthBytes` (≥ 1) of the stream are payload of the PIECE message that has begun, with this content. Returns like
   *  `received`. Throws `EngineBug` where the driver is wrong: outside a payload, or more than is left of it. */
  receivedPayload(stamp: Stamp, lengthBytes: number): WireFault | null {
    if (this.#state === STOPPED) return null;
    const fits = this.#state === PAYLOAD && lengthBytes >= 1 && lengthBytes <= this.#remainingBytes;
    assert(fits, 'wire reader: payload outside a PIECE message or beyond its end', lengthBytes, this.#remainingBytes);
    this.#remainingBytes -= lengthBytes;
    this.pieceStamp(stamp, lengthBytes);
    this.#endPayload();
    return this.#fault;
  }

  /** The connection is closed: nothing more is parsed. May be called by a message, also in the middle of a chunk. */
  stopParsing(): void {
    this.#state = STOPPED;
    this.#scratch = null;
  }

  #fail(fault: WireFault): void {
    this.#fault = fault;
    this.stopParsing();
  }

  #handshake(chunk: Uint8Array, at: number): number {
    const before = this.#heldBytes;
    const taken = Math.min(HANDSHAKE_BYTES - before, chunk.length - at);
    if (taken === HANDSHAKE_BYTES) {
      this.#judgeHandshake(chunk.subarray(at, at + taken), 0);
    } else {
      const held = this.#hold(chunk, at, at + taken, HANDSHAKE_BYTES);
      this.#judgeHandshake(held.subarray(0, before + taken), before);
    }
    return at + taken;
  }

  /** `bytes`: what has come of the handshake; its first `before` bytes were judged earlier. */
  #judgeHandshake(bytes: Uint8Array, before: number): void {
    for (let index = before; index < RESERVED_AT && index < bytes.length; index += 1) {
      if (bytes[index] !== PROTOCOL_BYTES[index]) return this.#fail('protocolName');
    }
    if (before < PEER_ID_AT && bytes.length >= PEER_ID_AT) {
      const reserved = bytes.subarray(RESERVED_AT, INFO_HASH_AT);
      const fault = this.handshakeInfoHash(reserved, bytes.subarray(INFO_HASH_AT, PEER_ID_AT));
      if (fault !== null) this.#fail(fault);
    }
    if (bytes.length === HANDSHAKE_BYTES && this.#state !== STOPPED) {
      this.#state = MESSAGE;
      this.#release();
      const fault = this.handshakePeerId(bytes.subarray(PEER_ID_AT));
      if (fault !== null) this.#fail(fault);
    }
  }

  /** Takes messages, and what is here of the last, until the chunk ends or something else than a message follows. */
  #messages(chunk: Uint8Array, from: number): number {
    if (this.#heldBytes > 0) return this.#heldMessage(chunk, from);
    let at = from;
    while (at < chunk.length && this.#state === MESSAGE) {
      const wanted = this.#wantedBytes(chunk, at, chunk.length - at);
      if (wanted > chunk.length - at) {
        this.#hold(chunk, at, chunk.length, wanted);
        return chunk.length;
      }
      if (wanted > 0) this.#dispatch(chunk, at);
      at += wanted;
    }
    return at;
  }

  /** Adds to a message that was cut, no further than it takes to judge it or to complete it. */
  #heldMessage(chunk: Uint8Array, at: number): number {
    const missing = this.#wantedBytes(this.#scratch as Uint8Array, 0, this.#heldBytes) - this.#heldBytes;
    const end = Math.min(at + missing, chunk.length);
    const held = this.#hold(chunk, at, end, this.#heldBytes + missing);
    const wanted = this.#wantedBytes(held, 0, this.#heldBytes);
    if (wanted > 0 && wanted <= this.#heldBytes) {
      this.#release();
      this.#dispatch(held, 0);
    }
    return end;
  }

  /** How many bytes of the message at `at` must be here before something can be done: the whole message, the header of a PIECE, or
   *  what it takes to know more. `available`: how many are. 0 when the message was judged and found illegal. */
  #wantedBytes(bytes: Uint8Array, at: number, available: number): number {
    if (available < LENGTH_PREFIX_BYTES) return LENGTH_PREFIX_BYTES;
    const length = readUint32(bytes, at);
    if (length === 0) return LENGTH_PREFIX_BYTES;
    if (length > WIRE_MESSAGE_BYTES_MAX) return this.#illegal('messageTooLong');
    if (available < JUDGED_BYTES) return JUDGED_BYTES;
    const id = bytes[at + LENGTH_PREFIX_BYTES] as number;
    const exact = EXACT_LENGTH[id] as number;
    if (exact !== 0) return length === exact ? LENGTH_PREFIX_BYTES + length : this.#illegal('messageLength');
    switch (id) {
      case PIECE:
        if (length < PIECE_LENGTH_MIN) return this.#illegal('messageLength');
        return length <= PIECE_LENGTH_MIN + BLOCK_LENGTH_BYTES ? PIECE_HEADER_BYTES : this.#illegal('pieceRange');
      case EXTENDED:
        return length >= EXTENDED_LENGTH_MIN ? LENGTH_PREFIX_BYTES + length : this.#illegal('messageLength');
      case BITFIELD:
        return LENGTH_PREFIX_BYTES + length;
      default:
        return JUDGED_BYTES;
    }
  }

  #illegal(fault: WireFault): 0 {
    this.#fail(fault);
    return 0;
  }

  /** Acts on the legal message at `at`, of which all that `#wantedBytes` wants is here. */
  #dispatch(bytes: Uint8Array, at: number): void {
    const length = readUint32(bytes, at);
    if (length === 0) return this.keepAlive();
    const fault = this.#call(bytes, at, length);
    if (fault !== null) this.#fail(fault);
  }

  #call(bytes: Uint8Array, at: number, length: number): WireFault | null {
    const body = at + JUDGED_BYTES;
    switch (bytes[at + LENGTH_PREFIX_BYTES] as number) {
      case CHOKE:
        return this.choke();
      case UNCHOKE:
        return this.unchoke();
      case INTERESTED:
        return this.interested();
      case NOT_INTERESTED:
        return this.notInterested();
      case HAVE:
        return this.have(readUint32(bytes, body));
      case BITFIELD:
        return this.bitfield(bytes.subarray(body, at + LENGTH_PREFIX_BYTES + length));
      case REQUEST:
        return this.request(readUint32(bytes, body), readUint32(bytes, body + 4), readUint32(bytes, body + 8));
      case PIECE:
        return this.#beginPayload(readUint32(bytes, body), readUint32(bytes, body + 4), length - PIECE_LENGTH_MIN);
      case CANCEL:
        return this.cancel(readUint32(bytes, body), readUint32(bytes, body + 4), readUint32(bytes, body + 8));
      case PORT:
        return this.port(readUint16(bytes, body));
      case SUGGEST:
        return this.suggest(readUint32(bytes, body));
      case HAVE_ALL:
        return this.haveAll();
      case HAVE_NONE:
        return this.haveNone();
      case REJECT:
        return this.reject(readUint32(bytes, body), readUint32(bytes, body + 4), readUint32(bytes, body + 8));
      case ALLOWED_FAST:
        return this.allowedFast(readUint32(bytes, body));
      case EXTENDED:
        return this.extended(bytes[body] as number, bytes.subarray(body + 1, at + LENGTH_PREFIX_BYTES + length));
      default:
        this.#remainingBytes = length - 1;
        this.#state = SKIP;
        return null;
    }
  }

  #beginPayload(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    this.#state = PAYLOAD;
    this.#remainingBytes = lengthBytes;
    const fault = this.pieceStart(piece, beginBytes, lengthBytes);
    if (fault === null) this.#endPayload();
    return fault;
  }

  #payload(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#remainingBytes, chunk.length);
    this.#remainingBytes -= end - at;
    this.pieceBytes(chunk, at, end);
    this.#endPayload();
    return end;
  }

  /** Ends a PIECE message whose last byte has come, unless the call before has just closed the connection. */
  #endPayload(): void {
    if (this.#remainingBytes > 0 || this.#state !== PAYLOAD) return;
    this.#state = MESSAGE;
    const fault = this.pieceEnd();
    if (fault !== null) this.#fail(fault);
  }

  #skip(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#remainingBytes, chunk.length);
    this.#remainingBytes -= end - at;
    if (this.#remainingBytes === 0) this.#state = MESSAGE;
    return end;
  }

  /** Appends `chunk[start … end)` to what is held and returns the scratch. `wantedBytes`: what it will hold at most as far as is known. */
  #hold(chunk: Uint8Array, start: number, end: number, wantedBytes: number): Uint8Array {
    const heldBytes = this.#heldBytes + end - start;
    let scratch = this.#scratch;
    if (scratch === null || scratch.length < heldBytes) {
      const grown = new Uint8Array(Math.max(SCRATCH_BYTES, Math.min(wantedBytes, heldBytes + SCRATCH_GROWTH_BYTES)));
      if (scratch !== null) grown.set(scratch);
      scratch = grown;
      this.#scratch = grown;
    }
    for (let from = start, to = this.#heldBytes; from < end; from += 1, to += 1) scratch[to] = chunk[from] as number;
    this.#heldBytes = heldBytes;
    return scratch;
  }

  /** What was held is complete: forgets it, and gives back memory that only a long message needs. */
  #release(): void {
    this.#heldBytes = 0;
    if (this.scratchBytes > SCRATCH_BYTES) this.#scratch = null;
  }
}
