// Finds a torrent's file below the target folder without ever leaving it: a symbolic link is followed only while it stays inside.
//
// The target folder itself is the user's word and is never created here: a folder that went missing (an unplugged disk) is a fault.

import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { errorCode } from '../failure.ts';

/** A refusal with the code that the system gives for O_NOFOLLOW. */
function refused(path: string): Error {
  return Object.assign(new Error(`${path}: leads out of the target folder`), { code: 'ELOOP' });
}

/** The path to open for `components` below `root`. `root`: a real path (no symbolic link in it).
 *  `createdFolders`: null = make no folder; else missing folders are made, and each folder that got a new entry is added to it.
 *  Throws the system's error, or `ELOOP` when a symbolic link leads out of `root`. The last component need not exist. */
export async function safePath(
  root: string,
  components: readonly string[],
  createdFolders: Set<string> | null,
): Promise<string> {
  let folder = root;
  for (const name of components.slice(0, -1)) {
    const next = join(folder, name);
    folder = await enter(root, folder, next, createdFolders);
  }
  const path = join(folder, components.at(-1) as string);
  const found = await lstatOrNull(path);
  return found?.isSymbolicLink() === true ? inside(root, path) : path;
}

async function enter(root: string, parent: string, path: string, createdFolders: Set<string> | null): Promise<string> {
  const found = await lstatOrNull(path);
  if (found?.isSymbolicLink() === true) return inside(root, path);
  if (found === null && createdFolders !== null) {
    await mkdir(path).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    createdFolders.add(parent);
  }
  return path;
}

async function inside(root: string, path: string): Promise<string> {
  const target = await realpath(path);
  if (target !== root && !target.startsWith(root.endsWith(sep) ? root : root + sep)) throw refused(path);
  return target;
}

async function lstatOrNull(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
