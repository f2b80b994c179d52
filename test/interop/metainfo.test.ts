// Torrent files: what one program writes, the others read in the same way.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWithLibtorrent, libtorrent, readWithLibtorrent } from './drivers/libtorrent.ts';
import { createWithStarling, readWithStarling, starling } from './drivers/starling.ts';
import { createWithTransmission, infoHashByTransmission } from './drivers/transmission.ts';
import { folder, KIB, type Layout, MIB, singleFile, writeContent } from './support/content.ts';
import { transferDirectly } from './support/transfer.ts';
import { openWorkspace, type Workspace } from './support/workspace.ts';

const PIECE_LENGTH_BYTES = 64 * KIB;
const TRACKERS = ['http://127.0.0.1:1/announce', 'udp://127.0.0.1:2/announce'];

interface Maker {
  readonly maker: string;
  /** False: transmission 3.00 does not read it. */
  readonly readByTransmission: boolean;
  /** False: the torrent has no files of length 0. */
  readonly keepsEmptyFiles: boolean;
  readonly create: (options: {
    readonly path: string;
    readonly output: string;
    readonly pieceLengthBytes: number;
    readonly trackers: readonly string[];
  }) => void;
}

const makers: Maker[] = [
  { maker: 'starling create', readByTransmission: true, keepsEmptyFiles: true, create: createWithStarling },
  { maker: 'transmission-create', readByTransmission: true, keepsEmptyFiles: false, create: createWithTransmission },
  {
    maker: 'libtorrent, v1',
    readByTransmission: true,
    keepsEmptyFiles: true,
    create: (options) => createWithLibtorrent({ ...options, hybrid: false }),
  },
  {
    maker: 'libtorrent, hybrid',
    readByTransmission: false,
    keepsEmptyFiles: true,
    create: (options) => createWithLibtorrent({ ...options, hybrid: true }),
  },
];

const layouts = [singleFile('single.bin', 3 * MIB + 1), folder('folder ä 日本', 4 * MIB)];

describe.each(makers)('metainfo: a torrent by $maker', ({ create, readByTransmission, keepsEmptyFiles }) => {
  test.for(layouts)('is read alike by starling, libtorrent and transmission ($name)', (layout, context) => {
    const work = openWorkspace(context);
    const { torrentFile } = make(work, layout, create);
    const ours = readWithStarling(torrentFile);
    const theirs = readWithLibtorrent(torrentFile);
    expect(ours.infoHash).toBe(theirs.infoHash);
    if (readByTransmission) expect(ours.infoHash).toBe(infoHashByTransmission(torrentFile));
    expect({ ...ours, trackers: ours.trackers.flat() }).toMatchObject({
      ...theirs,
      files: theirs.files.map(({ path, lengthBytes }) => ({ path, lengthBytes })),
    });
  });

  test.concurrent('is downloaded by starling from libtorrent (folder)', async (context) => {
    const work = openWorkspace(context);
    const layout = layouts[1] as Layout;
    const files = layout.files.filter((file) => keepsEmptyFiles || file.lengthBytes > 0);
    await transferDirectly(work, make(work, { ...layout, files }, create), libtorrent, starling);
  });
});

// Of a folder libtorrent takes the files in whatever order the file system lists them.
test('metainfo: starling create and libtorrent give the same info-hash (single file)', (context) => {
  const work = openWorkspace(context);
  const layout = layouts[0] as Layout;
  const { torrentFile, dir } = make(work, layout, createWithStarling);
  const output = join(work.dir, 'libtorrent.torrent');
  const path = join(dir, layout.name);
  createWithLibtorrent({ path, output, pieceLengthBytes: PIECE_LENGTH_BYTES, trackers: TRACKERS, hybrid: false });
  expect(readWithLibtorrent(torrentFile).infoHash).toBe(readWithLibtorrent(output).infoHash);
});

function make(work: Workspace, layout: Layout, create: Maker['create']) {
  const dir = work.folder('content');
  const path = writeContent(dir, layout, layout.name);
  const torrentFile = join(work.dir, 'made.torrent');
  create({ path, output: torrentFile, pieceLengthBytes: PIECE_LENGTH_BYTES, trackers: TRACKERS });
  return { layout, torrentFile, dir };
}
