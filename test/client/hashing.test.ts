// The hash thread against SHA-1 over the joined blocks.

import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { PieceHasher } from '../../client/hash/piece-hasher.ts';
import { sha1 } from './support.ts';

const hasher = new PieceHasher();

afterAll(() => hasher.close());

function blocksOf(lengthBytes: number, seed: number): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < lengthBytes; at += 16_384) {
    blocks.push(new Uint8Array(Math.min(16_384, lengthBytes - at)).fill(seed + at / 16_384));
  }
  return blocks;
}

function hashPiece(blocks: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Promise((resolve) => {
    hasher.hashPiece(blocks, resolve);
  });
}

describe('piece hasher', () => {
  test('piece hasher: equals SHA-1 of the joined blocks (many pieces at once, of any length up to 3 MiB)', async () => {
    const length = fc.oneof(
      fc.constantFrom(1, 16_383, 16_384, 16_385, 1 << 20, (1 << 20) + 1),
      fc.integer({ min: 1, max: 3 << 20 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(length, { minLength: 1, maxLength: 12 }), async (lengths) => {
        const pieces = lengths.map(blocksOf);
        const digests = await Promise.all(pieces.map(hashPiece));
        expect(digests.map((digest) => [...digest])).toEqual(pieces.map((blocks) => [...sha1(Buffer.concat(blocks))]));
      }),
      { numRuns: 20 },
    );
  });

  test('piece hasher: a digest for each block (short last block)', async () => {
    const blocks = blocksOf(40_000, 3);
    const digests = await new Promise<Uint8Array>((resolve) => {
      hasher.hashBlocks(blocks, resolve);
    });
    expect(Buffer.compare(digests, Buffer.concat(blocks.map(sha1)))).toBe(0);
  });
});
