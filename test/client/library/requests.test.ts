// Every request of the protocol, against a real downloading process and a real swarm on loopback.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PeerSource } from '#engine';
import { DuplicateTorrent, type Core } from '../../../client/control/core.ts';
import {
  ALL_TORRENTS,
  type Detail,
  type Page,
  type Request,
  type TorrentKey,
} from '../../../client/control/protocol.ts';
import { isSame, makeShare } from '../share.ts';
import { addRequest, makeFolders, rowOf, startClient, startSwarm, until, TIMEOUT_MS } from './client.ts';

const MIB = 1024 * 1024;
const NO_TORRENT = 'f'.repeat(40);

/** What the page shows first. */
async function watched(core: Core, key: TorrentKey, page: Page): Promise<Detail> {
  await core.request({ call: 'watch', key, page });
  await until(core, () => core.detail?.page === page && core.detail.key === key);
  return core.detail as Detail;
}

/** A client with `count` torrents that nobody seeds, by their position; paused unless told otherwise. */
async function withTorrents(count: number, more: { paused?: boolean; config?: string } = {}) {
  const folders = makeFolders(more.config);
  const client = await startClient(folders);
  const keys: TorrentKey[] = [];
  for (let index = 0; index < count; index += 1) {
    const share = makeShare(100_000 + index, [], `name-${index}`);
    const request = addRequest(share.torrent, folders.downloads, { paused: more.paused ?? true });
    keys.push((await client.core.request(request)) as TorrentKey);
  }
  await until(client.core, () => client.core.rows.size === count);
  return { ...client, folders, keys };
}

/** Names in the order of the list. */
function order(core: Core): string[] {
  return [...core.rows.values()].sort((a, b) => a.position - b.position).map(({ name }) => name);
}

