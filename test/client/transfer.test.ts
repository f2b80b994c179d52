// Whole transfers between two of our own processes on loopback.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { contentOf, layout, mountTmpfs, run, start, starling, temporaryFolder } from './support.ts';

const MIB = 1024 * 1024;

/** Content of these file lengths, its torrent, and folders for two processes. */
async function prepare(fileLengths: readonly number[], pieceLength: string) {
  const folder = temporaryFolder();
  const source = join(folder, 'source');
  const shape = layout(16_384, fileLengths);
  const content = contentOf(shape);
  shape.files.forEach((file, index) => {
    const path = join(source, 'share', ...file.path);
    mkdirSync(dirname(path), { recursive: true });
    const begin = shape.geometry.fileOffset(index);
    writeFileSync(path, content.subarray(begin, begin + file.lengthBytes));
  });
  const torrent = join(folder, 'share.torrent');
  await starling('create', join(source, 'share'), '-o', torrent, '--piece-length', pieceLength);
  return { folder, source, torrent, target: join(folder, 'target') };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function startSeed({ folder, source, torrent }: Prepared, ...more: readonly string[]) {
  const state = ['--state', join(folder, 'seed-state')];
  const seed = start([
    'seed',
    torrent,
    '--dir',
    source,
    '--bind',
    '127.0.0.1',
    '--port',
    '0',
    '--json',
    ...state,
    ...more,
  ]);
  onTestFinished(() => {
    seed.child.kill('SIGKILL');
  });
  const [, port] = await seed.prints(/"event":"started".*"port":(\d+)/);
  await seed.prints(/"event":"completed"/);
  return { ...seed, peer: `127.0.0.1:${port}` };
}

function startGet({ folder, torrent, target }: Prepared, ...more: readonly string[]) {
  const state = ['--state', join(folder, 'get-state')];
  const get = start([
    'get',
    torrent,
    '--dir',
    target,
    '--bind',
    '127.0.0.1',
    '--port',
    '0',
    '--json',
    ...state,
    ...more,
  ]);
  onTestFinished(() => {
    get.child.kill('SIGKILL');
  });
  return get;
}

function expectSame({ source, target }: Prepared): void {
  run('diff', '-r', source, target);
}

describe('transfer', () => {
  test.each([
    ['one file', [3 * MIB + 1], '64KiB'],
    ['files that are empty, tiny, and span pieces', [0, 1, 100_000, 0, 700_000, 16_384, 5], '16KiB'],
    ['one byte', [1], '16KiB'],
  ])('get: downloads from our own seed and exits 0 (%s)', async (_name, lengths, pieceLength) => {
    const prepared = await prepare(lengths, pieceLength);
    const { peer } = await startSeed(prepared);
    const ended = await startGet(prepared, '--peer', peer, '--exit').ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/"event":"completed"/);
    expectSame(prepared);
    expect(await starling('verify', prepared.torrent, '--dir', prepared.target)).toMatchObject({ code: 0 });
  });

  test('get: finds the seed through our own tracker, and the tracker hears that both left', async () => {
    const prepared = await prepare([400_000], '16KiB');
    const tracker = start(['tracker', '--port', '0']);
    onTestFinished(() => {
      tracker.child.kill('SIGKILL');
    });
    const [, url] = await tracker.prints(/(http:\/\/\S+)\n/);
    await starling('create', join(prepared.source, 'share'), '-o', prepared.torrent, '--tracker', url as string);
    const seed = await startSeed(prepared);
    const ended = await startGet(prepared, '--exit').ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expectSame(prepared);
    seed.child.kill('SIGINT');
    expect(await seed.ended).toMatchObject({ code: 0 });
    const stats = await (await fetch(new URL('/stats.json', url))).json();
    expect(stats).toMatchObject({ peersAll: 0 });
  });

  test('get: Ctrl-C leaves with 0, and the next start asks for nothing twice', async () => {
    const prepared = await prepare([4 * MIB], '64KiB');
    const seed = await startSeed(prepared, '--upload-limit', '1MiB');
    const first = startGet(prepared, '--peer', seed.peer);
    const [, some] = await first.prints(/"event":"progress".*?"havePieces":([1-9]\d*)/);
    first.child.kill('SIGINT');
    const left = await first.ended;
    expect(left).toMatchObject({ code: 0 });
    expect(left.stdout).toMatch(/"event":"stopped","clean":true/);
    const second = await startGet(prepared, '--peer', seed.peer, '--exit').ended;
    expect(second.code).toBe(0);
    const found = Number(/"event":"checked","havePieces":(\d+)/.exec(second.stdout)?.[1]);
    expect(found).toBeGreaterThanOrEqual(Number(some));
    const downloaded = [left, second].map((run) =>
      Number(/"event":"stopped".*"downloadedBytes":(\d+)/.exec(run.stdout)?.[1]),
    );
    // The second figure counts from the beginning: it goes on from what the first run saved.
    expect(downloaded[1]).toBe(4 * MIB);
    expectSame(prepared);
  });

  test('get: kill -9 in the middle claims nothing that is not there', async () => {
    const prepared = await prepare([4 * MIB], '64KiB');
    const seed = await startSeed(prepared, '--upload-limit', '1MiB');
    const first = startGet(prepared, '--peer', seed.peer);
    await first.prints(/"event":"progress".*?"havePieces":([1-9]\d*)/);
    first.child.kill('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');
    const second = await startGet(prepared, '--peer', seed.peer, '--exit').ended;
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expectSame(prepared);
  });

  test('get: a full disk is named, and the download goes on when there is room (tmpfs of 2 MiB)', async () => {
    const prepared = await prepare([1_500_000], '64KiB');
    mkdirSync(prepared.target);
    mountTmpfs(prepared.target, 2);
    const ballast = join(prepared.target, 'ballast');
    writeFileSync(ballast, Buffer.alloc(1_000_000));
    const { peer } = await startSeed(prepared);
    const get = startGet(prepared, '--peer', peer, '--exit', '--log-level', 'fatal');
    await get.prints(/"event":"error".*(full|room|space)/);
    rmSync(ballast);
    const ended = await get.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/"event":"recovered"/);
    expectSame(prepared);
  });

  test('get: a busy port is replaced by another, with a warning that names it', async () => {
    const prepared = await prepare([50_000], '16KiB');
    const busy = createServer();
    busy.listen(0, '127.0.0.1');
    await once(busy, 'listening');
    onTestFinished(() => {
      busy.close();
    });
    const { port } = busy.address() as AddressInfo;
    const { peer } = await startSeed(prepared);
    const ended = await startGet(prepared, '--port', String(port), '--peer', peer, '--exit').ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`port ${port} cannot be bound`);
  });

  test('get: writes nothing but the content and its own state', async () => {
    const prepared = await prepare([50_000], '16KiB');
    const { peer } = await startSeed(prepared);
    await startGet(prepared, '--peer', peer, '--exit').ended;
    expect(readdirSync(prepared.target)).toEqual(['share']);
    expect(readdirSync(join(prepared.folder, 'get-state')).length).toBe(1);
    expect(readFileSync(prepared.torrent).length).toBeGreaterThan(0);
  });
});
