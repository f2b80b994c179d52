// A library in the test's own process, on a real session and real folders, whose stores may be made to wait or to fail.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DEFAULT_SETTINGS } from '#engine';
import { Random } from '#harness';
import type { AddRequest } from '../../../client/control/protocol.ts';
import { Library } from '../../../client/library/library.ts';
import type { ManagedTorrent } from '../../../client/library/managed-torrent.ts';
import { TorrentStore } from '../../../client/library/torrent-store.ts';
import { ResumeStore } from '../../../client/resume-store.ts';
import { Session } from '../../../client/session.ts';
import { temporaryFolder } from '../support.ts';
import { addRequest } from './client.ts';

interface Stores {
  readonly store?: TorrentStore;
  readonly resumeStore?: ResumeStore;
}

/** A library that has begun, with a state folder and one for downloads; ended with the test. */
export async function startLibrary(state: string, stores: Stores = {}) {
  const { store = new TorrentStore(state), resumeStore = new ResumeStore(state) } = stores;
  const notices: string[] = [];
  const library = new Library({
    store,
    resumeStore,
    downloadsMax: 0,
    onNotice: (_level, text) => notices.push(text),
    onLog: () => undefined,
  });
  await library.load();
  const session = new Session({
    settings: DEFAULT_SETTINGS,
    random: new Random('library'),
    record: (engine) => engine,
    bind: '127.0.0.1',
    iceServers: () => [],
    resumeStore,
    onEvent: (name, torrent, a, b) => library.conductor.onEvent(name, torrent, a, b),
    onClose: () => undefined,
    afterDrain: () => library.conductor.afterDrain(),
  });
  library.conductor.drive(session);
  library.start();
  let ended = false;
  const end = async () => {
    if (ended) return;
    ended = true;
    library.conductor.leave();
    await session.stop(10_000);
    await session.close();
  };
  onTestFinished(end);
  return { library, session, resumeStore, notices, end };
}

/** Folders for a library. */
export function libraryFolders(): { readonly state: string; readonly downloads: string } {
  const folder = temporaryFolder();
  const downloads = join(folder, 'downloads');
  mkdirSync(downloads);
  return { state: join(folder, 'state'), downloads };
}

export function addOf(source: string, folder: string, more: Partial<AddRequest> = {}): AddRequest {
  return source.startsWith('magnet:')
    ? { ...addRequest('package.json', folder), source, ...more }
    : addRequest(source, folder, more);
}

/** Resolves when `holds` is true; looked at every few milliseconds. */
export async function eventually(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !holds(); ) {
    if (performance.now() > end) throw new Error(`not within a minute: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** As the list shows it now. */
export function shownRow(library: Library, torrent: ManagedTorrent) {
  return torrent.row(library.conductor.summary(torrent));
}

/** A gate that lets nobody through until it is opened. */
export class Gate {
  #open: () => void = () => undefined;
  #arrived: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  /** Somebody waits. */
  readonly reached = new Promise<void>((resolve) => {
    this.#arrived = resolve;
  });

  pass(): Promise<void> {
    this.#arrived();
    return this.#opened;
  }

  open(): void {
    this.#open();
  }
}
