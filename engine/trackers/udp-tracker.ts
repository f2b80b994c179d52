// One UDP tracker at one address (BEP 15), for any number of torrents: a state machine without a socket.
//
//   connection   no id      a request waits       → send connect                    connecting
//                connecting answer                → send every waiting request      connected
//                           15·2ⁿ s passed        → send connect again, n + 1       connecting, after n = 8: all waiting fail
//                connected  60 s passed           → the id is no longer used        no id
//   request      waiting    connected             → send it                         sent
//                sent       answer                → the reply                       done
//                           15·2ⁿ s passed        → send it again, n + 1            sent, or waiting for a new id; after n = 8: fails
//                           error, the id in use  → wait for a new id               waiting
//
// What always holds: every request is answered once; a datagram counts only when transaction id, action and length fit something that is
// outstanding. A later announce of a torrent takes the place of an earlier one, which fails. `stopped` and scrapes are not worth the whole
// schedule. Bounded by the torrents of the caller, and its scrapes.

import { hex } from '../bytes.ts';
import type { AnnounceReply, AnnounceRequest, Instant, JobId, RandomStream, ScrapeReply } from '../contract.ts';
import { readUint32 } from '../wire/integers.ts';
import {
  ACTION_ANNOUNCE,
  ACTION_CONNECT,
  ACTION_ERROR,
  ACTION_SCRAPE,
  ANNOUNCE_REPLY_BYTES,
  announcePacket,
  CONNECT_REPLY_BYTES,
  connectPacket,
  ERROR_REPLY_BYTES,
  readAnnounceReply,
  readConnectionId,
  readError,
  readScrapeReply,
  SCRAPE_REPLY_BYTES,
  scrapePacket,
  withConnectionId,
} from './udp-packets.ts';

const SECOND = 1_000_000;
const CONNECTION_USABLE_US = 60 * SECOND;
const RETRANSMIT_US = 15 * SECOND;
/** n of 15·2ⁿ s at which the last wait begins. */
const RETRANSMISSIONS_MAX = 8;
/** For the figures of a scrape, and for `stopped` where the tracker is known to live: the first two waits. */
const SHORT_PATIENCE_US = 45 * SECOND;
/** For `stopped` to a tracker that has never answered. */
const LEAST_PATIENCE_US = 15 * SECOND;
const SILENT = 'the tracker does not answer';

/** Where the outputs go, in `drain`. */
export interface UdpTrackerSink {
  /** To the tracker's address. `bytes`: moved. */
  sendDatagram(bytes: Uint8Array): void;
  announced(job: JobId, reply: AnnounceReply): void;
  scraped(job: JobId, reply: ScrapeReply): void;
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
  /** Names torrent and URL; null: a scrape of so many torrents. */
  readonly announceOf: string | null;
  readonly hashCount: number;
  /** It fails then, whatever the schedule says. */
  readonly giveUpAt: Instant;
  /** n of 15·2ⁿ s. */
  retransmissions: number;
  /** Null: waiting for a connection id. */
  deadline: Instant | null;
  /** It was first sent under an id that was in use before: the tracker may know that no more. */
  oldId: boolean;
  /** It was sent under an id that was got for it, and only once: an error is no complaint about that. */
  freshId: boolean;
  /** New ids that it got because of complaints. */
  renewals: 0 | 1 | 2;
}

interface Connecting {
  readonly transaction: number;
  retransmissions: number;
  deadline: Instant;
}

export class UdpTracker {
  readonly #addressBytes: 4 | 16;
  readonly #random: RandomStream;
  /** By transaction id, in the order asked. */
  readonly #pending = new Map<number, Pending>();
  #connecting: Connecting | null = null;
  #connectionId: Uint8Array | null = null;
  #connectionUntil: Instant = 0;
  /** It has answered a connect. */
  #lives = false;
  #outputs: ((sink: UdpTrackerSink) => void)[] = [];

  constructor(options: UdpTrackerOptions) {
    this.#addressBytes = options.addressBytes;
    this.#random = options.random;
  }

