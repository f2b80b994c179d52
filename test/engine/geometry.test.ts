import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Geometry } from '../../engine/geometry.ts';
import { BLOCK_LENGTH_BYTES } from '../../engine/limits.ts';

/** The torrent byte by byte: which file each byte is in and where, and which piece. */
class Bytes {
  readonly file: number[] = [];
  readonly offset: number[] = [];
  readonly piece: number[] = [];

  constructor(pieceLengthBytes: number, fileLengths: readonly number[]) {
    fileLengths.forEach((length, file) => {
      for (let offset = 0; offset < length; offset += 1) {
        this.piece.push(Math.floor(this.file.length / pieceLengthBytes));
        this.file.push(file);
        this.offset.push(offset);
      }
    });
  }

  /** Runs of bytes in one file. */
  spans(from: number, length: number) {
    const spans: { file: number; offsetBytes: number; lengthBytes: number }[] = [];
    for (let at = from; at < Math.min(from + length, this.file.length); at += 1) {
      const last = spans.at(-1);
      if (last !== undefined && last.file === this.file[at]) last.lengthBytes += 1;
      else spans.push({ file: this.file[at] as number, offsetBytes: this.offset[at] as number, lengthBytes: 1 });
    }
    return spans;
  }

  /** Bytes for which `wanted` holds. */
  count(wanted: (at: number) => boolean): number {
    return this.file.reduce((count, _, at) => count + (wanted(at) ? 1 : 0), 0);
  }

  get pieceCount(): number {
    return new Set(this.piece).size;
  }
}

/** Many empty and one-byte files, boundaries on and beside those of the pieces. */
const SMALL = fc.record({
  pieceLengthBytes: fc.integer({ min: 1, max: 12 }),
  fileLengths: fc.array(fc.oneof(fc.constantFrom(0, 1), fc.nat(30)), { maxLength: 8 }),
});

/** Pieces of one to three blocks and a rest. */
const BLOCKY = fc.record({
  pieceLengthBytes: fc.constantFrom(
    1,
    5_000,
    BLOCK_LENGTH_BYTES - 1,
    BLOCK_LENGTH_BYTES,
    BLOCK_LENGTH_BYTES + 1,
    3 * BLOCK_LENGTH_BYTES,
  ),
  totalBytes: fc.oneof(
    fc.nat(10),
    fc.integer({ min: 2 * BLOCK_LENGTH_BYTES - 1, max: 2 * BLOCK_LENGTH_BYTES + 1 }),
    fc.nat(7 * BLOCK_LENGTH_BYTES),
  ),
});

test('geometry: pieces and their lengths equal the naive oracle (any layout)', () => {
  fc.assert(
    fc.property(SMALL, ({ pieceLengthBytes, fileLengths }) => {
      const geometry = new Geometry(pieceLengthBytes, fileLengths);
      const bytes = new Bytes(pieceLengthBytes, fileLengths);
      expect([geometry.totalBytes, geometry.pieceCount]).toEqual([bytes.file.length, bytes.pieceCount]);
      for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
        expect(geometry.pieceLength(piece)).toBe(bytes.count((at) => bytes.piece[at] === piece));
        expect(geometry.pieceOffset(piece)).toBe(bytes.piece.indexOf(piece));
      }
    }),
  );
});

test('geometry: spans equal the naive oracle (any layout, any run of bytes)', () => {
  fc.assert(
    fc.property(SMALL, fc.nat(150), fc.nat(60), ({ pieceLengthBytes, fileLengths }, offset, length) => {
      const geometry = new Geometry(pieceLengthBytes, fileLengths);
      const from = offset % (geometry.totalBytes + 1);
      expect(geometry.spans(from, length)).toEqual(new Bytes(pieceLengthBytes, fileLengths).spans(from, length));
    }),
    { numRuns: 1_000 },
  );
});

test('geometry: pieces of a file and their overlaps equal the naive oracle (any layout)', () => {
  fc.assert(
    fc.property(SMALL, ({ pieceLengthBytes, fileLengths }) => {
      const geometry = new Geometry(pieceLengthBytes, fileLengths);
      const bytes = new Bytes(pieceLengthBytes, fileLengths);
      fileLengths.forEach((length, file) => {
        const pieces = new Set(bytes.piece.filter((_, at) => bytes.file[at] === file));
        const { first, count } = geometry.piecesOfFile(file);
        expect(count).toBe(pieces.size);
        if (count > 0) expect(first).toBe(Math.min(...pieces));
        expect(geometry.fileLength(file)).toBe(length);
        for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
          const shared = bytes.count((at) => bytes.piece[at] === piece && bytes.file[at] === file);
          expect(geometry.overlapBytes(piece, file)).toBe(shared);
          expect(shared > 0).toBe(piece >= first && piece < first + count);
        }
      });
    }),
  );
});

/** Begin and length of each block of a piece, by walking. */
function blocksOf(geometry: Geometry, piece: number): (readonly [number, number])[] {
  const blocks: (readonly [number, number])[] = [];
  for (let begin = 0; begin < geometry.pieceLength(piece); begin += BLOCK_LENGTH_BYTES) {
    blocks.push([begin, Math.min(BLOCK_LENGTH_BYTES, geometry.pieceLength(piece) - begin)]);
  }
  return blocks;
}

