// What the user asks while something else is under way for the same torrent.

import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Metainfo } from '#engine';
import type { ManagedTorrent } from '../../../client/library/managed-torrent.ts';
import { ResumeStore } from '../../../client/resume-store.ts';
import { hex } from '../../../client/units.ts';
import { makeShare, startSeed } from '../share.ts';
import { TIMEOUT_MS } from './client.ts';
import { addOf, eventually, Gate, libraryFolders, shownRow, startLibrary } from './in-process.ts';

const LENGTH_BYTES = 300_000;

/** The first load waits for the gate. */
class GatedResumeStore extends ResumeStore {
  readonly gate = new Gate();
  #gated = true;

  override async load(metainfo: Metainfo, root: string) {
    const gated = this.#gated;
    this.#gated = false;
    if (gated) await this.gate.pass();
    return super.load(metainfo, root);
  }
}

/** A library whose first opening waits, and two folders: in `theirs` lies a file of somebody else under the torrent's name. */
async function startGated() {
  const { state, downloads } = libraryFolders();
  const theirs = join(downloads, 'theirs');
  const ours = join(downloads, 'ours');
  mkdirSync(theirs);
  const file = join(theirs, 'shared.bin');
  writeFileSync(file, 'not the torrent');
  const resumeStore = new GatedResumeStore(state);
  return { ...(await startLibrary(state, { resumeStore })), gate: resumeStore.gate, ours, theirs, file };
}

describe('races', { timeout: TIMEOUT_MS }, () => {
  test('relocated while it is opened: it is opened in the new folder, and what lies there is looked at', async () => {
    const { library, gate, ours, theirs, file } = await startGated();
    const { key } = await library.add(addOf(makeShare(LENGTH_BYTES).torrent, ours));
    const torrent = library.list.get(key) as ManagedTorrent;
    await gate.reached;
    await library.relocate(key, theirs);
    gate.open();
    await eventually(() => torrent.trouble !== null);
    expect(torrent.trouble).toMatchObject({ kind: 'foreign' });
    expect(torrent).toMatchObject({ stage: 'open', entry: { folder: theirs, ours: false } });
    expect(torrent.storage?.root).toBe(realpathSync(theirs));
    expect(readFileSync(file, 'utf8')).toBe('not the torrent');
  });

  test('relocated while a magnet that was furnished is looked at: what lies in the new folder is looked at too', async () => {
    const share = makeShare(LENGTH_BYTES);
    const { peer } = await startSeed(share);
    const { library, gate, ours, theirs, file } = await startGated();
    const key = hex(share.infoHash);
    await library.add(addOf(`magnet:?xt=urn:btih:${key}&x.pe=${peer}`, ours));
    const torrent = library.list.get(key) as ManagedTorrent;
    await gate.reached;
    await library.relocate(key, theirs);
    gate.open();
    await eventually(() => torrent.trouble !== null || shownRow(library, torrent).state === 'seeding');
    expect(torrent.trouble).toMatchObject({ kind: 'foreign' });
    expect(torrent.entry).toMatchObject({ folder: theirs, ours: false });
    expect(readFileSync(file, 'utf8')).toBe('not the torrent');
  });

  test('a magnet that is removed while its files are looked at leaves nothing open, and can be added again', async () => {
    const share = makeShare(LENGTH_BYTES);
    const { peer } = await startSeed(share);
    const { library, gate, ours } = await startGated();
    const key = hex(share.infoHash);
    const link = `magnet:?xt=urn:btih:${key}&x.pe=${peer}`;
    await library.add(addOf(link, ours));
    const removed = library.list.get(key) as ManagedTorrent;
    await gate.reached;
    await library.remove(key, false);
    const added = library.add(addOf(link, ours));
    gate.open();
    await added;
    const torrent = library.list.get(key) as ManagedTorrent;
    await eventually(() => shownRow(library, torrent).state === 'seeding');
    expect(removed).toMatchObject({ stage: 'gone', storage: null });
  });
});
