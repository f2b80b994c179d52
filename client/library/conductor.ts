// Takes torrents into the engine and out of it, and decides who runs: the one place is `#pump`, after whatever may have changed it.
//
// Always: what one torrent meets concerns no other, nor the start; nothing is written where something lies that is not the torrent's:
// before it runs for the first time in a folder in which something lies in its place, everything is checked, and what matches nothing is
// a trouble for the user.

import {
  type EventName,
  type Magnet,
  type Metainfo,
  parseMagnet,
  type TorrentId,
  type TorrentSummary,
  wrapInfo,
} from '#engine';
import { OpenFiles } from '../disk/open-files.ts';
import type { Storage } from '../disk/storage.ts';
import { eventLevel } from '../event-level.ts';
import { eventText } from '../event-text.ts';
import { errorCode, Failure, reasonOf } from '../failure.ts';
import { OneAtATimeEach } from '../one-at-a-time.ts';
import type { LogLine, TorrentKey } from '../control/protocol.ts';
import type { ResumeStore } from '../resume-store.ts';
import type { Session } from '../session.ts';
import { trackerText } from '../tracker-text.ts';
import { whoseIsIt } from './collisions.ts';
import { addMagnetOptions, furnishedEntry } from './magnets.ts';
import type { ManagedTorrent, Trouble } from './managed-torrent.ts';
import { MissingWatch } from './missing-watch.ts';
import { hangingTrouble, lookAgain, lookAt, type Looked, shown } from './opening.ts';
import { anythingThere, foreignFiles } from './ownership.ts';
import { whoRuns } from './queue.ts';
import type { TorrentList } from './torrent-list.ts';
import type { TorrentStore } from './torrent-store.ts';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** While many torrents start at once, all are looked at only so often. */
const PUMP_PAUSE_MS = 50;

/** What a line is about; `event`: an event of the engine, of which whoever drives it knows more. */
export type LogKind = 'event' | 'tracker' | 'trouble' | 'resume data' | 'state folder';

export interface ConductorOptions {
  readonly list: TorrentList;
  readonly store: TorrentStore;
  readonly resumeStore: ResumeStore;
  /** 0 = any number. */
  readonly downloadsMax: number;
  readonly onNotice: (level: 'info' | 'warn' | 'error', text: string) => void;
  /** A line about a torrent. Called inside a drain: must not call the session. */
  readonly onLog: (level: LogLine['level'], text: string, torrent: ManagedTorrent, kind: LogKind) => void;
}

export class Conductor {
  readonly #options: ConductorOptions;
  readonly #list: TorrentList;
  readonly #openFiles = new OpenFiles();
  readonly #byId = new Map<TorrentId, ManagedTorrent>();
  /** Also of those that the engine is letting go. Bounded by its numbers, which it uses again. */
  readonly #keys = new Map<TorrentId, TorrentKey>();
  /** Something happened to them since the last drain that may change what they do. */
  readonly #concerned = new Set<ManagedTorrent>();
  /** Opening and closing of each torrent, by key. */
  readonly #turns = new OneAtATimeEach();
  readonly #failedTrackers: { readonly torrent: ManagedTorrent; readonly index: number }[] = [];
  #session: Session | null = null;
  #downloadsMax: number;
  #pumpWanted = false;
  #pumpedAtMs = 0;
  #leaving = false;
  readonly #missingWatch: MissingWatch;

