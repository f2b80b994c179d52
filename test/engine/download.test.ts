import { describe, expect, test } from 'vitest';
import { BLOCK, handshake, Lab, makeTorrent, message, u32 } from './lab.ts';

const UNCHOKE = message(1);

describe('download', () => {
  test('download: takes every piece from one seed, writes it and says so (5 pieces, 1-byte tail)', () => {
    const { metainfo, data } = makeTorrent({ totalBytes: 4 * 2 * BLOCK + 1, pieceLength: 2 * BLOCK });
    const lab = new Lab({ metainfo });
    const seed = lab.peer({ has: 'all' });
    expect(lab.frames(seed).map((frame) => frame.id)).toContain(2);
    lab.say(seed, UNCHOKE);
    for (let round = 0; round < 20 && !lab.status.complete; round += 1) {
      for (const request of lab.requests(seed)) lab.give(seed, data, request);
    }
    expect(lab.status.state).toBe('seeding');
    expect(lab.disk).toEqual(data);
    expect(lab.status.haveBytes).toBe(data.length);
    expect(lab.status.flushedBytes).toBe(data.length);
    expect(lab.count('seedDisconnected')).toBe(1);
    expect(lab.closed.has(seed)).toBe(true);
    expect(lab.status.downloadedBytes).toBe(data.length);
  });

  test('download: a request is never longer or shorter than its block (last piece of 16,385 bytes)', () => {
    const { metainfo } = makeTorrent({ totalBytes: 2 * BLOCK + BLOCK + 1, pieceLength: 2 * BLOCK });
    const lab = new Lab({ metainfo });
    const seed = lab.peer({ has: 'all' });
    lab.say(seed, UNCHOKE);
    const requests = lab.requests(seed);
    expect(requests.map(([piece, begin, length]) => `${piece}:${begin}:${length}`).sort()).toEqual([
      `0:0:${BLOCK}`,
      `0:${BLOCK}:${BLOCK}`,
      `1:0:${BLOCK}`,
      `1:${BLOCK}:1`,
    ]);
  });

  test('download: requests go out in batches, each when the queue has fallen to its low-water mark (64 blocks in turn)', () => {
    const { metainfo, data } = makeTorrent({ totalBytes: 512 * BLOCK, pieceLength: 16 * BLOCK });
    const lab = new Lab({ metainfo });
    const seed = lab.peer({ has: 'all' });
    lab.say(seed, UNCHOKE);
    const queue = lab.requests(seed);
    const batches: number[] = [];
    for (let round = 0; round < 64; round += 1) {
      lab.give(seed, data, queue.shift()!);
      const more = lab.requests(seed);
      batches.push(more.length);
      queue.push(...more);
    }
    // None for most blocks that arrive, then several at once.
    expect(batches.filter((count) => count === 0).length).toBeGreaterThan(32);
    expect(batches.filter((count) => count === 1)).toEqual([]);
    expect(batches.filter((count) => count > 1).length).toBeGreaterThan(1);
  });

  test('upload: serves what was asked for, once (2 pieces)', () => {
    const { metainfo, data } = makeTorrent({ totalBytes: 3 * BLOCK, pieceLength: 2 * BLOCK });
    const lab = new Lab({ metainfo, disk: data });
    expect(lab.status.state).toBe('seeding');
    const leecher = lab.peer({ has: 'none' });
    lab.say(leecher, message(2));
    expect(lab.frames(leecher).map((frame) => frame.id)).toContain(1);
    lab.say(leecher, message(6, ...u32(1), ...u32(0), ...u32(BLOCK)));
    const pieces = lab.frames(leecher).filter((frame) => frame.id === 7);
    expect(pieces.length).toBe(1);
    expect(pieces[0]?.body.subarray(8)).toEqual(data.subarray(2 * BLOCK));
  });
});

test('conformance 39: the extension handshake and PORT may come before have-all (libtorrent sends it first)', () => {
  const { metainfo } = makeTorrent({ totalBytes: 3 * BLOCK, pieceLength: 2 * BLOCK });
  const lab = new Lab({ metainfo });
  const conn = lab.incoming();
  lab.say(conn, handshake(metainfo.infoHash, 'lt', { fast: true, extensions: true }));
  const extension = new TextEncoder().encode('d1:mdee');
  lab.say(conn, message(20, 0, ...extension), message(9, 0x1a, 0xe1), message(14));
  expect(lab.closed.get(conn)).toBeUndefined();
  expect(lab.status.peers[0]?.seed).toBe(true);
});

test('engine: what the driver still says about a connection that was closed and not drained is ignored', () => {
  const { metainfo } = makeTorrent({ totalBytes: 3 * BLOCK, pieceLength: 2 * BLOCK });
  const lab = new Lab({ metainfo });
  const conn = lab.peer({ has: 'all' });
  const { engine, now } = lab;
  engine.received(now, conn, Uint8Array.from(message(4, ...u32(99))));
  engine.received(now, conn, Uint8Array.from(message(1)));
  engine.writable(now, conn);
  engine.disconnected(now, conn, 'reset');
  lab.run();
  expect(lab.closed.get(conn)).toContain('haveRange');
});
