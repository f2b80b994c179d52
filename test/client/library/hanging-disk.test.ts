// A disk that answers nothing, such as a share whose server is gone: what does not need it goes on.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TorrentKey } from '../../../client/control/protocol.ts';
import { makeShare } from '../share.ts';
import { mountHanging } from '../support.ts';
import { addRequest, makeFolders, rowOf, startClient, until, TIMEOUT_MS } from './client.ts';

/** More than are opened at once, and than threads that work for the disk. */
const TORRENTS_ON_IT = 40;

describe('hanging disk', { timeout: TIMEOUT_MS }, () => {
  test('the client starts, opens and takes what lies elsewhere, answers, and leaves', async () => {
    const folders = makeFolders('active_downloads = 2');
    const elsewhere = join(folders.downloads, '..', 'elsewhere');
    mkdirSync(elsewhere);
    const first = await startClient(folders);
    for (let index = 0; index < TORRENTS_ON_IT; index += 1)
      await first.core.request(addRequest(makeShare(40_000, [], `hung-${index}`).torrent, folders.downloads));
    const key = (await first.core.request(addRequest(makeShare(40_000, [], 'good').torrent, elsewhere))) as TorrentKey;
    await first.core.leave();

    mountHanging(folders.downloads);
    const { core } = await startClient(folders);
    expect(core.life).toBe('running');
    await until(core, () => rowOf(core, 'good')?.state === 'downloading');
    expect(rowOf(core, 'hung-1')).toMatchObject({ state: 'failed', error: expect.stringContaining('does not answer') });
    await core.request({ call: 'pause', key });
    await until(core, () => rowOf(core, 'good')?.state === 'paused');
    await core.request({ call: 'remove', key, withData: false });
    const later = addRequest(makeShare(40_000, [], 'later').torrent, elsewhere);
    await expect(core.request({ ...later, folder: folders.downloads })).rejects.toThrow(/does not answer/);
    await core.request(later);
    await until(core, () => rowOf(core, 'later')?.haveBytes === 0);
    await core.leave();
    expect(core.ending).toBe(null);
  });
});
