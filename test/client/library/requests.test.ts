// Every request of the protocol, against a real downloading process and a real swarm on loopback.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addRequest, makeFolders, rowOf, startClient, startSwarm, until } from './client.ts';

const MIB = 1024 * 1024;

describe('requests', () => {
  test('add: downloads, says every step, and the file is whole', async () => {
    const share = await startSwarm(3 * MIB + 7);
    const folders = makeFolders();
    const { core } = await startClient(folders);
    const key = await core.request(addRequest(share.torrent, folders.downloads));
    expect(core.rows.get(key as string)?.name).toBe('shared.bin');
    await until(core, () => rowOf(core)?.state === 'seeding');
    expect(rowOf(core)).toMatchObject({ position: 0, error: null, haveBytes: 3 * MIB + 7, wantedBytes: 3 * MIB + 7 });
    const source = readFileSync(join(share.source, 'shared.bin'));
    expect(readFileSync(join(folders.downloads, 'shared.bin')).equals(source)).toBe(true);
    await core.leave();
    expect(core.ending).toBe(null);
    expect(existsSync(join(folders.state, 'torrents', `${key}.json`))).toBe(true);
  });
});
