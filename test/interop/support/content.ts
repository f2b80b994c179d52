// Makes the files that are shared, the same bytes for the same seed, and compares what arrived by SHA-256 of every file.

import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, createReadStream, mkdirSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

export const KIB = 1024;
export const MIB = 1024 * 1024;

/** What a torrent is made of: a file or a folder `name`; `path` is below the folder, empty for a single file. */
export interface Layout {
  readonly name: string;
  readonly files: readonly { readonly path: string; readonly lengthBytes: number }[];
}

/** One file whose last piece is short at any piece length. */
export function singleFile(name: string, lengthBytes: number): Layout {
  return { name, files: [{ path: '', lengthBytes }] };
}

/** A folder with all that goes wrong: an empty file, one byte, files that begin and end inside a piece, several within one piece, nested
 *  folders and names beyond ASCII (the same in NFC and NFD forms). `lengthBytes`: the large files together, more or less. */
export function folder(name: string, lengthBytes: number): Layout {
  return {
    name,
    files: [
      { path: 'a/one-byte', lengthBytes: 1 },
      { path: 'a/b/c/deep.bin', lengthBytes: 16 * KIB + 1 },
      { path: 'empty', lengthBytes: 0 },
      { path: 'large.bin', lengthBytes: Math.floor(lengthBytes / 2) - 1 },
      { path: 'spanning-1.bin', lengthBytes: Math.floor(lengthBytes / 4) + 13 },
      { path: 'spanning-2.bin', lengthBytes: 16 * KIB - 1 },
      { path: 'with space/ünïcødé 日本語.bin', lengthBytes: Math.floor(lengthBytes / 4) },
      { path: 'zz-last-byte', lengthBytes: 1 },
    ],
  };
}

/** Writes `layout` below `dir`; returns the path of the file or folder. The bytes follow from `seed` and the order of the files. */
export function writeContent(dir: string, layout: Layout, seed: string): string {
  const root = join(dir, layout.name);
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(4 * MIB);
  for (const file of layout.files) {
    const path = join(root, file.path);
    mkdirSync(dirname(path), { recursive: true });
    const handle = openSync(path, 'w');
    for (let offset = 0; offset < file.lengthBytes; offset += zeros.length) {
      writeSync(handle, stream.update(zeros.subarray(0, Math.min(zeros.length, file.lengthBytes - offset))));
    }
    closeSync(handle);
  }
  return root;
}

/** SHA-256 of every file below `root` (or of `root` itself), by path relative to `root`; `/` between folders. */
export async function digests(root: string): Promise<Record<string, string>> {
  const paths = statSync(root).isFile() ? [root] : filesBelow(root);
  const result: Record<string, string> = {};
  for (const path of paths) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
    result[relative(root, path)] = hash.digest('hex');
  }
  return result;
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
