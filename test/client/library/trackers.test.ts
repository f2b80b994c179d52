// What the user hears of trackers and peers, also of a magnet whose metadata is not here.

import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { detailOf } from '../../../client/control/detail.ts';
import type { ManagedTorrent } from '../../../client/library/managed-torrent.ts';
import { hex } from '../../../client/units.ts';
import { makeShare } from '../share.ts';
import { TIMEOUT_MS } from './client.ts';
import { addOf, eventually, libraryFolders, startLibrary } from './in-process.ts';

async function portOf(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function warningsOf({ log }: ManagedTorrent): string[] {
  return log.lines.flatMap(({ level, text }) => (level === 'warn' ? [text] : []));
}

describe('trackers', { timeout: TIMEOUT_MS }, () => {
  test('a magnet: why its tracker fails is logged, and its pages of peers and trackers are shown', async () => {
    const tracker = await portOf(
      createHttpServer((_request, response) => {
        response.end('d14:failure reason11:unwelcome.xe');
      }),
    );
    const { infoHash } = makeShare(200_000);
    // It speaks, but has no metadata to give.
    const handshake = Buffer.concat([
      Buffer.from('\x13BitTorrent protocol'),
      Buffer.alloc(8),
      infoHash,
      Buffer.alloc(20, 'p'),
    ]);
    const peer = await portOf(createServer((socket) => socket.on('error', () => undefined).write(handshake)));
    const { state, downloads } = libraryFolders();
    const { library, session } = await startLibrary(state);
    const key = hex(infoHash);
    const url = `http://127.0.0.1:${tracker}/announce`;
    const link = `magnet:?xt=urn:btih:${key}&tr=${encodeURIComponent(url)}&x.pe=127.0.0.1:${peer}`;
    await library.add(addOf(link, downloads));
    const torrent = library.list.get(key) as ManagedTorrent;
    await eventually(() => warningsOf(torrent).length > 0);
    expect(warningsOf(torrent)).toEqual([`tracker http://127.0.0.1:${tracker}: unwelcome.x`]);
    expect(torrent.metainfo).toBe(null);
    const trackers = [{ url, status: 'failed', lastError: 'unwelcome.x' }];
    expect(detailOf(torrent, 'trackers', session)).toMatchObject({ page: 'trackers', key, trackers });
    await eventually(() => session.peers(torrent.id).length === 1);
    expect(detailOf(torrent, 'peers', session)).toMatchObject({ page: 'peers', peers: [{ port: peer }] });
    expect(detailOf(torrent, 'files', session)).toBe(null);
  });

  test('a tracker that is silent is warned about', async () => {
    const tracker = await portOf(createServer((socket) => socket.on('error', () => undefined)));
    const { state, downloads } = libraryFolders();
    const { library } = await startLibrary(state);
    const share = makeShare(200_000, ['http://127.0.0.1:1/other', `http://127.0.0.1:${tracker}/announce`]);
    const { key } = await library.add(addOf(share.torrent, downloads, { paused: true }));
    const torrent = library.list.get(key) as ManagedTorrent;
    await eventually(() => torrent.stage === 'open');
    // The engine waits for three quarters of a minute before it says so.
    library.conductor.onEvent('trackerSilent', torrent.id, 1, 0);
    library.conductor.afterDrain();
    expect(warningsOf(torrent)).toEqual([`tracker http://127.0.0.1:${tracker}: no answer`]);
  });
});
