// Two torrents that would write to the same files: one of them has the place, however it came to it, and the other a trouble.

import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Library } from '../../../client/library/library.ts';
import type { ManagedTorrent } from '../../../client/library/managed-torrent.ts';
import { TorrentStore } from '../../../client/library/torrent-store.ts';
import { hex } from '../../../client/units.ts';
import { makeShare, startSeed, type Share } from '../share.ts';
import { TIMEOUT_MS } from './client.ts';
import { addOf, eventually, Gate, libraryFolders, shownRow, startLibrary } from './in-process.ts';

/** A magnet link to a share that is seeded. */
async function seededLink(share: Share): Promise<string> {
  const { peer } = await startSeed(share);
  return `magnet:?xt=urn:btih:${hex(share.infoHash)}&x.pe=${peer}`;
}

async function add(library: Library, source: string, folder: string, paused = false): Promise<ManagedTorrent> {
  const { key } = await library.add(addOf(source, folder, { paused }));
  return library.list.get(key) as ManagedTorrent;
}

function stateOf(library: Library, torrent: ManagedTorrent) {
  return shownRow(library, torrent).state;
}

/** A tracker that takes announces and never answers. */
async function silentTracker(): Promise<string> {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`;
}

describe('collisions', { timeout: TIMEOUT_MS }, () => {
  test('a magnet whose files are those of a torrent in the list does not write to them, and goes on elsewhere', async () => {
    const { state, downloads } = libraryFolders();
    const { library } = await startLibrary(state);
    const first = await add(library, makeShare(200_000).torrent, downloads);
    await eventually(() => stateOf(library, first) === 'downloading');
    const share = makeShare(300_000);
    const magnet = await add(library, await seededLink(share), downloads);
    await eventually(() => magnet.trouble !== null || stateOf(library, magnet) === 'seeding');
    expect(magnet.trouble?.text).toMatch(/shared\.bin belongs to the torrent shared\.bin: relocate/);
    expect(existsSync(join(downloads, 'shared.bin'))).toBe(false);
    await expect(library.resume(magnet.key)).rejects.toThrow(/belongs to the torrent/);
    const elsewhere = join(downloads, 'elsewhere');
    mkdirSync(elsewhere);
    await library.relocate(magnet.key, elsewhere);
    await eventually(() => stateOf(library, magnet) === 'downloading');
  });

  test('of two magnets with the same files one has them and the other a trouble', async () => {
    const { state, downloads } = libraryFolders();
    const shares = [makeShare(200_000), makeShare(300_000)];
    const links = await Promise.all(shares.map((share) => seededLink(share)));
    const { library } = await startLibrary(state);
    const torrents = await Promise.all(links.map((link) => add(library, link, downloads)));
    await eventually(() =>
      torrents.every((torrent) => torrent.trouble !== null || stateOf(library, torrent) === 'seeding'),
    );
    const seeding = torrents.findIndex(({ trouble }) => trouble === null);
    expect(torrents[1 - seeding]?.trouble?.text).toMatch(/belongs to the torrent shared\.bin: relocate/);
    const source = readFileSync(join((shares[seeding] as Share).source, 'shared.bin'));
    expect(readFileSync(join(downloads, 'shared.bin')).equals(source)).toBe(true);
  });

  test('a torrent that is not open yet has its place all the same (at the start)', async () => {
    const { state, downloads } = libraryFolders();
    const link = await seededLink(makeShare(300_000));
    const before = await startLibrary(state);
    const { key } = await add(before.library, makeShare(200_000).torrent, downloads);
    await eventually(() => before.library.list.get(key)?.entry.ours === true);
    const magnetKey = (await add(before.library, link, downloads, true)).key;
    await before.end();
    /** The first torrent is read last. */
    class LateStore extends TorrentStore {
      readonly gate = new Gate();
      #reads = 0;

      override async metainfo(of: string) {
        this.#reads += 1;
        if (this.#reads === 1) await this.gate.pass();
        return super.metainfo(of);
      }
    }
    const store = new LateStore(state);
    const { library } = await startLibrary(state, { store });
    await store.gate.reached;
    const magnet = library.list.get(magnetKey) as ManagedTorrent;
    await library.resume(magnetKey);
    await eventually(() => magnet.trouble !== null || stateOf(library, magnet) === 'seeding');
    expect(magnet.trouble?.text).toMatch(/belongs to the torrent shared\.bin/);
    store.gate.open();
  });

  test('a torrent that has a trouble has its place too, also by another name of the folder', async () => {
    const { state, downloads } = libraryFolders();
    const real = join(downloads, 'real');
    const link = join(downloads, 'link');
    mkdirSync(real);
    symlinkSync(real, link);
    const share = makeShare(200_000);
    writeFileSync(join(real, 'shared.bin'), readFileSync(join(share.source, 'shared.bin')));
    const before = await startLibrary(state);
    const torrent = await add(before.library, share.torrent, link);
    await eventually(() => stateOf(before.library, torrent) === 'seeding');
    await before.end();
    renameSync(join(real, 'shared.bin'), join(downloads, 'away'));
    const { library } = await startLibrary(state);
    await library.opened;
    expect(library.list.get(torrent.key)?.trouble).toMatchObject({ kind: 'missing' });
    await expect(add(library, makeShare(300_000).torrent, real)).rejects.toThrow(/belongs to the torrent shared\.bin/);
  });

  test('what is being deleted is not given to another torrent before it is gone', async () => {
    const { state, downloads } = libraryFolders();
    const { library } = await startLibrary(state);
    const share = makeShare(200_000, [await silentTracker()]);
    writeFileSync(join(downloads, 'shared.bin'), readFileSync(join(share.source, 'shared.bin')));
    const torrent = await add(library, share.torrent, downloads);
    await eventually(() => stateOf(library, torrent) === 'seeding');
    const removed = library.remove(torrent.key, true);
    await eventually(() => library.list.get(torrent.key) === undefined);
    const other = makeShare(300_000).torrent;
    await expect(add(library, other, downloads)).rejects.toThrow(/torrent shared\.bin, which is being deleted/);
    await removed;
    await eventually(() => library.list.deleting.size === 0);
    expect(existsSync(join(downloads, 'shared.bin'))).toBe(false);
    await add(library, other, downloads);
  });
});
