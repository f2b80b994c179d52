// Opens a .torrent file for a command: one line says what is wrong with it.

import { METAINFO_BYTES_MAX, parseMetainfo, type Metainfo } from '#engine';
import { Failure, reasonOf } from './failure.ts';
import { readBounded } from './read-bounded.ts';

/** Reads and checks the file at `path`. Throws `Failure`, naming the file and the reason. */
export async function readTorrent(path: string): Promise<Metainfo> {
  const bytes = await readBounded(path, METAINFO_BYTES_MAX).catch((error: unknown) => {
    throw new Failure(`${path}: ${reasonOf(error)}`);
  });
  const parsed = parseMetainfo(bytes);
  if (!parsed.ok) throw new Failure(`${path}: not a usable torrent: ${parsed.detail}`);
  return parsed.value;
}
