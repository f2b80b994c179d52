// Torrents that are removed: also while they are opened, while they have a trouble, and while the disk is full.

import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseMetainfo } from '#engine';
import { type Entry, entryOf } from '../../../client/library/entry.ts';
import type { ManagedTorrent } from '../../../client/library/managed-torrent.ts';
import { TorrentStore } from '../../../client/library/torrent-store.ts';
import { hex } from '../../../client/units.ts';
import { makeShare, type Share } from '../share.ts';
import { contentOf, layout, starling, temporaryFolder, writeContent } from '../support.ts';
import { TIMEOUT_MS } from './client.ts';
import { addOf, eventually, Gate, libraryFolders, shownRow, startLibrary } from './in-process.ts';

/** A torrent of a folder with three files, and its content in `whole`. */
async function makeTree() {
  const folder = temporaryFolder();
  const whole = join(folder, 'whole');
  mkdirSync(whole);
  const shape = layout(16_384, [70_000, 100_000, 50_000]);
  writeContent(whole, shape, contentOf(shape));
  const torrent = join(folder, 't.torrent');
  await starling('create', join(whole, 't'), '-o', torrent, '--piece-length', '16KiB');
  return { whole, torrent };
}

/** Gives what a torrent holds when its gate was opened. */
class GatedStore extends TorrentStore {
  readonly gate = new Gate();

  override async metainfo(key: string) {
    const metainfo = await super.metainfo(key);
    await this.gate.pass();
    return metainfo;
  }
}

function resumeFiles(state: string): string[] {
  return readdirSync(state).filter((name) => name.endsWith('.resume'));
}

/** A torrent that was seeded when the program last ended. */
async function seededBefore(): Promise<{ readonly state: string; readonly whole: string; readonly key: string }> {
  const { whole, torrent } = await makeTree();
  const { state } = libraryFolders();
  const first = await startLibrary(state);
  const { key } = await first.library.add(addOf(torrent, whole));
  const added = first.library.list.get(key) as ManagedTorrent;
  await eventually(() => shownRow(first.library, added).state === 'seeding');
  await first.end();
  return { state, whole, key };
}

