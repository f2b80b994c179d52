// A state folder that cannot be written, or read, for a while: nothing is lost by it, and it goes on later.

import { lstatSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** A link to what a seed shares, and folders for a library. */
async function magnetOfSeed() {
  const share = makeShare(300_000);
  const { peer } = await startSeed(share);
  const key = hex(share.infoHash);
  return { key, link: `magnet:?xt=urn:btih:${key}&x.pe=${peer}`, ...libraryFolders() };
}

describe('full state folder', { timeout: TIMEOUT_MS }, () => {
  test('a magnet whose metadata could not be kept is still a magnet, and is furnished when there is room (resume)', async () => {
    const { key, link, state, downloads } = await magnetOfSeed();
    const store = new FullStore(state);
    const { library } = await startLibrary(state, { store });
    store.full = 'metadata';
    await library.add(addOf(link, downloads));
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
    const { key, link, state, downloads } = await magnetOfSeed();
    const store = new FullStore(state);
    const { library } = await startLibrary(state, { store });
    await library.add(addOf(link, downloads));
    const torrent = library.list.get(key) as ManagedTorrent;
    store.full = 'entries';
    await eventually(() => shownRow(library, torrent).state === 'failed');
    expect(torrent.entry).toMatchObject({ magnet: null, ours: false });
    const text = 'the state folder cannot be written: no space left on device: make room or mend it, and resume';
    expect(torrent.trouble).toEqual({ kind: 'other', text });
    store.full = 'nothing';
    await library.resume(key);
    await eventually(() => shownRow(library, torrent).state === 'downloading');
    expect(torrent.entry.ours).toBe(true);
  });

  test('a wish that comes while a magnet is furnished is kept with what the metadata says', async () => {
    const { key, link, state, downloads } = await magnetOfSeed();
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
    await library.add(addOf(link, downloads));
    await eventually(() => library.list.get(key)?.entry.ours === true);
    await end();
    const { entries } = await new TorrentStore(state).load();
    expect(entries).toMatchObject([{ key, magnet: null, name: 'shared.bin', downloadBps: 7, paused: true }]);
  });

  test('what was refused because it could not be kept does not happen later either (remove with data, relocate)', async () => {
    const share = makeShare(200_000);
    const { state, downloads } = libraryFolders();
    const file = join(downloads, 'shared.bin');
    writeFileSync(file, readFileSync(join(share.source, 'shared.bin')));
    const elsewhere = join(downloads, 'elsewhere');
    mkdirSync(elsewhere);
    const store = new FullStore(state);
    const before = await startLibrary(state, { store });
    const { key } = await before.library.add(addOf(share.torrent, downloads));
    const torrent = before.library.list.get(key) as ManagedTorrent;
    await eventually(() => torrent.entry.completedAt !== null);
    const { entry } = torrent;
    store.full = 'entries';
    await expect(before.library.remove(key, true)).rejects.toThrow(/the state folder cannot be written/);
    await expect(before.library.relocate(key, elsewhere)).rejects.toThrow(/the state folder cannot be written/);
    expect(before.library.list.get(key)).toBe(torrent);
    expect(torrent.entry).toEqual(entry);
    store.full = 'nothing';
    await before.library.limits(key, 7, 8);
    await before.end();
    const { library } = await startLibrary(state);
    await library.opened;
    await eventually(() => library.list.get(key)?.stage === 'open');
    expect(library.list.get(key)?.entry).toEqual({ ...entry, downloadBps: 7, uploadBps: 8 });
    expect(lstatSync(file).size).toBe(200_000);
  });
});

/** What was added by a library that has ended. */
async function addedBefore(paused: boolean) {
  const { state, downloads } = libraryFolders();
  const share = makeShare(200_000);
  const { library, end } = await startLibrary(state);
  const { key } = await library.add(addOf(share.torrent, downloads, { paused }));
  const torrent = library.list.get(key) as ManagedTorrent;
  await eventually(() => torrent.entry.ours);
  await library.limits(key, 7, 8);
  await end();
  return { state, downloads, share, key, path: join(state, 'torrents', key) };
}

describe('unreadable state folder', { timeout: TIMEOUT_MS }, () => {
  test('a .torrent that cannot be read is a trouble of a torrent that stays in the list, and goes on when it can (resume)', async () => {
    const { state, downloads, share, key, path } = await addedBefore(false);
    renameSync(`${path}.torrent`, `${path}.away`);
    // Reading it gives an error of the system.
    mkdirSync(`${path}.torrent`);
    const { library, notices } = await startLibrary(state);
    await library.opened;
    const torrent = library.list.get(key) as ManagedTorrent;
    const text = `${path}.torrent: is a directory: mend it and resume`;
    expect(torrent).toMatchObject({ stage: 'troubled', trouble: { kind: 'other', text } });
    expect(notices).toEqual([]);
    expect(await library.add(addOf(share.torrent, downloads))).toMatchObject({
      key,
      error: expect.any(String) as string,
    });
    await expect(library.resume(key)).rejects.toThrow(text);
    rmdirSync(`${path}.torrent`);
    renameSync(`${path}.away`, `${path}.torrent`);
    await library.resume(key);
    await eventually(() => shownRow(library, torrent).state === 'downloading');
    expect(torrent.entry).toMatchObject({ downloadBps: 7, ours: true });
  });

  test('an entry that cannot be read at the start is named, and not written over by an add', async () => {
    const { state, downloads, share, key, path } = await addedBefore(false);
    renameSync(`${path}.json`, `${path}.away`);
    symlinkSync(`${key}.json`, `${path}.json`);
    const { library, notices } = await startLibrary(state);
    expect(notices).toEqual([expect.stringMatching(/\.json: .*: mend it and start again$/)]);
    expect(lstatSync(`${path}.torrent`).isFile()).toBe(true);
    const refused = `${path}.json: could not be read at the start: mend it and start again`;
    await expect(library.add(addOf(share.torrent, downloads))).rejects.toThrow(refused);
    await expect(library.add(addOf(`magnet:?xt=urn:btih:${key}`, downloads))).rejects.toThrow(refused);
    expect(lstatSync(`${path}.json`).isSymbolicLink()).toBe(true);
  });

  test('a torrent whose resume data is damaged is not begun anew where nothing is left of it', async () => {
    const { state, downloads, share, key } = await addedBefore(true);
    const file = join(downloads, 'shared.bin');
    writeFileSync(file, readFileSync(join(share.source, 'shared.bin')));
    const before = await startLibrary(state);
    await before.library.recheck(key);
    await before.library.resume(key);
    await eventually(() => before.library.list.get(key)?.entry.completedAt !== null);
    const resume = before.resumeStore.path(share.infoHash, downloads);
    await before.end();
    rmSync(file);
    for (const bytes of ['damaged', null]) {
      if (bytes === null) rmSync(resume);
      else writeFileSync(resume, bytes);
      const { library, end } = await startLibrary(state);
      await library.opened;
      const torrent = library.list.get(key) as ManagedTorrent;
      expect(torrent).toMatchObject({ stage: 'troubled', trouble: { kind: 'missing' } });
      await end();
    }
    const { library } = await startLibrary(state);
    await library.opened;
    await library.recheck(key);
    await eventually(() => shownRow(library, library.list.get(key) as ManagedTorrent).state === 'downloading');
  });
});
