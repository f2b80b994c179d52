// The announce over UDP (BEP 15, 41), against one tracker at one address, for any number of torrents: a state machine without a socket.
//
//   connection   no id      announce wanted → send connect                    connecting
//                connecting answer          → send every waiting announce     connected
//                           15·2ⁿ s passed  → send connect again, n + 1       connecting, after n = 8: all waiting fail
//                connected  60 s passed     → the id is no longer used        no id
//   announce     waiting    connected       → send announce                   sent
//                sent       answer          → the reply                       done
//                           15·2ⁿ s passed  → send again, n + 1               sent, or waiting for a new id; after n = 8: fails
//
// What always holds: every announce is answered once, by `announced` or by being cancelled; a datagram counts only when transaction id,
// action and length fit something that is outstanding. Bounded by the announces that the caller has outstanding.

import type {
  AnnounceEvent,
  AnnounceReply,
  AnnounceRequest,
  Instant,
  JobId,
  PeerAddress,
  RandomStream,
} from '../contract.ts';
import { readUint32, writeUint16, writeUint32, writeUint64 } from '../wire/integers.ts';
import { addCompactPeers, boundedText, clampInterval } from './announce-reply.ts';
import { pathAndQuery } from './announce-url.ts';

const ACTION_CONNECT = 0;
const ACTION_ANNOUNCE = 1;
const ACTION_ERROR = 3;

/** "protocol_id", the connection id of a connect request. */
const PROTOCOL_ID = 0x41727101980;
const CONNECT_REQUEST_BYTES = 16;
const ANNOUNCE_REQUEST_BYTES = 98;
/** Least lengths of the answers. */
const CONNECT_REPLY_BYTES = 16;
const ANNOUNCE_REPLY_BYTES = 20;
const ERROR_REPLY_BYTES = 8;
const CONNECTION_ID_BYTES = 8;
const TRANSACTION_AT = 12;

const SECOND = 1_000_000;
const CONNECTION_USABLE_US = 60 * SECOND;
const RETRANSMIT_US = 15 * SECOND;
/** n of 15·2ⁿ s at which the last wait begins. */
const RETRANSMISSIONS_MAX = 8;

/** BEP 41: path and query of the tracker's URL, in pieces of at most 255 bytes. */
const OPTION_URL_DATA = 2;
const OPTION_BYTES_MAX = 255;

/** BEP 15 has no word for a paused peer (BEP 21): it is announced without an event. */
const EVENT_CODE: Readonly<Record<AnnounceEvent, number>> = { '': 0, completed: 1, started: 2, stopped: 3, paused: 0 };

/** Where the outputs go, in `drain`. */
export interface UdpTrackerSink {
  /** To the tracker's address. `bytes`: moved. */
  sendDatagram(bytes: Uint8Array): void;
  announced(job: JobId, reply: AnnounceReply): void;
}

export interface UdpTrackerOptions {
  /** 4 or 16: the address family of the tracker, and so of the peers that it names. */
  readonly addressBytes: 4 | 16;
  /** For transaction ids, which nobody may guess. */
  readonly random: RandomStream;
}

interface Pending {
  readonly job: JobId;
  readonly transaction: number;
  /** The whole request; the connection id is filled in when it is sent. */
  readonly packet: Uint8Array;
  /** n of 15·2ⁿ s. */
  retransmissions: number;
  /** Null: waiting for a connection id. */
  deadline: Instant | null;
}

interface Connecting {
  readonly transaction: number;
  retransmissions: number;
  deadline: Instant;
}

export class UdpTracker {
  readonly #addressBytes: 4 | 16;
  readonly #random: RandomStream;
  /** By transaction id, in the order announced. */
  readonly #pending = new Map<number, Pending>();
  #connecting: Connecting | null = null;
  #connectionId: Uint8Array | null = null;
  #connectionUntil: Instant = 0;
  #outputs: ((sink: UdpTrackerSink) => void)[] = [];

  constructor(options: UdpTrackerOptions) {
    this.#addressBytes = options.addressBytes;
    this.#random = options.random;
  }

