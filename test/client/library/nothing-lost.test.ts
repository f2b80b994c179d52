// What the client knows survives whatever ends it, and what is damaged concerns one torrent.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMetainfo, parseMetainfo } from '#engine';
import { Core } from '../../../client/control/core.ts';
import type { TorrentKey } from '../../../client/control/protocol.ts';
import { Random } from '#harness';
import { encodeEntry, entryOf } from '../../../client/library/entry.ts';
import { isSame, makeShare } from '../share.ts';
import { addRequest, type Folders, makeFolders, rowOf, startClient, startSwarm, until, TIMEOUT_MS } from './client.ts';

const MIB = 1024 * 1024;

async function kill(core: Core, pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(core, () => core.life === 'ended').catch(() => undefined);
}

function torrentOf(index: number): string {
  return makeShare(40_000 + index, [], `t-${index}`).torrent;
}

describe('nothing lost', { timeout: TIMEOUT_MS }, () => {
  test('killed at any moment, the client knows what it said was done (random changes, ten kills)', async () => {
    const random = new Random('kills');
    const folders = makeFolders('active_downloads = 2');
    const { core } = await startClient(folders);
    const torrents = Array.from({ length: 8 }, (_torrent, index) => torrentOf(index));
    /** What was answered as done, by name: the list in its order. */
    let expected: { name: string; sequential: boolean; limit: number }[] = [];
    for (let round = 0; round < 10; round += 1) {
      let unsure: string | null = null;
      const pid = core.pid as number;
      const timer = setTimeout(() => process.kill(pid, 'SIGKILL'), random.below(250));
      try {
        for (;;) {
          const name = `t-${random.below(torrents.length)}`;
          const index = expected.findIndex((torrent) => torrent.name === name);
          const key = rowOf(core, name)?.key as TorrentKey;
          unsure = name;
          const torrent = { ...(expected[index] ?? { name, sequential: false, limit: 0 }) };
          const next = [...expected];
          if (index === -1) {
            await core.request(addRequest(torrents[Number(name.slice(2))] as string, folders.downloads));
            next.push(torrent);
          } else {
            const choice = random.below(4);
            next.splice(index, 1);
            if (choice === 0) await core.request({ call: 'remove', key, withData: false });
            else if (choice === 1) {
              const to = random.below(expected.length);
              await core.request({ call: 'move', key, to });
              next.splice(to, 0, torrent);
            } else if (choice === 2) {
              torrent.sequential = !torrent.sequential;
              await core.request({ call: 'sequential', key, on: torrent.sequential });
              next.splice(index, 0, torrent);
            } else {
              torrent.limit = 1 + random.below(99);
              await core.request({ call: 'limits', key, downloadBps: torrent.limit, uploadBps: 0 });
              next.splice(index, 0, torrent);
            }
          }
          expected = next;
        }
      } catch {
        clearTimeout(timer);
      }
      await until(core, () => core.life === 'ended').catch(() => undefined);
      expect(core.ending).toMatch(/SIGKILL/);
      core.start();
      await until(core, () => core.life === 'running');
      const rows = [...core.rows.values()].sort((a, b) => a.position - b.position);
      const found = rows.map(({ name, sequential, downloadLimitBps }) => ({
        name,
        sequential,
        limit: downloadLimitBps,
      }));
      const certain = <T extends { name: string }>(list: T[]) => list.filter(({ name }) => name !== unsure);
      expect(certain(found)).toEqual(certain(expected));
      expect(rows.map(({ position }) => position)).toEqual(rows.map((_row, index) => index));
      expected = found;
    }
    await until(core, () =>
      [...core.rows.values()].every(({ state }) => state === 'downloading' || state === 'queued'),
    );
  });

  test('killed while it downloads, it goes on where it was (no byte twice beyond what was not yet durable)', async () => {
    const share = await startSwarm(6 * MIB, '--upload-limit', '3MiB');
    const folders = makeFolders();
    const { core } = await startClient(folders);
    await core.request(addRequest(share.torrent, folders.downloads));
    for (let kills = 1; kills <= 3; kills += 1) {
      await until(core, () => (rowOf(core)?.haveBytes ?? 0) >= kills * MIB);
      await kill(core, core.pid as number);
      core.start();
    }
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(isSame(share, folders.downloads)).toBe(true);
  });

  test('damaged files are named and set aside, and every other torrent starts', async () => {
    const folders = makeFolders();
    const { core, notices } = await startClient(folders);
    const keys: TorrentKey[] = [];
    for (let index = 0; index < 5; index += 1)
      keys.push((await core.request(addRequest(torrentOf(index), folders.downloads, { paused: true }))) as TorrentKey);
    await core.leave();
    const path = (index: number, kind: string) => join(folders.state, 'torrents', `${keys[index]}.${kind}`);
    writeFileSync(path(0, 'json'), '{ "half": ');
    writeFileSync(path(1, 'json'), readFileSync(path(1, 'json'), 'utf8').replace('"rank": 1', '"rank": "first"'));
    writeFileSync(path(2, 'torrent'), 'd4:infod6:length');
    rmSync(path(3, 'torrent'));
    writeFileSync(join(folders.state, 'torrents', `${'0'.repeat(40)}.torrent`), 'of an add that a crash cut short');
    writeFileSync(`${path(4, 'json')}.123.new`, 'of a save that a crash cut short');
    core.start();
    await until(core, () => notices.length === 4 && core.rows.size === 1);
    expect([...core.rows.keys()]).toEqual([keys[4]]);
    expect(notices.join('\n')).toContain(`${path(0, 'json')}: damaged: `);
    expect(notices.join('\n')).toMatch(/\.json: damaged: rank: Invalid type/);
    expect(notices.join('\n')).toContain(`${path(2, 'torrent')}: damaged: `);
    expect(notices.join('\n')).toContain(`${path(3, 'torrent')}: no such file or directory: set aside in `);
    expect(readdirSync(join(folders.state, 'damaged')).length).toBe(7);
    expect(readdirSync(join(folders.state, 'torrents')).sort()).toEqual([`${keys[4]}.json`, `${keys[4]}.torrent`]);
  });

  test('a second client on one state folder says so and leaves; after a kill -9 the next one starts', async () => {
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const second = new Core({ stateFolder: folders.state, configFile: folders.config });
    second.start();
    await until(second, () => false).catch(() => undefined);
    expect(second.ending).toBe(
      `${folders.state}: another Starling (process ${core.pid}) uses this state folder: leave it first, or use another`,
    );
    await kill(core, core.pid as number);
    expect(existsSync(join(folders.state, 'lock'))).toBe(true);
    second.start();
    await until(second, () => second.life === 'running');
    await second.leave();
  });

  test('a state folder that cannot be used is one line', async () => {
    const folders = makeFolders();
    writeFileSync(folders.state, 'a file');
    const core = new Core({ stateFolder: folders.state, configFile: folders.config });
    core.start();
    await until(core, () => false).catch(() => undefined);
    expect(core.ending).toBe(`${folders.state}: something else of that name is there`);
  });
});

