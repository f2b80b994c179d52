// Files that a stranger made, given to the built program: each ends in bounded time and memory with one line, or works.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { METAINFO_BYTES_MAX, parseMetainfo } from '#engine';
import { ResumeStore } from '../../client/resume-store.ts';
import { readBounded } from '../../client/read-bounded.ts';
import { makeShare, transferArguments } from './share.ts';
import { run, start, temporaryFolder } from './support.ts';

/** The bound on files is ten times as many (test/engine/metainfo.test.ts). */
const FILE_COUNT = 100_000;
/** Ten times as many files take 9 s of a processor and pass with 2,000. */
const HEAP_MIB_MAX = 300;

/** A .torrent of empty files, `path(index)` being the bencoded components. */
function torrentOfFiles(path: (index: number) => string): string {
  const file = join(temporaryFolder(), 'hostile.torrent');
  const files = Array.from({ length: FILE_COUNT }, (_, index) => `d6:lengthi0e4:pathl${path(index)}ee`);
  writeFileSync(file, `d4:infod5:filesl${files.join('')}e4:name1:n12:piece lengthi16384e6:pieces0:ee`);
  return file;
}

function bounded(args: readonly string[]) {
  return start(args, { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB_MAX}` }).ended;
}

function name(text: string): string {
  return `${text.length}:${text}`;
}

describe('hostile files', () => {
  test.each([
    ['100,000 files', (index: number) => name(String(index))],
    ['100,000 files of one name', () => name('a')],
    ['100,000 files of the deepest paths', (index: number) => '1:a'.repeat(60) + name(String(index))],
    ['100,000 files of the longest names', (index: number) => name(String(index).padStart(300, 'x'))],
  ])('torrent: %s ends in bounded memory', async (_name, path) => {
    const { code, stdout, stderr } = await bounded(['info', torrentOfFiles(path)]);
    expect(code, stderr.slice(0, 500)).toBe(0);
    expect(stdout).toContain(`${FILE_COUNT} files`);
  });

  test.each(['/dev/zero'])('torrent: a file without end is refused at the bound (%s)', async (device) => {
    const { code, stderr } = await bounded(['info', device]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `starling: ${device}: larger than ${METAINFO_BYTES_MAX} bytes\n`,
    });
  });

  test('torrent: one that comes through a pipe is read whole', async () => {
    const { torrent } = makeShare(100_000);
    const pipe = join(temporaryFolder(), 'pipe');
    run('mkfifo', pipe);
    const info = start(['info', pipe]).ended;
    run('sh', '-c', 'cat "$1" >"$2"', 'sh', torrent, pipe);
    expect(await info).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    ['exactly', 0],
    ['one byte more', 1],
  ])('read bounded: the bound is the largest that is read (%s)', async (_name, more) => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, new Uint8Array(1000 + more).fill(7));
    if (more === 0) expect(await readBounded(file, 1000)).toEqual(new Uint8Array(1000).fill(7));
    else await expect(readBounded(file, 1000)).rejects.toThrow('larger than 1000 bytes');
  });

  test('resume data: a hostile file in its place means a whole check, not a crash (endless, a folder)', async () => {
    const share = makeShare(100_000);
    const parsed = parseMetainfo(new Uint8Array(readFileSync(share.torrent)));
    if (!parsed.ok) throw new Error(parsed.detail);
    const state = join(share.folder, 'seed-state');
    const path = new ResumeStore(state).path(share.infoHash, share.source);
    for (const [make, reason] of [
      [`ln -s /dev/zero "$1"`, /the resume data is not usable \(larger than \d+ bytes\): everything is checked/],
      [`mkdir "$1"`, /the resume data is not usable \(is a directory\): everything is checked/],
    ] as const) {
      run('sh', '-c', `mkdir -p "$(dirname "$1")" && rm -rf "$1" && ${make}`, 'sh', path);
      const seed = start([...transferArguments('seed', share), '--no-trackers']);
      await seed.prints(/complete|seeding/);
      seed.child.kill('SIGTERM');
      const { code, stderr } = await seed.ended;
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(reason);
    }
  });

  test('journal: one of a stranger ends with one line (random bytes, a header that lies, endless, a folder)', async () => {
    const folder = temporaryFolder();
    const random = join(folder, 'random');
    writeFileSync(
      random,
      Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7919) >>> 3),
    );
    const header = join(folder, 'header');
    writeFileSync(header, Buffer.concat([Buffer.from('StarlJnl\u0001'), Buffer.alloc(8, 0xff)]));
    const folderItself = temporaryFolder();
    for (const [file, line] of [
      [random, /^\S+: not a journal\n$/],
      [header, /^\S+: no header: byte 9: damaged: a frame of \d+ bytes\n$/],
      ['/dev/zero', /^\/dev\/zero: not a journal: a device\n$/],
      [folderItself, /^starling sim: .*EISDIR.*\n$/],
    ] as const) {
      const { code, stderr, stdout } = await bounded(['sim', 'replay', file]);
      expect({ code, stdout }, stderr).toEqual({ code: file === folderItself ? 2 : 1, stdout: '' });
      expect(stderr).toMatch(line);
    }
  });
});