  /** Begins an announce; the answer is `announced(job)`. `request`: borrowed. */
  announce(now: Instant, job: JobId, request: AnnounceRequest): void {
    const transaction = this.#newTransaction();
    const packet = announcePacket(request, transaction);
    const pending: Pending = { job, transaction, packet, retransmissions: 0, deadline: null };
    this.#pending.set(transaction, pending);
    // A tracker that has been silent for long is asked at once when there is something new to say.
    if (this.#connecting !== null && this.#connecting.retransmissions > 0) this.#connecting = null;
    this.#sendOrConnect(now, pending);
  }

  /** Forgets an announce that the caller no longer waits for. */
  cancel(job: JobId): void {
    for (const pending of this.#pending.values()) {
      if (pending.job === job) this.#forget(pending);
    }
  }

  /** A datagram from the tracker's address, borrowed. What answers nothing outstanding (late, repeated, forged, too short) is ignored. */
  received(now: Instant, bytes: Uint8Array): void {
    if (bytes.length < ERROR_REPLY_BYTES) return;
    const action = readUint32(bytes, 0);
    const transaction = readUint32(bytes, 4);
    if (this.#connecting?.transaction === transaction) {
      if (action === ACTION_CONNECT && bytes.length >= CONNECT_REPLY_BYTES) this.#connected(now, bytes);
      if (action === ACTION_ERROR) this.#failWaiting(errorText(bytes));
      return;
    }
    const pending = this.#pending.get(transaction);
    if (pending === undefined) return;
    if (action === ACTION_ANNOUNCE && bytes.length >= ANNOUNCE_REPLY_BYTES) {
      this.#finish(pending, this.#parseReply(bytes));
    }
    if (action === ACTION_ERROR) {
      // The complaint may be about the connection id: the next announce gets a new one.
      this.#connectionId = null;
      this.#finish(pending, { ok: false, reason: errorText(bytes) });
    }
  }

  /** Sends again what has waited long enough, and gives up what has waited for too long. */
  tick(now: Instant): void {
    const connecting = this.#connecting;
    if (connecting !== null && connecting.deadline <= now) {
      this.#connecting = null;
      if (connecting.retransmissions === RETRANSMISSIONS_MAX) this.#failWaiting('the tracker does not answer');
      else this.#connect(now, connecting.retransmissions + 1);
    }
    for (const pending of this.#pending.values()) {
      if (pending.deadline === null || pending.deadline > now) continue;
      if (pending.retransmissions === RETRANSMISSIONS_MAX) {
        this.#finish(pending, { ok: false, reason: 'the tracker does not answer' });
      } else {
        pending.retransmissions += 1;
        this.#sendOrConnect(now, pending);
      }
    }
  }

  /** When `tick` is wanted next; null: nothing is outstanding. */
  nextTimeout(): Instant | null {
    let next = this.#connecting?.deadline ?? null;
    for (const { deadline } of this.#pending.values()) {
      if (deadline !== null && (next === null || deadline < next)) next = deadline;
    }
    return next;
  }

  /** Hands over every recorded output, in the order recorded. */
  drain(sink: UdpTrackerSink): void {
    const outputs = this.#outputs;
    this.#outputs = [];
    for (const output of outputs) output(sink);
  }

  /** Sends an announce, or sees to the connection id that it waits for. */
  #sendOrConnect(now: Instant, pending: Pending): void {
    if (this.#connectionId !== null && now >= this.#connectionUntil) this.#connectionId = null;
    if (this.#connectionId !== null) {
      this.#sendAnnounce(now, pending, this.#connectionId);
      return;
    }
    pending.deadline = null;
    if (this.#connecting === null) this.#connect(now, pending.retransmissions);
  }

  #sendAnnounce(now: Instant, pending: Pending, connectionId: Uint8Array): void {
    const packet = pending.packet.slice();
    packet.set(connectionId);
    this.#send(packet);
    pending.deadline = now + RETRANSMIT_US * 2 ** pending.retransmissions;
  }

  /** Every attempt has a transaction id of its own: an answer to an earlier one names a connection id that is older than it seems. */
  #connect(now: Instant, retransmissions: number): void {
    const transaction = this.#newTransaction();
    const packet = new Uint8Array(CONNECT_REQUEST_BYTES);
    const at = writeUint64(packet, 0, PROTOCOL_ID);
    writeUint32(packet, writeUint32(packet, at, ACTION_CONNECT), transaction);
    this.#send(packet);
    this.#connecting = { transaction, retransmissions, deadline: now + RETRANSMIT_US * 2 ** retransmissions };
  }

