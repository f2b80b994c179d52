// Keeps the metadata that peers gave for magnet links, each as a .torrent file named by its info-hash: the next start needs no peer for it.
//
// Always: the file holds the `info` dictionary byte for byte as it was received and verified; one that hashes to something else counts as
// missing, whatever else happened to it. Trackers are those of the link; the file is a torrent like any other.

import { join } from 'node:path';
import { METAINFO_BYTES_MAX, type Metainfo, parseMetainfo, wrapInfo } from '#engine';
import { readBounded } from './read-bounded.ts';
import { replaceFile } from './replace-file.ts';
import { hex } from './units.ts';

export class MagnetStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What was kept for an info-hash; null where nothing usable was. */
  async load(infoHash: Uint8Array): Promise<Metainfo | null> {
    const bytes = await readBounded(this.path(infoHash), METAINFO_BYTES_MAX).catch(() => null);
    if (bytes === null) return null;
    const parsed = parseMetainfo(bytes);
    return parsed.ok && hex(parsed.value.infoHash) === hex(infoHash) ? parsed.value : null;
  }

  /** Replaces what was kept; durable when it returns. Throws the system's error. */
  keep(metainfo: Metainfo): Promise<void> {
    return replaceFile(this.path(metainfo.infoHash), wrapInfo(metainfo));
  }

  path(infoHash: Uint8Array): string {
    return join(this.#folder, `${hex(infoHash)}.torrent`);
  }
}
