// Keeps resume data in a folder of its own, one file for each torrent and target folder, replaced atomically and durably.
//
// Always: a reader finds the old data or the new, whole; data of one target folder is never believed about another.

import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  decodeResume,
  encodeResume,
  METAINFO_BYTES_MAX,
  type DiskFault,
  type Metainfo,
  type ResumeData,
} from '#engine';
import { diskFault } from './disk/disk-fault.ts';
import { errorCode, reasonOf } from './failure.ts';
import { readBounded } from './read-bounded.ts';
import { removeFile, replaceFile } from './replace-file.ts';
import { hex } from './units.ts';

/** `$XDG_STATE_HOME/starling`, by default `~/.local/state/starling`. */
export function defaultStateFolder(): string {
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'starling');
}

export class ResumeStore {
  readonly #folder: string;
  /** The last save of each file: saves of one file never overlap. */
  readonly #tails = new Map<string, Promise<unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `root`: the target folder as a real path. Null data: there is none, or it is not usable, for the `reason` given. */
  async load(
    metainfo: Metainfo,
    root: string,
  ): Promise<{ readonly data: ResumeData | null; readonly reason: string | null }> {
    const bytes = await readBounded(this.path(metainfo.infoHash, root), METAINFO_BYTES_MAX).catch((error: unknown) =>
      errorCode(error) === 'ENOENT' ? null : reasonOf(error),
    );
    if (bytes === null || typeof bytes === 'string') return { data: null, reason: bytes };
    const decoded = decodeResume(bytes, metainfo);
    return decoded.ok ? { data: decoded.value, reason: null } : { data: null, reason: decoded.detail };
  }

  /** Replaces what is saved. The answer is null when the new data is on the disk for certain. */
  save(root: string, data: ResumeData): Promise<DiskFault | null> {
    const path = this.path(data.infoHash, root);
    const bytes = encodeResume(data);
    const saved = (this.#tails.get(path) ?? Promise.resolve())
      .then(() => replaceFile(path, bytes))
      .then(() => null, diskFault);
    this.#tails.set(path, saved);
    return saved;
  }

  /** Forgets what is saved, where something is. Throws the system's error. */
  async remove(infoHash: Uint8Array, root: string): Promise<void> {
    const path = this.path(infoHash, root);
    const removed = (this.#tails.get(path) ?? Promise.resolve()).then(() => removeFile(path));
    this.#tails.set(
      path,
      removed.catch(() => undefined),
    );
    await removed;
    this.#tails.delete(path);
  }

  /** Named by the info-hash, and by the target folder that the data speaks of. */
  path(infoHash: Uint8Array, root: string): string {
    const folder = createHash('sha1').update(root).digest('hex').slice(0, 8);
    return join(this.#folder, `${hex(infoHash)}-${folder}.resume`);
  }
}
