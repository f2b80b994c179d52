// All torrents of one client, as the user sees them: added, ordered, paused, limited, moved, removed, and kept for the next start.
//
// Always: what the user asked is on the disk before it is said to be done; a failure is a `Failure` with one line. How torrents get into
// the engine and who runs is `conductor.ts`.

import { mkdir, realpath } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { type FilePriority, type Metainfo, parseMagnet, parseMetainfo } from '#engine';
import { printable } from '#harness/untrusted-text';
import type { AddRequest, TorrentKey } from '../control/protocol.ts';
import { Failure, reasonOf } from '../failure.ts';
import { OneAtATime } from '../one-at-a-time.ts';
import { hex } from '../units.ts';
import { whoseIsIt } from './collisions.ts';
import { Conductor, type ConductorOptions } from './conductor.ts';
import { deleteData } from './delete-data.ts';
import { entryOf, prioritiesOf, type Entry } from './entry.ts';
import { magnetEntry } from './magnets.ts';
import { ManagedTorrent } from './managed-torrent.ts';
import { fromDisk, isGone, shown } from './opening.ts';
import { TorrentList } from './torrent-list.ts';

/** Torrents whose files are looked at at once at the start: the disk is asked for a few things only, and the loop never waits. */
const OPENED_AT_ONCE = 4;
/** The answer to a removal waits no longer for trackers that are told. */
const REMOVAL_MS = 5_000;

export type LibraryOptions = Omit<ConductorOptions, 'list'>;

/** What an `add` came to. `error`: the torrent is here already. */
export interface Added {
  readonly key: TorrentKey;
  readonly error: string | null;
}

