import { readdirSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMetainfo, parseMetainfo, type Metainfo, type ResumeData } from '#engine';
import { ResumeStore } from '../../client/resume-store.ts';
import { temporaryFolder } from './support.ts';

function metainfo(): Metainfo {
  const parsed = parseMetainfo(
    createMetainfo({
      name: 'a',
      files: [{ path: [], lengthBytes: 40_000 }],
      pieceLengthBytes: 16_384,
      pieceHashes: new Uint8Array(60),
      announceTiers: [],
      private: false,
      comment: null,
      createdBy: null,
      creationDate: null,
    }),
  );
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
}

function resumeData({ infoHash }: Metainfo, uploadedBytes: number): ResumeData {
  return {
    infoHash,
    unsynced: Uint8Array.of(0b0100_0000),
    flushed: Uint8Array.of(0b1010_0000),
    partials: [{ piece: 1, blocks: Uint8Array.of(0x80) }],
    uploadedBytes,
    downloadedBytes: 9,
    paused: false,
    sequential: false,
    filePriorities: [4],
    peers: [],
  };
}

describe('resume store', () => {
  const torrent = metainfo();

  test('resume store: what was saved last is loaded, and nothing else stays in the folder (100 saves at once)', async () => {
    const folder = join(temporaryFolder(), 'new', 'state');
    const store = new ResumeStore(folder);
    const saves = Array.from({ length: 100 }, (_, index) => store.save('/data', resumeData(torrent, index)));
    expect(new Set(await Promise.all(saves))).toEqual(new Set([null]));
    expect(await store.load(torrent, '/data')).toEqual({ data: resumeData(torrent, 99), reason: null });
    expect(readdirSync(folder).length).toBe(1);
  });

  test('resume store: a reader never sees half a file (reads during 50 saves)', async () => {
    const store = new ResumeStore(temporaryFolder());
    await store.save('/data', resumeData(torrent, 0));
    let saving = true;
    const saves = Promise.all(
      Array.from({ length: 50 }, (_, index) => store.save('/data', resumeData(torrent, index))),
    );
    const done = saves.then(() => {
      saving = false;
    });
    let loads = 0;
    while (saving) {
      const { data } = await store.load(torrent, '/data');
      expect(data?.flushed).toEqual(Uint8Array.of(0b1010_0000));
      loads += 1;
    }
    await done;
    expect(loads).toBeGreaterThan(0);
  });

  test('resume store: data of one folder is not believed about another', async () => {
    const store = new ResumeStore(temporaryFolder());
    await store.save('/data', resumeData(torrent, 1));
    expect(await store.load(torrent, '/elsewhere')).toEqual({ data: null, reason: null });
  });

  test('resume store: a damaged file is no data, with a reason', async () => {
    const store = new ResumeStore(temporaryFolder());
    await store.save('/data', resumeData(torrent, 1));
    writeFileSync(store.path(torrent.infoHash, '/data'), 'd3:foo');
    const { data, reason } = await store.load(torrent, '/data');
    expect(data).toBe(null);
    expect(reason).not.toBe(null);
  });

  test('resume store: what is saved while something is removed does not overlap what is saved after it (30 times)', async () => {
    const store = new ResumeStore(temporaryFolder());
    await store.save('/data', resumeData(torrent, 0));
    for (let round = 0; round < 30; round += 1) {
      const removed = store.remove(torrent.infoHash, '/data');
      const saves = [store.save('/data', resumeData(torrent, 1))];
      await removed;
      saves.push(store.save('/data', resumeData(torrent, 2)));
      expect(await Promise.all(saves)).toEqual([null, null]);
      expect((await store.load(torrent, '/data')).data?.uploadedBytes).toBe(2);
    }
  });

  test('resume store: a failed save leaves the old data and no rubbish (folder is a file)', async () => {
    const parent = temporaryFolder();
    writeFileSync(join(parent, 'state'), '');
    const store = new ResumeStore(join(parent, 'state'));
    expect(await store.save('/data', resumeData(torrent, 1))).toBe('failed');
    const blocked = join(parent, 'blocked');
    mkdirSync(blocked);
    const other = new ResumeStore(blocked);
    mkdirSync(other.path(torrent.infoHash, '/data'));
    expect(await other.save('/data', resumeData(torrent, 1))).toBe('failed');
    expect(readdirSync(blocked).length).toBe(1);
  });
});
