// Reads a .torrent file or a magnet link for a command: one line says what is wrong with it.

import { METAINFO_BYTES_MAX, parseMagnet, parseMetainfo, type Magnet, type Metainfo } from '#engine';
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

/** Throws `Failure`. */
export function readMagnet(text: string): Magnet {
  const parsed = parseMagnet(text);
  if (!parsed.ok) throw new Failure(parsed.detail);
  return parsed.value;
}
