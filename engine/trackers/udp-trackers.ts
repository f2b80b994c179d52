// All UDP trackers of a program: one machine for each address, shared by every torrent that names it. Sockets, name look-ups and the clock
// are the driver's.
//
// A tracker with an address in both families is asked over both (BEP 7), under the one key; whoever answers is waited for alone but for a
// moment. Always: every request is answered once; a datagram reaches only the machine of the address that it came from. A machine with
// nothing outstanding is forgotten with its connection id.

import type {
  AnnounceReply,
  AnnounceRequest,
  Instant,
  JobId,
  PeerAddress,
  RandomStream,
  ScrapeReply,
} from '../contract.ts';
import { mergeReplies } from './announce-reply.ts';
import { UdpTracker } from './udp-tracker.ts';

/** The other family is waited for so long once one has answered. */
const OTHER_FAMILY_US = 3_000_000;

/** Where the outputs go, in `drain`. */
export interface UdpTrackersSink {
  /** `bytes`: moved. */
  sendDatagram(to: PeerAddress, bytes: Uint8Array): void;
  announced(job: JobId, reply: AnnounceReply): void;
  scraped(job: JobId, reply: ScrapeReply): void;
}

interface Addressed {
  readonly address: PeerAddress;
  readonly machine: UdpTracker;
}

/** One announce of the caller, at each address of the tracker. */
interface Announce {
  readonly job: JobId;
  /** Addresses that have not answered. */
  outstanding: number;
  reply: AnnounceReply | null;
  /** It is answered then with what there is. */
  answerAt: Instant;
}

export class UdpTrackers {
  readonly #random: RandomStream;
  /** By host and port. */
  readonly #trackers = new Map<string, Addressed>();
  /** By the job that the machines know it under. */
  readonly #announces = new Map<JobId, Announce>();
  #nextJob: JobId = 0;
  #answered: Announce[] = [];

  /** `random`: for transaction ids, which nobody may guess. */
  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** Begins an announce to the tracker at all of `to`, one address a family; the answer is `announced(job)`. */
  announce(now: Instant, job: JobId, request: AnnounceRequest, to: readonly PeerAddress[]): void {
    const inner = this.#nextJob++;
    this.#announces.set(inner, { job, outstanding: to.length, reply: null, answerAt: Infinity });
    for (const address of to) this.#at(address).machine.announce(now, inner, request);
  }

  /** Asks the tracker at `to` for figures; the answer is `scraped(job)`. */
  scrape(now: Instant, job: JobId, infoHashes: readonly Uint8Array[], to: PeerAddress): void {
    this.#at(to).machine.scrape(now, job, infoHashes);
  }

  /** A datagram, borrowed. From elsewhere than a tracker that was asked it is ignored. */
  received(now: Instant, { host, port }: PeerAddress, bytes: Uint8Array): void {
    this.#trackers.get(`${host} ${port}`)?.machine.received(now, bytes);
  }

  /** The network says that nothing can be sent there: whatever waits for that tracker fails. */
  unreachable({ host, port }: PeerAddress, reason: string): void {
    this.#trackers.get(`${host} ${port}`)?.machine.unreachable(reason);
  }

  tick(now: Instant): void {
    for (const [key, { machine }] of this.#trackers) {
      if (machine.nextTimeout() === null && machine.connectionUntil <= now) this.#trackers.delete(key);
      else machine.tick(now);
    }
    for (const [inner, announce] of this.#announces) if (announce.answerAt <= now) this.#answer(inner, announce);
  }

  /** When `tick` is wanted next; null: nothing is outstanding. */
  nextTimeout(): Instant | null {
    let next = Infinity;
    for (const { machine } of this.#trackers.values())
      next = Math.min(next, machine.nextTimeout() ?? machine.connectionUntil);
    for (const { answerAt } of this.#announces.values()) next = Math.min(next, answerAt);
    return next === Infinity ? null : next;
  }

  /** Hands over every recorded output. */
  drain(now: Instant, sink: UdpTrackersSink): void {
    for (const { address, machine } of this.#trackers.values())
      machine.drain({
        sendDatagram: (bytes) => sink.sendDatagram(address, bytes),
        announced: (inner, reply) => this.#heard(now, inner, reply),
        scraped: (job, reply) => sink.scraped(job, reply),
      });
    const answered = this.#answered;
    this.#answered = [];
    for (const { job, reply } of answered) sink.announced(job, reply as AnnounceReply);
  }

  /** From one address of the tracker; late ones are for nobody. */
  #heard(now: Instant, inner: JobId, reply: AnnounceReply): void {
    const announce = this.#announces.get(inner);
    if (announce === undefined) return;
    announce.reply = announce.reply === null ? reply : mergeReplies(announce.reply, reply);
    announce.outstanding -= 1;
    if (announce.outstanding === 0) this.#answer(inner, announce);
    else if (reply.ok) announce.answerAt = now + OTHER_FAMILY_US;
  }

  #answer(inner: JobId, announce: Announce): void {
    this.#announces.delete(inner);
    this.#answered.push(announce);
  }

  #at(address: PeerAddress): Addressed {
    const key = `${address.host} ${address.port}`;
    const found = this.#trackers.get(key);
    if (found !== undefined) return found;
    const machine = new UdpTracker({ addressBytes: address.host.includes(':') ? 16 : 4, random: this.#random });
    const made = { address, machine };
    this.#trackers.set(key, made);
    return made;
  }
}
