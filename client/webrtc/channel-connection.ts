// One WebRTC data channel as a connection: what the engine sends is gathered during a drain and leaves in messages of up to 16 KiB; what
// arrives, in messages of any size, is lent message by message.
//
// Always: after `close` nothing more is reported; a block given to `sendPayload` is copied and released at once; what is held for the
// network is bounded by the engine, which sends no more until it hears `flushed`, and what is held while the engine does not read by
// `UNREAD_BYTES_MAX`: the package has no way to stop a sender, so one that goes on is cut off.

import type { DataChannel } from 'node-datachannel';
import { BLOCK_LENGTH_BYTES, OUTGOING_REQUESTS_MAX, WIRE_MESSAGE_BYTES_MAX } from '#engine';
import type { ConnectionEvents, Link } from '../net/connection.ts';
import { guarded, heldBytes, type ChannelMessage } from './peer-link.ts';

/** What every implementation takes as one message. */
const MESSAGE_BYTES = 16 * 1024;
/** With no more than this unsent, everything counts as sent. */
const LOW_WATER_BYTES = 16 * 1024;
/** All that an honest peer may send without hearing of us: every block that it was asked for, and as much as one message of another kind. */
const UNREAD_BYTES_MAX = OUTGOING_REQUESTS_MAX * BLOCK_LENGTH_BYTES + WIRE_MESSAGE_BYTES_MAX;
/** A connection that was closed with bytes still to be sent gets this long to send them. */
const LINGER_MS = 2_000;

export interface OpenChannel {
  readonly channel: DataChannel;
  /** Names who gets the messages, in their order. */
  readonly receive: (receiver: (message: ChannelMessage) => void) => void;
  /** Ends the channel and what carries it. */
  readonly hangUp: () => void;
}

export class ChannelConnection implements Link {
  readonly conn: number;
  readonly #channel: DataChannel;
  readonly #events: ConnectionEvents;
  readonly #hangUp: () => void;
  #open = true;
  /** The engine knows of the connection. */
  #started = false;
  #reading = true;
  #unread: ChannelMessage[] = [];
  #unreadBytes = 0;
  readonly #message = new Uint8Array(MESSAGE_BYTES);
  #messageBytes = 0;
  /** Something was sent of which `flushed` was not said yet. */
  #flushing = false;

  /** What arrives is reported from the next turn of the loop on. */
  constructor(conn: number, { channel, receive, hangUp }: OpenChannel, events: ConnectionEvents) {
    this.conn = conn;
    this.#channel = channel;
    this.#events = events;
    this.#hangUp = hangUp;
    channel.setBufferedAmountLowThreshold(LOW_WATER_BYTES);
    channel.onBufferedAmountLow(guarded(() => this.#reportFlushed()));
    receive((message) => this.#received(message));
    setImmediate(() => {
      this.#started = true;
      this.#deliver();
    });
  }

  /** `bytes`: borrowed for the call. */
  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const take = Math.min(bytes.length - at, MESSAGE_BYTES - this.#messageBytes);
      this.#message.set(bytes.subarray(at, at + take), this.#messageBytes);
      this.#messageBytes += take;
      at += take;
      if (this.#messageBytes === MESSAGE_BYTES) this.#sendMessage();
    }
  }

  /** `block`: moved; given back at once. */
  sendPayload(block: Uint8Array): void {
    this.send(block);
    this.#events.released(block);
  }

  flush(): void {
    if (this.#messageBytes > 0) this.#sendMessage();
    if (!this.#open) return;
    this.#flushing = true;
    // Not within the drain that this ends.
    setImmediate(() => this.#reportFlushed());
  }

  setReading(on: boolean): void {
    this.#reading = on;
    // Not within the drain that says so.
    if (on && this.#unread.length > 0) setImmediate(() => this.#deliver());
  }

  /** Sends what was gathered, then ends the connection. */
  close(): void {
    if (this.#messageBytes > 0) this.#sendMessage();
    this.#open = false;
    this.#unread = [];
    if (this.#unsentBytes() === 0) this.#hangUp();
    else setTimeout(this.#hangUp, LINGER_MS).unref();
  }

  /** The channel has ended; reported once. */
  ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#unread = [];
    this.#hangUp();
    this.#events.ended(this.conn, 'ended');
  }

  #sendMessage(): void {
    const message = this.#message.subarray(0, this.#messageBytes);
    this.#messageBytes = 0;
    try {
      this.#channel.sendMessageBinary(message as Buffer);
    } catch {
      // It was closed by the other side, which the package is about to say.
    }
  }

  #unsentBytes(): number {
    try {
      return this.#channel.bufferedAmount();
    } catch {
      return 0;
    }
  }

  #reportFlushed(): void {
    if (!this.#open || !this.#flushing || this.#unsentBytes() > LOW_WATER_BYTES) return;
    this.#flushing = false;
    this.#events.flushed(this.conn);
  }

  #received(message: ChannelMessage): void {
    if (!this.#open) return;
    if (this.#started && this.#reading && this.#unread.length === 0) {
      this.#give(message);
      return;
    }
    this.#unread.push(message);
    this.#unreadBytes += heldBytes(message);
    if (this.#started && this.#unreadBytes > UNREAD_BYTES_MAX) this.ended();
  }

  #deliver(): void {
    while (this.#open && this.#started && this.#reading) {
      const message = this.#unread.shift();
      if (message === undefined) return;
      this.#unreadBytes -= heldBytes(message);
      this.#give(message);
    }
  }

  #give(message: ChannelMessage): void {
    // BitTorrent is bytes: whoever sends text speaks something else.
    if (typeof message === 'string') this.ended();
    else this.#events.chunk(this.conn, message instanceof ArrayBuffer ? new Uint8Array(message) : message);
  }
}
