// Replaces a file as a whole: a reader finds the old content or the new, also after a crash; or removes it for certain.

import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './disk/storage.ts';

/** How the temporary files end that a crash may leave behind. */
export const TEMPORARY_SUFFIX = '.new';

/** Writes `bytes` to `path`, whose folder is made where it is missing, atomically and durably. Throws the system's error; then the old
 *  content stands. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = `${path}.${process.pid}${TEMPORARY_SUFFIX}`;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Removes a file durably; one that is not there is no error. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}
