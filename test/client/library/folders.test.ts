// What lies in the folders of torrents: found, missing, moved, in each other's way, not theirs, and removed.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Core } from '../../../client/control/core.ts';
import type { Request, TorrentKey } from '../../../client/control/protocol.ts';
import { contentOf, layout, starling, temporaryFolder, writeContent } from '../support.ts';
import { addRequest, makeFolders, rowOf, startClient, until, TIMEOUT_MS } from './client.ts';

const LENGTHS = [70_000, 0, 100_000, 5];
const TOTAL = 170_005;

/** A torrent of the folder `t`, and its content in a folder named `whole`. */
async function makeTree() {
  const folder = temporaryFolder();
  const whole = join(folder, 'whole');
  mkdirSync(whole);
  const shape = layout(16_384, LENGTHS);
  writeContent(whole, shape, contentOf(shape));
  const torrent = join(folder, 't.torrent');
  await starling('create', join(whole, 't'), '-o', torrent, '--piece-length', '16KiB');
  return { folder, whole, torrent };
}

async function refusal(core: Core, request: Request): Promise<string> {
  return core.request(request).then(
    () => 'was not refused',
    (error: Error) => error.message,
  );
}

describe('folders', { timeout: TIMEOUT_MS }, () => {
  test('content that is there is checked, not downloaded; a missing folder is an error until it is back (restart)', async () => {
    const { whole, torrent } = await makeTree();
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = (await core.request(addRequest(torrent, whole))) as TorrentKey;
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(rowOf(core)).toMatchObject({ haveBytes: TOTAL, downloadedBytes: 0 });
    await core.leave();
    renameSync(whole, `${whole}-away`);
    core.start();
    await until(core, () => rowOf(core)?.state === 'missing');
    expect(rowOf(core)?.error).toMatch(/whole: the folder is missing: restore it and resume, or relocate/);
    expect(await refusal(core, { call: 'resume', key })).toMatch(/the folder is missing/);
    expect(existsSync(whole)).toBe(false);
    renameSync(`${whole}-away`, whole);
    await core.request({ call: 'resume', key });
    await until(core, () => rowOf(core)?.state === 'seeding');
  });

  test('a folder that is there but empty is an error, never a new download (an unmounted disk); relocate finds the data', async () => {
    const { whole, torrent, folder } = await makeTree();
    const { core } = await startClient(makeFolders());
    const key = (await core.request(addRequest(torrent, whole))) as TorrentKey;
    await until(core, () => rowOf(core)?.state === 'seeding');
    await core.leave();
    const elsewhere = join(folder, 'elsewhere');
    renameSync(whole, elsewhere);
    mkdirSync(whole);
    core.start();
    await until(core, () => rowOf(core)?.state === 'missing');
    expect(rowOf(core)?.error).toMatch(/t\/d0\/f0 and 2 more: missing or cut: restore it and resume, relocate/);
    expect(readdirSync(whole)).toEqual([]);
    expect(await refusal(core, { call: 'relocate', key, folder: join(folder, 'nowhere') })).toMatch(/no such file/);
    await core.request({ call: 'relocate', key, folder: elsewhere });
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(rowOf(core)).toMatchObject({ folder: elsewhere, haveBytes: TOTAL, downloadedBytes: 0 });
    expect(readdirSync(whole)).toEqual([]);
    await core.leave();
    core.start();
    await until(core, () => rowOf(core)?.state === 'seeding');
  });

  test('recheck: the user takes what is gone for gone', async () => {
    const { whole, torrent } = await makeTree();
    const { core } = await startClient(makeFolders());
    const key = (await core.request(addRequest(torrent, whole))) as TorrentKey;
    await until(core, () => rowOf(core)?.state === 'seeding');
    await core.leave();
    rmSync(join(whole, 't', 'd0', 'f2'));
    core.start();
    await until(core, () => rowOf(core)?.state === 'missing');
    await core.request({ call: 'recheck', key });
    await until(core, () => rowOf(core)?.state === 'downloading');
    expect(rowOf(core)?.error).toBe(null);
    // The pieces before the file are whole.
    expect(rowOf(core)?.haveBytes).toBe(4 * 16_384);
  });

  test("a file that is not the torrent's is not touched without the user's word", async () => {
    const { whole, torrent } = await makeTree();
    const file = join(whole, 't', 'd0', 'f0');
    const foreign = Buffer.alloc(70_000, 'mine');
    writeFileSync(file, foreign);
    const { core } = await startClient(makeFolders());
    const key = (await core.request(addRequest(torrent, whole))) as TorrentKey;
    await until(core, () => rowOf(core)?.error !== null && rowOf(core) !== undefined);
    expect(rowOf(core)).toMatchObject({ state: 'failed' });
    expect(rowOf(core)?.error).toMatch(/t\/d0\/f0: is there already and not this torrent's/);
    expect(await refusal(core, { call: 'remove', key, withData: true })).toMatch(/without the data/);
    await core.leave();
    core.start();
    await until(core, () => /is there already/.test(rowOf(core)?.error ?? ''));
    expect(readFileSync(file).equals(foreign)).toBe(true);
    await core.request({ call: 'overwrite', key });
    await until(core, () => rowOf(core)?.state === 'downloading');
    expect(await refusal(core, { call: 'overwrite', key })).toMatch(/nothing is in its way/);
  });

  test("a foreign file that was moved away is in nobody's way (resume)", async () => {
    const { folder, torrent } = await makeTree();
    const target = join(folder, 'target');
    mkdirSync(join(target, 't', 'd1'), { recursive: true });
    // Longer than the torrent's: its end would be cut or stay.
    writeFileSync(join(target, 't', 'd1', 'f3'), 'a letter to my aunt');
    const { core } = await startClient(makeFolders());
    const key = (await core.request(addRequest(torrent, target))) as TorrentKey;
    await until(core, () => rowOf(core)?.state === 'failed');
    expect(readFileSync(join(target, 't', 'd1', 'f3'), 'utf8')).toBe('a letter to my aunt');
    expect(existsSync(join(target, 't', 'd0'))).toBe(false);
    rmSync(join(target, 't', 'd1', 'f3'));
    await core.request({ call: 'resume', key });
    await until(core, () => rowOf(core)?.state === 'downloading');
  });

  test('two torrents that would write to one file are refused', async () => {
    const { folder, torrent, whole } = await makeTree();
    const other = join(folder, 'other');
    mkdirSync(join(other, 't', 'd0'), { recursive: true });
    writeFileSync(join(other, 't', 'd0', 'f2'), 'something else');
    const otherTorrent = join(folder, 'other.torrent');
    await starling('create', join(other, 't'), '-o', otherTorrent);
    const { core } = await startClient(makeFolders());
    const key = (await core.request(addRequest(torrent, whole))) as TorrentKey;
    expect(await refusal(core, addRequest(otherTorrent, whole))).toMatch(/t\/d0\/f2 belongs to the torrent t: choose/);
    // Also where the other is paused, and through another name of the same folder.
    await core.request({ call: 'pause', key });
    symlinkSync(whole, join(folder, 'link'));
    expect(await refusal(core, addRequest(otherTorrent, join(folder, 'link')))).toMatch(/belongs to the torrent t/);
    const second = (await core.request(addRequest(otherTorrent, other))) as TorrentKey;
    expect(await refusal(core, { call: 'relocate', key: second, folder: whole })).toMatch(/belongs to the torrent t/);
  });

  test('remove with data: its own files and empty folders go, neighbours and what lies behind links stay', async () => {
    const { folder, whole, torrent } = await makeTree();
    const { core } = await startClient(makeFolders());
    const key = (await core.request(addRequest(torrent, whole))) as TorrentKey;
    await until(core, () => rowOf(core)?.state === 'seeding');
    writeFileSync(join(whole, 't', 'd1', 'neighbour'), 'stays');
    writeFileSync(join(whole, 'beside'), 'stays');
    // The folder of f0 and f2 is a link by now.
    const precious = join(folder, 'precious');
    renameSync(join(whole, 't', 'd0'), precious);
    symlinkSync(precious, join(whole, 't', 'd0'));
    await core.request({ call: 'remove', key, withData: true });
    expect(core.rows.size).toBe(0);
    expect(readdirSync(precious).sort()).toEqual(['f0', 'f2']);
    expect(readdirSync(join(whole, 't', 'd1'))).toEqual(['neighbour']);
    expect(readdirSync(whole).sort()).toEqual(['beside', 't']);
  });

  test('remove with data: nothing of it is left, its folder included', async () => {
    const { whole, torrent } = await makeTree();
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = (await core.request(addRequest(torrent, whole))) as TorrentKey;
    await until(core, () => rowOf(core)?.state === 'seeding');
    await core.request({ call: 'remove', key, withData: true });
    expect(readdirSync(whole)).toEqual([]);
    expect(readdirSync(join(folders.state, 'torrents'))).toEqual([]);
    expect(readdirSync(folders.state).filter((name) => name.endsWith('.resume'))).toEqual([]);
  });

  test('a removal with data that was cut short is finished at the next start', async () => {
    const { whole, torrent } = await makeTree();
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = (await core.request(addRequest(torrent, whole))) as TorrentKey;
    await until(core, () => rowOf(core)?.state === 'seeding');
    await core.leave();
    const entry = join(folders.state, 'torrents', `${key}.json`);
    writeFileSync(entry, readFileSync(entry, 'utf8').replace('"deleting": false', '"deleting": true'));
    core.start();
    await until(core, () => core.life === 'running');
    expect(core.rows.size).toBe(0);
    // An add waits for the end of the removal.
    await core.request(addRequest(torrent, whole, { paused: true }));
    expect(readdirSync(whole)).toEqual([]);
  });
});
