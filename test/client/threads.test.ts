// A worker thread that dies, for whatever reason: what it had is answered, and the next job has another thread.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AnnounceReply, AnnounceRequest } from '#engine';
import { Checker } from '../../client/disk/checker.ts';
import { PieceHasher } from '../../client/hash/piece-hasher.ts';
import { TrackerClient } from '../../client/trackers/tracker-client.ts';
import { contentOf, layout, openStorage, sha1, temporaryFolder, writeContent } from './support.ts';

/** An error that nobody catches in it, or an end without one, such as that of a thread for which the system has no memory. */
const DEATHS = [
  ['throws', (thread: Worker) => thread.postMessage(null)],
  ['ends', (thread: Worker) => void thread.terminate()],
] as const;

/** The threads that were given something to do so far, in their order. */
function watchThreads(): () => Set<Worker> {
  const posts = vi.spyOn(Worker.prototype, 'postMessage');
  onTestFinished(() => posts.mockRestore());
  return () => new Set(posts.mock.contexts as Worker[]);
}

function ended(thread: Worker): Promise<unknown> {
  return new Promise((resolve) => {
    thread.once('exit', resolve);
  });
}

describe.each(DEATHS)('a thread that %s', (_how, kill) => {
  test('hashing: every piece has its digest, and the next is hashed on another thread', async () => {
    const threads = watchThreads();
    const hasher = new PieceHasher();
    onTestFinished(() => hasher.close());
    const block = new Uint8Array(16_384).fill(7);
    const hashed = () =>
      new Promise<Uint8Array>((resolve) => {
        hasher.hashPiece([block, block], resolve);
      });
    const asked = [hashed(), hashed()];
    await Promise.resolve();
    for (const thread of threads()) kill(thread);
    asked.push(hashed());
    await Promise.all([...threads()].map(ended));
    asked.push(hashed());
    const digests = (await Promise.all(asked)).map((digest) => [...digest]);
    expect(digests).toEqual(asked.map(() => [...sha1(Buffer.concat([block, block]))]));
    expect(threads().size).toBe(2);
  });

  test('checking: what it had cannot be read, the rest is checked, and so is what is asked next', async () => {
    const threads = watchThreads();
    const checker = new Checker();
    onTestFinished(() => checker.close());
    const torrent = layout(65_536, [40 * 1024 * 1024]);
    const folder = temporaryFolder();
    const content = contentOf(torrent);
    writeContent(folder, torrent, content);
    checker.open(0, await openStorage(folder, torrent));
    const { pieceCount } = torrent.geometry;
    const checked = () =>
      new Promise<readonly (Uint8Array | null)[]>((resolve) => {
        checker.check(0, 0, pieceCount, resolve);
      });
    const asked = checked();
    const [first] = threads();
    kill(first as Worker);
    const digests = await asked;
    const right = Array.from({ length: pieceCount }, (_piece, piece) =>
      sha1(content.subarray(piece * 65_536, (piece + 1) * 65_536)),
    );
    digests.forEach((digest, piece) => expect(digest ?? right[piece]).toEqual(right[piece]));
    expect(digests.filter((digest) => digest !== null).length).toBeGreaterThan(0);
    expect(await checked()).toEqual(right);
  });

  test('announcing: the announce fails, and the next is made by another thread', async () => {
    const threads = watchThreads();
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.on('error', () => undefined).resume()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const waiting = new Map<number, (reply: AnnounceReply) => void>();
    const client = new TrackerClient(
      { bind: null },
      {
        announced: (job, reply) => waiting.get(job)?.(reply),
        scraped: () => undefined,
        signalled: () => undefined,
        forgotten: () => undefined,
      },
    );
    onTestFinished(() => client.close());
    const announced = (job: number) =>
      new Promise<AnnounceReply>((resolve) => {
        waiting.set(job, resolve);
        client.announce(job, requestTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`));
      });
    const first = announced(1);
    await once(server, 'connection');
    for (const thread of threads()) kill(thread);
    expect(await first).toEqual({ ok: false, reason: 'the tracker thread failed' });
    const again = once(server, 'connection');
    void announced(2);
    await again;
    expect(threads().size).toBe(2);
  });
});

function requestTo(url: string): AnnounceRequest {
  return {
    torrent: 0,
    url,
    infoHash: new Uint8Array(20),
    peerId: new Uint8Array(20),
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 0,
    event: 'started',
    key: 1,
    numwant: 0,
    trackerId: null,
  };
}
