// One bounded HTTP(S) GET to a tracker, which may be hostile: bounded in time, bytes, redirects and unpacked bytes.
//
// Always: a tracker on the public internet cannot redirect us to an address of this machine or its local network; there, whoever names it, only
// what looks like a tracker is asked, so that no .torrent can press the buttons of a router; certificates are verified. Failures are thrown
// as errors whose message is one line.

import type { LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { TRACKER_REPLY_BYTES_MAX } from '#engine';
import { isLocalAddress, isTrackerPath, NO_TRACKER } from './local-address.ts';
import { within } from '../within.ts';
import { lookupTracker } from './lookup-tracker.ts';

const REDIRECTS_MAX = 4;

export interface HttpGetOptions {
  /** Local address of the connection, null: the system's choice. */
  readonly bind: string | null;
  /** Where the host was found; left out: it is looked up, and the system's choice is taken. */
  readonly at?: LookupAddress;
  readonly timeoutMs: number;
}

export interface HttpReply {
  readonly status: number;
  /** Whatever the status is: trackers explain failures in it. At most `TRACKER_REPLY_BYTES_MAX` bytes. */
  readonly body: Uint8Array;
}

export async function httpGet(url: URL, { bind, at: known, timeoutMs }: HttpGetOptions): Promise<HttpReply> {
  const endsAt = performance.now() + timeoutMs;
  const signal = AbortSignal.timeout(timeoutMs);
  let at = url;
  let startedLocal = true;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    if (at.protocol !== 'http:' && at.protocol !== 'https:')
      throw new Error(`cannot follow a redirect to ${at.protocol}`);
    const target =
      redirects === 0 && known !== undefined
        ? known
        : await find(at.hostname, { bind, family: known?.family ?? null, timeoutMs: endsAt - performance.now() });
    const local = isLocalAddress(target.address);
    if (redirects === 0) startedLocal = local;
    else if (local && !startedLocal) throw new Error('redirected to a local address');
    if (local && !isTrackerPath(at.pathname)) throw new Error(NO_TRACKER);
    const response = await get(at, { ...target, bind, signal });
    const { location } = response.headers;
    const status = response.statusCode as number;
    const redirected = location !== undefined && [301, 302, 303, 307, 308].includes(status);
    if (!redirected) return { status, body: unpacked(response, await readBody(response)) };
    response.destroy();
    at = new URL(location, at);
  }
  throw new Error('too many redirects');
}

interface FindOptions {
  readonly bind: string | null;
  /** The one to take where the host has both; null: the system's choice. */
  readonly family: number | null;
  readonly timeoutMs: number;
}

async function find(hostname: string, { bind, family, timeoutMs }: FindOptions): Promise<LookupAddress> {
  const found = await within(timeoutMs, lookupTracker(hostname, bind));
  return (found.find((each) => each.family === family) ?? found[0]) as LookupAddress;
}

interface GetOptions {
  readonly address: string;
  readonly family: number;
  readonly bind: string | null;
  readonly signal: AbortSignal;
}

function get(url: URL, { address, family, bind, signal }: GetOptions): Promise<IncomingMessage> {
  const options: RequestOptions = {
    signal,
    agent: false,
    headers: { 'user-agent': 'Starling/0.1.0', 'accept-encoding': 'gzip' },
    // The address that was judged is the one that is used.
    lookup: (_name, { all }, found) => {
      if (all === true) found(null, [{ address, family }]);
      else found(null, address, family);
    },
    ...(bind === null ? {} : { localAddress: bind }),
  };
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    request.on('response', resolve);
    request.on('error', (error) => reject(signal.aborted ? new Error('timed out') : error));
    request.end();
  });
}

async function readBody(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > TRACKER_REPLY_BYTES_MAX) throw new Error(`the reply is longer than ${TRACKER_REPLY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unpacked(response: IncomingMessage, body: Uint8Array): Uint8Array {
  const encoding = response.headers['content-encoding'];
  if (encoding === 'gzip' || encoding === 'x-gzip')
    return gunzipSync(body, { maxOutputLength: TRACKER_REPLY_BYTES_MAX });
  return body;
}
