// Magnet links in the library: metadata from peers, what lies in the way of the content, restarts, and the wish for some files only.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TorrentKey } from '../../../client/control/protocol.ts';
import { isSame, makeShare, startSeed, type Share } from '../share.ts';
import { contentOf, layout, start, starling, temporaryFolder, writeContent } from '../support.ts';
import { addRequest, makeFolders, rowOf, startClient, until, TIMEOUT_MS } from './client.ts';

const LENGTH_BYTES = 300_000;

function keyOf({ infoHash }: Share): TorrentKey {
  return Buffer.from(infoHash).toString('hex');
}

function linkOf(key: TorrentKey, ...peers: readonly string[]): string {
  return `magnet:?xt=urn:btih:${key}&dn=given${peers.map((peer) => `&x.pe=${peer}`).join('')}`;
}

function magnet(link: string, folder: string) {
  return { ...addRequest('package.json', folder), source: link };
}

describe('magnets', { timeout: TIMEOUT_MS }, () => {
  test('a magnet is fetched, downloaded by the peers that gave the metadata, and a torrent like any other after a restart', async () => {
    const share = makeShare(LENGTH_BYTES);
    const { peer } = await startSeed(share);
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = keyOf(share);
    expect(await core.request(magnet(linkOf(key, peer), folders.downloads))).toBe(key);
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(rowOf(core)).toMatchObject({ name: 'shared.bin', totalBytes: LENGTH_BYTES, haveBytes: LENGTH_BYTES });
    expect(isSame(share, folders.downloads)).toBe(true);
    await core.leave();
    core.start();
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(rowOf(core)).toMatchObject({
      key,
      name: 'shared.bin',
      haveBytes: LENGTH_BYTES,
      downloadedBytes: LENGTH_BYTES,
    });
  });

  test('a magnet that nobody answers is shown as such, kept over a kill -9, goes on after it, and can be removed', async () => {
    const share = makeShare(LENGTH_BYTES);
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = keyOf(share);
    // The seed comes later, on the port that the link names.
    const { port, child } = await startSeed(share);
    child.kill('SIGKILL');
    await core.request(magnet(linkOf(key, `127.0.0.1:${port}`), folders.downloads));
    await until(core, () => rowOf(core)?.state === 'metadata');
    expect(rowOf(core)).toMatchObject({ name: 'given', totalBytes: 0, pieceCount: 0 });
    await expect(core.request({ call: 'relocate', key, folder: folders.state })).rejects.toThrow(/not known yet/);
    await core.request({ call: 'recheck', key });
    process.kill(core.pid as number, 'SIGKILL');
    await until(core, () => core.life === 'ended').catch(() => undefined);
    core.start();
    await until(core, () => rowOf(core)?.state === 'metadata');
    await startSeed(share, '--port', String(port));
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(isSame(share, folders.downloads)).toBe(true);
    await core.request({ call: 'remove', key, withData: true });
    expect(core.rows.size).toBe(0);
    expect(existsSync(join(folders.downloads, 'shared.bin'))).toBe(false);
  });

  test('what lies in the place of the content is not overwritten: it is looked at first, as with any torrent', async () => {
    const share = makeShare(LENGTH_BYTES);
    const { peer } = await startSeed(share);
    const folders = makeFolders();
    const theirs = join(folders.downloads, 'shared.bin');
    writeFileSync(theirs, 'not the torrent');
    const { core } = await startClient(folders);
    const key = keyOf(share);
    await core.request(magnet(linkOf(key, peer), folders.downloads));
    await until(core, () => /is there already and not this torrent's/.test(rowOf(core)?.error ?? ''));
    expect(readFileSync(theirs, 'utf8')).toBe('not the torrent');
    await core.request({ call: 'remove', key, withData: false });
    expect(readFileSync(theirs, 'utf8')).toBe('not the torrent');
  });

  test('while the metadata is missing, the pages of trackers and peers show what is known', async () => {
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = keyOf(makeShare(LENGTH_BYTES));
    const url = 'http://127.0.0.1:1/announce';
    await core.request(magnet(`${linkOf(key)}&tr=${encodeURIComponent(url)}`, folders.downloads));
    await core.request({ call: 'watch', key, page: 'trackers' });
    // It may be watched before it is open.
    await until(core, () => core.detail?.page === 'trackers' && core.detail.trackers.length > 0);
    expect(core.detail).toMatchObject({ key, trackers: [{ url }] });
    await core.request({ call: 'watch', key, page: 'peers' });
    await until(core, () => core.detail?.page === 'peers');
    expect(core.detail).toEqual({ page: 'peers', key, peers: [] });
  });

  test('a magnet that was never answered is removed with its data, of which there is none', async () => {
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = keyOf(makeShare(LENGTH_BYTES)) as TorrentKey;
    await core.request(magnet(linkOf(key), folders.downloads));
    await until(core, () => rowOf(core)?.state === 'metadata');
    await core.request({ call: 'remove', key, withData: true });
    expect(core.rows.size).toBe(0);
    await core.leave();
    core.start();
    await until(core, () => core.life === 'running');
    expect(core.rows.size).toBe(0);
  });

  test('files that the link does not select are skipped (BEP 53)', async () => {
    const folder = temporaryFolder();
    const shape = layout(16_384, [40_000, 50_000, 60_000]);
    mkdirSync(join(folder, 'source'));
    writeContent(join(folder, 'source'), shape, contentOf(shape));
    const torrent = join(folder, 't.torrent');
    await starling('create', join(folder, 'source', 't'), '-o', torrent, '--piece-length', '16KiB');
    const { stdout } = await starling('info', torrent, '--json');
    const { infoHash } = JSON.parse(stdout) as { infoHash: string };
    const seed = start([
      'seed',
      torrent,
      '--dir',
      join(folder, 'source'),
      '--bind',
      '127.0.0.1',
      '--port',
      '0',
      '--json',
      '--state',
      join(folder, 'state'),
    ]);
    const [, port] = await seed.prints(/"event":"started".*"port":(\d+)/);
    const folders = makeFolders();
    const { core } = await startClient(folders);
    await core.request(magnet(`${linkOf(infoHash, `127.0.0.1:${port}`)}&so=1`, folders.downloads));
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(rowOf(core)?.wantedBytes).toBeLessThan(150_000);
    await core.request({ call: 'watch', key: infoHash, page: 'files' });
    await until(core, () => core.detail?.page === 'files');
    const files = core.detail?.page === 'files' ? core.detail.files : [];
    expect(files.map(({ priority }) => priority)).toEqual([0, 4, 0]);
    seed.child.kill('SIGKILL');
  });
});
