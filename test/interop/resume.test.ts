// A download that is cut off goes on where the disk stands. How much was asked for again is counted by the other side.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BLOCK_LENGTH_BYTES, decodeResume, parseMetainfo } from '#engine';
import { libtorrent } from './drivers/libtorrent.ts';
import { readWithStarling, type RunningStarling, starling, type StarlingEvent } from './drivers/starling.ts';
import { KIB, MIB, singleFile } from './support/content.ts';
import { freshEndpoint } from './support/loopback.ts';
import { poll } from './support/processes.ts';
import { COMPLETE_TIMEOUT_MS, expectSameFiles, share } from './support/transfer.ts';
import { openWorkspace, type Workspace } from './support/workspace.ts';

const LENGTH_BYTES = 48 * MIB + 777;
const PIECE_LENGTH_BYTES = 256 * KIB;
/** The whole would take twelve seconds: time to be cut off in the middle. */
const SLOW_BPS = 4 * MIB;

test('resume: asks only for pieces that it had not noted as written (killed with SIGKILL)', async (context) => {
  const work = openWorkspace(context);
  const download = prepare(work);
  const first = await download.start(SLOW_BPS);
  const noted = await poll('a quarter is noted', COMPLETE_TIMEOUT_MS, async () => {
    if (first.leech.child.exit !== null) throw first.leech.child.failure('ended');
    const pieces = notedPieces(download.shared.torrentFile, download.stateDir);
    return pieces >= download.pieceCount / 4 ? pieces : null;
  });
  first.leech.child.signal('SIGKILL');
  await first.leech.child.exited;
  await first.seed.stop();

  const second = await download.start(0);
  await second.leech.complete(COMPLETE_TIMEOUT_MS);
  expect(second.leech.events('checked')[0]?.havePieces).toBeGreaterThanOrEqual(noted);
  // One of them may be the short last piece.
  expect(await second.seed.stopAndCount()).toBeLessThanOrEqual(LENGTH_BYTES - (noted - 1) * PIECE_LENGTH_BYTES);
  await expectSameFiles(download.shared, download.dir, starling);
});

test('resume: asks for no block that it had received (left with SIGINT half-way)', async (context) => {
  const work = openWorkspace(context);
  const download = prepare(work);
  const first = await download.start(SLOW_BPS);
  await reach(first.leech, (progress) => progress.haveBytes >= LENGTH_BYTES / 3);
  first.leech.child.signal('SIGINT');
  await first.leech.child.ended(5_000);
  const stopped = first.leech.events('stopped')[0];
  expect(stopped?.clean).toBe(true);
  expect(stopped?.downloadedBytes).toBeGreaterThan(0);
  await first.seed.stop();

  const second = await download.start(0);
  await second.leech.complete(COMPLETE_TIMEOUT_MS);
  const askedAgainBytes = (await second.seed.stopAndCount()) - (LENGTH_BYTES - (stopped?.downloadedBytes ?? 0));
  expect(askedAgainBytes).toBeGreaterThanOrEqual(0);
  // The one block that was on the wire when the connection ended.
  expect(askedAgainBytes).toBeLessThan(BLOCK_LENGTH_BYTES);
  await expectSameFiles(download.shared, download.dir, starling);
});

function prepare(work: Workspace) {
  const shared = share(work, singleFile('resumed.bin', LENGTH_BYTES), PIECE_LENGTH_BYTES, []);
  const dir = work.folder('download');
  const stateDir = work.folder('state');
  /** A fresh seed, and Starling in the same folders as before. */
  const start = async (uploadBps: number) => {
    const common = { torrentFile: shared.torrentFile, trackers: false };
    const seedOptions = { ...common, role: 'seed', dir: shared.dir, stateDir: work.folder('seed'), dial: [] } as const;
    const seed = work.track(await libtorrent.start({ ...seedOptions, uploadBps, listen: await freshEndpoint() }));
    const leechOptions = { ...common, role: 'leech', dir, stateDir, dial: [seed.listen] } as const;
    const leech = work.track(await starling.start({ ...leechOptions, listen: await freshEndpoint() }));
    return { seed, leech };
  };
  const { pieceCount } = readWithStarling(shared.torrentFile);
  return { shared, dir, stateDir, pieceCount, start };
}

/** The first progress line that is far enough. */
function reach(leech: RunningStarling, enough: (progress: StarlingEvent) => boolean): Promise<StarlingEvent> {
  return poll('starling is in the middle', COMPLETE_TIMEOUT_MS, async () => {
    if (leech.child.exit !== null) throw leech.child.failure('ended');
    return leech.events('progress').find(enough) ?? null;
  });
}

/** Pieces that the saved resume data claims, or names as written and not yet synced; 0 while there is none. */
function notedPieces(torrentFile: string, stateDir: string): number {
  const file = readdirSync(stateDir).find((name) => name.endsWith('.resume'));
  const metainfo = parseMetainfo(readFileSync(torrentFile));
  if (file === undefined || !metainfo.ok) return 0;
  const resume = decodeResume(readFileSync(join(stateDir, file)), metainfo.value);
  if (!resume.ok) throw new Error(`${file}: ${resume.detail}`);
  const { flushed, unsynced } = resume.value;
  return flushed.reduce((pieces, byte, index) => pieces + onesIn(byte | (unsynced[index] ?? 0)), 0);
}

function onesIn(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}
