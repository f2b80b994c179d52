// The parts of the library that decide by themselves: order, queue, collisions, whose files are whose, the lock, the log.

import fc from 'fast-check';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TorrentFile } from '#engine';
import { collision } from '../../../client/library/collisions.ts';
import { entryOf } from '../../../client/library/entry.ts';
import { lockFolder } from '../../../client/library/lock.ts';
import { LogRing } from '../../../client/library/log-ring.ts';
import { whoRuns } from '../../../client/library/queue.ts';
import { compareRanks, rankBetween } from '../../../client/library/rank.ts';
import { anythingThere, foreignFiles, lostFiles } from '../../../client/library/ownership.ts';
import { TorrentStore } from '../../../client/library/torrent-store.ts';
import { temporaryFolder } from '../support.ts';
import { makeTorrent } from '../../engine/lab.ts';

const file = (...path: string[]): TorrentFile => ({ path, lengthBytes: 1, pad: false });

describe('rank', () => {
  test('rank: any moves give the order of a list that is moved in the same way, also when numbers run out', () => {
    const moves = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { maxLength: 300 });
    fc.assert(
      fc.property(moves, (list) => {
        let torrents = [0, 1, 2, 3, 4].map((rank) => ({ key: `k${rank}`, rank }));
        const expected = torrents.map(({ key }) => key);
        for (const [from, to] of list) {
          const [moved] = torrents.splice(from, 1) as [(typeof torrents)[0]];
          const rank = rankBetween(torrents[to - 1]?.rank ?? null, torrents[to]?.rank ?? null);
          torrents.splice(to, 0, moved);
          if (rank === null) torrents = torrents.map((torrent, index) => ({ ...torrent, rank: index }));
          else moved.rank = rank;
          expected.splice(to, 0, ...expected.splice(from, 1));
        }
        expect([...torrents].sort(compareRanks).map(({ key }) => key)).toEqual(expected);
      }),
    );
  });

  test('rank: between two neighbours there is at last no number left', () => {
    let steps = 0;
    for (let after: number | null = 1; after !== null && steps < 2_000; steps += 1) after = rankBetween(0, after);
    expect(steps).toBeGreaterThan(50);
    expect(steps).toBeLessThan(2_000);
  });
});

describe('queue', () => {
  const wants = { wantsToRun: true, complete: false };
  const seeds = { wantsToRun: true, complete: true };
  const rests = { wantsToRun: false, complete: false };

  test('queue: the first that want to download do, seeds take no place, who rests neither', () => {
    expect(whoRuns([rests, wants, seeds, wants, seeds, wants], 2)).toEqual([false, true, true, true, true, false]);
    expect(whoRuns([wants, wants], 0)).toEqual([true, true]);
    expect(whoRuns([], 1)).toEqual([]);
  });
});

describe('collisions', () => {
  test.each([
    ['the same file', '/d', [file('a')], '/d', [file('a')], '/d/a'],
    ['a file of a folder', '/d', [file('t', 'x'), file('t', 'y')], '/d', [file('t', 'y')], '/d/t/y'],
    ['a folder within the other', '/d', [file('t', 'u', 'x')], '/d/t', [file('u', 'x')], '/d/t/u/x'],
    ['a file where the other has a folder', '/d', [file('t', 'u')], '/d', [file('t', 'u', 'x')], '/d/t/u'],
    ['a folder where the other has a file', '/d', [file('t', 'u', 'x')], '/d', [file('t', 'u')], '/d/t/u'],
    ['another file of the same folder', '/d', [file('t', 'x')], '/d', [file('t', 'y')], null],
    ['a name that only begins alike', '/d', [file('t', 'x')], '/d', [file('tt', 'x')], null],
    ['another folder', '/d', [file('t')], '/e', [file('t')], null],
    [
      'pad files',
      '/d',
      [file('t', 'x'), { ...file('t', 'p'), pad: true }],
      '/d',
      [{ ...file('t', 'p'), pad: true }],
      null,
    ],
  ])('collisions: %s', (_what, rootA, filesA, rootB, filesB, found) => {
    expect(collision({ root: rootA, files: filesA }, { root: rootB, files: filesB })).toBe(found);
  });
});

