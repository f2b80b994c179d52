// Peers that know nothing of each other but what a real tracker says, over HTTP and UDP.

import { describe, test } from 'vitest';
import { aria2 } from './drivers/aria2.ts';
import type { ClientDriver } from './drivers/client.ts';
import { libtorrent } from './drivers/libtorrent.ts';
import { countSeeds, type RunningTracker, startOpentracker } from './drivers/opentracker.ts';
import { qbittorrent } from './drivers/qbittorrent.ts';
import { rtorrent } from './drivers/rtorrent.ts';
import { readWithStarling, scrapeWithStarling, starling, startStarlingTracker } from './drivers/starling.ts';
import { KIB, MIB, singleFile } from './support/content.ts';
import { type Endpoint, formatEndpoint, freshEndpoint } from './support/loopback.ts';
import { poll } from './support/processes.ts';
import { COMPLETE_TIMEOUT_MS, expectSameFiles, share } from './support/transfer.ts';
import { openWorkspace, type Workspace } from './support/workspace.ts';

type StartTracker = (listen: Endpoint, stateDir: string, infoHash: string) => Promise<RunningTracker>;

const startOurs: StartTracker = (listen, stateDir) => startStarlingTracker(listen, stateDir);

const cases: { tracker: string; startTracker: StartTracker; protocol: 'http' | 'udp'; client: ClientDriver }[] = [
  { tracker: 'opentracker', startTracker: startOpentracker, protocol: 'http', client: aria2 },
  { tracker: 'opentracker', startTracker: startOpentracker, protocol: 'udp', client: qbittorrent },
  { tracker: 'starling tracker', startTracker: startOurs, protocol: 'http', client: rtorrent },
  { tracker: 'starling tracker', startTracker: startOurs, protocol: 'udp', client: libtorrent },
];

describe.each(cases)('trackers: peers meet through $tracker over $protocol', ({ startTracker, protocol, client }) => {
  test.concurrent(`${client.name} finds starling`, async (context) => {
    await meet(openWorkspace(context), startTracker, protocol, starling, client);
  });

  test.concurrent(`starling finds ${client.name}`, async (context) => {
    await meet(openWorkspace(context), startTracker, protocol, client, starling);
  });
});

test.concurrent('trackers: two of ours meet through opentracker over udp, which counts them for who only asks', async (context) => {
  const work = openWorkspace(context);
  const trackerAt = await freshEndpoint();
  const urls = ['udp', 'http'].map((protocol) => `${protocol}://${formatEndpoint(trackerAt)}/announce`);
  const shared = share(work, singleFile('met.bin', 2 * MIB + 1), 64 * KIB, urls);
  const { infoHash } = readWithStarling(shared.torrentFile);
  work.track(await startOpentracker(trackerAt, work.folder('tracker'), infoHash));
  const common = { torrentFile: shared.torrentFile, dial: [], trackers: true };
  const seedOptions = { ...common, role: 'seed', dir: shared.dir, stateDir: work.folder('seed') } as const;
  work.track(await starling.start({ ...seedOptions, listen: await freshEndpoint() }));
  const counted = () => scrapeWithStarling(shared.torrentFile).map(({ seeds, error }) => error ?? seeds);
  await poll('both sides of the tracker know the seed', 30_000, async () => (counted().join() === '1,1' ? true : null));
  const dir = work.folder('download');
  const leechOptions = { ...common, role: 'leech', dir, stateDir: work.folder('leech') } as const;
  const leecher = work.track(await starling.start({ ...leechOptions, listen: await freshEndpoint() }));
  await leecher.complete(COMPLETE_TIMEOUT_MS);
  await expectSameFiles(shared, dir, starling);
});

async function meet(
  work: Workspace,
  startTracker: StartTracker,
  protocol: 'http' | 'udp',
  seed: ClientDriver,
  leech: ClientDriver,
): Promise<void> {
  const trackerAt = await freshEndpoint();
  const url = `${protocol}://${formatEndpoint(trackerAt)}/announce`;
  const shared = share(work, singleFile('met.bin', 8 * MIB + 1), 64 * KIB, [url]);
  const { infoHash } = readWithStarling(shared.torrentFile);
  const tracker = work.track(await startTracker(trackerAt, work.folder('tracker'), infoHash));
  const common = { torrentFile: shared.torrentFile, dial: [], trackers: true };
  const seedOptions = { ...common, role: 'seed', dir: shared.dir, stateDir: work.folder(seed.name) } as const;
  work.track(await seed.start({ ...seedOptions, listen: await freshEndpoint() }));
  // The leecher asks once and is told to ask again in half an hour: the seed must be there first.
  await poll('the tracker knows the seed', 30_000, async () => {
    return (await countSeeds(tracker, infoHash)) === 1 ? true : null;
  });
  const dir = work.folder('download');
  const leechOptions = { ...common, role: 'leech', dir, stateDir: work.folder(leech.name) } as const;
  const leecher = work.track(await leech.start({ ...leechOptions, listen: await freshEndpoint() }));
  await leecher.complete(COMPLETE_TIMEOUT_MS);
  await expectSameFiles(shared, dir, leech);
}
