// Where a transfer gets its torrent from: a .torrent file, a magnet link whose metadata was kept, or one whose metadata peers have to give.
// Whoever adds it to a session need not know which.

import { mkdir } from 'node:fs/promises';
import { type AddCommon, type AddError, isMagnet, type Magnet, type Metainfo } from '#engine';
import type { Result, ResumeData, TorrentId } from '#engine';
import { OpenFiles } from './disk/open-files.ts';
import { Storage } from './disk/storage.ts';
import { Failure, reasonOf } from './failure.ts';
import type { MagnetStore } from './magnet-store.ts';
import type { HostPort } from './net/address.ts';
import { readMagnet, readTorrent } from './read-torrent.ts';
import type { ResumeStore } from './resume-store.ts';
import type { Session } from './session.ts';
import { hex } from './units.ts';

export interface SourceOptions {
  /** The folder that holds, or shall hold, the content. */
  readonly dir: string;
  readonly magnets: MagnetStore;
  readonly resumes: ResumeStore;
  /** The resume data there is cannot be used, for this reason (untrusted text). */
  readonly onBadResume: (reason: string) => void;
}

export interface TransferSource {
  readonly infoHash: Uint8Array;
  /** Untrusted text. */
  readonly name: string;
  /** Null while only the info-hash is known. */
  readonly metainfo: Metainfo | null;
  /** Peers that the link names. */
  readonly peers: readonly HostPort[];
  add(session: Session, common: AddCommon): Promise<Result<TorrentId, AddError>>;
}

/** `text`: a path or a magnet link, to be downloaded: the folder and empty files are made. Throws `Failure`. */
export async function sourceToGet(text: string, options: SourceOptions): Promise<TransferSource> {
  if (!isMagnet(text)) return fileSource(await readTorrent(text), await openToWrite(options.dir), options, null);
  const magnet = readMagnet(text);
  const kept = await options.magnets.load(magnet.infoHash);
  if (kept === null) return magnetSource(magnet, options);
  const metainfo = { ...kept, announceTiers: magnet.announceTiers };
  return fileSource(metainfo, await openToWrite(options.dir), options, magnet);
}

/** `path`: of a .torrent file whose content is there already. Throws `Failure`. */
export async function sourceToSeed(path: string, options: SourceOptions): Promise<TransferSource> {
  if (isMagnet(path)) throw new Failure('a magnet link says nothing of the content: seed takes a .torrent file');
  return fileSource(await readTorrent(path), (metainfo) => openStorage(options.dir, metainfo), options, null);
}

type Open = (metainfo: Metainfo) => Promise<Storage>;

async function fileSource(
  metainfo: Metainfo,
  open: Open,
  { dir, resumes, onBadResume }: SourceOptions,
  magnet: Magnet | null,
): Promise<TransferSource> {
  const storage = await open(metainfo).catch((error: unknown) => {
    throw error instanceof Failure ? error : new Failure(`${dir}: ${reasonOf(error)}`);
  });
  return {
    infoHash: metainfo.infoHash,
    name: metainfo.name,
    metainfo,
    peers: magnet?.peers ?? [],
    async add(session, common) {
      const resume = await loadResume(metainfo, storage, resumes, onBadResume);
      const fileLengths = await storage.fileLengths();
      return session.add({ ...common, selection: magnet?.selection ?? null, metainfo, storage, fileLengths, resume });
    },
  };
}

async function magnetSource(magnet: Magnet, options: SourceOptions): Promise<TransferSource> {
  const { magnets, resumes, onBadResume } = options;
  const { infoHash, peers, selection } = magnet;
  // Now, so that a folder that cannot be used is known before anybody is asked.
  const open = await openToWrite(options.dir);
  return {
    infoHash,
    name: magnet.name ?? hex(infoHash),
    metainfo: null,
    peers,
    add: async (session, common) =>
      session.addMagnet({ ...common, selection, magnet }, async (metainfo) => {
        await magnets.keep(metainfo);
        const storage = await open(metainfo);
        return { storage, resume: await loadResume(metainfo, storage, resumes, onBadResume) };
      }),
  };
}

async function loadResume(
  metainfo: Metainfo,
  storage: Storage,
  resumes: ResumeStore,
  onBadResume: (reason: string) => void,
): Promise<ResumeData | null> {
  const { data, reason } = await resumes.load(metainfo, storage.root);
  if (reason !== null) onBadResume(reason);
  return data;
}

/** Throws `Failure` where there can be no such folder. */
async function openToWrite(dir: string): Promise<Open> {
  await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    throw new Failure(`${dir}: ${reasonOf(error)}`);
  });
  return async (metainfo) => {
    const storage = await openStorage(dir, metainfo);
    await storage.createEmptyFiles();
    return storage;
  };
}

function openStorage(dir: string, metainfo: Metainfo): Promise<Storage> {
  return Storage.open(dir, metainfo, new OpenFiles());
}
