// One torrent goes from a seed to a leecher, of whichever programs, and every file is compared.

import { join } from 'node:path';
import { expect } from 'vitest';
import type { ClientDriver } from '../drivers/client.ts';
import { createWithStarling } from '../drivers/starling.ts';
import { digests, type Layout, writeContent } from './content.ts';
import { freshEndpoint } from './loopback.ts';
import type { Workspace } from './workspace.ts';

export const COMPLETE_TIMEOUT_MS = 60_000;

/** Nobody listens there: every client must live with a tracker that is down, and rtorrent wants an announce URL. */
export const DEAD_TRACKER = 'http://127.0.0.1:1/announce';

export interface Shared {
  readonly layout: Layout;
  readonly torrentFile: string;
  /** The folder that holds the content; below it `layout.name`. */
  readonly dir: string;
}

/** Writes `layout` into a folder of `work` and makes a torrent of it with `starling create`. */
export function share(work: Workspace, layout: Layout, pieceLengthBytes: number, trackers: readonly string[]): Shared {
  const dir = work.folder('content');
  const path = writeContent(dir, layout, `${layout.name} ${pieceLengthBytes}`);
  const torrentFile = join(work.dir, 'shared.torrent');
  createWithStarling({ path, output: torrentFile, pieceLengthBytes, trackers });
  return { layout, torrentFile, dir };
}

/** The leecher dials the seed if it can, else the seed dials it. `torrent`: what the leecher is given, the file where it is left out. */
export async function transferDirectly(
  work: Workspace,
  shared: Shared,
  seed: ClientDriver,
  leech: ClientDriver,
  torrent = shared.torrentFile,
): Promise<void> {
  const seedAt = await freshEndpoint();
  const leechAt = await freshEndpoint();
  const dir = work.folder('download');
  const trackers = false;
  const startSeed = async () =>
    work.track(
      await seed.start({
        torrentFile: shared.torrentFile,
        trackers,
        role: 'seed',
        dir: shared.dir,
        stateDir: work.folder(seed.name),
        listen: seedAt,
        dial: leech.dials ? [] : [leechAt],
      }),
    );
  const startLeech = async () =>
    work.track(
      await leech.start({
        torrentFile: torrent,
        trackers,
        role: 'leech',
        dir,
        stateDir: work.folder(leech.name),
        listen: leechAt,
        dial: leech.dials ? [seedAt] : [],
      }),
    );
  // Whoever is dialled starts first.
  if (leech.dials) {
    await startSeed();
    await (await startLeech()).complete(COMPLETE_TIMEOUT_MS);
  } else {
    const leecher = await startLeech();
    await startSeed();
    await leecher.complete(COMPLETE_TIMEOUT_MS);
  }
  await expectSameFiles(shared, dir, leech);
}

/** Compares SHA-256 of every file, by path: nothing is missing and nothing is added. */
export async function expectSameFiles(shared: Shared, dir: string, leech: ClientDriver): Promise<void> {
  const expected = await digests(join(shared.dir, shared.layout.name));
  if (!leech.createsEmptyFiles) {
    for (const file of shared.layout.files) if (file.lengthBytes === 0) delete expected[file.path];
  }
  expect(await digests(join(dir, shared.layout.name))).toEqual(expected);
}
