// Listening and TCP connections, without an engine.

import { once } from 'node:events';
import { connect, createServer, Server as NetServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { formatAddress } from '#engine';
import { parseHostPort, plainHost } from '../../client/net/address.ts';
import { listen } from '../../client/net/listener.ts';
import { Transport, type TransportEvents } from '../../client/net/transport.ts';

const NO_INTRODUCTIONS = { dial: () => undefined, abort: () => undefined };

async function occupy(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function listenOn(ports: readonly number[], accepted: (socket: Socket) => void = () => undefined) {
  const listening = await listen({ ports, bind: '127.0.0.1', accepted });
  onTestFinished(() => {
    listening.server.close();
  });
  return listening;
}

/** Records what a transport reports, and waits for it. */
function recorder() {
  const reports: string[] = [];
  const released: Uint8Array[] = [];
  let received = Buffer.alloc(0);
  let wake = () => {};
  const note = (text: string) => {
    reports.push(text);
    wake();
  };
  const events: TransportEvents = {
    connected: (conn, address, outgoing) => note(`connected ${conn} ${address.host} ${outgoing}`),
    received: (_conn, chunk) => {
      received = Buffer.concat([received, chunk]);
      wake();
    },
    writable: (conn) => note(`writable ${conn}`),
    disconnected: (conn, why) => note(`disconnected ${conn} ${why}`),
    released: (block) => {
      released.push(block);
      wake();
    },
  };
  const until = async (fact: () => boolean) => {
    while (!fact()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { events, reports, released, until, bytes: () => received };
}

describe('listener', () => {
  test('listener: a system that never answers is given up after 5 s, with an error that says so', async () => {
    vi.useFakeTimers();
    const asked = vi.spyOn(NetServer.prototype, 'listen').mockImplementation(function (this: NetServer) {
      return this;
    });
    onTestFinished(() => {
      vi.useRealTimers();
      asked.mockRestore();
    });
    const listening = listen({ ports: [6881], bind: '127.0.0.1', accepted: () => undefined });
    const refused = expect(listening).rejects.toThrow('127.0.0.1: cannot listen: timed out');
    await vi.advanceTimersByTimeAsync(5_000);
    await refused;
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test('listener: takes the next port when the first is busy', async () => {
    const [busy, free] = [await occupy(), await occupy()];
    const { server, port } = await listenOn([busy, free, 0]);
    expect(port).not.toBe(busy);
    expect((server.address() as AddressInfo).port).toBe(port);
  });

  test('listener: takes any port when all that are wanted are busy', async () => {
    const busy = await occupy();
    const { port } = await listenOn([busy]);
    expect(port).toBeGreaterThan(0);
    expect(port).not.toBe(busy);
  });

  test('listener: a connection that the system cannot accept ends nothing, however often (out of memory)', async () => {
    const { server } = await listenOn([0]);
    for (let times = 0; times < 3; times += 1) server.emit('error', new Error('accept ENOBUFS'));
  });

  test('listener: names the address when it cannot be bound at all', async () => {
    await expect(listen({ ports: [0], bind: '203.0.113.9', accepted: () => undefined })).rejects.toThrow(
      '203.0.113.9: cannot listen: no such address on this machine',
    );
  });
});

describe('transport', () => {
  async function pair() {
    const near = recorder();
    const far = recorder();
    const accepting = new Transport(far.events, NO_INTRODUCTIONS, null);
    const { port } = await listenOn([0], (socket) => accepting.accept(socket));
    const dialling = new Transport(near.events, NO_INTRODUCTIONS, '127.0.0.3');
    onTestFinished(() => {
      dialling.closeAll();
      accepting.closeAll();
    });
    dialling.dial(4, { host: '127.0.0.1', port }, 0);
    await near.until(() => near.reports.length > 0);
    await far.until(() => far.reports.length > 0);
    return { near, far, dialling, accepting };
  }

  test('transport: dials from the bound address; numbers are even out and odd in', async () => {
    const { near, far } = await pair();
    expect(near.reports).toEqual(['connected 4 127.0.0.1 true']);
    expect(far.reports).toEqual(['connected 1 127.0.0.3 false']);
  });

  test('transport: keeps the order of messages and blocks, and releases each block once (3 MiB)', async () => {
    const { near, far, dialling } = await pair();
    const parts: Uint8Array[] = [];
    const blocks: Uint8Array[] = [];
    for (let index = 0; index < 192; index += 1) {
      const header = new Uint8Array(13).fill(index);
      const block = new Uint8Array(16_384).fill(255 - index);
      dialling.send(4, header);
      dialling.send(4, header.subarray(0, 4));
      parts.push(header.slice(), header.slice(0, 4), block);
      header.fill(0);
      dialling.sendPayload(4, block);
      blocks.push(block);
      if (index % 50 === 0) dialling.flush();
    }
    dialling.send(4, new Uint8Array(100_000).fill(9));
    parts.push(new Uint8Array(100_000).fill(9));
    dialling.flush();
    const wanted = Buffer.concat(parts);
    await far.until(() => far.bytes().length >= wanted.length);
    expect(Buffer.compare(far.bytes(), wanted)).toBe(0);
    await near.until(() => near.released.length >= blocks.length && near.reports.length > 1);
    expect(near.released).toEqual(blocks);
    expect(near.reports.at(-1)).toBe('writable 4');
  });

  test('transport: delivers nothing while reading is off, and everything after', async () => {
    const { far, dialling, accepting } = await pair();
    accepting.setReading(1, false);
    dialling.send(4, new Uint8Array(1000).fill(1));
    dialling.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect(far.bytes().length).toBe(0);
    accepting.setReading(1, true);
    await far.until(() => far.bytes().length === 1000);
  });

  test('transport: what was sent before a close arrives; then the other side ends and its number is free', async () => {
    const { near, far, dialling, accepting } = await pair();
    dialling.send(4, new Uint8Array(5).fill(7));
    dialling.close(4);
    await far.until(() => far.reports.length > 1);
    expect(far.bytes()).toEqual(Buffer.alloc(5, 7));
    expect(far.reports[1]).toBe('disconnected 1 ended');
    accepting.flush();
    expect(near.reports).toEqual(['connected 4 127.0.0.1 true']);
    near.reports.length = 0;
    const { port } = await listenOn([0], (socket) => accepting.accept(socket));
    dialling.dial(6, { host: '127.0.0.1', port }, 0);
    await far.until(() => far.reports.length > 2);
    expect(far.reports[2]).toBe('connected 1 127.0.0.3 false');
  });

  test('transport: a refused dial is reported as refused', async () => {
    const { port, server } = await listenOn([0]);
    await new Promise((resolve) => (server as Server).close(resolve));
    const near = recorder();
    new Transport(near.events, NO_INTRODUCTIONS, null).dial(2, { host: '127.0.0.1', port }, 0);
    await near.until(() => near.reports.length > 0);
    expect(near.reports).toEqual(['disconnected 2 refused']);
  });

  test('transport: a block for a connection that is gone is released', () => {
    const near = recorder();
    const block = new Uint8Array(3);
    new Transport(near.events, NO_INTRODUCTIONS, null).sendPayload(8, block);
    expect(near.released).toEqual([block]);
  });

  test('transport: reset by the peer is reported once, and its unsent blocks are released', async () => {
    const far = recorder();
    const accepting = new Transport(far.events, NO_INTRODUCTIONS, null);
    const { port } = await listenOn([0], (socket) => accepting.accept(socket));
    const peer = connect(port, '127.0.0.1');
    await far.until(() => far.reports.length > 0);
    peer.pause();
    const blocks = Array.from({ length: 1000 }, () => new Uint8Array(16_384));
    for (const block of blocks) accepting.sendPayload(1, block);
    accepting.flush();
    peer.resetAndDestroy();
    await far.until(() => far.released.length === blocks.length && far.reports.length > 1);
    expect(far.reports.slice(1)).toEqual(['disconnected 1 reset']);
  });
});

describe('addresses', () => {
  test.each([
    ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    ['peer.example:6881', { host: 'peer.example', port: 6881 }],
    ['127.0.0.1:0', null],
    ['127.0.0.1:65536', null],
    ['127.0.0.1', null],
    ['::1:80', null],
    ['[127.0.0.1]:80', null],
    [':80', null],
    ['a b:80', null],
  ])('address: %s', (text, wanted) => {
    const parsed = parseHostPort(text);
    expect(parsed).toEqual(wanted);
    if (parsed !== null) expect(formatAddress(parsed)).toBe(text);
  });

  test('address: IPv4 on a dual-stack socket is IPv4', () => {
    expect(plainHost('::ffff:10.0.0.1')).toBe('10.0.0.1');
    expect(plainHost('::1')).toBe('::1');
  });
});
