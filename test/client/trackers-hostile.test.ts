// What a hostile tracker, or a hostile .torrent through a tracker's URL, can make us do: nothing without bound, nothing to others.

import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TRACKER_REPLY_BYTES_MAX } from '#engine';
import { httpGet } from '../../client/trackers/http-get.ts';
import { isLocalAddress, isTrackerPath } from '../../client/trackers/local-address.ts';

const TRICKLE_MS = 5;
const TIMEOUT_MS = 300;

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`;
}

async function startHttp(listener: RequestListener): Promise<string> {
  const server = createHttpServer(listener);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return listening(server);
}

/** A server that answers every connection with `first` and then one byte of `drip` after the other, for ever. */
async function startTrickle(first: string, drip: string): Promise<{ url: string; closed: Promise<unknown> }> {
  let resolve: (value: unknown) => void;
  const closed = new Promise((settle) => {
    resolve = settle;
  });
  const server = createTcpServer((socket: Socket) => {
    socket.write(first);
    let at = 0;
    const timer = setInterval(() => socket.write(drip[at++ % drip.length] as string), TRICKLE_MS);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(null);
    });
  });
  onTestFinished(() => {
    server.close();
  });
  return { url: await listening(server), closed };
}

function get(url: string, timeoutMs = 20_000) {
  return httpGet(new URL(url), { bind: null, timeoutMs });
}

describe('hostile trackers', () => {
  test.each([
    ['status line', 'HTTP/1.1 200 ', 'O'],
    ['headers', 'HTTP/1.1 200 OK\r\n', 'x: y\r\n'],
    ['body', 'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n', 'd'],
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nd\r\n'],
  ])(
    'http get: one that answers byte by byte for ever is left when the time is over (%s)',
    async (_part, first, drip) => {
      const { url, closed } = await startTrickle(first, drip);
      await expect(get(url, TIMEOUT_MS)).rejects.toThrow(/timed out|aborted/i);
      await closed;
    },
  );

  test('http get: a redirect does not begin the time anew (each hop takes its time, then the next)', async () => {
    const url = await startHttp((_request, response) => {
      setTimeout(() => response.writeHead(302, { location: '/announce' }).end(), TIMEOUT_MS / 2);
    });
    await expect(get(url, TIMEOUT_MS)).rejects.toThrow(/timed out|aborted/i);
  });

  test('http get: headers without end are refused', async () => {
    const { url, closed } = await startTrickle(
      `HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(10_000)}`,
      'x',
    );
    await expect(get(url)).rejects.toThrow(/header overflow/i);
    await closed;
  });

  test.each([
    ['the largest', 0],
    ['one byte more', 1],
  ])('http get: what a reply unpacks to is bounded (%s)', async (_name, more) => {
    const packed = gzipSync(Buffer.alloc(TRACKER_REPLY_BYTES_MAX + more, 'd'));
    const url = await startHttp((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed),
    );
    if (more === 0) expect((await get(url)).body).toHaveLength(TRACKER_REPLY_BYTES_MAX);
    else await expect(get(url)).rejects.toThrow(/larger than|too large/i);
  });

  test.each([
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('http get: a form that was not asked for is not unpacked (%s)', async (encoding, pack) => {
    const packed = pack(Buffer.alloc(64 << 20));
    let accepted: string | undefined;
    const listener = (headers: string | undefined, response: ServerResponse) => {
      accepted = headers;
      response.writeHead(200, { 'content-encoding': encoding }).end(packed);
    };
    const url = await startHttp((request, response) =>
      listener(request.headers['accept-encoding'] as string, response),
    );
    expect(Buffer.compare((await get(url)).body, packed)).toBe(0);
    expect(accepted).toBe('gzip');
  });
});

describe('addresses inside', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a01:203',
    'fd00::1',
    'fe80::1',
    '64:ff9b::7f00:1',
  ])('local address: %s is one', (address) => {
    expect(isLocalAddress(address)).toBe(true);
  });

  test.each(['1.1.1.1', '100.128.0.1', '172.32.0.1', '192.169.0.1', '198.51.100.1', '2001:db8::1', '::ffff:1.1.1.1'])(
    'local address: %s is none',
    (address) => {
      expect(isLocalAddress(address)).toBe(false);
    },
  );

  test.each([
    ['/announce', true],
    ['/0123456789abcdef/announce', true],
    ['/announce.php', true],
    ['/', false],
    ['/reboot', false],
    ['/announce/../reboot', false],
    ['/cgi-bin/reboot.cgi', false],
    ['/announcements', false],
  ])('local address: a tracker there is named so: %s %s', (path, is) => {
    expect(isTrackerPath(new URL(path, 'http://127.0.0.1').pathname)).toBe(is);
  });

  test.each(['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    'http get: whoever names it, only …/announce is asked on this machine (%s)',
    async (host) => {
      const asked: string[] = [];
      const url = await startHttp((request, response) => {
        asked.push(request.url as string);
        response.end();
      });
      const { port } = new URL(url);
      await expect(get(`http://${host}:${port}/reboot?confirm=/announce`)).rejects.toThrow(/only …\/announce is asked/);
      expect(asked).toEqual([]);
      await get(`http://${host}:${port}/announce?x`);
      expect(asked).toEqual(['/announce?x']);
    },
  );

  test('http get: a tracker here may redirect here, to a tracker only', async () => {
    const asked: string[] = [];
    const url = await startHttp((request, response) => {
      asked.push(request.url as string);
      if (asked.length === 1) response.writeHead(302, { location: '/0/announce' });
      else if (asked.length === 2) response.writeHead(302, { location: '/reboot' });
      response.end();
    });
    await expect(get(url)).rejects.toThrow(/only …\/announce is asked/);
    expect(asked).toEqual(['/announce', '/0/announce']);
  });
});