describe('removing', { timeout: TIMEOUT_MS }, () => {
  test('with data: a torrent whose files are partly missing goes with the rest of them, and with its resume data', async () => {
    const { state, whole, key } = await seededBefore();
    rmSync(join(whole, 't', 'd1', 'f1'));
    const { library } = await startLibrary(state);
    await library.opened;
    expect(library.list.get(key)).toMatchObject({ stage: 'troubled', trouble: { kind: 'missing' } });
    expect(resumeFiles(state).length).toBe(1);
    await library.remove(key, true);
    expect(readdirSync(whole)).toEqual([]);
    expect(resumeFiles(state)).toEqual([]);
    expect(readdirSync(join(state, 'torrents'))).toEqual([]);
  });

  test('with data: a torrent that was not opened yet goes with its files', async () => {
    const { state, whole, key } = await seededBefore();
    const store = new GatedStore(state);
    const { library } = await startLibrary(state, { store });
    await store.gate.reached;
    const removed = library.remove(key, true);
    store.gate.open();
    await removed;
    expect(readdirSync(whole)).toEqual([]);
    expect(readdirSync(join(state, 'torrents'))).toEqual([]);
  });

  test('with data: a folder that is missing is named, as nothing was deleted there', async () => {
    const { state, whole, key } = await seededBefore();
    renameSync(whole, `${whole}-away`);
    const { library } = await startLibrary(state);
    await library.opened;
    await expect(library.remove(key, true)).rejects.toThrow(/whole: the folder is missing: nothing was deleted/);
    expect(library.list.get(key)).toBe(undefined);
    expect(existsSync(join(`${whole}-away`, 't', 'd0', 'f0'))).toBe(true);
  });

  test.each([
    ['nothing', false],
    ['a link to another folder', true],
  ])('with data: where its folder was is %s by now: nothing is deleted, and that is said', async (_what, linked) => {
    const { whole, torrent } = await makeTree();
    const { state } = libraryFolders();
    const { library } = await startLibrary(state);
    const { key } = await library.add(addOf(torrent, whole));
    await eventually(() => library.list.get(key)?.entry.completedAt !== null);
    renameSync(whole, `${whole}-away`);
    if (linked) symlinkSync(`${whole}-away`, whole);
    await expect(library.remove(key, true)).rejects.toThrow(/whole: the folder is missing: nothing was deleted/);
    expect(existsSync(join(`${whole}-away`, 't', 'd0', 'f0'))).toBe(true);
    expect(resumeFiles(state)).toEqual([]);
  });

  test.each([
    ['finds a trouble', true],
    ['goes well', false],
  ])('a torrent that is removed while it is opened does not come back (the opening %s)', async (_how, trouble) => {
    const { state, downloads } = libraryFolders();
    const folder = join(downloads, 'folder');
    const first = await startLibrary(state);
    const { key } = await first.library.add(addOf(makeShare(40_000).torrent, folder));
    await first.end();
    const store = new GatedStore(state);
    const { library } = await startLibrary(state, { store });
    const torrent = library.list.get(key) as ManagedTorrent;
    await store.gate.reached;
    library.list.take(() => null);
    await library.remove(key, false);
    if (trouble) rmSync(folder, { recursive: true });
    store.gate.open();
    await library.opened;
    expect(torrent).toMatchObject({ stage: 'gone', trouble: null, id: -1 });
    expect(library.list.take(() => null)).toEqual({ changed: [], removed: [key] });
  });

  test('a torrent that is removed stays gone, and out of the list, when the engine has let it go', async () => {
    const { state, downloads } = libraryFolders();
    const { library } = await startLibrary(state);
    const { key } = await library.add(addOf(makeShare(40_000).torrent, downloads));
    const torrent = library.list.get(key) as ManagedTorrent;
    await eventually(() => torrent.stage === 'open');
    library.list.take(() => null);
    await library.remove(key, false);
    await library.conductor.close(torrent);
    expect(torrent.stage).toBe('gone');
    expect(library.list.take(() => null)).toEqual({ changed: [], removed: [key] });
  });

  test('with data, twice at once: both are answered, and what is added again right after is kept', async () => {
    const { whole, torrent } = await makeTree();
    const { state } = libraryFolders();
    /** Slow to forget. */
    class SlowStore extends TorrentStore {
      #removals = 0;

      override async remove(key: string) {
        this.#removals += 1;
        if (this.#removals > 1) await new Promise((resolve) => setTimeout(resolve, 300));
        return super.remove(key);
      }
    }
    const { library } = await startLibrary(state, { store: new SlowStore(state) });
    const { key } = await library.add(addOf(torrent, whole));
    await eventually(() => library.list.get(key)?.entry.completedAt !== null);
    const removals = [library.remove(key, true), library.remove(key, true)];
    await Promise.race(removals);
    const added = library.add(addOf(torrent, whole, { paused: true }));
    const answers = await Promise.allSettled(removals);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    await added;
    expect(readdirSync(whole)).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(readdirSync(join(state, 'torrents')).sort()).toEqual([`${key}.json`, `${key}.torrent`]);
  });

  test("with data, finished at the next start: what is another torrent's by now stays", async () => {
    const { state, downloads } = libraryFolders();
    const [removed, owner] = [makeShare(200_000), makeShare(300_000)];
    const file = join(downloads, 'shared.bin');
    copyFileSync(join(owner.source, 'shared.bin'), file);
    const store = new TorrentStore(state);
    const keep = async ({ torrent }: Share, more: Partial<Entry>) => {
      const bytes = new Uint8Array(readFileSync(torrent));
      const parsed = parseMetainfo(bytes);
      if (!parsed.ok) throw new Error(parsed.detail);
      const wishes = { folder: downloads, rank: 0, paused: false, sequential: false, priorities: null };
      await store.add({ ...entryOf(parsed.value, wishes), ours: true, ...more }, bytes);
    };
    // Its removal failed once, and its files were overwritten since.
    await keep(removed, { deleting: true });
    await keep(owner, {});
    const { library, notices } = await startLibrary(state);
    await library.opened;
    expect(lstatSync(file).size).toBe(300_000);
    expect(notices).toEqual([
      expect.stringMatching(/shared\.bin belongs to the torrent shared\.bin: nothing was deleted/),
    ]);
    expect(existsSync(join(state, 'torrents', `${hex(removed.infoHash)}.json`))).toBe(false);
    await eventually(() => shownRow(library, library.list.ordered[0] as ManagedTorrent).state === 'seeding');
  });
});
