// One peer connection of the package node-datachannel, from its making to its end, with the one data channel that BitTorrent runs on.
//
// Always: messages keep their order, which the package does not promise where its callback is set while they arrive, so it is set before the
// channel opens, and what comes before somebody listens waits; no callback throws into the native code, which would end the process on the spot; the callbacks by which the package frees its
// native side are set, so that a link that was closed keeps no process alive; after `close` nothing more is reported.

import type { DataChannel, PeerConnection } from 'node-datachannel';
import { SESSION_DESCRIPTION_LENGTH_MAX, WIRE_MESSAGE_BYTES_MAX } from '#engine';

/** What was gathered by then is all: a STUN server may never answer. */
const GATHERING_TIMEOUT_MS = 3_000;
/** Largest message that a peer is told to send us; WebTorrent's have some 16 KiB. */
const MESSAGE_BYTES_MAX = 256 * 1024;

/** More than an honest peer sends before it hears of us: its handshake and what it has. */
const EARLY_BYTES_MAX = WIRE_MESSAGE_BYTES_MAX;
/** A message that waits costs this much beside its bytes. */
const MESSAGE_OVERHEAD_BYTES = 256;

export type ChannelMessage = string | Buffer | ArrayBuffer;

/** What a message that waits is counted as. */
export function heldBytes(message: ChannelMessage): number {
  return MESSAGE_OVERHEAD_BYTES + (message instanceof ArrayBuffer ? message.byteLength : message.length);
}

/** The package, once it is loaded. */
export type WebRtcBinding = typeof import('node-datachannel');

export interface PeerLinkOptions {
  readonly binding: WebRtcBinding;
  /** Local address of the connection, null: every address of the machine. */
  readonly bind: string | null;
  /** STUN and TURN servers as URLs. */
  readonly iceServers: readonly string[];
}

export interface PeerLinkEvents {
  /** The data channel is open. */
  opened(channel: DataChannel): void;
  /** Before it opened, or after. */
  ended(): void;
}

export class PeerLink {
  readonly #events: PeerLinkEvents;
  readonly #connection: PeerConnection;
  #channel: DataChannel | null = null;
  #closed = false;
  #receiver: ((message: ChannelMessage) => void) | null = null;
  #early: ChannelMessage[] = [];
  #earlyBytes = 0;

  /** Throws where the system has no room for another. */
  constructor({ binding, bind, iceServers }: PeerLinkOptions, events: PeerLinkEvents) {
    this.#events = events;
    this.#connection = new binding.PeerConnection('starling', {
      iceServers: [...iceServers],
      maxMessageSize: MESSAGE_BYTES_MAX,
      ...(bind === null ? {} : { bindAddress: bind }),
    });
    this.#connection.onStateChange(
      guarded((state) => {
        if (state === 'failed' || state === 'closed') this.#ended();
      }),
    );
  }

  /** Our offer, with its candidates. Rejects when the link is closed meanwhile. */
  offer(): Promise<string> {
    return this.#described(() => {
      const channel = this.#connection.createDataChannel('starling');
      this.#adopt(channel);
      channel.onOpen(guarded(() => this.#opened(channel)));
    });
  }

  /** Our answer to a peer's offer. Rejects when the offer is not usable. */
  answer(offer: string): Promise<string> {
    this.#connection.onDataChannel(
      guarded((channel) => {
        // One channel is the connection; whoever opens more wastes our memory.
        if (this.#channel !== null || this.#closed) {
          channel.onClosed(() => undefined);
          channel.close();
          return;
        }
        this.#adopt(channel);
        this.#opened(channel);
      }),
    );
    return this.#described(() => this.#setRemote(offer, 'offer'));
  }

  /** The peer's answer to our offer. */
  accept(answer: string): void {
    try {
      this.#setRemote(answer, 'answer');
    } catch {
      this.#ended();
    }
  }

  /** Every message goes to `receiver` from now on; those that came before at once. */
  receive(receiver: (message: ChannelMessage) => void): void {
    this.#receiver = receiver;
    for (const message of this.#early.splice(0)) receiver(message);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#early = [];
    this.#channel?.close();
    this.#connection.close();
  }

  #setRemote(sdp: string, type: 'offer' | 'answer'): void {
    this.#connection.setRemoteDescription(sdp, type as never);
  }

  /** The local description with the candidates of all its addresses, and what STUN servers said in time. `begin`: what makes it be
   *  gathered; its failure is the promise's. */
  #described(begin: () => void): Promise<string> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        const sdp = this.#closed ? undefined : this.#connection.localDescription()?.sdp;
        if (sdp === undefined || sdp.length > SESSION_DESCRIPTION_LENGTH_MAX) reject(new Error('no description'));
        else resolve(sdp);
      };
      const timer = setTimeout(finish, GATHERING_TIMEOUT_MS).unref();
      this.#connection.onGatheringStateChange(
        guarded((state) => {
          if (state === 'complete') finish();
        }),
      );
      begin();
    });
  }

  #adopt(channel: DataChannel): void {
    this.#channel = channel;
    channel.onMessage(guarded((message) => this.#message(message)));
    channel.onClosed(guarded(() => this.#ended()));
    channel.onError(guarded(() => this.#ended()));
  }

  #message(message: ChannelMessage): void {
    if (this.#receiver !== null) {
      this.#receiver(message);
      return;
    }
    this.#early.push(message);
    this.#earlyBytes += heldBytes(message);
    if (this.#earlyBytes > EARLY_BYTES_MAX) this.#ended();
  }

  #opened(channel: DataChannel): void {
    if (!this.#closed) this.#events.opened(channel);
  }

  #ended(): void {
    if (this.#closed) return;
    this.close();
    this.#events.ended();
  }
}

/** A callback for native code: what it throws ends the process as any other exception would, not by an abort. */
export function guarded<T extends readonly unknown[]>(callback: (...values: T) => void): (...values: T) => void {
  return (...values) => {
    try {
      callback(...values);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}