  /** Until when the connection id may be used; 0: there is none. */
  get connectionUntil(): Instant {
    return this.#connectionId === null ? 0 : this.#connectionUntil;
  }

  /** Begins an announce; the answer is `announced(job)`. `request`: borrowed. */
  announce(now: Instant, job: JobId, request: AnnounceRequest): void {
    const announceOf = `${hex(request.infoHash)} ${request.url}`;
    for (const earlier of this.#pending.values())
      if (earlier.announceOf === announceOf) this.#fail(earlier, 'a later announce took its place');
    const transaction = this.#newTransaction();
    const patienceUs = request.event !== 'stopped' ? Infinity : this.#lives ? SHORT_PATIENCE_US : LEAST_PATIENCE_US;
    // A tracker that has been silent for long is asked at once when there is something new to say.
    if (this.#connecting !== null && this.#connecting.retransmissions > 0) this.#connecting = null;
    this.#begin(now, {
      job,
      transaction,
      packet: announcePacket(request, transaction),
      announceOf,
      hashCount: 0,
      giveUpAt: now + patienceUs,
    });
  }

  /** Asks for figures; the answer is `scraped(job)`. `infoHashes`: borrowed, at most SCRAPE_HASHES_MAX. */
  scrape(now: Instant, job: JobId, infoHashes: readonly Uint8Array[]): void {
    const transaction = this.#newTransaction();
    this.#begin(now, {
      job,
      transaction,
      packet: scrapePacket(infoHashes, transaction),
      announceOf: null,
      hashCount: infoHashes.length,
      giveUpAt: now + SHORT_PATIENCE_US,
    });
  }

  #begin(
    now: Instant,
    request: Omit<Pending, 'retransmissions' | 'deadline' | 'oldId' | 'freshId' | 'renewals'>,
  ): void {
    const unsent = { retransmissions: 0, deadline: null, oldId: false, freshId: false, renewals: 0 } as const;
    const pending: Pending = { ...request, ...unsent };
    this.#pending.set(pending.transaction, pending);
    this.#sendOrConnect(now, pending);
  }

  /** A datagram from the tracker's address, borrowed. What answers nothing outstanding (late, repeated, forged, too short) is ignored. */
  received(now: Instant, bytes: Uint8Array): void {
    if (bytes.length < ERROR_REPLY_BYTES) return;
    const action = readUint32(bytes, 0);
    const transaction = readUint32(bytes, 4);
    if (this.#connecting?.transaction === transaction) {
      if (action === ACTION_CONNECT && bytes.length >= CONNECT_REPLY_BYTES) this.#connected(now, bytes);
      if (action === ACTION_ERROR) this.#failWaiting(readError(bytes));
      return;
    }
    const pending = this.#pending.get(transaction);
    if (pending !== undefined) this.#answered(now, pending, action, bytes);
  }

  #answered(now: Instant, pending: Pending, action: number, bytes: Uint8Array): void {
    const { job } = pending;
    if (action === ACTION_ERROR) this.#refused(now, pending, bytes);
    else if (pending.announceOf === null) {
      if (action !== ACTION_SCRAPE || bytes.length < SCRAPE_REPLY_BYTES) return;
      const reply = readScrapeReply(bytes, pending.hashCount);
      this.#finish(pending, (sink) => sink.scraped(job, reply));
    } else if (action === ACTION_ANNOUNCE && bytes.length >= ANNOUNCE_REPLY_BYTES) {
      const reply = readAnnounceReply(bytes, this.#addressBytes);
      this.#finish(pending, (sink) => sink.announced(job, reply));
    }
  }

  /** The complaint may be about the connection id: one that was in use before is replaced. After that the first complaint is not believed:
   *  it may be the old one, come late or twice. */
  #refused(now: Instant, pending: Pending, bytes: Uint8Array): void {
    this.#connectionId = null;
    if (pending.freshId && pending.renewals !== 1) return this.#fail(pending, readError(bytes));
    pending.renewals = pending.freshId ? 2 : 1;
    this.#sendOrConnect(now, pending);
  }

  /** Sends again what has waited long enough, and gives up what has waited for too long. */
  tick(now: Instant): void {
    for (const pending of this.#pending.values()) if (pending.giveUpAt <= now) this.#fail(pending, SILENT);
    const connecting = this.#connecting;
    if (connecting !== null && connecting.deadline <= now) {
      this.#connecting = null;
      if (connecting.retransmissions === RETRANSMISSIONS_MAX) this.#failWaiting(SILENT);
      else this.#connect(now, connecting.retransmissions + 1);
    }
    for (const pending of this.#pending.values())
      if (pending.deadline !== null && pending.deadline <= now) this.#sendAgain(now, pending);
  }

  #sendAgain(now: Instant, pending: Pending): void {
    if (pending.retransmissions === RETRANSMISSIONS_MAX) return this.#fail(pending, SILENT);
    pending.retransmissions += 1;
    // A tracker may say nothing to an id that it has forgotten.
    if (pending.oldId) this.#connectionId = null;
    this.#sendOrConnect(now, pending);
  }

  /** When `tick` is wanted next; null: nothing is outstanding. */
  nextTimeout(): Instant | null {
    let next = this.#connecting?.deadline ?? Infinity;
    for (const { deadline, giveUpAt } of this.#pending.values()) next = Math.min(next, deadline ?? Infinity, giveUpAt);
    return next === Infinity ? null : next;
  }

  /** Hands over every recorded output, in the order recorded. */
  drain(sink: UdpTrackerSink): void {
    const outputs = this.#outputs;
    this.#outputs = [];
    for (const output of outputs) output(sink);
  }

  /** Everything that is asked fails: the address cannot be reached. */
  unreachable(reason: string): void {
    this.#connecting = null;
    for (const pending of this.#pending.values()) this.#fail(pending, reason);
  }

  /** Sends a request, or sees to the connection id that it waits for. */
  #sendOrConnect(now: Instant, pending: Pending): void {
    if (this.#connectionId !== null && now >= this.#connectionUntil) this.#connectionId = null;
    if (this.#connectionId !== null) {
      pending.oldId = pending.retransmissions === 0 || pending.oldId;
      pending.freshId = false;
      this.#sendRequest(now, pending, this.#connectionId);
      return;
    }
    pending.deadline = null;
    if (this.#connecting === null) this.#connect(now, pending.retransmissions);
  }

  #sendRequest(now: Instant, pending: Pending, connectionId: Uint8Array): void {
    this.#send(withConnectionId(pending.packet, connectionId));
    pending.deadline = now + RETRANSMIT_US * 2 ** pending.retransmissions;
  }

  /** Every attempt has a transaction id of its own: an answer to an earlier one names a connection id that is older than it seems. */
  #connect(now: Instant, retransmissions: number): void {
    const transaction = this.#newTransaction();
    this.#send(connectPacket(transaction));
    this.#connecting = { transaction, retransmissions, deadline: now + RETRANSMIT_US * 2 ** retransmissions };
  }

  #connected(now: Instant, bytes: Uint8Array): void {
    const connectionId = readConnectionId(bytes);
    this.#connecting = null;
    this.#lives = true;
    this.#connectionId = connectionId;
    this.#connectionUntil = now + CONNECTION_USABLE_US;
    for (const pending of this.#pending.values()) {
      if (pending.deadline !== null) continue;
      pending.oldId = false;
      pending.freshId = true;
      this.#sendRequest(now, pending, connectionId);
    }
  }

  #failWaiting(reason: string): void {
    this.#connecting = null;
    for (const pending of this.#pending.values()) if (pending.deadline === null) this.#fail(pending, reason);
  }

  #fail(pending: Pending, reason: string): void {
    const { job } = pending;
    const reply = { ok: false, reason } as const;
    this.#finish(pending, (sink) =>
      pending.announceOf === null ? sink.scraped(job, reply) : sink.announced(job, reply),
    );
  }

  #finish(pending: Pending, output: (sink: UdpTrackerSink) => void): void {
    this.#pending.delete(pending.transaction);
    if (this.#pending.size === 0) this.#connecting = null;
    this.#outputs.push(output);
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
