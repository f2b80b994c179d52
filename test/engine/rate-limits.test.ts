// Rate limits: over a minute of virtual time a limited torrent stays within its limit and one burst, and uses the limit where it can.

import { describe, expect, test } from 'vitest';
import { BLOCK, Lab, makeTorrent, message, u32 } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 400 * BLOCK, pieceLength: 8 * BLOCK });
const BURST_MS = 250;
const SECONDS = 60;
const RATES = [20_000, 100_000];

function limit(lab: Lab, scope: 'torrent' | 'all', downloadBps: number, uploadBps: number): void {
  const torrent = scope === 'torrent' ? lab.torrent : null;
  lab.engine.command(lab.now, { kind: 'rateLimits', torrent, downloadBps, uploadBps });
  lab.run();
}

function expectLimited(bytes: number, bytesPerSecond: number): void {
  expect(bytes).toBeLessThanOrEqual(bytesPerSecond * (SECONDS + BURST_MS / 1_000) + 2 * BLOCK);
  expect(bytes).toBeGreaterThanOrEqual(bytesPerSecond * SECONDS * 0.9);
}

describe('rate limits', () => {
  for (const scope of ['torrent', 'all'] as const) {
    for (const rate of RATES) {
      test(`rate limits: download of ${rate} B/s (${scope}, three peers that answer at once)`, () => {
        const lab = new Lab({ metainfo });
        limit(lab, scope, rate, 0);
        const conns = ['a', 'b', 'c'].map((id) => lab.peer({ id, has: 'all' }));
        for (const conn of conns) lab.say(conn, message(1));
        for (let tick = 0; tick < SECONDS * 10; tick += 1) {
          for (const conn of conns) for (const asked of lab.requests(conn)) lab.give(conn, data, asked);
          lab.pass(0.1);
        }
        expectLimited(lab.status.downloadedBytes, rate);
      });

      test(`rate limits: upload of ${rate} B/s (${scope}, three peers that ask for more)`, () => {
        const lab = new Lab({ metainfo, disk: data });
        limit(lab, scope, 0, rate);
        const conns = ['a', 'b', 'c'].map((id) => lab.peer({ id }));
        for (const conn of conns) lab.say(conn, message(2));
        for (let tick = 0; tick < SECONDS * 10; tick += 1) {
          for (const conn of conns) {
            if (tick % 10 === 0) {
              for (let i = 0; i < 8; i += 1) lab.say(conn, message(6, ...u32(i), ...u32(0), ...u32(BLOCK)));
            }
            lab.raw(conn);
            lab.engine.writable(lab.now, conn);
          }
          lab.pass(0.1);
        }
        expectLimited(lab.status.uploadedBytes, rate);
        const shares = lab.status.peers.map((peer) => peer.uploadedBytes);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(4 * BLOCK);
      });
    }
  }

  test('rate limits: taken away, they no longer bind', () => {
    const lab = new Lab({ metainfo });
    limit(lab, 'torrent', 1_000, 0);
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, message(1));
    for (const asked of lab.requests(conn)) lab.give(conn, data, asked);
    lab.pass(3);
    expect(lab.status.downloadedBytes).toBeLessThanOrEqual(2 * BLOCK);
    limit(lab, 'torrent', 0, 0);
    for (let i = 0; i < 200; i += 1) for (const asked of lab.requests(conn)) lab.give(conn, data, asked);
    expect(lab.status.complete).toBe(true);
  });
});
