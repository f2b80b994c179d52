// Ctrl-C: gone within five seconds, and the tracker knows the whole truth.

import { expect, test } from 'vitest';
import { libtorrent } from './drivers/libtorrent.ts';
import { startRecordingTracker } from './drivers/recording-tracker.ts';
import { starling } from './drivers/starling.ts';
import { KIB, MIB, singleFile } from './support/content.ts';
import { formatEndpoint, freshEndpoint } from './support/loopback.ts';
import { poll } from './support/processes.ts';
import { share } from './support/transfer.ts';
import { openWorkspace } from './support/workspace.ts';

const LENGTH_BYTES = 32 * MIB + 1;
const LEAVE_TIMEOUT_MS = 5_000;

test('leaving: Ctrl-C ends a download in time and tells the tracker stopped, with true figures', async (context) => {
  const work = openWorkspace(context);
  const trackerAt = await freshEndpoint();
  const shared = share(work, singleFile('left.bin', LENGTH_BYTES), 128 * KIB, [
    `http://${formatEndpoint(trackerAt)}/announce`,
  ]);
  const common = { torrentFile: shared.torrentFile, dial: [] };
  const seed = work.track(
    await libtorrent.start({
      ...common,
      role: 'seed',
      dir: shared.dir,
      stateDir: work.folder('seed'),
      listen: await freshEndpoint(),
      trackers: false,
      uploadBps: 4 * MIB,
    }),
  );
  const tracker = work.track(await startRecordingTracker(trackerAt, [seed.listen]));
  const listen = await freshEndpoint();
  const leech = work.track(
    await starling.start({
      ...common,
      role: 'leech',
      dir: work.folder('download'),
      stateDir: work.folder('state'),
      listen,
      trackers: true,
    }),
  );
  await poll('starling downloads', 30_000, async () => {
    return (leech.events('progress').at(-1)?.downloadedBytes ?? 0) > 4 * MIB ? true : null;
  });
  leech.child.signal('SIGINT');
  const exit = await leech.child.ended(LEAVE_TIMEOUT_MS);
  // `--exit` promises 0 for a download that is complete, and this one is not.
  expect(exit).toEqual({ code: 1, signal: null });

  expect(tracker.announces.map((announce) => announce.event)).toEqual(['started', 'stopped']);
  const [started, stopped] = tracker.announces;
  expect(started).toMatchObject({
    uploaded: 0,
    downloaded: 0,
    left: LENGTH_BYTES,
    port: listen.port,
    host: listen.host,
  });
  expect(stopped).toMatchObject({ port: listen.port, key: started?.key, uploaded: 0 });
  expect(stopped?.downloaded).toBe(leech.events('stopped')[0]?.downloadedBytes);
  expect(stopped?.left).toBeLessThan(LENGTH_BYTES);
  expect(stopped?.left).toBeGreaterThanOrEqual(LENGTH_BYTES - (stopped?.downloaded ?? 0));
});

test('leaving: Ctrl-C ends a seed in time, with stopped and without completed', async (context) => {
  const work = openWorkspace(context);
  const trackerAt = await freshEndpoint();
  const shared = share(work, singleFile('left.bin', MIB), 128 * KIB, [`http://${formatEndpoint(trackerAt)}/announce`]);
  const tracker = work.track(await startRecordingTracker(trackerAt, []));
  const seed = work.track(
    await starling.start({
      torrentFile: shared.torrentFile,
      role: 'seed',
      dir: shared.dir,
      stateDir: work.folder('state'),
      listen: await freshEndpoint(),
      dial: [],
      trackers: true,
    }),
  );
  await poll('the seed announces', 10_000, async () => (tracker.announces.length > 0 ? true : null));
  seed.child.signal('SIGINT');
  expect(await seed.child.ended(LEAVE_TIMEOUT_MS)).toEqual({ code: 0, signal: null });
  expect(tracker.announces.map(({ event, left }) => ({ event, left }))).toEqual([
    { event: 'started', left: 0 },
    { event: 'stopped', left: 0 },
  ]);
});
