// Whether two torrents would write to the same place: a file of one is a file of the other, or a folder in its way.

import { join, sep } from 'node:path';
import type { TorrentFile } from '#engine';
import { printable } from '#harness/untrusted-text';
import type { ManagedTorrent } from './managed-torrent.ts';

/** What a torrent takes up on the disk. `root`: a real path. */
export interface Claim {
  readonly root: string;
  readonly files: readonly TorrentFile[];
}

/** The first of `others` that has, or is to have, a file where `files` are to be below `root`, and the place, in words; null: it is free.
 *  Torrents whose metainfo is not known have none. */
export function whoseIsIt(key: string, claim: Claim, others: Iterable<ManagedTorrent>): string | null {
  for (const { key: otherKey, metainfo, root, entry } of others) {
    if (otherKey === key || metainfo === null) continue;
    const path = collision(claim, { root: root ?? entry.folder, files: metainfo.files });
    if (path === null) continue;
    const deleting = entry.deleting ? ', which is being deleted' : '';
    return `${printable(path)} belongs to the torrent ${printable(entry.name)}${deleting}`;
  }
  return null;
}

/** The first place at which both have something; null: they keep out of each other's way. */
export function collision(a: Claim, b: Claim): string | null {
  if (!nested(topOf(a), topOf(b))) return null;
  const places = new Set<string>();
  const folders = new Set<string>();
  for (const path of pathsOf(a)) {
    places.add(path);
    for (const folder of foldersAbove(path, a.root)) folders.add(folder);
  }
  for (const path of pathsOf(b)) {
    if (places.has(path) || folders.has(path)) return path;
    for (const folder of foldersAbove(path, b.root)) if (places.has(folder)) return folder;
  }
  return null;
}

/** File systems that do not tell letter cases apart take two such names for one. */
function folded(path: string): string {
  return process.platform === 'linux' ? path : path.normalize('NFC').toLowerCase();
}

/** Every file of a torrent lies at or below this. */
function topOf({ root, files }: Claim): string {
  return folded(join(root, files[0]?.path[0] ?? ''));
}

function nested(a: string, b: string): boolean {
  return a === b || a.startsWith(b + sep) || b.startsWith(a + sep);
}

function* pathsOf({ root, files }: Claim): Iterable<string> {
  for (const { path, pad } of files) if (!pad) yield folded(join(root, ...path));
}

function* foldersAbove(path: string, root: string): Iterable<string> {
  const end = folded(root).length;
  for (let at = path.lastIndexOf(sep); at > end; at = path.lastIndexOf(sep, at - 1)) yield path.slice(0, at);
}
