// Ctrl-C while a tracker is dead, silent or slow: within five seconds, with everything saved.

import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeShare, startSeed, transferArguments } from './share.ts';
import { start } from './support.ts';

const LEAVING_MAX_MS = 5_000;

/** An HTTP tracker that accepts and says nothing; resolves `asked` with the first request. */
async function silentHttp() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined).resume()));
  const asked = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`, asked };
}

async function silentUdp() {
  const socket = createSocket('udp4');
  const asked = once(socket, 'message');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  return { url: `udp://127.0.0.1:${socket.address().port}`, asked };
}

async function refused() {
  const { url } = await silentHttp();
  return { url: url.replace(/:\d+\//, ':1/'), asked: Promise.resolve() };
}

describe('leaving', () => {
  test.each([
    ['accepts and says nothing', silentHttp],
    ['hears datagrams and says nothing', silentUdp],
    ['refuses', refused],
  ])('leaving: Ctrl-C ends within 5 s with 0 and all pieces saved (a tracker that %s)', async (_name, tracker) => {
    const { url, asked } = await tracker();
    const share = makeShare(4 * 1024 * 1024, [url]);
    const { peer } = await startSeed(share, '--no-trackers');
    const limit = ['--download-limit', '1MiB'];
    const first = start([...transferArguments('get', share), '--json', '--peer', peer, ...limit]);
    const [, seen] = await first.prints(/"event":"progress".*?"havePieces":([1-9]\d*)/);
    await asked;
    const interrupted = performance.now();
    first.child.kill('SIGINT');
    const { code, stdout, stderr } = await first.ended;
    expect(performance.now() - interrupted).toBeLessThan(LEAVING_MAX_MS);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/"event":"stopped"/);
    expect(readdirSync(join(share.folder, 'get-state'))).toHaveLength(1);
    const second = start([...transferArguments('get', share), '--json', '--no-trackers', '--peer', peer, '--exit']);
    const [, found] = await second.prints(/"event":"checked","havePieces":(\d+)/);
    expect(Number(found)).toBeGreaterThanOrEqual(Number(seen));
    expect((await second.ended).code).toBe(0);
  });

  test('leaving: a second Ctrl-C leaves at once with 130 (a tracker that says nothing)', async () => {
    const { url, asked } = await silentHttp();
    const seed = start([...transferArguments('seed', makeShare(100_000, [url])), '--json']);
    await seed.prints(/"event":"completed"/);
    await asked;
    seed.child.kill('SIGINT');
    await seed.prints(/"event":"leaving"/);
    seed.child.kill('SIGINT');
    expect(await seed.ended).toMatchObject({ code: 130 });
  });
});
