// The tracker thread against bittorrent-tracker's server and against servers that misbehave.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Server } from 'bittorrent-tracker';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AnnounceReply, AnnounceRequest } from '#engine';
import { httpGet } from '../../client/trackers/http-get.ts';
import { TrackerClient } from '../../client/trackers/tracker-client.ts';

let jobs = 0;

function requestTo(url: string, over: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    torrent: 0,
    url,
    infoHash: new Uint8Array(20).fill(0xab),
    peerId: new TextEncoder().encode('-SG0010-abcdefghijkl'),
    port: 6881,
    uploaded: 5,
    downloaded: 2 ** 33,
    left: 7,
    event: 'started',
    key: 0xdeadbeef,
    numwant: 50,
    trackerId: null,
    ...over,
  };
}

function makeClient(bind: string | null = null) {
  const waiting = new Map<number, (reply: AnnounceReply) => void>();
  const client = new TrackerClient(
    { bind },
    {
      announced: (job, reply) => waiting.get(job)?.(reply),
      scraped: () => undefined,
      signalled: () => undefined,
      forgotten: () => undefined,
    },
  );
  onTestFinished(() => client.close());
  return (request: AnnounceRequest) =>
    new Promise<AnnounceReply>((resolve) => {
      jobs += 1;
      waiting.set(jobs, resolve);
      client.announce(jobs, request);
    });
}

async function startTracker(): Promise<Server> {
  const server = new Server({ http: true, udp: true, ws: false });
  server.listen(0, { http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1' });
  await once(server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return server;
}

async function startHttp(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`;
}

describe('trackers', () => {
  test.each(['http', 'udp'])('tracker thread: announces and learns of the other peer (%s)', async (kind) => {
    const server = await startTracker();
    const url =
      kind === 'http'
        ? `http://127.0.0.1:${server.http.address().port}/announce`
        : `udp://127.0.0.1:${server.udp4.address().port}/announce`;
    const announce = makeClient();
    const first = await announce(requestTo(url, { left: 0 }));
    expect(first).toMatchObject({ ok: true, seeds: 1, leechers: 0 });
    const peerId = new TextEncoder().encode('-SG0010-zzzzzzzzzzzz');
    const second = await announce(requestTo(url, { peerId, port: 7000 }));
    expect(second).toMatchObject({ ok: true, seeds: 1, leechers: 1 });
    expect(second.ok && second.peers).toContainEqual({ host: '127.0.0.1', port: 6881 });
    const stopped = await announce(requestTo(url, { peerId, port: 7000, event: 'stopped' }));
    expect(stopped).toMatchObject({ ok: true, leechers: 0 });
  });

  test('tracker thread: --bind is the address that the tracker sees (http and udp)', async () => {
    const server = await startTracker();
    const announce = makeClient('127.0.0.2');
    await announce(requestTo(`http://127.0.0.1:${server.http.address().port}/announce`));
    const other = requestTo(`udp://127.0.0.1:${server.udp4.address().port}`, {
      peerId: new Uint8Array(20),
      port: 7000,
    });
    const reply = await announce(other);
    expect(reply.ok && reply.peers).toContainEqual({ host: '127.0.0.2', port: 6881 });
  });

  test.each([
    ['http://127.0.0.1:1/announce', /connection refused/],
    ['https://127.0.0.1:1/announce', /connection refused/],
    ['http://tracker.invalid/announce', /name/],
    ['udp://tracker.invalid:80', /name/],
    ['udp://127.0.0.1', /port/],
    ['gopher://127.0.0.1/', /./],
    ['not a url', /./],
  ])('tracker thread: an announce that cannot be made is a failed reply (%s)', async (url, reason) => {
    const reply = await makeClient()(requestTo(url));
    expect(reply).toMatchObject({ ok: false });
    expect(!reply.ok && reply.reason).toMatch(reason);
  });

  test('tracker thread: goes on after a hostile reply (garbage, endless, bomb, redirect loop, hang-up)', async () => {
    const announce = makeClient();
    const bodies: Readonly<Record<string, RequestListener>> = {
      garbage: (_request, response) => response.writeHead(500).end('<html>\x1b[2J'),
      deep: (_request, response) => response.end('l'.repeat(500_000)),
      endless: (_request, response) => {
        const more = () => {
          while (response.write(Buffer.alloc(65_536, 'd'))) if (response.destroyed) return;
        };
        response.on('drain', more);
        more();
      },
      bomb: (_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(64 << 20))),
      loop: (_request, response) => response.writeHead(302, { location: '/announce' }).end(),
      scheme: (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      hangUp: (request) => request.socket.destroy(),
    };
    for (const listener of Object.values(bodies)) {
      expect(await announce(requestTo(await startHttp(listener)))).toMatchObject({ ok: false });
    }
    const good = await startHttp((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('d8:intervali900e5:peers0:e')),
    );
    expect(await announce(requestTo(good))).toMatchObject({ ok: true, intervalS: 900, peers: [] });
  });

  test('tracker thread: ignores datagrams that are no answer (garbage before the reply)', async () => {
    const socket = createSocket('udp4');
    onTestFinished(() => {
      socket.close();
    });
    socket.on('message', (bytes, from) => {
      const reply = (answer: Uint8Array) => socket.send(answer, from.port, from.address);
      reply(new Uint8Array(3));
      reply(new Uint8Array(64).fill(0xff));
      const connecting = bytes.readUInt32BE(8) === 0;
      const answer = Buffer.alloc(connecting ? 16 : 26);
      answer.writeUInt32BE(connecting ? 0 : 1, 0);
      bytes.copy(answer, 4, 12, 16);
      if (!connecting) answer.writeUInt32BE(1800, 8);
      if (!connecting) Buffer.from([10, 0, 0, 9, 0x1a, 0xe1]).copy(answer, 20);
      reply(answer);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const reply = await makeClient()(requestTo(`udp://127.0.0.1:${socket.address().port}`));
    expect(reply).toMatchObject({ ok: true, intervalS: 1800, peers: [{ host: '10.0.0.9', port: 6881 }] });
  });

  test.each([
    ['port', '127.0.0.1'],
    ['host', '127.0.0.2'],
  ])(
    'tracker thread: ignores an answer with the right id from another %s, whatever it answers',
    async (_where, host) => {
      const [socket, stranger] = [createSocket('udp4'), createSocket('udp4')];
      onTestFinished(() => {
        socket.close();
        stranger.close();
      });
      socket.on('message', (bytes, from) => {
        const connecting = bytes.readUInt32BE(8) === 0;
        const answer = (peer: number) => {
          const reply = Buffer.alloc(connecting ? 16 : 26, peer);
          reply.writeUInt32BE(connecting ? 0 : 1, 0);
          bytes.copy(reply, 4, 12, 16);
          return reply;
        };
        stranger.send(answer(6), from.port, from.address, () => socket.send(answer(9), from.port, from.address));
      });
      socket.bind(0, '127.0.0.1');
      stranger.bind(0, host);
      await Promise.all([once(socket, 'listening'), once(stranger, 'listening')]);
      const reply = await makeClient()(requestTo(`udp://127.0.0.1:${socket.address().port}`));
      expect(reply).toMatchObject({ ok: true, peers: [{ host: '9.9.9.9', port: 0x0909 }] });
    },
  );

  test('http get: gives up in time when the server never answers', async () => {
    const server = createTcpServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    await expect(httpGet(new URL(`http://127.0.0.1:${port}/announce`), { bind: null, timeoutMs: 50 })).rejects.toThrow(
      'timed out',
    );
  });
});
