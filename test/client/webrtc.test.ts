// Peers over WebRTC with the real package: connections without an engine, and whole transfers through a WebSocket tracker.

import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from 'bittorrent-tracker';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  introducedPeer,
  OUTGOING_REQUESTS_MAX,
  type AnnounceReply,
  type AnnounceRequest,
  type SessionAnswer,
  type SessionOffer,
} from '#engine';
import { Random } from '#harness';
import type { Link } from '../../client/net/connection.ts';
import { WebRtc, type WebRtcOptions } from '../../client/webrtc/web-rtc.ts';
import { makeShare, transferArguments, type Share } from './share.ts';
import { start } from './support.ts';

const INFO_HASH = new Uint8Array(20).fill(0xab);
const URL = 'ws://tracker/';

function idOf(character: string): Uint8Array {
  return new TextEncoder().encode(character.repeat(20));
}

/** One side: dials everybody who is introduced, and keeps what it hears. */
class Side {
  readonly id: Uint8Array;
  readonly chunks: Uint8Array[] = [];
  readonly failed: string[] = [];
  readonly introduced: Uint8Array[] = [];
  readonly replies: AnnounceReply[] = [];
  releasedBytes = 0;
  flushes = 0;
  ended = 0;
  /** Called when anything was heard. */
  heard: () => void = () => undefined;
  onOffers: (offers: readonly SessionOffer[]) => void = () => undefined;
  onAnswer: (answer: SessionAnswer) => void = () => undefined;
  link: { readonly link: Link; readonly outgoing: boolean } | null = null;
  readonly webRtc: WebRtc;
  #conn = -2;

  constructor(character: string, options: Partial<WebRtcOptions> = {}) {
    this.id = idOf(character);
    this.webRtc = new WebRtc(
      { bind: '127.0.0.1', iceServers: () => [], ...options },
      {
        announce: (_job, _request, offers) => this.onOffers(offers),
        answer: (_url, answer) => this.onAnswer(answer),
        announced: (_job, reply) => this.#note(() => this.replies.push(reply)),
        introduced: (torrent, peerId) => {
          this.introduced.push(peerId);
          this.#conn += 2;
          this.webRtc.dial(this.#conn, introducedPeer(peerId), torrent);
        },
        stands: (_conn, link, outgoing) =>
          this.#note(() => {
            this.link = { link, outgoing };
          }),
        failed: (_conn, why) => this.#note(() => this.failed.push(why)),
        connections: {
          chunk: (_conn, chunk) => this.#note(() => this.chunks.push(chunk.slice())),
          flushed: () => this.#note(() => (this.flushes += 1)),
          ended: () => this.#note(() => (this.ended += 1)),
          released: (block) => (this.releasedBytes += block.length),
        },
      },
    );
    onTestFinished(() => this.webRtc.close());
  }

  #note(change: () => void): void {
    change();
    this.heard();
  }

  announce(numwant: number, event: AnnounceRequest['event'] = 'started'): void {
    this.webRtc.announce(1, {
      torrent: 0,
      url: URL,
      infoHash: INFO_HASH,
      peerId: this.id,
      port: 1,
      uploaded: 0,
      downloaded: 0,
      left: 1,
      event,
      key: 1,
      numwant,
      trackerId: null,
    });
  }

  signal(kind: 'offer' | 'answer', from: Uint8Array, { offerId, sdp }: SessionOffer): void {
    const message = { kind, infoHash: INFO_HASH, peerId: from, offerId, sdp } as const;
    this.webRtc.signalled({ url: URL, torrent: 0, message });
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.heard = () => {
        if (holds()) resolve();
      };
      this.heard();
    });
  }

  get receivedBytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
}

/** Two sides that are connected; `near` offered. */
async function connected(): Promise<[near: Side, far: Side]> {
  const near = new Side('n');
  const far = new Side('f');
  const ready = Promise.withResolvers<void>();
  far.onOffers = () => ready.resolve();
  far.announce(0);
  await ready.promise;
  near.onOffers = ([offer]) => far.signal('offer', near.id, offer as SessionOffer);
  far.onAnswer = (answer) => near.signal('answer', far.id, answer);
  near.announce(1);
  await Promise.all([near.until(() => near.link !== null), far.until(() => far.link !== null)]);
  return [near, far];
}

/** On a machine with far more to do than it can, two of the package's peer connections now and then do not meet at all (2 of some 60 there, none
 *  elsewhere; why is not known): once is forgiven, twice is a failure. */
const MEETING = { retry: 1 };

