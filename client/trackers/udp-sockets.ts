// Drives the engine's UDP tracker machines with real sockets, name look-ups and one timer. What is sent when is the machines' to decide.
//
// Always: a request is answered once; a send that the system refuses as unreachable fails what waits for that address.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import {
  UdpTrackers,
  type AnnounceReply,
  type AnnounceRequest,
  type JobId,
  type PeerAddress,
  type ScrapeReply,
  type ScrapeRequest,
} from '#engine';
import { millisecondsUntil, now } from '../clock.ts';
import { errorCode, reasonOf } from '../failure.ts';
import { secureRandom } from '../random.ts';
import { lookupTracker } from './lookup-tracker.ts';

/** Errors of a send that sending again cannot mend. */
const UNREACHABLE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EACCES', 'EPERM']);

export interface UdpAnswers {
  announced(job: JobId, reply: AnnounceReply): void;
  scraped(job: JobId, reply: ScrapeReply): void;
}

export class UdpSockets {
  readonly #bind: string | null;
  readonly #answers: UdpAnswers;
  readonly #trackers = new UdpTrackers(secureRandom);
  readonly #sockets = new Map<4 | 6, Socket>();
  #timer: NodeJS.Timeout | undefined;

  constructor(bind: string | null, answers: UdpAnswers) {
    this.#bind = bind;
    this.#answers = answers;
  }

  /** Answers with a failed reply when the host has no address; never throws. */
  async announce(job: JobId, request: AnnounceRequest): Promise<void> {
    try {
      const to = await this.#addressesOf(request.url);
      this.#trackers.announce(now(), job, request, to);
      this.#drain();
    } catch (error) {
      this.#answers.announced(job, { ok: false, reason: reasonOf(error) });
    }
  }

  /** As `announce`. */
  async scrape(job: JobId, { url, infoHashes }: ScrapeRequest): Promise<void> {
    try {
      const [to] = await this.#addressesOf(url);
      this.#trackers.scrape(now(), job, infoHashes, to as PeerAddress);
      this.#drain();
    } catch (error) {
      this.#answers.scraped(job, { ok: false, reason: reasonOf(error) });
    }
  }

  /** One a family, at least one. */
  async #addressesOf(url: string): Promise<PeerAddress[]> {
    const { hostname, port } = new URL(url);
    if (port === '' || port === '0') throw new Error('a UDP tracker needs a port');
    const found = await lookupTracker(hostname, this.#bind);
    return found.map(({ address }) => ({ host: address, port: Number(port) }));
  }

  #drain(): void {
    this.#trackers.drain(now(), {
      sendDatagram: (to, bytes) => this.#send(to, bytes),
      announced: (job, reply) => this.#answers.announced(job, reply),
      scraped: (job, reply) => this.#answers.scraped(job, reply),
    });
    this.#arm();
  }

  #send(to: PeerAddress, bytes: Uint8Array): void {
    const family = to.host.includes(':') ? 6 : 4;
    this.#socket(family).send(bytes, to.port, to.host, (error) => {
      if (error === null || !UNREACHABLE.has(errorCode(error) ?? '')) return;
      this.#trackers.unreachable(to, reasonOf(error));
      this.#drain();
    });
  }

  #socket(family: 4 | 6): Socket {
    const found = this.#sockets.get(family);
    if (found !== undefined) return found;
    const socket = family === 6 ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4');
    this.#sockets.set(family, socket);
    socket.on('message', (bytes: Uint8Array, { address, port }: RemoteInfo) => {
      this.#trackers.received(now(), { host: address, port }, bytes);
      this.#drain();
    });
    // A socket that fails is replaced with the next datagram; what was sent is retransmitted.
    socket.on('error', () => {
      this.#sockets.delete(family);
      socket.close();
    });
    if (this.#bind !== null) socket.bind({ address: this.#bind });
    socket.unref();
    return socket;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#trackers.nextTimeout();
    if (next === null) return;
    this.#timer = setTimeout(() => {
      this.#trackers.tick(now());
      this.#drain();
    }, millisecondsUntil(next)).unref();
  }
}
