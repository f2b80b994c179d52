// The files of one torrent below one folder, seen as one run of bytes.
//
// Always: nothing outside the folder is touched; pad files are never written and read as zeros; a file is opened only when used;
// a file that is longer than the torrent says keeps its tail; a file that was there and is gone is a failure, never made again. Failures are thrown as the system's errors, for `diskFault` to sort.

import { constants } from 'node:fs';
import { open, lstat, realpath, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileSpan, Geometry, Metainfo, TorrentFile } from '#engine';
import { errorCode } from '../failure.ts';
import { OneAtATime, SharedEach } from '../one-at-a-time.ts';
import { OpenFiles } from './open-files.ts';
import { confirmInside, safePath } from './safe-path.ts';

/** Buffers of one writev call: the system's IOV_MAX. */
const IOVECS_MAX = 1024;
const SYNCS_AT_ONCE = 4;
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW;
const WRITE_FLAGS = constants.O_RDWR | constants.O_NOFOLLOW;

let storagesOpened = 0;

export class Storage {
  /** The target folder as a real path. */
  readonly root: string;
  readonly files: readonly TorrentFile[];
  readonly geometry: Geometry;
  readonly #openFiles: OpenFiles;
  readonly #keyPrefix: string;
  /** Written since the last sync began. */
  readonly #touchedFiles = new Set<number>();
  /** Folders with new entries since the last sync began. */
  readonly #touchedFolders = new Set<string>();
  readonly #syncs = new OneAtATime();
  /** Files that were there at some time. */
  readonly #found = new Set<number>();

  private constructor(root: string, metainfo: Pick<Metainfo, 'files' | 'geometry'>, openFiles: OpenFiles) {
    this.root = root;
    this.files = metainfo.files;
    this.geometry = metainfo.geometry;
    this.#openFiles = openFiles;
    storagesOpened += 1;
    this.#keyPrefix = `${storagesOpened}/`;
  }

  /** `folder` must exist; it is never created here. Throws the system's error. */
  static async open(
    folder: string,
    metainfo: Pick<Metainfo, 'files' | 'geometry'>,
    openFiles: OpenFiles,
  ): Promise<Storage> {
    return new Storage(await realpath(folder), metainfo, openFiles);
  }

  /** Bytes of each file as found; −1 where it is missing, is no plain file, or leads out of the folder. Pad files: their length. */
  async fileLengths(): Promise<number[]> {
    const lengths: number[] = [];
    for (const [index, file] of this.files.entries()) {
      const length = file.pad ? file.lengthBytes : await this.#foundLength(file);
      if (length >= 0 && !file.pad) this.#found.add(index);
      lengths.push(length);
    }
    return lengths;
  }

