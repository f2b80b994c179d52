// The WebSocket trackers of the tracker thread, against bittorrent-tracker's server and servers that misbehave.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Server } from 'bittorrent-tracker';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import type { AnnounceReply, AnnounceRequest, SessionOffer, TorrentId } from '#engine';
import { TrackerClient, type TrackerSignal } from '../../client/trackers/tracker-client.ts';
import { makeShare, transferArguments } from './share.ts';
import { start, temporaryFolder } from './support.ts';

let jobs = 0;

function idOf(character: string): Uint8Array {
  return new TextEncoder().encode(character.repeat(20));
}

function requestTo(url: string, over: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    torrent: 0,
    url,
    infoHash: new Uint8Array(20).fill(0xab),
    peerId: idOf('a'),
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 7,
    event: 'started',
    key: 1,
    numwant: 50,
    trackerId: null,
    ...over,
  };
}

/** A tracker client, and what its trackers passed on. */
class Heard {
  readonly signals: TrackerSignal[] = [];
  readonly forgotten: TorrentId[] = [];
  readonly #waiting = new Map<number, (reply: AnnounceReply) => void>();
  #changed: () => void = () => undefined;
  readonly client = new TrackerClient(
    { bind: null },
    {
      announced: (job, reply) => this.#waiting.get(job)?.(reply),
      scraped: () => undefined,
      signalled: (signal) => {
        this.signals.push(signal);
        this.#changed();
      },
      forgotten: (torrent) => {
        this.forgotten.push(torrent);
        this.#changed();
      },
    },
  );

  constructor() {
    onTestFinished(() => this.client.close());
  }

  announce(request: AnnounceRequest, offers: readonly SessionOffer[] = []): Promise<AnnounceReply> {
    return new Promise((resolve) => {
      jobs += 1;
      this.#waiting.set(jobs, resolve);
      this.client.announce(jobs, request, offers);
    });
  }

