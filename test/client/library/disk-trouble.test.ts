// A disk that is full or cannot be written, and files that vanish while the client runs: an error on that torrent, and it goes on later.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TorrentKey } from '../../../client/control/protocol.ts';
import { mountTmpfs, run } from '../support.ts';
import { isSame, makeShare } from '../share.ts';
import { addRequest, makeFolders, rowOf, startClient, startSwarm, until, TIMEOUT_MS } from './client.ts';

const MIB = 1024 * 1024;

describe('disk trouble', { timeout: TIMEOUT_MS }, () => {
  test('a full disk is an error on the torrent, and it recovers by itself when there is room', async () => {
    const share = await startSwarm(4 * MIB);
    const folders = makeFolders();
    mountTmpfs(folders.downloads, 3);
    writeFileSync(join(folders.downloads, 'ballast'), new Uint8Array(2 * MIB));
    const { core } = await startClient(folders);
    await core.request(addRequest(share.torrent, folders.downloads));
    await until(core, () => /disk is full/.test(rowOf(core)?.error ?? ''));
    rmSync(join(folders.downloads, 'ballast'));
    run('mount', '-o', 'remount,size=8m', folders.downloads);
    await until(core, () => rowOf(core)?.state === 'seeding' && rowOf(core)?.error === null);
    expect(isSame(share, folders.downloads)).toBe(true);
  });

  test('a folder that cannot be written is an error on its torrent alone, and `resume` goes on', async () => {
    const share = await startSwarm(2 * MIB);
    const folders = makeFolders();
    const readOnly = join(folders.downloads, 'read-only');
    mkdirSync(readOnly);
    mountTmpfs(readOnly, 8);
    run('mount', '-o', 'remount,ro', readOnly);
    const { core } = await startClient(folders);
    const key = (await core.request(addRequest(share.torrent, readOnly))) as TorrentKey;
    await core.request(addRequest(makeShare(60_000, [], 'other').torrent, folders.downloads));
    await until(core, () => rowOf(core, 'shared.bin')?.state === 'failed');
    expect(rowOf(core, 'shared.bin')?.error).toMatch(/permission denied by the file system: make the folder writable/);
    expect(rowOf(core, 'other')).toMatchObject({ state: 'downloading', error: null });
    run('mount', '-o', 'remount,rw', readOnly);
    await core.request({ call: 'resume', key });
    await until(core, () => rowOf(core, 'shared.bin')?.state === 'seeding');
  });

  test('a folder that is moved away while it downloads is an error, no new tree is begun, and it goes on when it is back', async () => {
    const share = await startSwarm(6 * MIB, '--upload-limit', '1MiB');
    const folders = makeFolders();
    const folder = join(folders.downloads, 'disk');
    const { core } = await startClient(folders);
    const key = (await core.request(addRequest(share.torrent, folder))) as TorrentKey;
    await until(core, () => (rowOf(core)?.haveBytes ?? 0) > MIB);
    renameSync(folder, `${folder}-away`);
    mkdirSync(folder);
    await until(core, () => rowOf(core)?.state === 'missing');
    expect(rowOf(core)?.error).toMatch(/missing/);
    expect(readdirSync(folder)).toEqual([]);
    await expect(core.request({ call: 'resume', key })).rejects.toThrow(/missing or cut/);
    rmSync(folder, { recursive: true });
    expect(existsSync(folder)).toBe(false);
    renameSync(`${folder}-away`, folder);
    await core.request({ call: 'resume', key });
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(isSame(share, folder)).toBe(true);
  });
});