  /** Throws where files were there and the torrent's folder, or its only file, no longer is. One call of the system. */
  async lookForTop(): Promise<void> {
    const [first] = this.files;
    if (this.#found.size > 0 && first !== undefined) await lstat(join(this.root, first.path[0] as string));
  }

  /** What is gone may be made again. */
  forgetFound(): void {
    this.#found.clear();
  }

  /** Creates the torrent's empty files, which no write ever reaches. */
  async createEmptyFiles(): Promise<void> {
    for (const [index, file] of this.files.entries()) {
      if (file.lengthBytes === 0 && !file.pad) await this.#use(index, true, async () => undefined);
    }
  }

  /** Fills `into` with the bytes from `offsetBytes` on. A file that ends too early is an error with code `ENOENT`. */
  async read(offsetBytes: number, into: Uint8Array): Promise<void> {
    let at = 0;
    for (const span of this.geometry.spans(offsetBytes, into.length)) {
      const part = into.subarray(at, at + span.lengthBytes);
      if ((this.files[span.file] as TorrentFile).pad) part.fill(0);
      else await this.#use(span.file, false, (handle) => readFully(handle, part, span.offsetBytes));
      at += span.lengthBytes;
    }
  }

  /** Writes `buffers`, one after the other, from `offsetBytes` on. Borrowed until the promise settles; 1 … 1024 buffers. */
  async write(offsetBytes: number, buffers: readonly Uint8Array[]): Promise<void> {
    const lengthBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    const cursor = new BufferCursor(buffers);
    for (const span of this.geometry.spans(offsetBytes, lengthBytes)) {
      const part = cursor.take(span.lengthBytes);
      if ((this.files[span.file] as TorrentFile).pad) continue;
      this.#touchedFiles.add(span.file);
      await this.#use(span.file, true, (handle) => writeFully(handle, part, span));
    }
  }

  /** Makes every finished write durable, and the entries of new files in their folders. */
  sync(): Promise<void> {
    return this.#syncs.run(() => this.#syncNow());
  }

  close(): void {
    this.#openFiles.forget(this.#keyPrefix);
  }

  async #syncNow(): Promise<void> {
    const files = [...this.#touchedFiles];
    const folders = [...this.#touchedFolders];
    this.#touchedFiles.clear();
    this.#touchedFolders.clear();
    try {
      for (let at = 0; at < files.length; at += SYNCS_AT_ONCE) {
        const some = files.slice(at, at + SYNCS_AT_ONCE);
        await Promise.all(some.map((file) => this.#use(file, true, (handle) => handle.datasync())));
      }
      for (const folder of folders) await syncFolder(folder);
    } catch (error) {
      for (const file of files) this.#touchedFiles.add(file);
      for (const folder of folders) this.#touchedFolders.add(folder);
      throw error;
    }
  }

  #use<T>(file: number, writable: boolean, task: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.#openFiles.use(`${this.#keyPrefix}${file}`, writable, () => this.#open(file, writable), task);
  }

  async #open(file: number, writable: boolean): Promise<FileHandle> {
    const { path: components } = this.files[file] as TorrentFile;
    const wasThere = this.#found.has(file);
    // It went missing as a whole: what is written now would be the beginning of another.
    if (writable && !wasThere && this.#found.size > 0) await this.lookForTop();
    const path = await safePath(this.root, components, writable && !wasThere ? this.#touchedFolders : null);
    const handle = await (writable ? this.#openToWrite(file, path) : open(path, READ_FLAGS));
    await confirmInside(handle, this.root, components);
    return handle;
  }

  async #openToWrite(file: number, path: string): Promise<FileHandle> {
    try {
      const found = await open(path, WRITE_FLAGS);
      this.#found.add(file);
      return found;
    } catch (error) {
      if (this.#found.has(file) || errorCode(error) !== 'ENOENT') throw error;
    }
    const created = await open(path, WRITE_FLAGS | constants.O_CREAT, 0o666);
    this.#found.add(file);
    this.#touchedFolders.add(dirname(path));
    return created;
  }

  async #foundLength(file: TorrentFile): Promise<number> {
    try {
      const found = await lstat(await safePath(this.root, file.path, null));
      return found.isFile() ? found.size : -1;
    } catch {
      return -1;
    }
  }
}

const folderSyncs = new SharedEach();

/** Fsyncs a folder, so that the names made in it survive a crash. A thousand files that are replaced at once cost two or three syncs. */
export function syncFolder(path: string): Promise<void> {
  return folderSyncs.run(path, async () => {
    const handle = await open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** Walks over a list of buffers by byte counts. */
class BufferCursor {
  readonly #buffers: readonly Uint8Array[];
  #index = 0;
  #offset = 0;

  constructor(buffers: readonly Uint8Array[]) {
    this.#buffers = buffers;
  }

  /** Views of the next `lengthBytes`, which must be there. */
  take(lengthBytes: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (let left = lengthBytes; left > 0; ) {
      const buffer = this.#buffers[this.#index] as Uint8Array;
      const length = Math.min(left, buffer.length - this.#offset);
      taken.push(length === buffer.length ? buffer : buffer.subarray(this.#offset, this.#offset + length));
      left -= length;
      this.#offset += length;
      if (this.#offset === buffer.length) {
        this.#index += 1;
        this.#offset = 0;
      }
    }
    return taken;
  }
}

async function readFully(handle: FileHandle, into: Uint8Array, positionBytes: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, into.length - at, positionBytes + at);
    if (bytesRead === 0) throw Object.assign(new Error('file is shorter than expected'), { code: 'ENOENT' });
    at += bytesRead;
  }
}

async function writeFully(handle: FileHandle, buffers: Uint8Array[], span: FileSpan): Promise<void> {
  for (let at = 0, rest = buffers; at < span.lengthBytes; ) {
    const { bytesWritten } = await handle.writev(rest.slice(0, IOVECS_MAX), span.offsetBytes + at);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' });
    at += bytesWritten;
    if (at < span.lengthBytes) rest = dropBytes(rest, bytesWritten);
  }
}

/** What is left of `buffers` after their first `count` bytes. */
function dropBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let index = 0;
  while (left >= (buffers[index] as Uint8Array).length) {
    left -= (buffers[index] as Uint8Array).length;
    index += 1;
  }
  const rest = buffers.slice(index);
  if (left > 0) rest[0] = (rest[0] as Uint8Array).subarray(left);
  return rest;
}