  constructor(options: ConductorOptions) {
    this.#options = options;
    this.#list = options.list;
    this.#downloadsMax = options.downloadsMax;
    this.#missingWatch = new MissingWatch(options.list, (torrent, trouble) => {
      this.#setTrouble(torrent, trouble);
      this.wantPump();
    });
  }

  /** The session that everything happens in; its events are to be handed to `onEvent` and `afterDrain`. */
  drive(session: Session): void {
    this.#session = session;
    this.#missingWatch.start();
  }

  get session(): Session {
    return this.#session as Session;
  }

  setDownloadsMax(downloadsMax: number): void {
    this.#downloadsMax = downloadsMax;
    this.wantPump();
  }

  summary({ id }: ManagedTorrent): TorrentSummary | null {
    return id === -1 ? null : this.session.summary(id);
  }

  /** Nothing starts any more. */
  leave(): void {
    this.#leaving = true;
    this.#missingWatch.stop();
  }

  // ── into the engine, and out ──

  /** Opens a torrent that is not open, after whatever is under way for it. Never throws: what is in its way becomes its trouble. `mayBeLost`:
   *  the user knows that files are gone, and wants them downloaded again. */
  open(torrent: ManagedTorrent, mayBeLost = false): Promise<void> {
    return this.#turns.run(torrent.key, () => this.#openNow(torrent, mayBeLost));
  }

  async #openNow(torrent: ManagedTorrent, mayBeLost: boolean): Promise<void> {
    if (torrent.id !== -1 || torrent.stage === 'gone') return;
    torrent.enter('opening');
    torrent.trouble = null;
    this.#list.touch(torrent);
    try {
      const trouble = await this.#open(torrent, mayBeLost);
      if (trouble !== null) this.#cannotOpen(torrent, trouble);
    } catch (error) {
      if (error instanceof Failure) this.#loseDamaged(torrent, error.message);
      else this.#cannotOpen(torrent, notKept(error));
    }
    this.#list.touch(torrent);
    this.wantPump();
  }

  async #open(torrent: ManagedTorrent, mayBeLost: boolean): Promise<Trouble | null> {
    const { store, resumeStore } = this.#options;
    const { entry } = torrent;
    const root = await realpath(entry.folder).catch(() => null);
    if (root !== null && torrent.entry.folder === entry.folder) torrent.root = root;
    if (entry.magnet !== null) return this.#openMagnet(torrent, entry.magnet);
    torrent.metainfo ??= await store.metainfo(torrent.key);
    const { metainfo } = torrent;
    const looked = await lookAt(entry, metainfo, { resumeStore, openFiles: this.#openFiles }, mayBeLost);
    if (!('storage' in looked)) return looked;
    const { storage, fileLengths, resume, unusable } = looked;
    if (unusable !== null)
      this.#log(torrent, 'warn', `the resume data is not usable (${unusable}): everything is checked`, 'resume data');
    const free = !entry.ours && !anythingThere(metainfo, fileLengths);
    const taken = free ? await this.grant(torrent, entry.folder) : null;
    // Who relocated it meanwhile opens it there.
    const stands = torrent.stage !== 'gone' && !this.#leaving && torrent.entry.folder === entry.folder;
    if (taken !== null || !stands) {
      storage.close();
      return taken;
    }
    const added = this.session.add({
      metainfo,
      storage,
      fileLengths,
      resume,
      paused: true,
      check: mayBeLost ? 'all' : 'trust',
      peers: [],
      useTrackers: true,
    });
    if (!added.ok) return { kind: 'other', text: added.detail };
    this.#isOpen(torrent, added.value, storage);
    return null;
  }

  /** It is not open, and will be when its disk answers. */
  diskHangs(torrent: ManagedTorrent): void {
    if (torrent.stage === 'waiting' || torrent.stage === 'opening')
      this.#setTrouble(torrent, hangingTrouble(torrent.entry.folder));
    this.wantPump();
  }

  #isOpen(torrent: ManagedTorrent, id: TorrentId, storage: Storage | null): void {
    torrent.held(id, storage);
    // Its disk may have been said not to answer.
    torrent.trouble = null;
    this.#byId.set(id, torrent);
    this.#keys.set(id, torrent.key);
    this.limitsChanged(torrent);
  }

  /** Peers are asked for what it holds. */
  async #openMagnet(torrent: ManagedTorrent, link: string): Promise<Trouble | null> {
    const parsed = parseMagnet(link);
    if (!parsed.ok) return { kind: 'other', text: `not a usable magnet link: ${parsed.detail}` };
    const options = await addMagnetOptions(parsed.value);
    if (torrent.stage === 'gone' || this.#leaving) return null;
    const added = this.session.addMagnet(options, (metainfo) => this.#furnish(torrent, parsed.value, metainfo));
    if (!added.ok) return { kind: 'other', text: added.detail };
    this.#isOpen(torrent, added.value, null);
    return null;
  }

  /** The metadata is here; once it is kept, the torrent is no magnet any more. Where nothing lies in its place it goes on, with the peers that it
   *  has; else it is opened anew, like any other, and looked at before anything is written. */
  async #furnish(torrent: ManagedTorrent, magnet: Magnet, metainfo: Metainfo): Promise<Looked> {
    const { store } = this.#options;
    const { id, entry: before } = torrent;
    await store.furnish(furnishedEntry(before, magnet, metainfo), wrapInfo(metainfo));
    if (torrent.id !== id) throw new Error('closed meanwhile');
    const wished = torrent.entry !== before;
    torrent.entry = furnishedEntry(torrent.entry, magnet, metainfo);
    torrent.metainfo = metainfo;
    this.#list.touch(torrent);
    try {
      if (wished) await store.save(torrent.entry);
      const looked = await this.#lookWhereFree(torrent, metainfo);
      torrent.storage = looked.storage;
      if (torrent.running) void looked.storage.createEmptyFiles().catch(() => undefined);
      return looked;
    } catch (error) {
      // Who closed it meanwhile opens it, if anybody does.
      if (torrent.id === id) void this.close(torrent).then(() => this.open(torrent));
      throw error;
    }
  }

  /** Throws where its place is not free, or it is to be elsewhere by now. */
  async #lookWhereFree(torrent: ManagedTorrent, metainfo: Metainfo): Promise<Looked> {
    const { id, entry } = torrent;
    const { resumeStore } = this.#options;
    const looked = await lookAt(entry, metainfo, { resumeStore, openFiles: this.#openFiles }, false);
    if (!('storage' in looked)) throw new Error(looked.text);
    const free = !anythingThere(metainfo, looked.fileLengths);
    const taken = free ? await this.grant(torrent, entry.folder) : null;
    if (free && taken === null && torrent.id === id && torrent.entry.folder === entry.folder) return looked;
    looked.storage.close();
    throw new Error('to be opened anew');
  }

  /** Takes it out of the engine, after whatever is under way for it; what it has stays on the disk. Resolves when its files are closed and its
   *  trackers were told. */
  close(torrent: ManagedTorrent): Promise<void> {
    return this.#turns.run(torrent.key, () => this.#closeNow(torrent));
  }

  async #closeNow(torrent: ManagedTorrent): Promise<void> {
    const { id } = torrent;
    if (id === -1) return;
    this.#byId.delete(id);
    torrent.held(-1, null);
    this.#list.touch(torrent);
    await this.session.remove(id);
  }

  /** What lies in its place in `folder` is the torrent's, or nothing is there: it may write, unless another torrent may already, which is the
   *  trouble then. Of no effect where it is to be elsewhere by now. Throws the system's error. */
  async grant(torrent: ManagedTorrent, folder: string): Promise<Trouble | null> {
    await this.holders();
    const { metainfo, root, entry } = torrent;
    if (metainfo === null || entry.folder !== folder) return null;
    const claim = { root: root ?? folder, files: metainfo.files };
    // Nobody else comes between this look and the grant.
    const taken = whoseIsIt(torrent.key, claim, [...this.#list.ordered.filter(isHolder), ...this.#list.deleting]);
    if (taken !== null) return { kind: 'other', text: `${taken}: relocate or remove this torrent` };
    torrent.entry = { ...entry, ours: true };
    await this.#options.store.save(torrent.entry).catch((error: unknown) => {
      torrent.entry = { ...torrent.entry, ours: false };
      throw error;
    });
    return null;
  }

  /** Those that may write; also of one that is not open yet it is known then what it holds, and where. */
  async holders(): Promise<readonly ManagedTorrent[]> {
    const holders = this.#list.ordered.filter(isHolder);
    for (const holder of holders) {
      holder.metainfo ??= await this.#options.store.metainfo(holder.key).catch(() => null);
      holder.root ??= await realpath(holder.entry.folder).catch(() => null);
    }
    return holders;
  }

  limitsChanged({ id, entry }: ManagedTorrent): void {
    const { downloadBps, uploadBps } = entry;
    if (id !== -1) this.session.command({ kind: 'rateLimits', torrent: id, downloadBps, uploadBps });
  }

  /** The user wants it tried again. */
  async retry(torrent: ManagedTorrent): Promise<void> {
    if (torrent.stage === 'troubled') {
      await this.open(torrent);
      return;
    }
    const { storage, metainfo, id, entry } = torrent;
    if (id === -1) return;
    const summary = this.session.summary(id);
    if (torrent.trouble === null && summary?.state !== 'failed') return;
    let trouble: Trouble | null = null;
    // A magnet has nothing on the disk.
    if (storage !== null && metainfo !== null) {
      // What is open may be what was moved away.
      storage.close();
      const have = this.session.status(id)?.have ?? new Uint8Array(0);
      trouble = await lookAgain(entry, metainfo, storage, have);
      if (torrent.id !== id || torrent.entry.folder !== entry.folder) return;
    }
    torrent.trouble = null;
    torrent.retry = trouble === null;
    if (trouble !== null) this.#setTrouble(torrent, trouble);
    this.#list.touch(torrent);
    this.wantPump();
  }

  /** Hashes everything on the disk, and takes what is missing for missing. */
  async recheck(torrent: ManagedTorrent): Promise<void> {
    if (torrent.stage === 'troubled') {
      await this.open(torrent, true);
      return;
    }
    const { storage, id } = torrent;
    if (id === -1 || torrent.judging || storage === null) return;
    storage.close();
    storage.forgetFound();
    torrent.trouble = null;
    this.#list.touch(torrent);
    if (torrent.entry.ours) this.session.command({ kind: 'recheck', torrent: id });
    else this.#judge(torrent);
    this.wantPump();
  }

  #cannotOpen(torrent: ManagedTorrent, trouble: Trouble): void {
    if (torrent.stage === 'gone') return;
    torrent.enter('troubled');
    this.#setTrouble(torrent, trouble);
  }

  #setTrouble(torrent: ManagedTorrent, trouble: Trouble): void {
    torrent.trouble = trouble;
    this.#log(torrent, 'error', trouble.text, 'trouble');
    this.#list.touch(torrent);
  }

  /** What is kept of it is damaged and was set aside. */
  #loseDamaged(torrent: ManagedTorrent, text: string): void {
    torrent.enter('gone');
    this.#list.remove(torrent);
    this.#options.onNotice('error', text);
  }

  // ── what happens in the engine ──

  /** Whose event it is. */
  keyOf(id: TorrentId): TorrentKey | null {
    return this.#keys.get(id) ?? null;
  }

  onEvent(name: EventName, id: TorrentId, a: number, b: number): void {
    const torrent = this.#byId.get(id);
    if (torrent === undefined) return;
    this.#list.touch(torrent);
    if (name === 'announceFailed' || name === 'trackerSilent') this.#failedTrackers.push({ torrent, index: a });
    if (name === 'checkFinished') torrent.checkFinished = true;
    if (CONCERNING.has(name)) this.#concerned.add(torrent);
    const level = eventLevel(name);
    if (level !== 'trace') this.#log(torrent, level, eventText(name, a, b), 'event');
  }

  afterDrain(): void {
    for (const { torrent, index } of this.#failedTrackers.splice(0)) this.#trackerFailed(torrent, index);
    if (this.#concerned.size > 0) {
      const concerned = [...this.#concerned];
      this.#concerned.clear();
      for (const torrent of concerned) this.#look(torrent);
      this.wantPump();
    }
  }

  #look(torrent: ManagedTorrent): void {
    const summary = this.summary(torrent);
    if (summary === null) return;
    if (torrent.judging && summary.state === 'failed') torrent.judging = false;
    if (torrent.judging && torrent.checkFinished && summary.state === 'paused') {
      torrent.checkFinished = false;
      void this.#conclude(torrent);
    }
    if (summary.state === 'seeding' && torrent.entry.completedAt === null) {
      torrent.entry = { ...torrent.entry, completedAt: Date.now() };
      this.#list.touch(torrent);
      this.#options.store
        .save(torrent.entry)
        .catch((error: unknown) => this.#log(torrent, 'error', `not saved: ${reasonOf(error)}`, 'state folder'));
    }
  }

  #trackerFailed(torrent: ManagedTorrent, index: number): void {
    const tracker = torrent.id === -1 ? undefined : this.session.tracker(torrent.id, index);
    if (tracker !== undefined)
      this.#log(torrent, 'warn', trackerText(tracker.url, tracker.lastError ?? 'no answer'), 'tracker');
  }

  #log(torrent: ManagedTorrent, level: LogLine['level'], text: string, kind: LogKind): void {
    torrent.log.add(level, text);
    this.#options.onLog(level, text, torrent, kind);
  }

  // ── whose the files are ──

  #judge(torrent: ManagedTorrent): void {
    torrent.judging = true;
    torrent.checkFinished = false;
    this.session.command({ kind: 'recheck', torrent: torrent.id });
  }

  async #conclude(torrent: ManagedTorrent): Promise<void> {
    const { storage, metainfo, id, entry } = torrent;
    if (storage === null || metainfo === null) return;
    const stands = () => torrent.id === id && torrent.entry.folder === entry.folder;
    try {
      const lengths = await storage.fileLengths();
      const have = stands() ? this.session.status(id)?.have : undefined;
      if (have === undefined) return;
      const foreign = foreignFiles(metainfo, lengths, have);
      if (foreign.length === 0) {
        const taken = await this.grant(torrent, entry.folder);
        if (taken !== null && stands()) this.#setTrouble(torrent, taken);
      } else {
        const path = metainfo.files[foreign[0] as number]?.path ?? [];
        const more = foreign.length === 1 ? '' : ` and ${foreign.length - 1} more`;
        const file = shown(join(entry.folder, ...path));
        const text = `${file}${more}: is there already and not this torrent's: move it away and resume, relocate the torrent, or say that it may be overwritten`;
        this.#setTrouble(torrent, { kind: 'foreign', text });
      }
    } catch (error) {
      if (stands()) this.#setTrouble(torrent, notKept(error));
    } finally {
      if (torrent.id === id) torrent.judging = false;
      this.#list.touch(torrent);
      this.wantPump();
    }
  }

  // ── who runs ──

  /** Something has changed that decides who runs; looked at soon, once for all that changes meanwhile. */
  wantPump(): void {
    if (this.#pumpWanted) return;
    this.#pumpWanted = true;
    setTimeout(() => this.#pump(), Math.max(0, this.#pumpedAtMs + PUMP_PAUSE_MS - performance.now()));
  }

  #pump(): void {
    this.#pumpWanted = false;
    this.#pumpedAtMs = performance.now();
    if (this.#leaving) return;
    const { ordered } = this.#list;
    const runs = whoRuns(
      ordered.map((torrent) => this.#wish(torrent)),
      this.#downloadsMax,
    );
    for (const [index, torrent] of ordered.entries()) this.#setRunning(torrent, runs[index] as boolean);
  }

  #wish(torrent: ManagedTorrent) {
    const { entry, trouble, stage, judging, retry } = torrent;
    const summary = this.summary(torrent);
    if (summary === null)
      return {
        wantsToRun: !entry.paused && trouble === null && (stage === 'waiting' || stage === 'opening'),
        complete: entry.completedAt !== null,
      };
    const failed = summary.state === 'failed' && !retry;
    return {
      wantsToRun: judging || (!entry.paused && trouble === null && !failed),
      complete: summary.complete && !judging && entry.ours,
    };
  }

  #setRunning(torrent: ManagedTorrent, run: boolean): void {
    if (torrent.id === -1 || torrent.judging) return;
    if (run === torrent.running && !torrent.retry) return;
    torrent.retry = false;
    this.#list.touch(torrent);
    if (run && !torrent.entry.ours && torrent.entry.magnet === null) {
      this.#judge(torrent);
      return;
    }
    torrent.running = run;
    if (run) void torrent.storage?.createEmptyFiles().catch(() => undefined);
    this.session.command({ kind: run ? 'resume' : 'pause', torrent: torrent.id });
  }
}

/** Of an `Error` of ours the line, of the system's what it is about: only the state folder was written. */
function notKept(error: unknown): Trouble {
  const reason = reasonOf(error);
  if (errorCode(error) === null) return { kind: 'other', text: reason };
  return { kind: 'other', text: `the state folder cannot be written: ${reason}: make room or mend it, and resume` };
}

function isHolder({ entry }: ManagedTorrent): boolean {
  return entry.ours;
}

/** What may change who runs, or ends a check. */
const CONCERNING: ReadonlySet<EventName> = new Set([
  'checkFinished',
  'stateChanged',
  'downloadCompleted',
  'torrentFailed',
  'diskFailed',
  'diskFull',
  'diskRecovered',
]);