describe('webrtc', MEETING, () => {
  test('webrtc: an offer and its answer make a connection; bytes arrive in order, whatever their cut', async () => {
    const [near, far] = await connected();
    expect([near.link?.outgoing, far.link?.outgoing]).toEqual([true, false]);
    const random = new Random('cuts');
    const content = new Uint8Array(3_000_000).map((_byte, at) => (at * 31 + (at >>> 9)) & 0xff);
    for (let at = 0; at < content.length; ) {
      const take = 1 + random.below(40_000);
      const part = content.slice(at, at + take);
      if (random.below(2) === 0) near.link?.link.send(part);
      else near.link?.link.sendPayload(part);
      if (random.below(2) === 0) near.link?.link.flush();
      at += take;
    }
    near.link?.link.flush();
    await far.until(() => far.receivedBytes >= content.length);
    expect(Buffer.compare(Buffer.concat(far.chunks), content)).toBe(0);
    await near.until(() => near.flushes > 0);
    expect(near.releasedBytes).toBeGreaterThan(0);
    far.link?.link.close();
    await near.until(() => near.ended > 0);
    expect([near.ended, far.ended]).toEqual([1, 0]);
  });

  test('webrtc: what arrives while the engine does not read waits, and is given in order', async () => {
    const [near, far] = await connected();
    far.link?.link.setReading(false);
    for (let at = 0; at < 100; at += 1) near.link?.link.send(new Uint8Array(10_000).fill(at));
    near.link?.link.flush();
    await near.until(() => near.flushes > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(far.chunks).toEqual([]);
    far.link?.link.setReading(true);
    await far.until(() => far.receivedBytes === 1_000_000);
    expect(Buffer.concat(far.chunks).every((byte, at) => byte === Math.floor(at / 10_000))).toBe(true);
  });

  test('webrtc: who sends on and on while the engine does not read is cut off', async () => {
    const [near, far] = await connected();
    far.link?.link.setReading(false);
    const bytes = new Uint8Array(16_384);
    for (let at = 0; at < OUTGOING_REQUESTS_MAX + 100; at += 1) near.link?.link.send(bytes);
    near.link?.link.flush();
    await far.until(() => far.ended > 0);
    expect(far.chunks).toEqual([]);
  });

  test('webrtc: descriptions that are none are failed dials, and the next peer is reached', async () => {
    const near = new Side('n');
    const ready = Promise.withResolvers<readonly SessionOffer[]>();
    near.onOffers = (offers) => ready.resolve(offers);
    near.announce(5);
    const offers = await ready.promise;
    expect(offers).toHaveLength(5);
    const sdp = (offers[0] as SessionOffer).sdp;
    const broken = [
      'v=0',
      '\0',
      'm=',
      sdp.slice(0, -40),
      sdp.replaceAll(/\d+/g, '99999999999999999999'),
      sdp.replace('sha-256', 'sha-1'),
    ];
    broken.forEach((text, at) => near.signal('offer', idOf(String(at)), { offerId: 'x', sdp: text }));
    offers.forEach((offer, at) => near.signal('answer', idOf(`${at + 5}`), { ...offer, sdp: broken[at] as string }));
    const tried = near.introduced.length;
    expect(tried).toBe(10);
    await near.until(() => near.failed.length >= tried - 1);
    expect(near.link).toBeNull();
  });

  test('webrtc: an announce has no more offers than are wanted, and none when it only tells', async () => {
    const near = new Side('n');
    const counts: number[] = [];
    const announces = [
      [3, 'started'],
      [200, ''],
      [200, 'completed'],
      [0, 'stopped'],
    ] as const;
    for (const [numwant, event] of announces) {
      const offers = await new Promise<readonly SessionOffer[]>((resolve) => {
        near.onOffers = resolve;
        near.announce(numwant, event);
      });
      counts.push(offers.length);
    }
    expect(counts).toEqual([3, 10, 0, 0]);
  });

  test('webrtc: where no offer can be made, the announce fails and says why (an ICE server that is none)', async () => {
    const near = new Side('n', { iceServers: () => ['stun:host:not-a-port'] });
    near.announce(5);
    await near.until(() => near.replies.length > 0);
    expect(near.replies).toEqual([{ ok: false, reason: expect.stringMatching(/port/i) }]);
  });

  test('webrtc: where the package does not load, the announce fails and says so, and nothing else', async () => {
    const load = () => Promise.reject(new Error('no binary\nfor this'));
    const near = new Side('n', { load });
    near.announce(5);
    await near.until(() => near.replies.length > 0);
    expect(near.replies).toEqual([
      { ok: false, reason: expect.stringMatching(/^WebRTC does not work on this system: no binary/) },
    ]);
  });
});

async function startTracker(): Promise<string> {
  const server = new Server({ http: true, udp: false, ws: true });
  server.listen(0, { http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1' });
  await once(server, 'listening');
  onTestFinished(() => server.close());
  return `ws://127.0.0.1:${server.http.address().port}/announce`;
}

async function startSeed(share: Share) {
  const seed = start([...transferArguments('seed', share), '--json']);
  onTestFinished(() => {
    seed.child.kill('SIGKILL');
  });
  await seed.prints(/"event":"completed"/);
  return seed;
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describe('transfer over webrtc', MEETING, () => {
  test('webrtc: two that can only meet through a WebSocket tracker exchange a file, and leave in time', async () => {
    const share = makeShare(5_000_001, [await startTracker()]);
    const seed = await startSeed(share);
    const get = await start([...transferArguments('get', share), '--exit', '--json']).ended;
    expect(get).toMatchObject({ code: 0, signal: null });
    expect(digest(join(share.target, 'shared.bin'))).toBe(digest(join(share.source, 'shared.bin')));
    seed.child.kill('SIGINT');
    const ended = await seed.ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout).toMatch(/"event":"stopped".*"clean":true/);
  });

  test('webrtc: a recorded transfer runs again, bit for bit', async () => {
    const share = makeShare(500_000, [await startTracker()]);
    await startSeed(share);
    const journal = join(share.folder, 'get.journal');
    expect(await start([...transferArguments('get', share), '--exit', '--record', journal]).ended).toMatchObject({
      code: 0,
    });
    const replay = await start(['sim', 'replay', journal]).ended;
    expect(replay).toMatchObject({ code: 0 });
  });

  test('webrtc: --no-trackers asks nobody', async () => {
    const share = makeShare(500_000, [await startTracker()]);
    await startSeed(share);
    const get = start([...transferArguments('get', share), '--no-trackers', '--json']);
    await get.prints(/"event":"checked"/);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    get.child.kill('SIGINT');
    expect((await get.ended).stdout).toMatch(/"downloadedBytes":0/);
  });
});
