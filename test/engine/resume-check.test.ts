// Checking what is on the disk names exactly the pieces that a naive look at every byte names, for any layout of files and any damage.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ResumeData } from '#engine';
import { BLOCK, Lab, makeTorrent } from './lab.ts';

const PIECE = BLOCK;
type Damage = 'none' | 'flip' | 'short' | 'missing' | 'long';

const lengths = fc.oneof(
  fc.constantFrom(0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE),
  fc.integer({ min: 0, max: 3 * PIECE }),
);
const files = fc
  .array(fc.tuple(lengths, fc.constantFrom<Damage>('none', 'none', 'flip', 'short', 'missing', 'long'), fc.nat()), {
    minLength: 1,
    maxLength: 6,
  })
  .filter((all) => all.some(([length]) => length > 0));

/** The disk after the damage, and the pieces all of whose bytes are there and right. */
function damaged(drawn: readonly (readonly [number, Damage, number])[]) {
  const { metainfo, data } = makeTorrent({ fileLengths: drawn.map(([length]) => length), pieceLength: PIECE });
  const disk = data.slice();
  const onDisk = new Uint8Array(data.length).fill(1);
  let at = 0;
  const fileLengths = drawn.map(([length, damage, where]) => {
    const begin = at;
    at += length;
    if (damage === 'missing') onDisk.fill(0, begin, at);
    if (damage === 'missing') return -1;
    if (length > 0 && damage === 'flip')
      disk[begin + (where % length)] = (disk[begin + (where % length)] as number) ^ 1;
    const present = damage === 'short' && length > 0 ? where % length : length;
    onDisk.fill(0, begin + present, at);
    return present + (damage === 'long' ? 1 + (where % 9) : 0);
  });
  const present: boolean[] = [];
  const good: boolean[] = [];
  for (let from = 0; from < data.length; from += PIECE) {
    const to = Math.min(from + PIECE, data.length);
    const there = !onDisk.subarray(from, to).includes(0);
    present.push(there);
    good.push(there && Buffer.compare(disk.subarray(from, to), data.subarray(from, to)) === 0);
  }
  return { metainfo, disk, onDisk, fileLengths, present, good };
}

function had(have: Uint8Array, count: number): boolean[] {
  return Array.from({ length: count }, (_, piece) => ((have[piece >>> 3] as number) & (0x80 >>> (piece & 7))) !== 0);
}

function resumeOf(all: readonly boolean[], infoHash: Uint8Array, fileCount: number): ResumeData {
  const flushed = new Uint8Array(Math.ceil(all.length / 8));
  all.forEach((_, piece) => {
    flushed[piece >>> 3] = (flushed[piece >>> 3] as number) | (0x80 >>> (piece & 7));
  });
  return {
    infoHash,
    flushed,
    unsynced: new Uint8Array(flushed.length),
    partials: [],
    uploadedBytes: 0,
    downloadedBytes: 0,
    paused: false,
    sequential: false,
    filePriorities: Array.from({ length: fileCount }, () => 4 as const),
    peers: [],
  };
}

test('resume check: finds exactly the good pieces, never one too many or too few (any files, any damage)', () => {
  fc.assert(
    fc.property(files, (drawn) => {
      const { metainfo, disk, onDisk, fileLengths, good } = damaged(drawn);
      const lab = new Lab({ metainfo, disk, onDisk, add: { fileLengths, check: 'all' } });
      expect(had(lab.status.have, good.length)).toEqual(good);
      expect(lab.status.havePieces).toBe(good.filter(Boolean).length);
      expect(lab.status.state).toBe(good.every(Boolean) ? 'seeding' : 'downloading');
    }),
    { numRuns: 200 },
  );
});

test('resume check: resume data that claims everything is believed as far as the files are long enough', () => {
  fc.assert(
    fc.property(files, (drawn) => {
      const { metainfo, disk, onDisk, fileLengths, present } = damaged(drawn);
      const resume = resumeOf(present, metainfo.infoHash, drawn.length);
      const lab = new Lab({ metainfo, disk, onDisk, add: { fileLengths, resume } });
      expect(had(lab.status.have, present.length)).toEqual(present);
      expect(lab.count('checkStarted')).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('resume check: a re-check forgets what was believed and finds the same as a first check', () => {
  fc.assert(
    fc.property(files, (drawn) => {
      const { metainfo, disk, onDisk, fileLengths, present, good } = damaged(drawn);
      const resume = resumeOf(present, metainfo.infoHash, drawn.length);
      const lab = new Lab({ metainfo, disk, onDisk, add: { fileLengths, resume } });
      lab.engine.command(lab.now, { kind: 'recheck', torrent: lab.torrent });
      lab.run();
      expect(had(lab.status.have, good.length)).toEqual(good);
    }),
    { numRuns: 100 },
  );
});
