import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ResumeData } from '../../engine/index.ts';
import { Clock, Random } from '../../harness/index.ts';
import {
  corrupted,
  DEFAULT_DISK,
  digestOf,
  type DiskOptions,
  SimDisk,
  Store,
  TorrentContents,
} from '../../sim/index.ts';

const BLOCK = 16_384;

/** A disk with one store, and everything that it answered. */
function world(options: Partial<DiskOptions> = {}, whole = false, fileLengths = [10 * BLOCK + 1]) {
  const clock = new Clock();
  const contents = new TorrentContents(new Random('contents'), { fileLengths, pieceKiB: 64 });
  const store = new Store(contents, whole);
  const answers: unknown[][] = [];
  const struck: string[] = [];
  const say =
    (name: string) =>
    (job: number, ...rest: unknown[]) => {
      const told = rest.filter((value) => !(value instanceof Store));
      answers.push([name, job, ...told]);
    };
  const kind = clock.kind((operation) => disk.finish(operation));
  const disk: SimDisk = new SimDisk(
    { ...DEFAULT_DISK, ...options },
    clock,
    new Random('disk'),
    {
      faultAt: () => null,
      struck: (kind) => struck.push(kind),
      blockRead: say('blockRead'),
      pieceHashed: say('pieceHashed'),
      blocksHashed: say('blocksHashed'),
      blocksWritten: say('blocksWritten'),
      synced: say('synced'),
      piecesChecked: say('piecesChecked'),
      resumeSaved: say('resumeSaved'),
      torrentOpened: say('torrentOpened'),
    },
    (at, operation) => clock.schedule(at, kind, operation, 0),
  );
  return { clock, contents, store, disk, answers, struck };
}

const resume = (claims: number): ResumeData => ({ uploadedBytes: claims }) as ResumeData;

test('disk: a written block is read back, an unwritten one is not (last block of one byte)', () => {
  const { clock, contents, store, disk, answers } = world();
  const stamp = contents.stamp(10);
  disk.writeBlocks(1, store, 2, [null, null, stamp]);
  disk.readBlock(2, store, 2, 2 * BLOCK, 1);
  disk.readBlock(3, store, 2, BLOCK, BLOCK);
  clock.run(1e9);
  expect(answers).toEqual([
    ['blocksWritten', 1, null],
    ['blockRead', 2, stamp],
    ['blockRead', 3, null],
  ]);
});

test('disk: operations are served in turn, each for its latency and its bytes', () => {
  const { clock, store, disk, answers } = world({ latencyUs: 100, bytesPerS: BLOCK * 1000 });
  disk.writeBlocks(1, store, 0, [1, 2]);
  disk.sync(2, store);
  clock.run(2_099);
  expect(answers).toHaveLength(0);
  clock.run(2_100);
  expect(answers).toHaveLength(1);
  clock.run(2_200);
  expect(answers).toHaveLength(2);
});

test('disk: a piece hashes to what the torrent says exactly when every block is right (given, read, rotten, missing)', () => {
  const { clock, contents, store, disk, answers } = world({}, true);
  const honest = contents.stampsOf(1);
  disk.hashPiece(1, store, 1, [null, null, null, null]);
  disk.hashPiece(2, store, 1, honest);
  disk.hashPiece(3, store, 1, [null, corrupted(honest[1]!), null, null]);
  clock.run(1e6);
  store.damage(7, corrupted(honest[3]!));
  disk.hashPiece(4, store, 1, [null, null, null, null]);
  clock.run(2e6);
  store.damage(7, 0);
  disk.checkPieces(5, store, 0, 3);
  clock.run(3e6);
  const digests = answers.slice(0, 4).map(([, , , digest]) => digest);
  expect(digests[0]).toEqual(contents.hashOf(1));
  expect(digests[1]).toEqual(contents.hashOf(1));
  expect(digests[2]).not.toEqual(contents.hashOf(1));
  expect(digests[3]).not.toEqual(contents.hashOf(1));
  expect(answers[4]).toEqual(['piecesChecked', 5, 0, [contents.hashOf(0), null, contents.hashOf(2)]]);
});