export class Library {
  readonly list = new TorrentList();
  readonly conductor: Conductor;
  readonly #options: LibraryOptions;
  /** Every torrent that was known at the start was opened, or has a trouble. */
  #opened: Promise<unknown> = Promise.resolve();
  /** Adds and relocations, one after the other: two that collide must not pass each other. */
  readonly #placing = new OneAtATime();
  /** Torrents that are being removed, until the engine has let them go. */
  readonly #removals = new Map<TorrentKey, Promise<unknown>>();

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.conductor = new Conductor({ ...options, list: this.list });
  }

  /** Reads what is known. Throws `Failure` where the state folder cannot be used; what is damaged in it is a notice. */
  async load(): Promise<void> {
    const { entries, problems } = await this.#options.store.load();
    for (const problem of problems) this.#options.onNotice('error', problem);
    this.list.insert(entries.filter(({ deleting }) => !deleting).map((entry) => new ManagedTorrent(entry)));
    for (const entry of entries) if (entry.deleting) this.#finishDeleting(entry);
  }

  /** Takes all torrents into the engine, in their order, a few at a time; the session must be driven by then. Where a disk does not answer,
   *  the torrents of that folder wait for it, and the others do not. */
  start(): void {
    const waiting = [...this.list.ordered].reverse();
    /** By folder whose disk does not answer: those that wait for it. */
    const behind = new Map<string, ManagedTorrent[]>();
    const openNext = async (): Promise<void> => {
      for (let torrent = waiting.pop(); torrent !== undefined; torrent = waiting.pop()) {
        if (torrent.stage !== 'waiting') continue;
        const { folder } = torrent.entry;
        const others = behind.get(folder);
        if (others === undefined) {
          const opening = this.conductor.open(torrent);
          if (await isOverSoon(opening)) continue;
          if (!behind.has(folder)) behind.set(folder, []);
          void opening.then(() => {
            waiting.push(...(behind.get(folder) ?? []).reverse());
            behind.delete(folder);
            return openNext();
          });
        } else others.push(torrent);
        this.conductor.diskHangs(torrent);
      }
    };
    this.#opened = Promise.all([...this.#removals.values(), ...Array.from({ length: OPENED_AT_ONCE }, openNext)]);
  }

  /** Every torrent that was known at the start is open, or has a trouble, such as a disk that does not answer. */
  get opened(): Promise<unknown> {
    return this.#opened;
  }

  // ── placing ──

  add(request: AddRequest): Promise<Added> {
    return this.#place(() => this.#add(request));
  }

  #add({ source, folder, priorities, paused, sequential }: AddRequest): Promise<Added> {
    const { store } = this.#options;
    const wishes = { folder, paused, sequential };
    if (typeof source === 'string') {
      const parsed = parseMagnet(source);
      if (!parsed.ok) throw new Failure(`not a usable magnet link: ${parsed.detail}`);
      const { infoHash, name } = parsed.value;
      return this.#admit(hex(infoHash), name, folder, (rank) => {
        const torrent = new ManagedTorrent(magnetEntry(parsed.value, source, { ...wishes, rank }));
        return { torrent, save: () => store.addMagnet(torrent.entry) };
      });
    }
    const bytes = source.slice();
    const parsed = parseMetainfo(bytes);
    if (!parsed.ok) throw new Failure(`not a usable torrent: ${parsed.detail}`);
    const metainfo = parsed.value;
    const { infoHash, name, files } = metainfo;
    if (priorities !== null && priorities.length !== files.length)
      throw new Failure(`${printable(name)}: ${priorities.length} priorities for ${files.length} files`);
    return this.#admit(hex(infoHash), name, folder, (rank, root) => {
      this.#refuseCollision(hex(infoHash), printable(name), metainfo, root);
      const torrent = new ManagedTorrent(entryOf(metainfo, { ...wishes, rank, priorities: plain(priorities) }));
      torrent.metainfo = metainfo;
      return { torrent, save: () => store.add(torrent.entry, bytes) };
    });
  }

  /** Takes a new torrent in, at the end of the list. `name`: untrusted. */
  async #admit(
    key: TorrentKey,
    name: string | null,
    folder: string,
    make: (rank: number, root: string) => { readonly torrent: ManagedTorrent; readonly save: () => Promise<void> },
  ): Promise<Added> {
    if (this.list.get(key) !== undefined)
      return { key, error: `${printable(name ?? key)}: this torrent is here already` };
    await this.#removals.get(key);
    const root = await realFolder(folder, true);
    const { torrent, save } = make(this.list.endRank, root);
    torrent.root = root;
    await this.#saving(save());
    this.list.insert([torrent]);
    void this.conductor.open(torrent);
    return { key, error: null };
  }

  /** The data is elsewhere: goes on there, after a check. */
  relocate(key: TorrentKey, folder: string): Promise<void> {
    return this.#place(async () => {
      const torrent = this.#get(key);
      const { metainfo, entry } = torrent;
      if (metainfo === null) throw new Failure(`${printable(entry.name)}: ${notKnown(torrent)}`);
      const oldRoot = torrent.root;
      const root = await realFolder(folder, false);
      this.#refuseCollision(key, printable(entry.name), metainfo, root);
      torrent.root = root;
      try {
        await this.#change(torrent, { folder, ours: false, completedAt: null });
      } catch (error) {
        const { ours, completedAt } = entry;
        torrent.entry = { ...torrent.entry, folder: entry.folder, ours, completedAt };
        torrent.root = oldRoot;
        // An opening that was under way found it to be elsewhere.
        void this.conductor.open(torrent);
        throw error;
      }
      void this.conductor.close(torrent).then(async () => {
        // What it claims of the old place is of no use there any more.
        if (oldRoot !== null && oldRoot !== root)
          await this.#options.resumeStore.remove(metainfo.infoHash, oldRoot).catch(() => undefined);
        await this.conductor.open(torrent);
      });
    });
  }

  #place<T>(task: () => Promise<T>): Promise<T> {
    return this.#placing.run(async () => {
      // Until all are open, not every place that is taken is known.
      await this.#opened;
      return task();
    });
  }

  #refuseCollision(key: string, name: string, { files }: Metainfo, root: string): void {
    const taken = whoseIsIt(key, { root, files }, [...this.list.ordered, ...this.list.deleting]);
    if (taken !== null) throw new Failure(`${name}: ${taken}: choose another folder`);
  }

  // ── wishes ──

  async pause(key: TorrentKey): Promise<void> {
    const torrent = this.#get(key);
    if (torrent.entry.paused) return;
    await this.#change(torrent, { paused: true });
  }

  /** Also tries again what had a trouble. */
  async resume(key: TorrentKey): Promise<void> {
    const torrent = this.#get(key);
    if (torrent.entry.paused) await this.#change(torrent, { paused: false });
    await this.conductor.retry(torrent);
    if (torrent.trouble !== null) throw new Failure(torrent.trouble.text);
  }

  async recheck(key: TorrentKey): Promise<void> {
    const torrent = this.#get(key);
    await this.conductor.recheck(torrent);
    if (torrent.trouble !== null) throw new Failure(torrent.trouble.text);
  }

  announce(key: TorrentKey): void {
    const torrent = this.#get(key);
    const name = printable(torrent.entry.name);
    if (torrent.metainfo?.announceTiers.length === 0) throw new Failure(`${name}: has no tracker`);
    if (!torrent.running) throw new Failure(`${name}: does not run: there is nothing to announce`);
    this.conductor.session.command({ kind: 'announceNow', torrent: torrent.id });
  }

  /** What lies in its place may be overwritten. */
  async overwrite(key: TorrentKey): Promise<void> {
    const torrent = this.#get(key);
    if (torrent.trouble?.kind !== 'foreign')
      throw new Failure(`${printable(torrent.entry.name)}: nothing is in its way that could be overwritten`);
    const taken = await this.#saving(this.conductor.grant(torrent, torrent.entry.folder));
    if (taken !== null) throw new Failure(`${printable(torrent.entry.name)}: ${taken.text}`);
    torrent.trouble = null;
    this.list.touch(torrent);
    this.conductor.wantPump();
  }

  async move(key: TorrentKey, to: number): Promise<void> {
    if (!Number.isInteger(to)) throw new Failure(`a position is a whole number, not ${to}`);
    const changed = this.list.move(this.#get(key), to);
    this.conductor.wantPump();
    await this.#saving(Promise.all(changed.map(({ entry }) => this.#options.store.save(entry))));
  }

  async sequential(key: TorrentKey, on: boolean): Promise<void> {
    const torrent = this.#get(key);
    await this.#change(torrent, { sequential: on });
    if (torrent.id !== -1) this.conductor.session.command({ kind: 'sequential', torrent: torrent.id, on });
  }

  async priority(key: TorrentKey, files: readonly number[], priority: FilePriority): Promise<void> {
    const torrent = this.#get(key);
    const { metainfo, entry } = torrent;
    const name = printable(entry.name);
    if (metainfo === null) throw new Failure(`${name}: ${notKnown(torrent)}`);
    if (!Number.isInteger(priority) || priority < 0 || priority > 7)
      throw new Failure(`a priority is 0 … 7, not ${priority}`);
    const priorities = prioritiesOf(entry, metainfo.files.length);
    for (const file of files) {
      if (!Number.isInteger(file) || priorities[file] === undefined) throw new Failure(`${name}: no file ${file}`);
      priorities[file] = priority;
    }
    await this.#change(torrent, { priorities: plain(priorities) });
    for (const file of files)
      if (torrent.id !== -1)
        this.conductor.session.command({ kind: 'filePriority', torrent: torrent.id, file, priority });
    this.conductor.wantPump();
  }

  async limits(key: TorrentKey, downloadBps: number, uploadBps: number): Promise<void> {
    requireRates(downloadBps, uploadBps);
    const torrent = this.#get(key);
    await this.#change(torrent, { downloadBps, uploadBps });
    this.conductor.limitsChanged(torrent);
  }

  // ── removing ──

  /** With its data: its own files, and folders that became empty. */
  async remove(key: TorrentKey, alsoData: boolean): Promise<void> {
    const torrent = this.#get(key);
    const name = printable(torrent.entry.name);
    // Of a magnet whose metadata is not here there is nothing on the disk.
    const withData = alsoData && torrent.entry.magnet === null;
    if (withData && !torrent.entry.ours)
      throw new Failure(
        `${name}: what lies in its place was not found to be the torrent's: remove it without the data`,
      );
    // Where it is after a relocation that comes meanwhile is not what the user wants deleted.
    const { root, entry } = torrent;
    // Said only once it is kept: else a later change of something else would bring it about.
    if (withData) await this.#saving(this.#options.store.save({ ...entry, deleting: true }));
    else await this.#saving(this.#options.store.remove(key));
    if (torrent.stage === 'gone') {
      // It was asked for twice at once.
      await this.#removals.get(key);
      return;
    }
    if (withData) torrent.entry = { ...torrent.entry, deleting: true };
    torrent.enter('gone');
    this.list.remove(torrent);
    if (withData) this.list.deleting.add(torrent);
    this.conductor.wantPump();
    const closed = this.conductor.close(torrent);
    const removal = closed
      .then(() => this.#cleared(torrent, root, entry.folder))
      .catch((error: unknown) => `${name}: ${reasonOf(error)}`);
    this.#removals.set(
      key,
      removal.then(() => this.#removals.delete(key)),
    );
    const late = setTimeoutPromise(REMOVAL_MS, undefined, { ref: false });
    const failure = withData ? await Promise.race([removal, late]) : undefined;
    if (typeof failure === 'string') throw new Failure(failure);
    if (failure === null) return;
    // A tracker that does not answer keeps it from being let go: the rest follows, and only a failure is told.
    void removal.then((text) => {
      if (text !== null) this.#options.onNotice('error', text);
    });
  }

  /** The engine has let it go: its resume data goes, and its data where that was wished. `knownRoot`: the real path of `folder`, null where it
   *  was not found yet. Returns one line where something stays. */
  async #cleared(torrent: ManagedTorrent, knownRoot: string | null, folder: string): Promise<string | null> {
    const { store, resumeStore } = this.#options;
    const { key, entry } = torrent;
    try {
      const found = await rootOf(knownRoot ?? folder);
      const root = knownRoot ?? found;
      if (root !== null) await resumeStore.remove(Buffer.from(key, 'hex'), root);
      if (!entry.deleting) return null;
      torrent.metainfo ??= await store.metainfo(key);
      const missing = `${shown(folder)}: the folder is missing: nothing was deleted there`;
      // What leads elsewhere by now is another folder.
      const there = root !== null && root === found;
      const failure = there ? await this.#deleteData(key, root, torrent.metainfo) : missing;
      await store.remove(key);
      return failure;
    } finally {
      this.list.deleting.delete(torrent);
    }
  }

  async #deleteData(key: TorrentKey, root: string, { files }: Metainfo): Promise<string | null> {
    const taken = whoseIsIt(key, { root, files }, await this.conductor.holders());
    return taken === null ? deleteData(root, files) : `${taken}: nothing was deleted`;
  }

  /** It was removed with its data before the program ended. */
  #finishDeleting(entry: Entry): void {
    const torrent = new ManagedTorrent(entry);
    const finish = async () => {
      const failure = await this.#cleared(torrent, null, entry.folder);
      if (failure !== null) throw new Failure(failure);
    };
    const removal = finish().catch((error: unknown) =>
      this.#options.onNotice('error', `${printable(entry.name)}: not deleted: ${reasonOf(error)}`),
    );
    this.#removals.set(
      entry.key,
      removal.then(() => this.#removals.delete(entry.key)),
    );
  }

  // ── inside ──

  #get(key: TorrentKey): ManagedTorrent {
    const torrent = this.list.get(key);
    if (torrent === undefined) throw new Failure(`no torrent ${printable(key)}`);
    return torrent;
  }

  async #change(torrent: ManagedTorrent, wishes: Partial<Entry>): Promise<void> {
    torrent.entry = { ...torrent.entry, ...wishes };
    this.list.touch(torrent);
    this.conductor.wantPump();
    await this.#saving(this.#options.store.save(torrent.entry));
  }

  #saving<T>(saved: Promise<T>): Promise<T> {
    return saved.catch((error: unknown) => {
      if (error instanceof Failure) throw error;
      throw new Failure(`the state folder cannot be written: ${reasonOf(error)}`);
    });
  }
}

