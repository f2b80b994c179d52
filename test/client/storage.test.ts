// The files of a torrent against a naive oracle: one array of bytes.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { open, realpath, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diskFault } from '../../client/disk/disk-fault.ts';
import { OpenFiles } from '../../client/disk/open-files.ts';
import { confirmInside } from '../../client/disk/safe-path.ts';
import { WriteQueue } from '../../client/disk/write-queue.ts';
import type { DiskFault } from '#engine';
import { contentOf, layout, mountTmpfs, openStorage, temporaryFolder, writeContent } from './support.ts';

const lengths = fc.array(fc.oneof(fc.constantFrom(0, 1, -1, 15, 16, 17), fc.integer({ min: -40, max: 90 })), {
  minLength: 1,
  maxLength: 8,
});

async function faultOf(promise: Promise<unknown>): Promise<DiskFault | null> {
  return promise.then(() => null, diskFault);
}

describe('storage', () => {
  test('storage: what was written is read back (any layout, any cut)', async () => {
    await fc.assert(
      fc.asyncProperty(lengths, fc.array(fc.nat(99), { maxLength: 12 }), async (fileLengths, cuts) => {
        const torrent = layout(16, fileLengths);
        const { totalBytes } = torrent.geometry;
        const content = contentOf(torrent);
        const folder = temporaryFolder();
        const storage = await openStorage(folder, torrent, new OpenFiles(2));
        const points = [0, totalBytes, ...cuts.map((cut) => cut % (totalBytes + 1))].sort((a, b) => a - b);
        for (let at = points.length - 1; at > 0; at -= 1) {
          const [from, to] = [points[at - 1] as number, points[at] as number];
          const middle = Math.floor((from + to) / 2);
          if (to > from) await storage.write(from, [content.subarray(from, middle), content.subarray(middle, to)]);
        }
        await storage.createEmptyFiles();
        await storage.sync();
        const read = new Uint8Array(totalBytes);
        await storage.read(0, read);
        expect(read).toEqual(content);
        torrent.files.forEach((file, index) => {
          const path = join(folder, ...file.path);
          expect(existsSync(path)).toBe(!file.pad);
          if (file.pad) return;
          const begin = torrent.geometry.fileOffset(index);
          expect(new Uint8Array(readFileSync(path))).toEqual(content.slice(begin, begin + file.lengthBytes));
        });
        expect(await storage.fileLengths()).toEqual(torrent.files.map((file) => file.lengthBytes));
        storage.close();
      }),
      { numRuns: 60 },
    );
  });

  test('write queue: every job is answered and its bytes are there (adjacent, scattered, many at once)', async () => {
    const torrent = layout(64, [100, 0, 1, 300, -11, 200]);
    const content = contentOf(torrent);
    const storage = await openStorage(temporaryFolder(), torrent, new OpenFiles(2));
    const queue = new WriteQueue(storage);
    const jobs = Array.from({ length: Math.ceil(content.length / 16) }, (_, index) => (index * 7) % 39);
    expect(new Set(jobs).size).toBe(39);
    const faults = await Promise.all(
      jobs.map(
        (job) =>
          new Promise<DiskFault | null>((resolve) => {
            const bytes = content.subarray(job * 16, job * 16 + 16);
            queue.write(job * 16, [bytes.subarray(0, 5), bytes.subarray(5)], resolve);
          }),
      ),
    );
    expect(faults).toEqual(jobs.map(() => null));
    const read = new Uint8Array(content.length);
    await storage.read(0, read);
    expect(read).toEqual(content);
  });

  test('storage: works beyond 4 GiB (sparse file)', async () => {
    const torrent = layout(1 << 20, [5 * 2 ** 30 + 1]);
    const storage = await openStorage(temporaryFolder(), torrent);
    const last = 5 * 2 ** 30;
    await storage.write(last, [Uint8Array.of(7)]);
    await storage.write(2 ** 32 - 1, [Uint8Array.of(1, 2)]);
    const read = new Uint8Array(2);
    await storage.read(2 ** 32 - 1, read);
    expect([...read]).toEqual([1, 2]);
    await storage.read(last, read.subarray(0, 1));
    expect(read[0]).toBe(7);
    expect(await storage.fileLengths()).toEqual([last + 1]);
  });

  test('storage: reports missing, truncated and over-long files as found', async () => {
    const torrent = layout(16, [10, 20, 30]);
    const folder = temporaryFolder();
    writeContent(folder, torrent, contentOf(torrent));
    const paths = torrent.files.map((file) => join(folder, ...file.path));
    truncateSync(paths[0] as string, 3);
    rmSync(paths[1] as string);
    writeFileSync(paths[2] as string, new Uint8Array(99));
    const storage = await openStorage(folder, torrent);
    expect(await storage.fileLengths()).toEqual([3, -1, 99]);
    expect(await faultOf(storage.read(0, new Uint8Array(10)))).toBe('missing');
    expect(await faultOf(storage.read(10, new Uint8Array(1)))).toBe('missing');
  });

  test('storage: leaves the tail of an over-long file alone', async () => {
    const torrent = layout(16, [4]);
    const folder = temporaryFolder();
    const path = join(folder, 't', 'd0', 'f0');
    mkdirSync(join(folder, 't', 'd0'), { recursive: true });
    writeFileSync(path, 'abcdefgh');
    const storage = await openStorage(folder, torrent);
    await storage.write(0, [Uint8Array.from([48, 49, 50, 51])]);
    expect(readFileSync(path, 'utf8')).toBe('0123efgh');
  });

  test('storage: makes no file and no folder when only reading', async () => {
    const torrent = layout(16, [4, 0]);
    const folder = temporaryFolder();
    const storage = await openStorage(folder, torrent);
    expect(await faultOf(storage.read(0, new Uint8Array(4)))).toBe('missing');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('storage: a folder that went away is missing, and is not made again', async () => {
    const torrent = layout(16, [4]);
    const folder = join(temporaryFolder(), 'gone');
    mkdirSync(folder);
    const storage = await openStorage(folder, torrent);
    rmSync(folder, { recursive: true });
    expect(await faultOf(storage.write(0, [new Uint8Array(4)]))).toBe('missing');
    expect(existsSync(folder)).toBe(false);
  });

  test.each(['file', 'folder', 'dangling'])('storage: refuses a symbolic link that leads out (%s)', async (kind) => {
    const torrent = layout(16, [4]);
    const folder = temporaryFolder();
    const outside = temporaryFolder();
    mkdirSync(join(folder, 't'));
    if (kind === 'folder') symlinkSync(outside, join(folder, 't', 'd0'));
    else {
      mkdirSync(join(folder, 't', 'd0'));
      const target = join(outside, 'f0');
      if (kind === 'file') writeFileSync(target, 'secret');
      symlinkSync(target, join(folder, 't', 'd0', 'f0'));
    }
    const storage = await openStorage(folder, torrent);
    expect(await faultOf(storage.write(0, [new Uint8Array(4)]))).toBe(kind === 'dangling' ? 'missing' : 'denied');
    expect(await faultOf(storage.read(0, new Uint8Array(4)))).toBe(
      kind === 'file' ? 'denied' : kind === 'folder' ? 'denied' : 'missing',
    );
    expect(await storage.fileLengths()).toEqual([-1]);
    if (kind === 'file') expect(readFileSync(join(outside, 'f0'), 'utf8')).toBe('secret');
    else expect(readdirSync(outside)).toEqual([]);
  });

  test.each(['folder', 'file'])(
    'storage: a file that was opened outside is refused, though its path leads inside (a link that was put in between: %s)',
    async (kind) => {
      const folder = temporaryFolder();
      const outside = temporaryFolder();
      mkdirSync(join(folder, 't'));
      writeFileSync(join(folder, 't', 'f'), 'mine');
      writeFileSync(join(outside, 'f'), 'secret');
      const root = await realpath(folder);
      // What an opening finds that lost the race: the other file, after which the path is as it was.
      const handle = await open(join(outside, 'f'), 'r+');
      if (kind === 'folder') {
        renameSync(join(folder, 't'), join(folder, 'kept'));
        symlinkSync(outside, join(folder, 't'));
      }
      expect(await faultOf(confirmInside(handle, root, ['t', 'f']))).toBe('denied');
      await expect(handle.stat()).rejects.toThrow(/closed|EBADF/);
      const good = await open(join(folder, kind === 'folder' ? 'kept' : 't', 'f'), 'r+');
      await confirmInside(good, root, [kind === 'folder' ? 'kept' : 't', 'f']);
      await good.close();
    },
  );

  test('storage: nothing is written outside while somebody swaps a folder for a link (400 openings)', async () => {
    const torrent = layout(16, [4]);
    const folder = temporaryFolder();
    const outside = temporaryFolder();
    mkdirSync(join(folder, 't', 'd0'), { recursive: true });
    writeFileSync(join(outside, 'f0'), 'secret');
    const [real, kept] = [join(folder, 't', 'd0'), join(folder, 't', 'kept')];
    let swapping = true;
    // A step fails where the storage made the missing folder first; the next ones mend that.
    const ignore = () => undefined;
    const swapper = (async () => {
      while (swapping) {
        // In between the folder stands as it should, so that some writes find it.
        await sleep(1);
        await rename(real, kept).catch(ignore);
        await symlink(outside, real).catch(ignore);
        await rm(real, { recursive: true, force: true }).catch(ignore);
        await rename(kept, real).catch(ignore);
      }
    })();
    let written = 0;
    for (let at = 0; at < 400; at += 1) {
      const storage = await openStorage(folder, torrent);
      if ((await faultOf(storage.write(0, [new Uint8Array(4)]))) === null) written += 1;
      storage.close();
    }
    swapping = false;
    await swapper;
    expect(written).toBeGreaterThan(0);
    expect(readFileSync(join(outside, 'f0'), 'utf8')).toBe('secret');
  });

  test('storage: follows a symbolic link that stays inside', async () => {
    const torrent = layout(16, [4]);
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'elsewhere'));
    mkdirSync(join(folder, 't'));
    symlinkSync(join(folder, 'elsewhere'), join(folder, 't', 'd0'));
    const storage = await openStorage(folder, torrent);
    await storage.write(0, [Uint8Array.from([97, 98, 99, 100])]);
    expect(readFileSync(join(folder, 'elsewhere', 'f0'), 'utf8')).toBe('abcd');
  });

  test('storage: a full disk is `full`, and there is room again after a file is removed (tmpfs of 1 MiB)', async () => {
    const folder = temporaryFolder();
    mountTmpfs(folder, 1);
    writeFileSync(join(folder, 'ballast'), new Uint8Array(600 * 1024));
    const torrent = layout(1 << 20, [600 * 1024]);
    const content = contentOf(torrent);
    const storage = await openStorage(folder, torrent);
    expect(await faultOf(storage.write(0, [content]))).toBe('full');
    rmSync(join(folder, 'ballast'));
    expect(await faultOf(storage.write(0, [content]))).toBe(null);
    const read = new Uint8Array(content.length);
    await storage.read(0, read);
    expect(Buffer.compare(read, content)).toBe(0);
    storage.close();
  });

  test.each([
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['ENOENT', 'missing'],
    ['EACCES', 'denied'],
    ['EPERM', 'denied'],
    ['EROFS', 'denied'],
    ['EIO', 'failed'],
    ['EMFILE', 'failed'],
  ])('disk fault: %s is %s', (code, fault) => {
    expect(diskFault(Object.assign(new Error(code), { code }))).toBe(fault);
  });

  test('disk fault: an error without a code is failed', () => {
    expect(diskFault(new Error('what'))).toBe('failed');
    expect(diskFault(null)).toBe('failed');
  });

  test('open files: never more open than allowed once idle (20 files, 3 allowed)', async () => {
    const torrent = layout(
      16,
      Array.from({ length: 20 }, () => 5),
    );
    const openFiles = new OpenFiles(3);
    const storage = await openStorage(temporaryFolder(), torrent, openFiles);
    await Promise.all(Array.from({ length: 20 }, (_, file) => storage.write(file * 5, [new Uint8Array(5)])));
    expect(openFiles.openCount).toBeLessThanOrEqual(3);
    storage.close();
    expect(openFiles.openCount).toBe(0);
  });
});