test('disk: block digests are those of each block alone', () => {
  const { clock, contents, store, disk, answers } = world({}, true);
  disk.hashBlocks(1, store, 2, [null, 77, null]);
  clock.run(1e6);
  const digests = answers[0]![2] as Uint8Array;
  expect(digests).toHaveLength(60);
  expect(digests.subarray(0, 20)).toEqual(digestOf([contents.stamp(8)]));
  expect(digests.subarray(20, 40)).toEqual(digestOf([77]));
});

test('disk: full refuses a whole write, overwriting takes no room, more room heals', () => {
  const { clock, store, disk, answers } = world({ capacityBytes: 2 * BLOCK });
  disk.writeBlocks(1, store, 0, [1, 2]);
  disk.writeBlocks(2, store, 1, [3]);
  disk.writeBlocks(3, store, 0, [4, null]);
  clock.run(1e6);
  disk.options = { ...disk.options, capacityBytes: 3 * BLOCK };
  disk.writeBlocks(4, store, 1, [3]);
  clock.run(2e6);
  expect(answers.map(([, job, fault]) => [job, fault])).toEqual([
    [1, null],
    [2, 'full'],
    [3, null],
    [4, null],
  ]);
  expect([store.read(0), store.read(1), store.read(4)]).toEqual([4, 2, 3]);
});

test('disk: failed reads and writes are answered as such', () => {
  const { clock, store, disk, answers } = world({ failedReadsPerMillion: 1e6, failedWritesPerMillion: 1e6 }, true);
  disk.readBlock(1, store, 0, 0, BLOCK);
  disk.writeBlocks(2, store, 0, [9]);
  disk.hashPiece(3, store, 0, [1, null, 1, 1]);
  clock.run(1e6);
  expect(answers).toEqual([
    ['blockRead', 1, null],
    ['blocksWritten', 2, 'failed'],
    ['pieceHashed', 3, 0, null],
  ]);
});

test('disk: a corrupt write is answered as good and read back wrong', () => {
  const { clock, contents, store, disk, answers } = world({ corruptWritesPerMillion: 1e6 });
  disk.writeBlocks(1, store, 0, [contents.stamp(0)]);
  clock.run(1e6);
  expect(answers).toEqual([['blocksWritten', 1, null]]);
  expect(store.written(0)).toBe(contents.stamp(0));
  expect(store.read(0)).not.toBe(contents.stamp(0));
});

const step = fc.oneof(
  fc.record({ write: fc.nat(2), blocks: fc.array(fc.option(fc.integer({ min: 1, max: 9 })), { maxLength: 3 }) }),
  fc.constant('sync' as const),
  fc.record({ save: fc.nat() }),
  fc.record({ wait: fc.nat(3_000) }),
);

test('disk: a crash loses exactly what no answered sync covers, and answers nothing more (any order of operations)', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(3_000), (steps, until) => {
      const { clock, store, disk, answers } = world({ latencyUs: 1_000 });
      const blocks = 11;
      // The oracle replays the answers in order: a write counts when answered, a sync covers what was answered when it was asked.
      const asks: number[] = [];
      const writes: { job: number; at: number; values: (number | null)[] }[] = [];
      const saves = new Map<number, number>();
      steps.forEach((next, job) => {
        if (next === 'sync') disk.sync(job, store);
        else if ('write' in next) {
          const values = next.blocks.slice(0, next.write === 2 ? 3 : 4);
          writes.push({ job, at: next.write * 4, values });
          disk.writeBlocks(job, store, next.write, values);
        } else if ('save' in next) {
          saves.set(job, next.save);
          disk.saveResume(job, store, resume(next.save));
        } else clock.run(clock.now + next.wait);
        asks[job] = answers.length;
      });
      clock.run(clock.now + until);
      let durable = Array.from({ length: blocks }, () => 0);
      let saved: number | null = null;
      const answered = answers.map(([, job]) => job as number);
      for (const [name, job] of answers as [string, number][]) {
        if (name === 'synced') {
          durable = Array.from({ length: blocks }, () => 0);
          for (const write of writes) {
            const place = answered.indexOf(write.job);
            if (place >= 0 && place < asks[job]!)
              write.values.forEach((value, block) => value !== null && (durable[write.at + block] = value));
          }
        } else if (name === 'resumeSaved') saved = saves.get(job)!;
      }
      disk.crash([store]);
      const count = answers.length;
      clock.run(clock.now + 1e9);
      expect(answers).toHaveLength(count);
      expect(Array.from({ length: blocks }, (_, index) => store.read(index))).toEqual(durable);
      expect(store.resume?.uploadedBytes ?? null).toBe(saved);
    }),
    { numRuns: 300 },
  );
});

