// Eight clients of six makes, one tracker, one seed: all of them finish, with the same bytes.

import { expect, test } from 'vitest';
import { aria2 } from './drivers/aria2.ts';
import { libtorrent } from './drivers/libtorrent.ts';
import { countSeeds, startOpentracker } from './drivers/opentracker.ts';
import { qbittorrent } from './drivers/qbittorrent.ts';
import { rtorrent } from './drivers/rtorrent.ts';
import { readWithStarling, starling } from './drivers/starling.ts';
import { transmission } from './drivers/transmission.ts';
import { folder, KIB, MIB } from './support/content.ts';
import { formatEndpoint, freshEndpoint } from './support/loopback.ts';
import { poll } from './support/processes.ts';
import { COMPLETE_TIMEOUT_MS, expectSameFiles, share } from './support/transfer.ts';
import { openWorkspace } from './support/workspace.ts';

const LEECHERS = [starling, starling, libtorrent, aria2, transmission, rtorrent, qbittorrent];
/** So slow that the leechers must give to each other what they have: 32 MiB would take the seed alone 7 × 4 s. */
const SEED_UPLOAD_BPS = 8 * MIB;

test('swarm: all finish with the same bytes (8 clients of 6 makes, one seed)', async (context) => {
  const work = openWorkspace(context);
  const trackerAt = await freshEndpoint();
  const shared = share(work, folder('swarm', 32 * MIB), 256 * KIB, [`http://${formatEndpoint(trackerAt)}/announce`]);
  const info = readWithStarling(shared.torrentFile);
  const tracker = work.track(await startOpentracker(trackerAt, work.folder('tracker'), info.infoHash));
  const common = { torrentFile: shared.torrentFile, dial: [], trackers: true };

  const leechers = [];
  for (const driver of LEECHERS) {
    const dir = work.folder('download');
    const options = { ...common, role: 'leech', dir, stateDir: work.folder(driver.name) } as const;
    const client = work.track(await driver.start({ ...options, listen: await freshEndpoint() }));
    leechers.push({ driver, client, dir });
  }
  const seedOptions = { ...common, role: 'seed', dir: shared.dir, stateDir: work.folder('seed') } as const;
  const seed = work.track(
    await libtorrent.start({ ...seedOptions, uploadBps: SEED_UPLOAD_BPS, listen: await freshEndpoint() }),
  );
  await poll('the tracker knows the seed', 30_000, async () => {
    return (await countSeeds(tracker, info.infoHash)) === 1 ? true : null;
  });

  await Promise.all(leechers.map(({ client }) => client.complete(COMPLETE_TIMEOUT_MS)));
  for (const { driver, dir } of leechers) await expectSameFiles(shared, dir, driver);
  expect(await seed.stopAndCount(), 'the leechers gave to each other').toBeLessThan(leechers.length * info.totalBytes);
});
