// A state folder that cannot be written, or read, for a while: nothing is lost by it, and it goes on later.

import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../client/library/entry.ts';
import type { ManagedTorrent } from '../../../client/library/managed-torrent.ts';
import { TorrentStore } from '../../../client/library/torrent-store.ts';
import { hex } from '../../../client/units.ts';
import { makeShare, startSeed } from '../share.ts';
import { TIMEOUT_MS } from './client.ts';
import { addOf, eventually, libraryFolders, shownRow, startLibrary } from './in-process.ts';

/** Keeps nothing while the disk is full. */
class FullStore extends TorrentStore {
  /** Of what there is no room for. */
  full: 'nothing' | 'metadata' | 'entries' = 'nothing';

  override async furnish(entry: Entry, torrent: Uint8Array) {
    if (this.full === 'metadata') throw noSpace();
    return super.furnish(entry, torrent);
  }

  override async save(entry: Entry) {
    if (this.full === 'entries') throw noSpace();
    return super.save(entry);
  }
}

function noSpace(): Error {
  return Object.assign(new Error('no room'), { code: 'ENOSPC' });
}

describe('full state folder', { timeout: TIMEOUT_MS }, () => {
  test('a magnet whose metadata could not be kept is still a magnet, and is furnished when there is room (resume)', async () => {
    const share = makeShare(300_000);
    const { peer } = await startSeed(share);
    const { state, downloads } = libraryFolders();
    const store = new FullStore(state);
    const { library } = await startLibrary(state, { store });
    const key = hex(share.infoHash);
    store.full = 'metadata';
    await library.add(addOf(`magnet:?xt=urn:btih:${key}&x.pe=${peer}`, downloads));
    const torrent = library.list.get(key) as ManagedTorrent;
    await eventually(() => shownRow(library, torrent).state === 'failed');
    expect(shownRow(library, torrent).error).toMatch(/the disk is full/);
    await library.recheck(key);
    expect(torrent).toMatchObject({ metainfo: null, judging: false });
    store.full = 'nothing';
    await library.resume(key);
    await eventually(() => shownRow(library, torrent).state === 'seeding');
    expect(torrent.entry).toMatchObject({ magnet: null, ours: true });
  });

  test('a magnet that was furnished, but not granted its files, goes on when there is room (resume)', async () => {
    const share = makeShare(300_000);
    const { peer } = await startSeed(share);
    const { state, downloads } = libraryFolders();
    const store = new FullStore(state);
    const { library } = await startLibrary(state, { store });
    const key = hex(share.infoHash);
    await library.add(addOf(`magnet:?xt=urn:btih:${key}&x.pe=${peer}`, downloads));
    const torrent = library.list.get(key) as ManagedTorrent;
    store.full = 'entries';
    await eventually(() => shownRow(library, torrent).state === 'failed');
    expect(torrent.entry).toMatchObject({ magnet: null, ours: false });
    store.full = 'nothing';
    await library.resume(key);
    await eventually(() => shownRow(library, torrent).state === 'downloading');
    expect(torrent.entry.ours).toBe(true);
  });

  test('a wish that comes while a magnet is furnished is kept with what the metadata says', async () => {
    const share = makeShare(300_000);
    const { peer } = await startSeed(share);
    const { state, downloads } = libraryFolders();
    class SlowStore extends TorrentStore {
      library: Awaited<ReturnType<typeof startLibrary>>['library'] | null = null;

      override async furnish(entry: Entry, torrent: Uint8Array) {
        const furnished = super.furnish(entry, torrent);
        await Promise.all([furnished, this.library?.limits(entry.key, 7, 8), this.library?.pause(entry.key)]);
      }
    }
    const store = new SlowStore(state);
    const { library, end } = await startLibrary(state, { store });
    store.library = library;
    const key = hex(share.infoHash);
    await library.add(addOf(`magnet:?xt=urn:btih:${key}&x.pe=${peer}`, downloads));
    await eventually(() => library.list.get(key)?.entry.ours === true);
    await end();
    const { entries } = await new TorrentStore(state).load();
    expect(entries).toMatchObject([{ key, magnet: null, name: 'shared.bin', downloadBps: 7, paused: true }]);
  });
});