describe('many torrents', { timeout: TIMEOUT_MS }, () => {
  test('a thousand are listed and opened in their order', async () => {
    const folders = makeFolders();
    fill(folders, 1_000);
    const { core } = await startClient(folders);
    expect(core.rows.size).toBe(1_000);
    await until(core, () =>
      [...core.rows.values()].every(({ state }) => state === 'downloading' || state === 'queued'),
    );
    const names = [...core.rows.values()].sort((a, b) => a.position - b.position).map(({ name }) => name);
    expect(names).toEqual(Array.from({ length: 1_000 }, (_name, index) => `many-${index}`));
  });
});

/** A state folder in which `count` torrents are known, as the client itself would leave it. */
function fill(folders: Folders, count: number): void {
  const torrents = join(folders.state, 'torrents');
  mkdirSync(torrents, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const bytes = createMetainfo({
      name: `many-${index}`,
      files: [{ path: [], lengthBytes: 1_000_000 }],
      pieceLengthBytes: 16_384,
      pieceHashes: new Uint8Array(62 * 20).fill(index),
      announceTiers: [],
      private: false,
      comment: null,
      createdBy: null,
      creationDate: null,
    });
    const parsed = parseMetainfo(bytes);
    if (!parsed.ok) throw new Error(parsed.detail);
    const wishes = { folder: folders.downloads, rank: index, paused: false, sequential: false, priorities: null };
    const entry = entryOf(parsed.value, wishes);
    writeFileSync(join(torrents, `${entry.key}.torrent`), bytes);
    writeFileSync(join(torrents, `${entry.key}.json`), encodeEntry(entry));
  }
}