  #connected(now: Instant, bytes: Uint8Array): void {
    const connectionId = bytes.slice(CONNECT_REPLY_BYTES - CONNECTION_ID_BYTES, CONNECT_REPLY_BYTES);
    this.#connecting = null;
    this.#connectionId = connectionId;
    this.#connectionUntil = now + CONNECTION_USABLE_US;
    for (const pending of this.#pending.values()) {
      if (pending.deadline === null) this.#sendAnnounce(now, pending, connectionId);
    }
  }

  #parseReply(bytes: Uint8Array): AnnounceReply {
    const peers: PeerAddress[] = [];
    addCompactPeers(peers, bytes, ANNOUNCE_REPLY_BYTES, this.#addressBytes);
    return {
      ok: true,
      intervalS: clampInterval(readUint32(bytes, 8)),
      minIntervalS: null,
      peers,
      seeds: readUint32(bytes, 16),
      leechers: readUint32(bytes, 12),
      trackerId: null,
      warning: null,
    };
  }

  #failWaiting(reason: string): void {
    this.#connecting = null;
    for (const pending of this.#pending.values()) {
      if (pending.deadline === null) this.#finish(pending, { ok: false, reason });
    }
  }

  #finish(pending: Pending, reply: AnnounceReply): void {
    this.#forget(pending);
    this.#outputs.push((sink) => sink.announced(pending.job, reply));
  }

  #forget(pending: Pending): void {
    this.#pending.delete(pending.transaction);
    if (this.#pending.size === 0) this.#connecting = null;
  }

  #send(packet: Uint8Array): void {
    this.#outputs.push((sink) => sink.sendDatagram(packet));
  }

  #newTransaction(): number {
    let transaction = this.#random.uint32();
    while (this.#pending.has(transaction) || this.#connecting?.transaction === transaction) {
      transaction = this.#random.uint32();
    }
    return transaction;
  }
}

/** The announce request, its connection id still zero. The tracker takes our address from the datagram. */
function announcePacket(request: AnnounceRequest, transaction: number): Uint8Array {
  const urlData = pathAndQuery(request.url);
  const options = Math.ceil(urlData.length / OPTION_BYTES_MAX);
  const packet = new Uint8Array(ANNOUNCE_REQUEST_BYTES + urlData.length + 2 * options);
  writeUint32(packet, CONNECTION_ID_BYTES, ACTION_ANNOUNCE);
  let at = writeUint32(packet, TRANSACTION_AT, transaction);
  packet.set(request.infoHash, at);
  at += request.infoHash.length;
  packet.set(request.peerId, at);
  at += request.peerId.length;
  at = writeUint64(packet, at, request.downloaded);
  at = writeUint64(packet, at, request.left);
  at = writeUint64(packet, at, request.uploaded);
  at = writeUint32(packet, at, EVENT_CODE[request.event]);
  at = writeUint32(packet, at, 0);
  at = writeUint32(packet, at, request.key);
  at = writeUint32(packet, at, request.numwant);
  at = writeUint16(packet, at, request.port);
  for (let from = 0; from < urlData.length; from += OPTION_BYTES_MAX) {
    const part = urlData.slice(from, from + OPTION_BYTES_MAX);
    packet[at] = OPTION_URL_DATA;
    packet[at + 1] = part.length;
    for (let index = 0; index < part.length; index += 1) packet[at + 2 + index] = part.charCodeAt(index);
    at += 2 + part.length;
  }
  return packet;
}

function errorText(bytes: Uint8Array): string {
  return boundedText(bytes.subarray(ERROR_REPLY_BYTES)) || 'refused without a reason';
}
