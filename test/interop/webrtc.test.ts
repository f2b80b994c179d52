// Browser peers, which only WebRTC reaches, through a WebSocket tracker that knows nothing else: both directions.

import { describe, expect, test } from 'vitest';
import { readWithStarling, starling, startStarlingTracker } from './drivers/starling.ts';
import { webtorrent } from './drivers/webtorrent.ts';
import { KIB, MIB, singleFile } from './support/content.ts';
import { formatEndpoint, freshEndpoint } from './support/loopback.ts';
import { COMPLETE_TIMEOUT_MS, expectSameFiles, share } from './support/transfer.ts';
import { openWorkspace, type Workspace } from './support/workspace.ts';

async function meeting(work: Workspace) {
  const trackerAt = await freshEndpoint();
  const url = `ws://${formatEndpoint(trackerAt)}/announce`;
  const shared = share(work, singleFile('met.bin', 8 * MIB + 1), 64 * KIB, [url]);
  const { infoHash } = readWithStarling(shared.torrentFile);
  work.track(await startStarlingTracker(trackerAt, work.folder('tracker')));
  return { shared, infoHash, common: { torrentFile: shared.torrentFile, dial: [], trackers: true } };
}

describe('webrtc: browser peers', () => {
  test('webtorrent in chromium downloads from starling', async (context) => {
    const work = openWorkspace(context);
    const { shared, common } = await meeting(work);
    const seedState = work.folder('seed');
    const seedOptions = { ...common, role: 'seed', dir: shared.dir, stateDir: seedState } as const;
    const seed = work.track(await starling.start({ ...seedOptions, listen: await freshEndpoint() }));
    const dir = work.folder('download');
    const leechOptions = { ...common, role: 'leech', dir, stateDir: work.folder('leech') } as const;
    const leech = work.track(await webtorrent.start({ ...leechOptions, listen: await freshEndpoint() }));
    await leech.complete(COMPLETE_TIMEOUT_MS);
    await expectSameFiles(shared, dir, webtorrent);
    await seed.stop();
    expect(seed.events('stopped')[0]?.clean).toBe(true);
  });

  test('starling downloads from webtorrent in chromium', async (context) => {
    const work = openWorkspace(context);
    const { shared, common } = await meeting(work);
    const seedOptions = { ...common, role: 'seed', dir: shared.dir, stateDir: work.folder('seed') } as const;
    work.track(await webtorrent.start({ ...seedOptions, listen: await freshEndpoint() }));
    const dir = work.folder('download');
    const leechOptions = { ...common, role: 'leech', dir, stateDir: work.folder('leech') } as const;
    const leech = work.track(await starling.start({ ...leechOptions, listen: await freshEndpoint() }));
    await leech.complete(COMPLETE_TIMEOUT_MS);
    await expectSameFiles(shared, dir, starling);
  });
});
