// A real seed whose disk rotted after it was checked, beside an honest one.

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { libtorrent } from './drivers/libtorrent.ts';
import { starling } from './drivers/starling.ts';
import { KIB, MIB, singleFile, writeContent } from './support/content.ts';
import { freshEndpoint } from './support/loopback.ts';
import { COMPLETE_TIMEOUT_MS, expectSameFiles, share } from './support/transfer.ts';
import { openWorkspace } from './support/workspace.ts';

const LENGTH_BYTES = 16 * MIB + 5;
const PIECE_LENGTH_BYTES = 128 * KIB;

test('parole: every byte is right in the end (one of two libtorrent seeds sends a bad block in each piece)', async (context) => {
  const work = openWorkspace(context);
  const shared = share(work, singleFile('rotten.bin', LENGTH_BYTES), PIECE_LENGTH_BYTES, []);
  const rottenDir = work.folder('rotten');
  const rottenPath = writeContent(rottenDir, shared.layout, `${shared.layout.name} ${PIECE_LENGTH_BYTES}`);
  const common = { torrentFile: shared.torrentFile, trackers: false };
  const seedCommon = { ...common, role: 'seed', dial: [] } as const;
  const honest = work.track(
    await libtorrent.start({
      ...seedCommon,
      dir: shared.dir,
      stateDir: work.folder('honest'),
      listen: await freshEndpoint(),
      // Slow, so that the other one is certain to be asked too.
      uploadBps: 4 * MIB,
    }),
  );
  const rotten = work.track(
    await libtorrent.start({
      ...seedCommon,
      dir: rottenDir,
      stateDir: work.folder('rotten-state'),
      listen: await freshEndpoint(),
      uploadBps: 4 * MIB,
    }),
  );
  rot(rottenPath);

  const dir = work.folder('download');
  const leech = work.track(
    await starling.start({
      ...common,
      role: 'leech',
      dir,
      stateDir: work.folder('state'),
      listen: await freshEndpoint(),
      dial: [rotten.listen, honest.listen],
      extra: ['--log-level', 'debug'],
    }),
  );
  await leech.complete(COMPLETE_TIMEOUT_MS);
  await expectSameFiles(shared, dir, starling);
  expect(leech.child.output).toMatch(/piece \d+ failed its hash/);
  expect(await rotten.stopAndCount()).toBeGreaterThan(0);
});

/** Flips a byte in the first block of every piece. libtorrent checked the file before and does not look again. */
function rot(path: string): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  for (let offset = 0; offset < LENGTH_BYTES; offset += PIECE_LENGTH_BYTES) {
    readSync(file, byte, 0, 1, offset);
    byte[0] = (byte[0] ?? 0) ^ 0xff;
    writeSync(file, byte, 0, 1, offset);
  }
  closeSync(file);
}
