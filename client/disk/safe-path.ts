// Finds a torrent's file below the target folder without ever leaving it: a symbolic link is followed only while it stays inside.
//
// Who can write into the folder may put a link into the path between the look and the opening: so it is asked where the open file
// lies, before a byte is read or written.
//
// The target folder itself is the user's word and is never created here: a folder that went missing (an unplugged disk) is a fault.

import { type FileHandle, lstat, mkdir, readlink, realpath } from 'node:fs/promises';
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

/** Makes sure that the open file lies inside `root`, as `components` say; closes it and throws `ELOOP` where it does not. Certain where the
 *  system tells the path of an open file (Linux); elsewhere two links in the right two instants still deceive it. */
export async function confirmInside(handle: FileHandle, root: string, components: readonly string[]): Promise<void> {
  try {
    const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => null);
    if (opened === null ? !(await isSameFile(handle, root, components)) : !isBelow(root, opened))
      throw refused(join(root, ...components));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function isSameFile(handle: FileHandle, root: string, components: readonly string[]): Promise<boolean> {
  const path = await safePath(root, components, null);
  const [opened, found] = await Promise.all([handle.stat({ bigint: true }), lstat(path, { bigint: true })]);
  return opened.ino === found.ino && opened.dev === found.dev;
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
  if (target !== root && !isBelow(root, target)) throw refused(path);
  return target;
}

function isBelow(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function lstatOrNull(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
