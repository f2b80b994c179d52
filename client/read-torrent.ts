// Opens a .torrent file for a command: one line says what is wrong with it.

import { open } from 'node:fs/promises';
import { METAINFO_BYTES_MAX, parseMetainfo, type Metainfo } from '#engine';
import { Failure, reasonOf } from './failure.ts';

/** Reads and checks the file at `path`. Throws `Failure`, naming the file and the reason. */
export async function readTorrent(path: string): Promise<Metainfo> {
  const parsed = parseMetainfo(await readBounded(path));
  if (!parsed.ok) throw new Failure(`${path}: not a usable torrent: ${parsed.detail}`);
  return parsed.value;
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      if (size > METAINFO_BYTES_MAX) throw new Error(`larger than ${METAINFO_BYTES_MAX} bytes`);
      return new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new Failure(`${path}: ${reasonOf(error)}`);
  }
}