  /** Resolves when `holds` does, which is looked at whenever something was heard. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = () => {
        if (holds()) resolve();
      };
      this.#changed();
    });
  }
}

async function startTracker(): Promise<string> {
  const server = new Server({ http: true, udp: false, ws: true });
  server.listen(0, { http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1' });
  await once(server, 'listening');
  onTestFinished(() => server.close());
  return `ws://127.0.0.1:${server.http.address().port}/announce`;
}

/** A server of ours: `connected` gets every connection, in order. */
async function startServer(connected: (socket: WebSocket, count: number) => void): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  let count = 0;
  server.on('connection', (socket) => {
    count += 1;
    connected(socket, count);
  });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function reply(socket: WebSocket, over: object = {}): void {
  const infoHash = '\u00ab'.repeat(20);
  socket.send(JSON.stringify({ action: 'announce', info_hash: infoHash, interval: 120, complete: 1, ...over }));
}

describe('websocket trackers', () => {
  test.each(['reboot', '?press=1', 'announce/x'])(
    'websocket trackers: on a local address what is no tracker is not connected to (/%s)',
    async (path) => {
      let connections = 0;
      const url = await startServer(() => (connections += 1));
      const reason = 'on a local address only …/announce is asked: this is no tracker';
      expect(await new Heard().announce(requestTo(url + path))).toEqual({ ok: false, reason });
      expect(connections).toBe(0);
    },
  );

  test('websocket trackers: offers and answers are passed on between two clients (bittorrent-tracker)', async () => {
    const url = await startTracker();
    const [near, far] = [new Heard(), new Heard()];
    expect(await near.announce(requestTo(url, { left: 0 }))).toMatchObject({ ok: true, seeds: 1, leechers: 0 });
    const offers = [{ offerId: '\u0000\u00ff'.repeat(10), sdp: 'v=0 offer' }];
    const second = requestTo(url, { peerId: idOf('b'), torrent: 4 });
    expect(await far.announce(second, offers)).toMatchObject({ ok: true, seeds: 1, leechers: 1 });
    await near.until(() => near.signals.length > 0);
    const offered = { kind: 'offer', peerId: idOf('b'), offerId: offers[0]?.offerId, sdp: 'v=0 offer' };
    expect(near.signals).toMatchObject([{ url, torrent: 0, message: offered }]);
    near.client.answer(url, {
      infoHash: second.infoHash,
      peerId: idOf('a'),
      toPeerId: idOf('b'),
      offerId: offers[0]?.offerId as string,
      sdp: 'v=0 answer',
    });
    await far.until(() => far.signals.length > 0);
    const answered = { kind: 'answer', peerId: idOf('a'), offerId: offers[0]?.offerId, sdp: 'v=0 answer' };
    expect(far.signals).toMatchObject([{ torrent: 4, message: answered }]);
    expect(await far.announce({ ...second, event: 'stopped' })).toMatchObject({ ok: true, leechers: 0 });
  });

  test('websocket trackers: torrents share one connection, which ends when the last has left', async () => {
    const sockets: WebSocket[] = [];
    const url = await startServer((socket) => {
      sockets.push(socket);
      socket.on('message', (text: Buffer) => {
        const { info_hash } = JSON.parse(String(text)) as { info_hash: string };
        reply(socket, { info_hash });
      });
    });
    const heard = new Heard();
    const other = { infoHash: new Uint8Array(20).fill(9), torrent: 1 };
    await Promise.all([heard.announce(requestTo(url)), heard.announce(requestTo(url, other))]);
    expect(sockets).toHaveLength(1);
    await heard.announce(requestTo(url, { event: 'stopped' }));
    expect(sockets[0]?.readyState).toBe(1);
    const closed = once(sockets[0] as WebSocket, 'close');
    await heard.announce(requestTo(url, { ...other, event: 'stopped' }));
    await closed;
    expect(await heard.announce(requestTo(url, { event: 'stopped' }))).toMatchObject({
      ok: false,
      reason: 'not connected',
    });
  });

  test('websocket trackers: one that was lost is opened again, and its torrents are announced anew', async () => {
    const url = await startServer((socket, count) => {
      socket.on('message', () => {
        reply(socket);
        if (count === 1) socket.close();
      });
    });
    const heard = new Heard();
    expect(await heard.announce(requestTo(url, { torrent: 7 }))).toMatchObject({ ok: true });
    await heard.until(() => heard.forgotten.length > 0);
    expect(heard.forgotten).toEqual([7]);
    expect(await heard.announce(requestTo(url, { torrent: 7, event: '' }))).toMatchObject({ ok: true });
  });

  test('websocket trackers: goes on after a hostile one (garbage, huge, lies, silence before hanging up)', async () => {
    const heard = new Heard();
    const hostile: Readonly<Record<string, (socket: WebSocket) => void>> = {
      garbage: (socket) => {
        socket.send(Buffer.from([0xff, 0x00]));
        socket.send('[[[[');
        socket.close();
      },
      huge: (socket) => socket.send('x'.repeat(70_000)),
      hangUp: (socket) => socket.terminate(),
      refuses: (socket) => reply(socket, { 'failure reason': 'no \x1b[2J' }),
      lies: (socket) => {
        for (const kind of ['offer', 'answer'])
          reply(socket, { peer_id: 'x'.repeat(20), offer_id: 'o', [kind]: { type: kind, sdp: 7 } });
        reply(socket, {
          info_hash: 'y'.repeat(20),
          peer_id: 'x'.repeat(20),
          offer_id: 'o',
          offer: { type: 'offer', sdp: 'v' },
        });
        socket.close();
      },
    };
    for (const misbehave of Object.values(hostile)) {
      const url = await startServer((socket) => socket.on('message', () => misbehave(socket)));
      expect(await heard.announce(requestTo(url))).toMatchObject({ ok: false });
    }
    expect(heard.signals).toEqual([]);
    const good = await startServer((socket) => socket.on('message', () => reply(socket)));
    expect(await heard.announce(requestTo(good))).toMatchObject({ ok: true, intervalS: 120 });
  });

  test('websocket trackers: one that floods us is cut off', async () => {
    const flooded = Promise.withResolvers<void>();
    const url = await startServer((socket) => {
      socket.on('close', () => flooded.resolve());
      socket.on('message', () => {
        reply(socket);
        for (let at = 0; at < 5_000; at += 1)
          reply(socket, { peer_id: 'x'.repeat(20), offer_id: 'o', offer: { type: 'offer', sdp: 'v' } });
      });
    });
    const heard = new Heard();
    expect(await heard.announce(requestTo(url))).toMatchObject({ ok: true });
    await flooded.promise;
    expect(heard.signals.length).toBeLessThanOrEqual(1_000);
  });

  test('websocket trackers: a redirect is not followed, wherever it leads', async () => {
    let reached = false;
    const inside = await startServer(() => {
      reached = true;
    });
    const server = createHttpServer();
    server.on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nlocation: ${inside}\r\ncontent-length: 0\r\n\r\n`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await new Heard().announce(requestTo(url))).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/302/),
    });
    expect(reached).toBe(false);
  });

  test.each([
    ['ws://127.0.0.1:1/', /connection refused/],
    ['wss://127.0.0.1:1/', /connection refused/],
    ['ws://tracker.invalid/', /name/],
    ['ws://', /./],
  ])('websocket trackers: an announce that cannot be made is a failed reply (%s)', async (url, reason) => {
    const answer = await new Heard().announce(requestTo(url));
    expect(answer).toMatchObject({ ok: false });
    expect(!answer.ok && answer.reason).toMatch(reason);
  });

  test('websocket trackers: a certificate that nobody vouches for is refused, its authority can be named (wss)', async () => {
    const folder = temporaryFolder();
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    const server = createHttpsServer({ key: readFileSync(key), cert: readFileSync(certificate) });
    const sockets = new WebSocketServer({ server });
    const announced = Promise.withResolvers<void>();
    sockets.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', () => announced.resolve());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
    });
    const url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await new Heard().announce(requestTo(url))).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/certificate/),
    });
    const seed = start(transferArguments('seed', makeShare(100_000, [url])), { NODE_EXTRA_CA_CERTS: certificate });
    onTestFinished(() => {
      seed.child.kill('SIGKILL');
    });
    await announced.promise;
  });
});
