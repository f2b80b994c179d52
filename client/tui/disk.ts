// What the explorer reads of the disk: folders and `.torrent` files, bounded and without waiting for anything else.

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { METAINFO_BYTES_MAX, type Metainfo, parseMetainfo } from '#engine';
import { reasonOf } from '../failure.ts';
import { absolute } from '../home-path.ts';
import { readBounded } from '../read-bounded.ts';
import { hex } from '../units.ts';
import { compareNames } from './order.ts';
import type { Entry, Event, Offer, Preview } from './state.ts';

const ENTRIES_MAX = 20_000;

/** Folders first, then `.torrent` files, by name. `hidden`: also what begins with a dot. */
export async function readFolder(folder: string, hidden: boolean): Promise<Event> {
  const up: Entry[] = dirname(folder) === folder ? [] : [{ name: '..', kind: 'parent', lengthBytes: 0, modifiedAt: 0 }];
  try {
    const found = (await readdir(folder)).filter((name) => hidden || !name.startsWith('.')).slice(0, ENTRIES_MAX);
    const entries: Entry[] = [];
    // A few at a time: a folder of thousands on a slow disk holds up nothing else.
    for (let at = 0; at < found.length; at += 64) {
      const some = await Promise.all(found.slice(at, at + 64).map((name) => entryOf(folder, name)));
      entries.push(...some.filter((entry) => entry !== null));
    }
    entries.sort((a, b) => (a.kind === b.kind ? compareNames(a.name, b.name) : a.kind === 'folder' ? -1 : 1));
    return { kind: 'folderRead', folder, entries: [...up, ...entries], error: null };
  } catch (error) {
    return { kind: 'folderRead', folder, entries: up, error: `${folder}: ${reasonOf(error)}` };
  }
}

async function entryOf(folder: string, name: string): Promise<Entry | null> {
  try {
    const found = await stat(join(folder, name));
    const { size: lengthBytes, mtimeMs: modifiedAt } = found;
    if (found.isDirectory()) return { name, kind: 'folder', lengthBytes, modifiedAt };
    return found.isFile() && /\.torrent$/i.test(name) ? { name, kind: 'torrent', lengthBytes, modifiedAt } : null;
  } catch {
    // A link that leads nowhere, or what went away just now.
    return null;
  }
}

/** What the `.torrent` at `path` says, or what is wrong with it. */
export async function readOffer(path: string): Promise<Offer> {
  try {
    const bytes = await readBounded(path, METAINFO_BYTES_MAX);
    const parsed = parseMetainfo(bytes);
    if (!parsed.ok) return { kind: 'wrong', path, reason: `not a usable torrent: ${parsed.detail}` };
    return { kind: 'ready', path, bytes, ...previewOf(parsed.value), closed: new Set() };
  } catch (error) {
    return { kind: 'wrong', path, reason: reasonOf(error) };
  }
}

/** Where the explorer shall open for a path that was typed or pasted: at the folder, or at the file in its folder. */
export async function findPath(typed: string): Promise<Event> {
  const path = absolute(typed);
  try {
    const found = await stat(path);
    if (found.isDirectory()) return { kind: 'pathFound', folder: path, look: null, error: null };
    return { kind: 'pathFound', folder: dirname(path), look: basename(path), error: null };
  } catch (error) {
    return { kind: 'pathFound', folder: path, look: null, error: `${path}: ${reasonOf(error)}` };
  }
}

function previewOf(metainfo: Metainfo): Pick<Extract<Offer, { kind: 'ready' }>, 'preview' | 'files'> {
  const { geometry, creationDate } = metainfo;
  const preview: Preview = {
    name: metainfo.name,
    infoHash: hex(metainfo.infoHash),
    totalBytes: geometry.totalBytes,
    pieceLengthBytes: geometry.pieceLengthBytes,
    pieceCount: geometry.pieceCount,
    private: metainfo.private,
    tiers: metainfo.announceTiers,
    comment: metainfo.comment,
    createdBy: metainfo.createdBy,
    createdAt: creationDate === null ? null : creationDate * 1000,
  };
  const files = metainfo.files.map((file) => ({ ...file, haveBytes: 0, priority: 4 as const }));
  return { preview, files };
}