describe('ownership', () => {
  // Pieces of four bytes: the files hold the pieces 0-1, 1-2 and 3.
  const { metainfo } = makeTorrent({ fileLengths: [6, 6, 4], pieceLength: 4 });
  const bits = (...pieces: number[]) => Uint8Array.of(pieces.reduce((byte, piece) => byte | (0x80 >> piece), 0));

  test('ownership: a file of which no piece is good is foreign; missing and empty ones are not', () => {
    expect(foreignFiles(metainfo, [6, 6, 4], bits())).toEqual([0, 1, 2]);
    expect(foreignFiles(metainfo, [6, 6, 4], bits(1))).toEqual([2]);
    expect(foreignFiles(metainfo, [-1, 0, 9], bits(0))).toEqual([2]);
    expect(anythingThere(metainfo, [-1, 0, -1])).toBe(false);
    expect(anythingThere(metainfo, [-1, 0, 1])).toBe(true);
  });

  test('ownership: a file is lost that is gone or shorter than a piece that is had', () => {
    expect(lostFiles(metainfo, [6, 6, 4], bits(0, 1, 2, 3))).toEqual([]);
    expect(lostFiles(metainfo, [6, -1, 4], bits(0, 3))).toEqual([]);
    expect(lostFiles(metainfo, [6, -1, 4], bits(0, 1))).toEqual([1]);
    expect(lostFiles(metainfo, [5, 6, 3], bits(0))).toEqual([]);
    expect(lostFiles(metainfo, [3, 6, 3], bits(0, 3))).toEqual([0, 2]);
  });
});

describe('lock', () => {
  test('lock: one of many that come at once has it, and after it the next (also over a name that a dead one left)', async () => {
    // Too long a path for a socket's name.
    const folder = join(temporaryFolder(), 'x'.repeat(120), 'state');
    mkdirSync(folder, { recursive: true });
    for (let round = 0; round < 3; round += 1) {
      writeFileSync(join(folder, 'lock'), '');
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
      const held = tries.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const refused = tries.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
      expect(held.length).toBe(1);
      for (const reason of refused) expect(reason).toContain(`another Starling (process ${process.pid}) uses`);
      await held[0]?.release();
      expect(existsSync(join(folder, 'lock'))).toBe(false);
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('torrent store', () => {
  test('torrent store: what is still found out about a torrent that was removed does not bring it back', async () => {
    const store = new TorrentStore(temporaryFolder());
    const { metainfo } = makeTorrent({ totalBytes: 100, pieceLength: 16_384 });
    const wishes = { folder: '/x', rank: 0, paused: false, sequential: false, priorities: null };
    const entry = entryOf(metainfo, wishes);
    await store.add(entry, new Uint8Array(9));
    await Promise.all([store.save(entry), store.remove(entry.key), store.save({ ...entry, ours: true })]);
    expect(await store.load()).toEqual({ entries: [], problems: [] });
    await store.add(entry, new Uint8Array(9));
    await store.save({ ...entry, paused: true });
    expect((await store.load()).entries).toEqual([{ ...entry, paused: true }]);
  });
});

describe('torrent store, set aside', () => {
  test('torrent store: of a damaged torrent that could be moved away only half, the .torrent is there after the next start too', async () => {
    const state = temporaryFolder();
    const { metainfo } = makeTorrent({ totalBytes: 100, pieceLength: 16_384 });
    const wishes = { folder: '/x', rank: 0, paused: false, sequential: false, priorities: null };
    const entry = entryOf(metainfo, wishes);
    await new TorrentStore(state).add(entry, new Uint8Array(9));
    const path = (kind: string) => join(state, 'torrents', `${entry.key}.${kind}`);
    writeFileSync(path('json'), '{ "half": ');
    // Something is in its way there.
    mkdirSync(join(state, 'damaged', `${entry.key}.torrent`, 'full'), { recursive: true });
    for (let start = 0; start < 2; start += 1) {
      const { problems } = await new TorrentStore(state).load();
      expect(problems).toEqual([expect.stringMatching(/json: damaged: .*: it cannot be moved away either: /)]);
      expect(existsSync(path('torrent'))).toBe(true);
    }
  });
});

describe('log ring', () => {
  test('log ring: the last lines are kept, oldest first', () => {
    const ring = new LogRing(3);
    for (let line = 0; line < 10; line += 1) ring.add('info', String(line));
    expect(ring.lines.map(({ text }) => text)).toEqual(['7', '8', '9']);
  });
});
