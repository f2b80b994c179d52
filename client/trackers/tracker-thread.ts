// The thread that talks to trackers: name lookups, TLS and slow or hostile servers never reach the engine's thread.
//
// Always: every order is answered once, whatever the tracker does.

import { parentPort, workerData } from 'node:worker_threads';
import {
  httpAnnounceUrl,
  isWebSocketUrl,
  parseHttpReply,
  type AnnounceReply,
  type AnnounceRequest,
  type JobId,
} from '#engine';
import { reasonOf } from '../failure.ts';
import { httpGet } from './http-get.ts';
import type { TrackerAnswer, TrackerOrder, TrackerThreadOptions } from './tracker-client.ts';
import { UdpAnnouncer } from './udp-announcer.ts';
import { WebSocketTrackers } from './web-socket-trackers.ts';

const HTTP_TIMEOUT_MS = 30_000;
/** The last word before leaving: nobody waits long for it. */
const HTTP_STOPPED_TIMEOUT_MS = 5_000;

const { bind } = workerData as TrackerThreadOptions;
const udp = new UdpAnnouncer(bind, answer);
const webSockets = new WebSocketTrackers(bind, {
  announced: answer,
  signalled: (signal) => post({ kind: 'signal', signal }),
  forgotten: (torrents) => post({ kind: 'forgotten', torrents }),
});

parentPort?.on('message', (order: TrackerOrder) => {
  if (order.kind === 'answer') {
    webSockets.answer(order.url, order.answer);
    return;
  }
  const { job, request, offers } = order;
  if (/^udp:/i.test(request.url)) void udp.announce(job, request);
  else if (isWebSocketUrl(request.url)) webSockets.announce(job, request, offers);
  else void announceOverHttp(request).then((reply) => answer(job, reply));
});

async function announceOverHttp(request: AnnounceRequest): Promise<AnnounceReply> {
  try {
    const timeoutMs = request.event === 'stopped' ? HTTP_STOPPED_TIMEOUT_MS : HTTP_TIMEOUT_MS;
    const { status, body } = await httpGet(new URL(httpAnnounceUrl(request)), { bind, timeoutMs });
    const reply = parseHttpReply(body);
    return reply.ok || status === 200 ? reply : { ok: false, reason: `HTTP status ${status}: ${reply.reason}` };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

function answer(job: JobId, reply: AnnounceReply): void {
  post({ kind: 'announced', job, reply });
}

function post(message: TrackerAnswer): void {
  parentPort?.postMessage(message);
}
