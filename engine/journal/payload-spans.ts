// Where in a peer's stream the payload of PIECE messages lies, cut anywhere: what a journal leaves out, because the engine never looks
// inside. Agrees with `WireReader` on every stream that a reader goes on with; what follows a fault is nobody's concern.

import { BLOCK_LENGTH_BYTES } from '../limits.ts';
import { HANDSHAKE_BYTES } from '../wire/handshake.ts';
import { LENGTH_PREFIX_BYTES, PIECE, PIECE_HEADER_BYTES } from '../wire/messages.ts';

/** Id, piece and begin: the length of a PIECE message without payload. */
const PIECE_LENGTH_MIN = PIECE_HEADER_BYTES - LENGTH_PREFIX_BYTES;

export class PayloadSpans {
  /** The run that `next` ended last is payload. */
  payload = false;
  /** Bytes of the handshake or message that are still to come before its payload. */
  #plainBytes = HANDSHAKE_BYTES;
  #payloadBytes = 0;
  /** Of the prefix of the next message: bytes seen, and their value. */
  #prefixBytes = 0;
  #length = 0;

  /** The end of the run that begins at `at`, all of it payload or none. */
  next(chunk: Uint8Array, at: number): number {
    this.payload = this.#plainBytes === 0 && this.#payloadBytes > 0;
    return this.payload ? this.#takePayload(chunk.length, at) : this.#takePlain(chunk, at);
  }

  /** Payload came apart from the bytes. */
  skip(lengthBytes: number): void {
    this.#payloadBytes = Math.max(0, this.#payloadBytes - lengthBytes);
  }

  #takePayload(end: number, at: number): number {
    const taken = Math.min(this.#payloadBytes, end - at);
    this.#payloadBytes -= taken;
    return at + taken;
  }

  #takePlain(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#plainBytes > 0) {
        const taken = Math.min(this.#plainBytes, chunk.length - at);
        this.#plainBytes -= taken;
        at += taken;
      } else if (this.#payloadBytes > 0) return at;
      else {
        this.#prefix(chunk[at] as number);
        at += 1;
      }
    }
    return at;
  }

  /** One byte more of a message's length or its id. */
  #prefix(byte: number): void {
    this.#prefixBytes += 1;
    if (this.#prefixBytes <= LENGTH_PREFIX_BYTES) {
      this.#length = this.#length * 256 + byte;
      if (this.#prefixBytes < LENGTH_PREFIX_BYTES || this.#length > 0) return;
    } else {
      const payloadBytes = byte === PIECE ? this.#length - PIECE_LENGTH_MIN : 0;
      const legal = payloadBytes > 0 && payloadBytes <= BLOCK_LENGTH_BYTES;
      this.#payloadBytes = legal ? payloadBytes : 0;
      this.#plainBytes = legal ? PIECE_LENGTH_MIN - 1 : this.#length - 1;
    }
    this.#prefixBytes = 0;
    this.#length = 0;
  }
}