async function refused(core: Core, request: Request): Promise<string> {
  try {
    await core.request(request);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${request.call} was not refused`);
}

describe('requests', { timeout: TIMEOUT_MS }, () => {
  test('add: downloads, shows every page, and leaves with the file whole', async () => {
    const share = await startSwarm(3 * MIB + 7, '--upload-limit', '1MiB');
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = (await core.request(addRequest(share.torrent, folders.downloads))) as TorrentKey;
    expect(core.rows.get(key)).toMatchObject({ name: 'shared.bin', position: 0, totalBytes: 3 * MIB + 7 });
    await core.request({ call: 'watch', key, page: 'peers' });
    await until(core, () => core.detail?.page === 'peers' && core.detail.peers.length === 1);
    expect(core.detail).toMatchObject({
      peers: [{ host: '127.0.0.1', seed: true, source: 'tracker' satisfies PeerSource, outgoing: true }],
    });
    expect(await watched(core, key, 'trackers')).toMatchObject({
      trackers: [{ tier: 0, status: 'working', seeds: 1 }],
    });
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(rowOf(core)).toMatchObject({ error: null, haveBytes: 3 * MIB + 7, wantedBytes: 3 * MIB + 7 });
    expect(rowOf(core)?.completedAt).toBeGreaterThan(rowOf(core)?.addedAt as number);
    const files = [{ path: ['shared.bin'], lengthBytes: 3 * MIB + 7, haveBytes: 3 * MIB + 7, priority: 4, pad: false }];
    expect(await watched(core, key, 'files')).toMatchObject({ files });
    const overview = (await watched(core, key, 'overview')) as Detail & { readonly page: 'overview' };
    expect(overview.pieces.length).toBe(49);
    expect(overview.pieces.every((piece) => piece >= 2)).toBe(true);
    const log = (await watched(core, key, 'log')) as Detail & { readonly page: 'log' };
    expect(log.lines.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^complete: /));
    expect((await watched(core, ALL_TORRENTS, 'log')) as object).toHaveProperty('lines');
    expect(core.totals).toMatchObject({
      listenPort: expect.any(Number) as number,
      freeBytes: expect.any(Number) as number,
    });
    await core.leave();
    expect(core.ending).toBe(null);
    expect(isSame(share, folders.downloads)).toBe(true);
  });

  test('add: one line says what is wrong (damaged, a magnet, a wrong folder, too few priorities, twice)', async () => {
    const { core, keys, folders } = await withTorrents(1);
    const { torrent } = makeShare(50_000, [], 'other');
    const good = addRequest(torrent, folders.downloads);
    expect(await refused(core, { ...good, source: new Uint8Array(100) })).toMatch(/^not a usable torrent: /);
    expect(await refused(core, { ...good, source: 'magnet:?dn=nothing' })).toMatch(/^not a usable magnet link: /);
    expect(await refused(core, { ...good, source: `magnet:?xt=urn:btih:${keys[0]}` })).toMatch(/is here already$/);
    expect(await refused(core, { ...good, folder: 'not/absolute' })).toMatch(/^not\/absolute: /);
    expect(await refused(core, { ...good, folder: '/dev/null/x' })).toMatch(/^\/dev\/null\/x: not a directory/);
    expect(await refused(core, { ...good, priorities: [] })).toMatch(/0 priorities for 1 files/);
    const again = addRequest(makeShare(100_000, [], 'name-0').torrent, folders.downloads);
    const duplicate = await core.request(again).catch((error: unknown) => error);
    expect(duplicate).toBeInstanceOf(DuplicateTorrent);
    expect(duplicate).toMatchObject({ key: keys[0], message: 'name-0: this torrent is here already' });
    expect(core.rows.size).toBe(1);
  });

  test('every request about a torrent: one that is not there is named', async () => {
    const { core } = await startClient(makeFolders());
    const key = NO_TORRENT;
    const requests: Request[] = [
      ...(['pause', 'resume', 'recheck', 'announce', 'overwrite'] as const).map((call) => ({ call, key })),
      { call: 'remove', key, withData: true },
      { call: 'move', key, to: 0 },
      { call: 'sequential', key, on: true },
      { call: 'priority', key, files: [0], priority: 1 },
      { call: 'limits', key, downloadBps: 0, uploadBps: 0 },
      { call: 'relocate', key, folder: '/tmp' },
    ];
    for (const request of requests) expect(await refused(core, request)).toBe(`no torrent ${key}`);
  });

  test('pause, resume, sequential, limits, priority: the row says so at once, and after a restart', async () => {
    const { core, keys, folders } = await withTorrents(1, { paused: false });
    const [key] = keys as [TorrentKey];
    await until(core, () => rowOf(core)?.state === 'downloading');
    await core.request({ call: 'pause', key });
    await until(core, () => rowOf(core)?.state === 'paused');
    await core.request({ call: 'sequential', key, on: true });
    await core.request({ call: 'limits', key, downloadBps: 1_000, uploadBps: 2_000 });
    await core.request({ call: 'limits', key: null, downloadBps: 30_000, uploadBps: 0 });
    await core.request({ call: 'priority', key, files: [0], priority: 0 });
    await until(core, () => rowOf(core)?.wantedBytes === 0);
    const changed = {
      state: 'paused',
      sequential: true,
      downloadLimitBps: 1_000,
      uploadLimitBps: 2_000,
      wantedBytes: 0,
    };
    expect(rowOf(core)).toMatchObject(changed);
    expect(await refused(core, { call: 'priority', key, files: [1], priority: 1 })).toBe('name-0: no file 1');
    expect(await refused(core, { call: 'limits', key, downloadBps: -1, uploadBps: 0 })).toMatch(/whole number/);
    expect(await refused(core, { call: 'announce', key })).toMatch(/has no tracker/);
    await core.leave();
    core.start();
    await until(core, () => rowOf(core)?.wantedBytes === 0 && core.totals !== null);
    expect(rowOf(core)).toMatchObject(changed);
    expect(core.totals).toMatchObject({ downloadLimitBps: 30_000, uploadLimitBps: 0 });
    await core.request({ call: 'resume', key });
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(existsSync(join(folders.downloads, 'name-0'))).toBe(false);
  });

  test('move: the list and the queue are in the order given, also after a restart (more than one active is not allowed)', async () => {
    const { core, keys } = await withTorrents(3, { paused: false, config: 'active_downloads = 1' });
    await until(core, () => rowOf(core, 'name-0')?.state === 'downloading');
    expect(rowOf(core, 'name-1')?.state).toBe('queued');
    await core.request({ call: 'move', key: keys[2] as TorrentKey, to: 0 });
    expect(order(core)).toEqual(['name-2', 'name-0', 'name-1']);
    await until(
      core,
      () => rowOf(core, 'name-2')?.state === 'downloading' && rowOf(core, 'name-0')?.state === 'queued',
    );
    await core.request({ call: 'move', key: keys[0] as TorrentKey, to: 99 });
    expect(order(core)).toEqual(['name-2', 'name-1', 'name-0']);
    await core.request({ call: 'pause', key: keys[2] as TorrentKey });
    await until(core, () => rowOf(core, 'name-1')?.state === 'downloading');
    await core.leave();
    core.start();
    await until(core, () => core.rows.size === 3 && rowOf(core, 'name-1')?.state === 'downloading');
    expect(order(core)).toEqual(['name-2', 'name-1', 'name-0']);
    expect(rowOf(core, 'name-0')?.state).toBe('queued');
  });

  test('remove: it is gone from the list and the state folder, and may be added again', async () => {
    const { core, keys, folders } = await withTorrents(2);
    const [key] = keys as [TorrentKey];
    await core.request({ call: 'remove', key, withData: false });
    expect(order(core)).toEqual(['name-1']);
    expect(existsSync(join(folders.state, 'torrents', `${key}.json`))).toBe(false);
    const again = addRequest(makeShare(100_000, [], 'name-0').torrent, folders.downloads);
    expect(await core.request(again)).toBe(key);
    expect(order(core)).toEqual(['name-1', 'name-0']);
  });

  test('leave: the process ends by itself in time, and a request after it fails', async () => {
    const { core } = await withTorrents(2, { paused: false });
    await core.leave();
    expect([core.life, core.ending]).toEqual(['ended', null]);
    expect(await refused(core, { call: 'leave' })).toMatch(/does not run|has left/);
  });
});