test('geometry: blocks equal those found by walking, and fill the torrent (any piece length)', () => {
  fc.assert(
    fc.property(BLOCKY, ({ pieceLengthBytes, totalBytes }) => {
      const geometry = new Geometry(pieceLengthBytes, [totalBytes]);
      // Every piece but the last is like the first; a torrent of one-byte pieces has too many to walk them all.
      for (const piece of new Set([0, 1, geometry.pieceCount - 2, geometry.pieceCount - 1])) {
        if (piece < 0 || piece >= geometry.pieceCount) continue;
        const blocks = blocksOf(geometry, piece);
        expect(geometry.blockCount(piece)).toBe(blocks.length);
        blocks.forEach(([begin, length], block) => {
          expect(geometry.blockLength(piece, block)).toBe(length);
          expect(geometry.blockOf(piece, begin, length)).toBe(block);
        });
      }
    }),
  );
});

test('geometry: a request names a block exactly or none (begins, lengths and pieces on and beside the boundaries)', () => {
  fc.assert(
    fc.property(
      BLOCKY,
      fc.nat(3),
      fc.nat(4),
      fc.integer({ min: -1, max: 1 }),
      fc.integer({ min: -1, max: 1 }),
      (torrent, p, b, db, dl) => {
        const geometry = new Geometry(torrent.pieceLengthBytes, [torrent.totalBytes]);
        const piece = Math.max(0, geometry.pieceCount - 2) + p;
        const blocks = piece < geometry.pieceCount ? blocksOf(geometry, piece) : [];
        const begin = Math.max(0, b * BLOCK_LENGTH_BYTES + db);
        const length = (blocks[b]?.[1] ?? BLOCK_LENGTH_BYTES) + dl;
        const expected = blocks.findIndex(([from, size]) => from === begin && size === length);
        expect(geometry.blockOf(piece, begin, length)).toBe(expected);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('geometry: a request with the largest numbers of the wire names no block', () => {
  const geometry = new Geometry(BLOCK_LENGTH_BYTES, [10 * BLOCK_LENGTH_BYTES]);
  const most = 2 ** 32 - 1;
  expect(geometry.blockOf(most, 0, BLOCK_LENGTH_BYTES)).toBe(-1);
  expect(geometry.blockOf(0, most, 1)).toBe(-1);
  expect(geometry.blockOf(0, 2 ** 32 - BLOCK_LENGTH_BYTES, BLOCK_LENGTH_BYTES)).toBe(-1);
  expect(geometry.blockOf(0, 0, most)).toBe(-1);
  expect(geometry.blockOf(0, 0, 0)).toBe(-1);
});

test('geometry: a big file in front shifts everything by whole pieces (beyond 4 GiB and 2⁴⁰)', () => {
  const bigPieces = fc.constantFrom(2 ** 32, 2 ** 32 + 1, 2 ** 40);
  fc.assert(
    fc.property(
      SMALL,
      bigPieces,
      fc.nat(150),
      fc.nat(60),
      ({ pieceLengthBytes, fileLengths }, pieces, offset, length) => {
        const small = new Geometry(pieceLengthBytes, fileLengths);
        const big = new Geometry(pieceLengthBytes, [pieces * pieceLengthBytes, ...fileLengths]);
        const shift = pieces * pieceLengthBytes;
        const from = offset % (small.totalBytes + 1);
        expect(big.pieceCount).toBe(pieces + small.pieceCount);
        expect(big.spans(shift + from, length)).toEqual(
          small.spans(from, length).map((span) => ({ ...span, file: span.file + 1 })),
        );
        fileLengths.forEach((_, file) => {
          const { first, count } = small.piecesOfFile(file);
          expect(big.piecesOfFile(file + 1)).toEqual({ first: pieces + first, count });
          for (let piece = 0; piece < small.pieceCount; piece += 1) {
            expect(big.pieceLength(pieces + piece)).toBe(small.pieceLength(piece));
            expect(big.overlapBytes(pieces + piece, file + 1)).toBe(small.overlapBytes(piece, file));
          }
        });
      },
    ),
  );
});

test('geometry: everything scales with the unit (a torrent of terabytes)', () => {
  const unit = 2 ** 36 - 1;
  const scaled = (lengths: readonly number[]) => lengths.map((length) => length * unit);
  fc.assert(
    fc.property(SMALL, ({ pieceLengthBytes, fileLengths }) => {
      const small = new Geometry(pieceLengthBytes, fileLengths);
      const large = new Geometry(pieceLengthBytes * unit, scaled(fileLengths));
      expect(large.pieceCount).toBe(small.pieceCount);
      for (let piece = 0; piece < small.pieceCount; piece += 1) {
        expect(large.spans(large.pieceOffset(piece), large.pieceLength(piece))).toEqual(
          small.spans(small.pieceOffset(piece), small.pieceLength(piece)).map((span) => ({
            file: span.file,
            offsetBytes: span.offsetBytes * unit,
            lengthBytes: span.lengthBytes * unit,
          })),
        );
      }
    }),
  );
});

test('geometry: a torrent of nothing has no piece, no block and no span (no files, only empty files)', () => {
  for (const lengths of [[], [0], [0, 0, 0]]) {
    const geometry = new Geometry(BLOCK_LENGTH_BYTES, lengths);
    expect([geometry.totalBytes, geometry.pieceCount, geometry.fileCount]).toEqual([0, 0, lengths.length]);
    expect(geometry.spans(0, 1)).toEqual([]);
    expect(geometry.blockOf(0, 0, BLOCK_LENGTH_BYTES)).toBe(-1);
    lengths.forEach((_, file) => {
      expect(geometry.piecesOfFile(file).count).toBe(0);
    });
  }
});
