// Re-checks on the worker threads against a naive oracle: read everything, hash every piece.

import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Checker } from '../../client/disk/checker.ts';
import { contentOf, layout, openStorage, sha1, temporaryFolder, writeContent } from './support.ts';

const checker = new Checker();
let torrents = 0;

afterAll(() => checker.close());

type Torrent = ReturnType<typeof layout>;

async function check(folder: string, torrent: Torrent, first: number, count: number) {
  const id = (torrents += 1);
  checker.open(id, await openStorage(folder, torrent));
  const digests = await new Promise<readonly (Uint8Array | null)[]>((resolve) => {
    checker.check(id, first, count, resolve);
  });
  checker.forget(id);
  return digests;
}

/** What a piece hashes to, null where a file that it needs ends too early. */
function oracle(torrent: Torrent, content: Uint8Array, foundLengths: readonly number[]): (Uint8Array | null)[] {
  const { geometry } = torrent;
  return Array.from({ length: geometry.pieceCount }, (_, piece) => {
    const begin = piece * geometry.pieceLengthBytes;
    const bytes = content.subarray(begin, begin + geometry.pieceLengthBytes);
    const whole = torrent.files.every((file, index) => {
      const fileBegin = geometry.fileOffset(index);
      const needed = Math.min(begin + bytes.length, fileBegin + file.lengthBytes) - Math.max(begin, fileBegin);
      const neededEnd = Math.min(begin + bytes.length, fileBegin + file.lengthBytes) - fileBegin;
      return needed <= 0 || file.pad || (foundLengths[index] as number) >= neededEnd;
    });
    return whole ? sha1(bytes) : null;
  });
}

describe('checker', () => {
  test('checker: names what a naive oracle names (any layout, any damage)', async () => {
    const lengths = fc.array(fc.oneof(fc.constantFrom(0, 1, -1, 16_384), fc.integer({ min: -9_000, max: 60_000 })), {
      minLength: 1,
      maxLength: 6,
    });
    const damage = fc.array(fc.tuple(fc.constantFrom('missing', 'short', 'long'), fc.nat(5), fc.nat()), {
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(lengths, damage, async (fileLengths, damages) => {
        const torrent = layout(16_384, fileLengths);
        const content = contentOf(torrent);
        const folder = temporaryFolder();
        writeContent(folder, torrent, content);
        const found = torrent.files.map((file) => file.lengthBytes);
        for (const [kind, which, amount] of damages) {
          const index = which % torrent.files.length;
          const file = torrent.files[index];
          if (file === undefined || file.pad) continue;
          const path = join(folder, ...file.path);
          if (kind === 'missing') {
            rmSync(path, { force: true });
            found[index] = -1;
          } else if ((found[index] as number) >= 0) {
            const length =
              kind === 'long'
                ? (found[index] as number) + 7
                : Math.min(found[index] as number, amount % (file.lengthBytes + 1));
            truncateSync(path, length);
            // Growing a file that was cut before fills it with zeros, which the oracle does not model: write it anew.
            if (kind === 'long') {
              const begin = torrent.geometry.fileOffset(index);
              writeFileSync(path, Buffer.concat([content.subarray(begin, begin + file.lengthBytes), Buffer.alloc(7)]));
              found[index] = file.lengthBytes + 7;
            } else found[index] = length;
          }
        }
        const digests = await check(folder, torrent, 0, torrent.geometry.pieceCount);
        expect(digests).toEqual(oracle(torrent, content, found));
      }),
      { numRuns: 50 },
    );
  });

  test('checker: a range inside the torrent (first, last, one, none)', async () => {
    const torrent = layout(16_384, [100_000, 1]);
    const content = contentOf(torrent);
    const folder = temporaryFolder();
    writeContent(folder, torrent, content);
    const all = oracle(torrent, content, [100_000, 1]);
    expect(torrent.geometry.pieceCount).toBe(7);
    expect(await check(folder, torrent, 0, 1)).toEqual(all.slice(0, 1));
    expect(await check(folder, torrent, 6, 1)).toEqual(all.slice(6));
    expect(await check(folder, torrent, 2, 4)).toEqual(all.slice(2, 6));
    expect(await check(folder, torrent, 7, 0)).toEqual([]);
  });

  test('checker: a torrent larger than the units it is cut into (40 MiB, pieces of 64 KiB and 8 MiB)', async () => {
    const folder = temporaryFolder();
    for (const pieceLengthBytes of [65_536, 8 << 20]) {
      const torrent = layout(pieceLengthBytes, [(30 << 20) + 5, 10 << 20]);
      const content = contentOf(torrent);
      writeContent(folder, torrent, content);
      const digests = await check(folder, torrent, 0, torrent.geometry.pieceCount);
      const wanted = oracle(
        torrent,
        content,
        torrent.files.map((file) => file.lengthBytes),
      );
      expect(
        digests.findIndex(
          (digest, piece) => Buffer.compare(digest ?? Buffer.alloc(0), wanted[piece] ?? Buffer.alloc(0)) !== 0,
        ),
      ).toBe(-1);
    }
  });

  test('checker: a folder that went away makes every piece unreadable', async () => {
    const torrent = layout(16_384, [40_000]);
    const folder = join(temporaryFolder(), 'gone');
    writeContent(folder, torrent, contentOf(torrent));
    const storage = await openStorage(folder, torrent);
    rmSync(folder, { recursive: true });
    checker.open(0, storage);
    const digests = await new Promise((resolve) => {
      checker.check(0, 0, 3, resolve);
    });
    expect(digests).toEqual([null, null, null]);
  });
});
