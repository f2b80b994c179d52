// One TCP connection: what the engine sends is gathered during a drain and leaves in one write; what arrives is lent chunk by chunk.
//
// Always: after `close` nothing more is reported; a block given to `sendPayload` is released exactly once, when it has left for the
// kernel or the connection has ended.

import type { Socket } from 'node:net';
import type { DisconnectReason } from '#engine';
import { errorCode } from '../failure.ts';

/** A connection that was closed with bytes still to be sent gets this long to send them. */
const LINGER_MS = 2_000;
/** Small messages are copied here, so that many of them are one buffer of the write. */
const SCRATCH_BYTES = 64 * 1024;

export interface ConnectionEvents {
  /** `chunk`: borrowed for the call. */
  chunk(conn: number, chunk: Uint8Array): void;
  /** Everything given so far has left. */
  flushed(conn: number): void;
  ended(conn: number, why: DisconnectReason): void;
  released(block: Uint8Array): void;
}

/** What the engine's outputs need of a connection, whatever carries it. */
export interface Link {
  /** `bytes`: borrowed for the call. */
  send(bytes: Uint8Array): void;
  /** `block`: moved; given to `released` when it is no longer needed. */
  sendPayload(block: Uint8Array): void;
  /** Hands over what was gathered. */
  flush(): void;
  setReading(on: boolean): void;
  /** Sends what was gathered, then ends the connection; nothing more is reported. */
  close(): void;
}

let scratch = new Uint8Array(SCRATCH_BYTES);
let scratchUsed = 0;

export class Connection implements Link {
  readonly conn: number;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #open = true;
  /** Gathered since the last flush. The views over one stretch of `scratch` are joined. */
  #out: Uint8Array[] = [];
  #blocks: Uint8Array[] = [];
  #lastIsScratch = false;

  constructor(conn: number, socket: Socket, events: ConnectionEvents) {
    this.conn = conn;
    this.#socket = socket;
    this.#events = events;
    socket.on('error', (error) => this.ended(disconnectReason(error)));
    socket.on('end', () => this.ended('ended'));
    socket.on('close', () => this.ended('reset'));
  }

  /** Null where the system does not say it any more. */
  get localAddress(): string | null {
    return this.#socket.localAddress ?? null;
  }

  received(chunk: Uint8Array): void {
    if (this.#open) this.#events.chunk(this.conn, chunk);
  }

  /** `bytes`: borrowed for the call. */
  send(bytes: Uint8Array): void {
    if (bytes.length > SCRATCH_BYTES) {
      this.#out.push(bytes.slice());
      this.#lastIsScratch = false;
      return;
    }
    if (scratchUsed + bytes.length > SCRATCH_BYTES) {
      scratch = new Uint8Array(SCRATCH_BYTES);
      scratchUsed = 0;
    }
    const begin = scratchUsed;
    scratch.set(bytes, begin);
    scratchUsed += bytes.length;
    const last = this.#out.at(-1);
    // Another connection may have written in between: then the views do not touch.
    if (this.#lastIsScratch && last?.buffer === scratch.buffer && last.byteOffset + last.length === begin) {
      this.#out[this.#out.length - 1] = scratch.subarray(last.byteOffset, scratchUsed);
    } else this.#out.push(scratch.subarray(begin, scratchUsed));
    this.#lastIsScratch = true;
  }

  /** `block`: moved; given to `released` when it has left. */
  sendPayload(block: Uint8Array): void {
    this.#out.push(block);
    this.#blocks.push(block);
    this.#lastIsScratch = false;
  }

  /** Hands what was gathered to the socket, as one vectored write. */
  flush(): void {
    const out = this.#out;
    if (out.length === 0) return;
    const blocks = this.#blocks;
    this.#out = [];
    this.#blocks = [];
    this.#lastIsScratch = false;
    const written = () => {
      for (const block of blocks) this.#events.released(block);
      if (this.#open && this.#socket.writableLength === 0) this.#events.flushed(this.conn);
    };
    const last = out.pop() as Uint8Array;
    this.#socket.cork();
    for (const bytes of out) this.#socket.write(bytes);
    this.#socket.write(last, written);
    this.#socket.uncork();
  }

  setReading(on: boolean): void {
    if (on) this.#socket.resume();
    else this.#socket.pause();
  }

  /** Sends what was gathered, then ends the connection. */
  close(): void {
    this.flush();
    this.#open = false;
    if (this.#socket.writableLength === 0) {
      this.#socket.destroy();
      return;
    }
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  /** Reports the end, once, and frees the socket. */
  ended(why: DisconnectReason): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.destroy();
    for (const block of this.#blocks.splice(0)) this.#events.released(block);
    this.#out = [];
    this.#events.ended(this.conn, why);
  }
}

const REASONS: ReadonlyMap<string | null, DisconnectReason> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ETIMEDOUT', 'timeout'],
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['EAFNOSUPPORT', 'unreachable'],
  ['EINVAL', 'unreachable'],
  ['EACCES', 'unreachable'],
]);

function disconnectReason(error: unknown): DisconnectReason {
  return REASONS.get(errorCode(error)) ?? 'reset';
}
