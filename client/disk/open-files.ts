// Keeps a bounded number of files open over all torrents, the least recently used closed first.
//
// A file in use is never closed; one file is opened at most once at a time. A file that was opened for reading only is opened again
// when somebody wants to write.

import { type FileHandle } from 'node:fs/promises';

/** Files kept open over all torrents; the usual soft limit of a process is 1,024. */
const OPEN_FILES_MAX = 128;

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  readonly writable: boolean;
  users: number;
  /** Replaced or forgotten: the last user closes it. */
  retired: boolean;
}

export class OpenFiles {
  /** In the order of last use; bounded by `#filesMax` plus the files in use. */
  readonly #files = new Map<string, OpenFile>();
  readonly #filesMax: number;

  constructor(filesMax: number = OPEN_FILES_MAX) {
    this.#filesMax = filesMax;
  }

  /** Opens or reuses the file `key` and keeps it open while `task` runs. `open` is called when the file is not open as wanted. */
  async use<T>(
    key: string,
    writable: boolean,
    open: () => Promise<FileHandle>,
    task: (handle: FileHandle) => Promise<T>,
  ): Promise<T> {
    const file = this.#take(key, writable, open);
    file.users += 1;
    try {
      return await task(await file.handle);
    } finally {
      file.users -= 1;
      if (file.retired && file.users === 0) close(file);
      else this.#trim();
    }
  }

  /** Closes every file whose key starts with `prefix`, as soon as nobody uses it. */
  forget(prefix: string): void {
    for (const [key, file] of this.#files) {
      if (key.startsWith(prefix)) this.#retire(key, file);
    }
  }

  get openCount(): number {
    return this.#files.size;
  }

  #take(key: string, writable: boolean, open: () => Promise<FileHandle>): OpenFile {
    const found = this.#files.get(key);
    if (found !== undefined && (found.writable || !writable)) {
      this.#files.delete(key);
      this.#files.set(key, found);
      return found;
    }
    if (found !== undefined) this.#retire(key, found);
    const file: OpenFile = { handle: open(), writable, users: 0, retired: false };
    this.#files.set(key, file);
    file.handle.catch(() => {
      if (this.#files.get(key) === file) this.#files.delete(key);
    });
    return file;
  }

  #retire(key: string, file: OpenFile): void {
    this.#files.delete(key);
    file.retired = true;
    if (file.users === 0) close(file);
  }

  #trim(): void {
    if (this.#files.size <= this.#filesMax) return;
    for (const [key, file] of this.#files) {
      if (file.users === 0) this.#retire(key, file);
      if (this.#files.size <= this.#filesMax) return;
    }
  }
}

function close(file: OpenFile): void {
  file.handle.then((handle) => handle.close()).catch(() => undefined);
}
