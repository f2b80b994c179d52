// The thread that talks to trackers: name lookups, TLS and slow or hostile servers never reach the engine's thread.
//
// Always: every order is answered once, whatever the tracker does. A host with addresses of both families is announced to over both (BEP 7);
// once one has answered, the other is waited for a moment only.

import type { LookupAddress } from 'node:dns';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type AnnounceReply,
  type AnnounceRequest,
  httpAnnounceUrl,
  httpScrapeUrl,
  isWebSocketUrl,
  parseHttpReply,
  parseHttpScrape,
  type ScrapeReply,
  type ScrapeRequest,
} from '#engine';
import { reasonOf } from '../failure.ts';
import { within } from '../within.ts';
import { firstAndOther } from './both-families.ts';
import { httpGet } from './http-get.ts';
import { lookupTracker } from './lookup-tracker.ts';
import type { TrackerAnswer, TrackerOrder, TrackerThreadOptions } from './tracker-client.ts';
import { UdpSockets } from './udp-sockets.ts';
import { WebSocketTrackers } from './web-socket-trackers.ts';

const HTTP_TIMEOUT_MS = 30_000;
/** The last word before leaving: nobody waits long for it. */
const HTTP_STOPPED_TIMEOUT_MS = 5_000;

const { bind } = workerData as TrackerThreadOptions;
const udp = new UdpSockets(bind, {
  announced: (job, reply) => answer({ kind: 'announced', job, reply }),
  scraped: (job, reply) => answer({ kind: 'scraped', job, reply }),
});
const webSockets = new WebSocketTrackers(bind, {
  announced: (job, reply) => answer({ kind: 'announced', job, reply }),
  signalled: (signal) => answer({ kind: 'signal', signal }),
  forgotten: (torrents) => answer({ kind: 'forgotten', torrents }),
});

parentPort?.on('message', (order: TrackerOrder) => {
  if (order.kind === 'answer') webSockets.answer(order.url, order.answer);
  else if (order.kind === 'announce') announce(order);
  else scrape(order);
});

function announce({ job, request, offers }: Extract<TrackerOrder, { readonly kind: 'announce' }>): void {
  if (isUdp(request.url)) void udp.announce(job, request);
  else if (isWebSocketUrl(request.url)) webSockets.announce(job, request, offers);
  else void announceOverHttp(request).then((reply) => answer({ kind: 'announced', job, reply }));
}

function scrape({ job, request }: Extract<TrackerOrder, { readonly kind: 'scrape' }>): void {
  if (isUdp(request.url)) void udp.scrape(job, request);
  else void scrapeOverHttp(request).then((reply) => answer({ kind: 'scraped', job, reply }));
}

function isUdp(url: string): boolean {
  return /^udp:/i.test(url);
}

async function announceOverHttp(request: AnnounceRequest): Promise<AnnounceReply> {
  try {
    const url = new URL(httpAnnounceUrl(request));
    const timeoutMs = request.event === 'stopped' ? HTTP_STOPPED_TIMEOUT_MS : HTTP_TIMEOUT_MS;
    const endsAt = performance.now() + timeoutMs;
    const found = await within(timeoutMs, lookupTracker(url.hostname, bind));
    const leftMs = Math.max(1, Math.ceil(endsAt - performance.now()));
    return await firstAndOther(found.map((at) => announceOver(url, at, leftMs)));
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

async function announceOver(url: URL, at: LookupAddress, timeoutMs: number): Promise<AnnounceReply> {
  try {
    const { status, body } = await httpGet(url, { bind, at, timeoutMs });
    return withStatus(status, parseHttpReply(body));
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

async function scrapeOverHttp({ url, infoHashes }: ScrapeRequest): Promise<ScrapeReply> {
  try {
    const scrapeUrl = isWebSocketUrl(url) ? null : httpScrapeUrl(url, infoHashes);
    if (scrapeUrl === null) return { ok: false, reason: 'this tracker cannot be asked for figures' };
    const { status, body } = await httpGet(new URL(scrapeUrl), { bind, timeoutMs: HTTP_TIMEOUT_MS });
    return withStatus(status, parseHttpScrape(body, infoHashes));
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

/** A failure says what the status was, where that is no success. */
function withStatus<T extends { readonly ok: boolean }>(
  status: number,
  reply: T | { readonly ok: false; readonly reason: string },
): T | { readonly ok: false; readonly reason: string } {
  if (status === 200 || !('reason' in reply)) return reply;
  return { ok: false, reason: `HTTP status ${status}: ${reply.reason}` };
}

function answer(message: TrackerAnswer): void {
  parentPort?.postMessage(message);
}
