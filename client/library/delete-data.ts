// Deletes what a torrent wrote: its own plain files, and of its own folders those that became empty. Nothing is reached through a symbolic
// link, and the target folder itself stays.

import { lstat, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { TorrentFile } from '#engine';
import { errorCode, reasonOf } from '../failure.ts';
import { isGone } from './opening.ts';

/** `root`: the target folder as a real path. Returns one line where something that is the torrent's could not be deleted, else null. */
export async function deleteData(root: string, files: readonly TorrentFile[]): Promise<string | null> {
  const folders = new Set<string>();
  /** Of each folder, whether it is one, and not a link to one. */
  const plain = new Map<string, boolean>([[root, true]]);
  let failure: string | null = null;
  for (const { path, pad } of files) {
    if (pad) continue;
    const parent = await plainParent(root, path, plain);
    if (parent === null) continue;
    for (let depth = 1; depth < path.length; depth += 1) folders.add(join(root, ...path.slice(0, depth)));
    const file = join(parent, path.at(-1) as string);
    try {
      if ((await lstat(file)).isFile()) await unlink(file);
    } catch (error) {
      if (!isGone(error)) failure ??= `${file}: ${reasonOf(error)}`;
    }
  }
  // The deepest first: a folder's path is longer than that of the one that it is in.
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    await rmdir(folder).catch((error: unknown) => {
      if (!isGone(error) && !NOT_EMPTY.has(errorCode(error))) failure ??= `${folder}: ${reasonOf(error)}`;
    });
  }
  return failure;
}

const NOT_EMPTY: ReadonlySet<string | null> = new Set(['ENOTEMPTY', 'EEXIST']);

/** The folder of a file, null where one on the way is missing or a symbolic link. */
async function plainParent(root: string, path: readonly string[], plain: Map<string, boolean>): Promise<string | null> {
  let folder = root;
  for (const name of path.slice(0, -1)) {
    folder = join(folder, name);
    let good = plain.get(folder);
    if (good === undefined) {
      good = await lstat(folder).then(
        (found) => found.isDirectory(),
        () => false,
      );
      plain.set(folder, good);
    }
    if (!good) return null;
  }
  return folder;
}
