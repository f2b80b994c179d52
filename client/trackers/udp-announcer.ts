// Drives the engine's UDP announce state machines with real sockets and timers: one machine for each tracker address.
//
// Always: an announce is answered once, at the latest after `ANNOUNCE_TIMEOUT_MS`; a datagram reaches only the machine of the address
// that it came from; a machine that is idle for a minute is forgotten.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { UdpTracker, type AnnounceReply, type AnnounceRequest, type Instant, type JobId } from '#engine';
import { millisecondsUntil, now } from '../clock.ts';
import { reasonOf } from '../failure.ts';
import { secureRandom } from '../random.ts';
import { lookupTracker } from './lookup-tracker.ts';

/** The first three waits of BEP 15 (15, 30 and 60 s): then another tracker deserves its turn. */
const ANNOUNCE_TIMEOUT_MS = 105_000;
const IDLE_US = 60_000_000;

interface Tracker {
  readonly machine: UdpTracker;
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  usedAt: Instant;
}

export class UdpAnnouncer {
  readonly #bind: string | null;
  readonly #announced: (job: JobId, reply: AnnounceReply) => void;
  /** By `address port`; bounded by the announces outstanding and those of the last minute. */
  readonly #trackers = new Map<string, Tracker>();
  readonly #deadlines = new Map<JobId, NodeJS.Timeout>();
  readonly #sockets = new Map<4 | 6, Socket>();
  #timer: NodeJS.Timeout | undefined;

  constructor(bind: string | null, announced: (job: JobId, reply: AnnounceReply) => void) {
    this.#bind = bind;
    this.#announced = announced;
  }

  /** Answers with a failed reply when the host has no address; never throws. */
  async announce(job: JobId, request: AnnounceRequest): Promise<void> {
    try {
      const { hostname, port } = new URL(request.url);
      if (port === '') throw new Error('a UDP tracker needs a port');
      const family = this.#bind === null ? 0 : isIPv6(this.#bind) ? 6 : 4;
      const found = await lookupTracker(hostname, family);
      this.#begin(this.#tracker(found.address, Number(port), found.family === 6 ? 6 : 4), job, request);
    } catch (error) {
      this.#announced(job, { ok: false, reason: reasonOf(error) });
    }
  }

  #begin(tracker: Tracker, job: JobId, request: AnnounceRequest): void {
    const giveUp = () => {
      tracker.machine.cancel(job);
      this.#answer(job, { ok: false, reason: 'the tracker does not answer' });
    };
    this.#deadlines.set(job, setTimeout(giveUp, ANNOUNCE_TIMEOUT_MS));
    tracker.usedAt = now();
    tracker.machine.announce(now(), job, request);
    this.#drain(tracker);
  }

  #tracker(address: string, port: number, family: 4 | 6): Tracker {
    const key = `${address} ${port}`;
    const found = this.#trackers.get(key);
    if (found !== undefined) return found;
    const machine = new UdpTracker({ addressBytes: family === 6 ? 16 : 4, random: secureRandom });
    const tracker: Tracker = { machine, address, port, family, usedAt: now() };
    this.#trackers.set(key, tracker);
    return tracker;
  }

  #drain(tracker: Tracker): void {
    tracker.machine.drain({
      sendDatagram: (bytes) => this.#socket(tracker.family).send(bytes, tracker.port, tracker.address, () => undefined),
      announced: (job, reply) => this.#answer(job, reply),
    });
    this.#arm();
  }

  #answer(job: JobId, reply: AnnounceReply): void {
    clearTimeout(this.#deadlines.get(job));
    if (this.#deadlines.delete(job)) this.#announced(job, reply);
  }

  #socket(family: 4 | 6): Socket {
    const found = this.#sockets.get(family);
    if (found !== undefined) return found;
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    this.#sockets.set(family, socket);
    socket.on('message', (bytes: Uint8Array, from: RemoteInfo) => this.#received(bytes, from));
    // A socket that fails is replaced with the next datagram; what was sent is retransmitted.
    socket.on('error', () => {
      this.#sockets.delete(family);
      socket.close();
    });
    if (this.#bind !== null) socket.bind({ address: this.#bind });
    socket.unref();
    return socket;
  }

  #received(bytes: Uint8Array, from: RemoteInfo): void {
    const tracker = this.#trackers.get(`${from.address} ${from.port}`);
    if (tracker === undefined) return;
    tracker.machine.received(now(), bytes);
    this.#drain(tracker);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    let next: Instant | null = null;
    for (const { machine } of this.#trackers.values()) {
      const wanted = machine.nextTimeout();
      if (wanted !== null && (next === null || wanted < next)) next = wanted;
    }
    if (next !== null) this.#timer = setTimeout(() => this.#tick(), millisecondsUntil(next)).unref();
  }

  #tick(): void {
    for (const [key, tracker] of this.#trackers) {
      tracker.machine.tick(now());
      this.#drain(tracker);
      if (tracker.machine.nextTimeout() === null && now() - tracker.usedAt > IDLE_US) this.#trackers.delete(key);
    }
  }
}