test('store: file lengths are what was written, −1 before, whole for a seed (empty file, file inside a piece)', () => {
  const lengths = [0, 5, 3 * BLOCK, 2];
  const { store, contents } = world({}, false, lengths);
  expect(store.fileLengths()).toEqual([-1, -1, -1, -1]);
  store.write(0, contents.stamp(0));
  expect(store.fileLengths()).toEqual([0, 5, BLOCK - 5, -1]);
  store.write(3, contents.stamp(3));
  expect(store.fileLengths()).toEqual([0, 5, 3 * BLOCK, 2]);
  expect(world({}, true, lengths).store.fileLengths()).toEqual(lengths);
});

test('store: a cut file loses the blocks beyond its end, a removed one all of them', () => {
  const { store, contents } = world({}, true, [3 * BLOCK, BLOCK]);
  store.setFileLength(0, BLOCK + 1);
  store.setFileLength(1, -1);
  expect([0, 1, 2, 3].map((index) => store.read(index) === contents.stamp(index))).toEqual([true, false, false, false]);
  expect(store.fileLengths()).toEqual([BLOCK + 1, -1]);
});

test('contents: no two blocks hold the same, another seed holds others, a digest changes with any block', () => {
  const one = new TorrentContents(new Random(1), { sizeMiB: 64 });
  const stamps = Array.from({ length: one.blockCount }, (_, index) => one.stamp(index));
  expect(new Set(stamps).size).toBe(4096);
  expect(new TorrentContents(new Random(2), { sizeMiB: 1 }).stamp(0)).not.toBe(one.stamp(0));
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 20 }),
      fc.nat(),
      (list, at) => {
        const index = at % list.length;
        const changed = list.map((stamp, place) => (place === index ? corrupted(stamp) : stamp));
        expect(digestOf(changed)).not.toEqual(digestOf(list));
        expect(digestOf([...list])).toEqual(digestOf(list));
      },
    ),
  );
});

test('disk: a torn write leaves a first part, a short check misses a last part, a save that failed leaves the old data', () => {
  const { clock, store, disk, answers, struck } = world({
    tornWritesPerMillion: 1e6,
    shortReadsPerMillion: 1e6,
    failedSavesPerMillion: 1e6,
  });
  disk.writeBlocks(1, store, 0, [9, 9, 9, 9]);
  disk.saveResume(2, store, resume(1));
  disk.checkPieces(3, store, 0, 3);
  clock.run(1e6);
  const written = [0, 1, 2, 3].filter((index) => store.written(index) === 9);
  expect(written).toEqual([0, 1, 2, 3].slice(0, written.length));
  expect(answers.slice(0, 2)).toEqual([
    ['blocksWritten', 1, 'failed'],
    ['resumeSaved', 2, resume(1), 'failed'],
  ]);
  expect((answers[2]![3] as (Uint8Array | null)[])[2]).toBeNull();
  expect(store.resume).toBeNull();
  expect(struck).toEqual(['tornWrite', 'failedSave', 'shortRead']);
});