function isOverSoon(opening: Promise<void>): Promise<boolean> {
  return fromDisk(opening).then(
    () => true,
    () => false,
  );
}

/** Null where all are normal. */
function plain(priorities: readonly FilePriority[] | null): FilePriority[] | null {
  return priorities === null || priorities.every((priority) => priority === 4) ? null : [...priorities];
}

function notKnown({ entry }: ManagedTorrent): string {
  return entry.magnet === null ? 'is still being opened' : 'what it holds is not known yet';
}

export function requireRates(downloadBps: number, uploadBps: number): void {
  for (const rate of [downloadBps, uploadBps])
    if (!Number.isSafeInteger(rate) || rate < 0)
      throw new Failure('a limit is a whole number of bytes per second, 0 = none');
}

/** The real path of a folder that the user named; `make`: it is made where it is missing. */
async function realFolder(folder: string, make: boolean): Promise<string> {
  if (!isAbsolute(folder)) throw new Failure(`${shown(folder)}: a folder is named from the root of the file system on`);
  try {
    if (make) await fromDisk(mkdir(folder, { recursive: true }));
    return await fromDisk(realpath(folder));
  } catch (error) {
    throw new Failure(`${shown(folder)}: ${reasonOf(error)}`);
  }
}

/** Null where the folder is missing. Throws the system's error where it cannot be looked at. */
function rootOf(folder: string): Promise<string | null> {
  return realpath(folder).catch((error: unknown) => {
    if (isGone(error)) return null;
    throw error;
  });
}
