// Blocks for upload against the content itself, while extents are dropped, written anew and their memory used again.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExtentCache } from '../../client/disk/extent-cache.ts';
import { contentOf, layout, openStorage, temporaryFolder, writeContent } from './support.ts';

const MIB = 1024 * 1024;

type Opened = Awaited<ReturnType<typeof openStorage>>;

function read(cache: ExtentCache, storage: Opened, piece: number, begin: number, length: number) {
  return new Promise<Uint8Array | null>((resolve) => {
    cache.read(3, storage, piece, begin, length, resolve);
  });
}

async function prepare(pieceLengthBytes: number, lengths: readonly number[]) {
  const torrent = layout(pieceLengthBytes, lengths);
  const content = contentOf(torrent);
  const folder = temporaryFolder();
  writeContent(folder, torrent, content);
  return { torrent, content, folder, storage: await openStorage(folder, torrent) };
}

describe('extent cache', () => {
  test('extent cache: blocks are the content, held, released or forgotten (96 MiB through 32 MiB, pieces of 3 MiB)', async () => {
    const { content, storage } = await prepare(3 * MIB, [50 * MIB + 5, -7, 46 * MIB + 1]);
    const { geometry } = storage;
    const cache = new ExtentCache();
    const held: { readonly at: number; readonly block: Uint8Array }[] = [];
    const wants = fc.record({
      piece: fc.nat(geometry.pieceCount - 1),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.oneof(fc.constant(16_384), fc.integer({ min: 1, max: 16_384 })),
      keep: fc.constantFrom('release', 'hold', 'forget'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(wants, { minLength: 1, maxLength: 40 }), async (asked) => {
        await Promise.all(
          asked.map(async ({ piece, at, length, keep }) => {
            const lengthBytes = Math.min(length, geometry.pieceLength(piece));
            const begin = Math.floor(at * (geometry.pieceLength(piece) - lengthBytes));
            const block = (await read(cache, storage, piece, begin, lengthBytes)) as Uint8Array;
            const offset = geometry.pieceOffset(piece) + begin;
            expect(Buffer.compare(block, content.subarray(offset, offset + lengthBytes))).toBe(0);
            if (keep === 'release') cache.release(block);
            if (keep === 'hold') held.push({ at: offset, block });
          }),
        );
        for (const { at, block } of held.slice(-50)) {
          expect(Buffer.compare(block, content.subarray(at, at + block.length))).toBe(0);
        }
        for (const { block } of held.splice(0, held.length - 50)) cache.release(block);
      }),
      { numRuns: 60 },
    );
  });

  test('extent cache: what is written anew is read anew', async () => {
    const { storage, content } = await prepare(MIB, [2 * MIB]);
    const cache = new ExtentCache();
    expect((await read(cache, storage, 1, 0, 4))?.slice()).toEqual(content.slice(MIB, MIB + 4));
    await storage.write(MIB, [Uint8Array.of(9, 8, 7, 6)]);
    cache.invalidate(3, storage, 1);
    expect((await read(cache, storage, 1, 0, 4))?.slice()).toEqual(Uint8Array.of(9, 8, 7, 6));
  });

  test('extent cache: a file that went away is null, and is found when it is back', async () => {
    const { storage, folder, torrent, content } = await prepare(MIB, [5000]);
    const cache = new ExtentCache();
    rmSync(join(folder, 't'), { recursive: true });
    expect(await read(cache, storage, 0, 0, 100)).toBe(null);
    writeContent(folder, torrent, content);
    expect((await read(cache, storage, 0, 4900, 100))?.slice()).toEqual(content.slice(4900));
  });
});