test('disk: a sync that fails makes nothing durable and may lose what was written', () => {
  const { clock, store, disk, answers, struck } = world({ failedSyncsPerMillion: 1e6 });
  disk.writeBlocks(1, store, 0, [1, 2, 3, 4]);
  disk.writeBlocks(2, store, 1, [5, 6, 7, 8]);
  disk.sync(3, store);
  clock.run(1e6);
  expect(answers[2]).toEqual(['synced', 3, 'failed']);
  expect(struck).toEqual(['failedSync', 'lostWrites']);
  const lost = Array.from({ length: 8 }, (_, index) => store.written(index)).filter((stamp) => stamp === 0).length;
  expect(lost).toBeGreaterThan(0);
});

test('disk: a misdirected write is answered as good, and stands where it should not', () => {
  const { clock, contents, store, disk, answers } = world({ misdirectedWritesPerMillion: 1e6 });
  disk.writeBlocks(1, store, 0, [contents.stamp(0)]);
  clock.run(1e6);
  expect(answers).toEqual([['blocksWritten', 1, null]]);
  expect(store.damaged).toBe(true);
  const places = Array.from({ length: contents.blockCount }, (_, index) => index).filter(
    (index) => store.read(index) === contents.stamp(0),
  );
  expect(places).toHaveLength(1);
});

test('disk: rot changes one written block and no other; who is given it for a peer is counted', () => {
  const { clock, contents, store, disk, struck } = world({}, true);
  disk.rot(store);
  const wrong = Array.from({ length: contents.blockCount }, (_, index) => index).filter(
    (index) => store.read(index) !== contents.stamp(index),
  );
  expect(wrong).toHaveLength(1);
  expect(struck).toEqual(['bitRot']);
  expect(store.intact).toBe(false);
  disk.readBlock(1, store, wrong[0]! >> 2, (wrong[0]! & 3) * BLOCK, BLOCK);
  clock.run(1e6);
  expect(disk.wrongReadCount).toBe(1);
});

test('disk: room that lost writes took is free again after a crash', () => {
  const { clock, store, disk, answers } = world({ capacityBytes: 4 * BLOCK });
  disk.writeBlocks(1, store, 0, [1, 2, 3, 4]);
  clock.run(1e6);
  disk.crash([store]);
  disk.writeBlocks(2, store, 0, [1, 2, 3, 4]);
  clock.run(2e6);
  expect(answers).toEqual([
    ['blocksWritten', 1, null],
    ['blocksWritten', 2, null],
  ]);
});

test('store: whether a piece is right is found out anew after anything touched it (any writes, damage, syncs, crashes, looks between)', () => {
  const step = fc.record({
    kind: fc.constantFrom('write', 'spoil', 'damage', 'mend', 'sync', 'crash', 'cut'),
    index: fc.constantFrom(0, 4, 8),
    looks: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const contents = new TorrentContents(new Random('contents'), { fileLengths: [10 * BLOCK + 1], pieceKiB: 64 });
      const store = new Store(contents, true);
      const { pieceCount } = contents.geometry;
      for (const { kind, index, looks } of steps) {
        if (kind === 'write') store.write(index, contents.stamp(index));
        else if (kind === 'spoil') store.write(index, corrupted(contents.stamp(index)));
        else if (kind === 'damage') store.damage(index, 0);
        else if (kind === 'mend') store.damage(index, contents.stamp(index));
        else if (kind === 'sync') store.syncUpTo(store.writeCount);
        else if (kind === 'crash') store.crash(() => false);
        else store.setFileLength(0, index * BLOCK);
        for (let piece = 0; looks && piece < pieceCount; piece += 1) {
          const blocks = Array.from({ length: contents.geometry.blockCount(piece) }, (_, block) =>
            store.isRight(contents.indexOf(piece, block)),
          );
          expect(store.holds(piece)).toBe(blocks.every(Boolean));
        }
      }
    }),
    { numRuns: 300 },
  );
});
