// Looks at what lies on the disk for a torrent before the engine gets it: its folder, its files, its resume data.
//
// Always: nothing is written here. What was there before and is not there now is a trouble for the user, never a reason to begin anew.

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metainfo, ResumeData } from '#engine';
import { printable } from '#harness/untrusted-text';
import type { OpenFiles } from '../disk/open-files.ts';
import { Storage } from '../disk/storage.ts';
import { errorCode, reasonOf } from '../failure.ts';
import type { ResumeStore } from '../resume-store.ts';
import { within } from '../within.ts';
import { prioritiesOf, type Entry } from './entry.ts';
import type { Trouble } from './managed-torrent.ts';
import { anythingThere, lostFiles } from './ownership.ts';

export interface Looked {
  readonly storage: Storage;
  readonly fileLengths: readonly number[];
  /** With the user's wishes of today; null: nothing is known, nothing is wished. */
  readonly resume: ResumeData | null;
  /** Why what was saved is not usable, null: it is, or there was nothing. */
  readonly unusable: string | null;
}

export interface Surroundings {
  readonly resumeStore: ResumeStore;
  readonly openFiles: OpenFiles;
}

/** `mayBeLost`: the user knows that files are gone, and wants them downloaded again. */
export async function lookAt(
  entry: Entry,
  metainfo: Metainfo,
  { resumeStore, openFiles }: Surroundings,
  mayBeLost: boolean,
): Promise<Looked | Trouble> {
  let storage: Storage;
  try {
    storage = await Storage.open(entry.folder, metainfo, openFiles);
  } catch (error) {
    return folderTrouble(entry.folder, error);
  }
  const { data, reason } = await resumeStore.load(metainfo, storage.root);
  const fileLengths = await storage.fileLengths();
  const lost = data === null || mayBeLost ? [] : lostFiles(metainfo, fileLengths, data.flushed);
  if (lost.length > 0) {
    storage.close();
    return lostTrouble(entry.folder, metainfo, lost);
  }
  // What it had is not known any more, only that it had something.
  const had = entry.ours && data === null && (reason !== null || entry.completedAt !== null);
  if (had && !mayBeLost && metainfo.geometry.totalBytes > 0 && !anythingThere(metainfo, fileLengths)) {
    storage.close();
    return goneTrouble(entry.folder, metainfo);
  }
  return { storage, fileLengths, resume: withWishes(entry, metainfo, data), unusable: reason };
}

/** Looks again at a torrent that is open; null: everything that it has is there. `have`: its pieces. */
export async function lookAgain(
  entry: Entry,
  metainfo: Metainfo,
  storage: Storage,
  have: Uint8Array,
): Promise<Trouble | null> {
  try {
    if ((await fromDisk(realpath(entry.folder))) !== storage.root)
      return { kind: 'missing', text: `${shown(entry.folder)}: leads elsewhere now: relocate the torrent` };
  } catch (error) {
    return folderTrouble(entry.folder, error);
  }
  const lost = lostFiles(metainfo, await storage.fileLengths(), have);
  return lost.length === 0 ? null : lostTrouble(entry.folder, metainfo, lost);
}

/** A disk that says nothing for so long is named to the user, and others are not held up. */
const DISK_PATIENCE_MS = 5_000;

/** What a call of the system comes to; rejects where the disk does not answer. */
export function fromDisk<T>(answer: Promise<T>): Promise<T> {
  return within(DISK_PATIENCE_MS, answer, 'the disk does not answer');
}

export function hangingTrouble(folder: string): Trouble {
  return { kind: 'other', text: `${shown(folder)}: the disk does not answer: it is waited for` };
}

function folderTrouble(folder: string, error: unknown): Trouble {
  return isGone(error)
    ? {
        kind: 'missing',
        text: `${shown(folder)}: the folder is missing: restore it and resume, or relocate the torrent`,
      }
    : { kind: 'other', text: `${shown(folder)}: ${reasonOf(error)}: mend it and resume` };
}

export function isGone(error: unknown): boolean {
  return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
}

/** The torrent's own folder, or its only file, vanished. */
export function goneTrouble(folder: string, { files }: Metainfo): Trouble {
  const top = shown(join(folder, files[0]?.path[0] ?? ''));
  return {
    kind: 'missing',
    text: `${top}: is missing: restore it and resume, relocate the torrent, or re-check to download it again`,
  };
}

function lostTrouble(folder: string, { files }: Metainfo, lost: readonly number[]): Trouble {
  const first = shown(join(folder, ...(files[lost[0] as number]?.path ?? [])));
  const more = lost.length === 1 ? '' : ` and ${lost.length - 1} more`;
  const text = `${first}${more}: missing or cut: restore it and resume, relocate the torrent, or re-check to download it again`;
  return { kind: 'missing', text };
}

export function shown(path: string): string {
  return printable(path);
}

/** The entry's wishes are newer than those of the resume data. */
function withWishes(entry: Entry, metainfo: Metainfo, data: ResumeData | null): ResumeData | null {
  const { sequential, priorities } = entry;
  if (data === null && !sequential && priorities === null) return null;
  const wished = priorities?.length === metainfo.files.length ? entry : { ...entry, priorities: null };
  const filePriorities = prioritiesOf(wished, metainfo.files.length);
  return { ...(data ?? nothingKnown(metainfo)), sequential, filePriorities };
}

/** Claims nothing; every piece is worth a look. */
function nothingKnown({ infoHash, geometry, files }: Metainfo): ResumeData {
  const { pieceCount } = geometry;
  const unsynced = new Uint8Array(Math.ceil(pieceCount / 8)).fill(0xff);
  if (pieceCount % 8 !== 0) unsynced[unsynced.length - 1] = 0xff << (8 - (pieceCount % 8));
  return {
    infoHash,
    flushed: new Uint8Array(unsynced.length),
    unsynced,
    partials: [],
    uploadedBytes: 0,
    downloadedBytes: 0,
    paused: false,
    sequential: false,
    filePriorities: files.map(() => 4),
    peers: [],
  };
}
