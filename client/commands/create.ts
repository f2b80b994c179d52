// `starling create`: hashes a file or folder on the check threads and writes a .torrent of it.
//
// Always: files stand in the order of their paths' bytes, so that the same folder gives the same info-hash everywhere; symbolic links
// and special files are left out; the .torrent is read back before it is written, and a name that a download would not keep is refused.

import { lstat, readdir, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  choosePieceLength,
  createMetainfo,
  Geometry,
  parseMetainfo,
  SHA1_LENGTH_BYTES,
  type CreateFile,
} from '#engine';
import { Checker } from '../disk/checker.ts';
import { OpenFiles } from '../disk/open-files.ts';
import { Storage } from '../disk/storage.ts';
import { Failure, reasonOf } from '../failure.ts';
import { formatBytes, hex } from '../units.ts';
import { printable } from '#harness/untrusted-text';

const BATCH_BYTES = 64 * 1024 * 1024;

export interface CreateOptions {
  readonly output: string;
  readonly pieceLength?: number;
  readonly tracker: readonly string[];
  readonly private?: true;
  readonly comment?: string;
}

export async function create(path: string, options: CreateOptions): Promise<void> {
  const source = await realpath(path).catch((error: unknown) => {
    throw new Failure(`${path}: ${reasonOf(error)}`);
  });
  const name = basename(source);
  const files = await findFiles(source).catch((error: unknown) => {
    throw error instanceof Failure ? error : new Failure(`${path}: ${reasonOf(error)}`);
  });
  const totalBytes = files.reduce((sum, file) => sum + file.lengthBytes, 0);
  if (totalBytes === 0) throw new Failure(`${path}: holds no bytes to share`);
  const pieceLengthBytes = options.pieceLength ?? choosePieceLength(totalBytes);
  const pieceHashes = await hashAll(dirname(source), name, files, pieceLengthBytes);
  const bytes = createMetainfo({
    name,
    files,
    pieceLengthBytes,
    pieceHashes,
    announceTiers: options.tracker.map((url) => [url]),
    private: options.private === true,
    comment: options.comment ?? null,
    createdBy: 'Starling 0.1.0',
    creationDate: Math.floor(Date.now() / 1000),
  });
  const parsed = parseMetainfo(bytes);
  if (!parsed.ok) throw new Failure(`${path}: cannot be shared as it is: ${parsed.detail}`);
  const renamed = parsed.value.files.findIndex((file, index) => file.path.join('/') !== storedPath(name, files[index]));
  if (renamed >= 0) {
    const wrong = printable(storedPath(name, files[renamed]));
    throw new Failure(`${path}: cannot be shared: other systems cannot store the name ${wrong}`);
  }
  await writeFile(options.output, bytes).catch((error: unknown) => {
    throw new Failure(`${options.output}: ${reasonOf(error)}`);
  });
  const { pieceCount } = parsed.value.geometry;
  const size = `${formatBytes(totalBytes)}, ${pieceCount} pieces of ${formatBytes(pieceLengthBytes)}`;
  process.stdout.write(`${printable(name)}: ${size}, info-hash ${hex(parsed.value.infoHash)}\n`);
}

/** Where a download would put the file, components joined by `/`. */
function storedPath(name: string, file: CreateFile | undefined): string {
  return [name, ...(file?.path ?? [])].join('/');
}

/** Every plain file at or below `source`, in the order of the torrent; one with an empty path when `source` is a file. */
async function findFiles(source: string): Promise<CreateFile[]> {
  const found = await lstat(source);
  if (found.isFile()) return [{ path: [], lengthBytes: found.size }];
  if (!found.isDirectory()) throw new Failure(`${source}: is neither a file nor a folder`);
  const files: CreateFile[] = [];
  const folders: string[][] = [[]];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(source, ...folder), { withFileTypes: true })) {
      const path = [...folder, entry.name];
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) files.push({ path, lengthBytes: (await lstat(join(source, ...path))).size });
    }
  }
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.path.join('\0')), Buffer.from(b.path.join('\0'))));
}

async function hashAll(folder: string, name: string, files: readonly CreateFile[], pieceLengthBytes: number) {
  const geometry = new Geometry(
    pieceLengthBytes,
    files.map((file) => file.lengthBytes),
  );
  const stored = files.map(({ path, lengthBytes }) => ({ path: [name, ...path], lengthBytes, pad: false }));
  const checker = new Checker();
  checker.open(0, await Storage.open(folder, { files: stored, geometry }, new OpenFiles()));
  const hashes = new Uint8Array(geometry.pieceCount * SHA1_LENGTH_BYTES);
  const batch = Math.max(2, Math.floor(BATCH_BYTES / pieceLengthBytes));
  for (let first = 0; first < geometry.pieceCount; first += batch) {
    const count = Math.min(batch, geometry.pieceCount - first);
    const digests = await new Promise<readonly (Uint8Array | null)[]>((resolve) => {
      checker.check(0, first, count, resolve);
    });
    digests.forEach((digest, at) => {
      if (digest === null) throw new Failure(`${join(folder, name)}: piece ${first + at} could not be read`);
      hashes.set(digest, (first + at) * SHA1_LENGTH_BYTES);
    });
  }
  await checker.close();
  return hashes;
}
