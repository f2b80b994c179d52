// `starling get` and `starling seed`: one torrent, one session, until the user or `--exit` ends it.
//
// Always: the first Ctrl-C leaves gracefully within five seconds, with 0 (1 where `--exit` still waited), the second at once with 130; a
// failure that only the user can mend is one line; our own bug is logged as fatal before the process ends.

import { randomBytes } from 'node:crypto';
import { DEFAULT_SETTINGS, type EventName, type PeerAddress, type TorrentId, type TorrentStatus } from '#engine';
import { Random } from '#harness/random';
import { printable } from '#harness/untrusted-text';
import type { Level } from 'pino';
import { EventLog } from '../event-log.ts';
import { Failure, reasonOf } from '../failure.ts';
import { MagnetStore } from '../magnet-store.ts';
import { parseHostPort, resolveHost, type HostPort } from '../net/address.ts';
import { DEFAULT_PORTS } from '../net/listener.ts';
import { Progress } from '../progress.ts';
import { Recorder } from '../recorder.ts';
import { defaultStateFolder, ResumeStore } from '../resume-store.ts';
import { Session } from '../session.ts';
import { type SourceOptions, sourceToGet, sourceToSeed, type TransferSource } from '../transfer-source.ts';
import { formatBytes, formatPercent, hex } from '../units.ts';

/** Leaving on Ctrl-C is promised within 5 s; the rest is for ending threads and files on a busy machine. */
const LEAVE_TIMEOUT_MS = 4_000;
/** Leaving with `--exit`: the last sync of a slow disk may take long, and is worth waiting for. */
const FINISH_TIMEOUT_MS = 600_000;

export interface SeedOptions {
  readonly dir: string;
  readonly port?: number;
  readonly bind?: string;
  readonly iceServer: readonly string[];
  readonly peer: readonly string[];
  readonly trackers: boolean;
  readonly json?: true;
  readonly check?: true;
  readonly downloadLimit: number;
  readonly uploadLimit: number;
  readonly state?: string;
  readonly logLevel: Level;
  readonly logFile?: string;
  /** Left out: a nameless journal; false: none. */
  readonly record?: string | false;
}

export interface GetOptions extends SeedOptions {
  readonly exit?: true;
  readonly sequential?: true;
}

/** Downloads, then seeds until told to leave. */
export async function get(torrent: string, options: GetOptions): Promise<void> {
  await new Transfer(options, false).run((source) => sourceToGet(torrent, source));
}

/** Shares what is there; content that is not whole is a failure, and nothing is downloaded. */
export async function seed(path: string, options: SeedOptions): Promise<void> {
  await new Transfer(options, true).run((source) => sourceToSeed(path, source));
}

class Transfer {
  readonly #options: GetOptions;
  readonly #seedOnly: boolean;
  readonly #eventLog: EventLog;
  readonly #state: string;
  readonly #resumeStore: ResumeStore;
  readonly #recorder: Recorder | null;
  readonly #session: Session;
  readonly #progress: Progress;
  #torrent: TorrentId = -1;
  /** It is known what the torrent holds. */
  #opened = false;
  /** Something happened that may have ended the check, completed the torrent or changed its error. */
  #lookAgain = false;
  /** Whose announce failed since the last drain: places in the order of the tiers. */
  readonly #failedTrackers: number[] = [];
  #checked = false;
  #completed = false;
  #error: string | null = null;
  #leaving = false;
  #finish: (failure: Failure | null) => void = () => undefined;

  constructor(options: GetOptions, seedOnly: boolean) {
    this.#options = options;
    this.#seedOnly = seedOnly;
    this.#eventLog = openLog(options, () => this.#progress.clearLine());
    this.#progress = new Progress(options.json === true, () => this.#session.status(this.#torrent));
    this.#state = options.state ?? defaultStateFolder();
    this.#resumeStore = new ResumeStore(this.#state);
    this.#recorder = options.record === false ? null : this.#makeRecorder(options.record ?? null, this.#state);
    const settings = { ...DEFAULT_SETTINGS, downloadBps: options.downloadLimit, uploadBps: options.uploadLimit };
    const seed = randomBytes(16).toString('hex');
    this.#session = new Session({
      settings,
      random: new Random(seed),
      record: (engine) => this.#recorder?.record(engine, seed, settings) ?? engine,
      bind: options.bind ?? null,
      iceServers: () => options.iceServer,
      resumeStore: this.#resumeStore,
      onEvent: (name, torrent, a, b) => this.#onEvent(name, torrent, a, b),
      onClose: (conn, why) => this.#eventLog.log.debug({ conn }, `closed connection ${conn}: ${printable(why)}`),
      afterDrain: () => this.#afterDrain(),
    });
  }

  #makeRecorder(path: string | null, folder: string): Recorder {
    return new Recorder({
      path,
      folder,
      about: { command: this.#seedOnly ? 'seed' : 'get', started: new Date().toISOString(), node: process.version },
      // The nameless one is full after some days: nobody asked for it.
      onLost: (reason) => this.#eventLog.log[path === null ? 'info' : 'warn'](`the recording has ended: ${reason}`),
    });
  }

  /** Returns when the transfer of what `find` finds has ended as wanted. Throws `Failure`. */
  async run(find: (options: SourceOptions) => Promise<TransferSource>): Promise<void> {
    const ended = new Promise<Failure | null>((resolve) => {
      this.#finish = resolve;
    });
    try {
      const source = await find({
        dir: this.#options.dir,
        magnets: new MagnetStore(this.#state),
        resumes: this.#resumeStore,
        onBadResume: (reason) =>
          this.#eventLog.log.warn(`the resume data is not usable (${printable(reason)}): everything is checked`),
      });
      await this.#add(source, await this.#listen());
      this.#progress.start();
      const failure = await ended;
      if (failure !== null) throw failure;
    } catch (error) {
      if (!(error instanceof Failure)) this.#keepJournal();
      throw error;
    } finally {
      this.#progress.stop();
      await this.#session.close();
      this.#recorder?.close();
    }
  }

  async #listen(): Promise<number> {
    const { port: wanted } = this.#options;
    const { port, refusal } = await this.#session.listen(wanted === undefined ? DEFAULT_PORTS : [wanted]);
    // Of the default ports any will do.
    const level = refusal !== null && wanted !== undefined ? 'warn' : 'info';
    const instead = refusal === null ? '' : `port ${wanted ?? DEFAULT_PORTS[0]} cannot be bound (${refusal}): `;
    this.#eventLog.log[level](`${instead}listening on port ${port}`);
    return port;
  }

  async #add(source: TransferSource, port: number): Promise<void> {
    const { dir, peer, trackers, check, sequential } = this.#options;
    const named = await Promise.all(peer.map((text) => resolvePeer(text)));
    const linked = await Promise.all(source.peers.map((address) => this.#resolveLinked(address)));
    const added = await source.add(this.#session, {
      paused: false,
      check: check === true ? 'all' : 'trust',
      peers: [...named, ...linked.flat()],
      useTrackers: trackers,
    });
    if (!added.ok) throw new Failure(`${source.name}: ${added.detail}`);
    this.#torrent = added.value;
    this.#handleSignals();
    if (sequential !== undefined) this.#session.command({ kind: 'sequential', torrent: this.#torrent, on: true });
    const { name, infoHash, metainfo } = source;
    this.#opened = metainfo !== null;
    const totalBytes = metainfo?.geometry.totalBytes ?? null;
    const what = totalBytes === null ? 'asking peers what it holds, to be saved' : formatBytes(totalBytes);
    this.#progress.notice({
      event: 'started',
      text: `${printable(name)}: ${what} in ${dir}, listening on port ${port}`,
      fields: { name, infoHash: hex(infoHash), totalBytes, dir, port },
    });
    this.#lookAgain = true;
  }

  /** A peer that a link names and nobody finds is only one less. */
  async #resolveLinked(address: HostPort): Promise<PeerAddress[]> {
    try {
      return [await resolveHost(address)];
    } catch (error) {
      this.#eventLog.log.warn(`peer ${printable(address.host)} of the link: ${reasonOf(error)}`);
      return [];
    }
  }

  #onEvent(name: EventName, torrent: TorrentId, a: number, b: number): void {
    this.#eventLog.event(name, torrent, a, b);
    if (name === 'announceFailed' || name === 'trackerSilent') this.#failedTrackers.push(a);
    // Pieces are flushed thousands of times; they matter only between complete and synced.
    if (EVENTS_WATCHED.has(name) || (name === 'pieceFlushed' && this.#completed)) this.#lookAgain = true;
  }

  #afterDrain(): void {
    this.#recorder?.settle();
    this.#noticeFailedTrackers();
    if (!this.#lookAgain || this.#leaving) return;
    this.#lookAgain = false;
    const status = this.#session.status(this.#torrent);
    if (status === null) return;
    this.#noticeError(status);
    if (status.metadata !== null || status.state === 'checking') return;
    if (!this.#opened && !this.#noticeOpened(status)) return;
    if (!this.#checked) this.#noticeChecked(status);
    if (status.complete && !this.#completed) this.#noticeCompleted(status);
    if (status.complete && this.#options.exit === true) void this.#leave(FINISH_TIMEOUT_MS);
  }

  #noticeFailedTrackers(): void {
    for (const index of this.#failedTrackers) {
      const tracker = this.#session.tracker(this.#torrent, index);
      if (tracker !== undefined) this.#eventLog.trackerFailed(tracker.url, tracker.lastError ?? 'no answer');
    }
    this.#failedTrackers.length = 0;
  }

  /** The metadata came. False where it is of no use, which is the end. */
  #noticeOpened({ name, infoHash, totalBytes, state, error }: TorrentStatus): boolean {
    if (state === 'failed') {
      void this.#leave(LEAVE_TIMEOUT_MS, new Failure(`${name}: ${error}`));
      return false;
    }
    this.#opened = true;
    const text = `${printable(name)}: ${formatBytes(totalBytes)} in ${this.#options.dir}`;
    this.#progress.notice({ event: 'metadata', text, fields: { name, infoHash, totalBytes } });
    return true;
  }

  #noticeError({ error, state }: TorrentStatus): void {
    if (error === this.#error) return;
    this.#error = error;
    const text = error === null ? null : printable(error);
    this.#progress.notice(
      text === null
        ? { event: 'recovered', text: 'recovered', fields: { state } }
        : { event: 'error', text: `error: ${text}`, fields: { state, message: text } },
    );
  }

  #noticeChecked({ havePieces, pieceCount, complete }: TorrentStatus): void {
    this.#checked = true;
    const text = `${havePieces} of ${pieceCount} pieces are here`;
    this.#progress.notice({ event: 'checked', text, fields: { havePieces, pieceCount } });
    if (!this.#seedOnly || complete) return;
    const failure = new Failure(
      `${this.#options.dir}: cannot be seeded: only ${havePieces} of ${pieceCount} pieces are good`,
    );
    void this.#leave(LEAVE_TIMEOUT_MS, failure);
  }

  #noticeCompleted({ haveBytes, downloadedBytes }: TorrentStatus): void {
    this.#completed = true;
    const text = `complete: ${formatBytes(haveBytes)} verified`;
    this.#progress.notice({ event: 'completed', text, fields: { bytes: haveBytes, downloadedBytes } });
  }

  async #leave(timeoutMs: number, failure: Failure | null = null): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    const clean = await this.#session.stop(timeoutMs);
    const status = this.#session.status(this.#torrent);
    if (!clean) this.#eventLog.log.warn('left before everything was answered');
    if (status !== null) {
      const { uploadedBytes, downloadedBytes, haveBytes, wantedBytes } = status;
      const percent = formatPercent(haveBytes, wantedBytes);
      const text = `stopped: ${percent} % here, down ${formatBytes(downloadedBytes)}, up ${formatBytes(uploadedBytes)}`;
      const fields = { clean, haveBytes, wantedBytes, downloadedBytes, uploadedBytes };
      this.#progress.notice({ event: 'stopped', text, fields });
    }
    this.#finish(failure ?? this.#unfinished(status));
  }

  /** With `--exit` the end is a success only when all of it is on the disk for certain. */
  #unfinished(status: TorrentStatus | null): Failure | null {
    if (this.#options.exit !== true || status === null) return null;
    const { complete, flushedBytes, wantedBytes, error } = status;
    if (complete && flushedBytes === wantedBytes) return null;
    const what = complete ? 'not everything could be written' : 'interrupted before everything was here';
    return new Failure(`${this.#options.dir}: ${what}${error === null ? '' : `: ${error}`}`);
  }

  #keepJournal(): void {
    const kept = this.#recorder?.keep() ?? null;
    if (kept !== null) this.#eventLog.log.fatal(kept);
  }

  #handleSignals(): void {
    let interrupted = false;
    const exit = (code: number) => {
      this.#progress.stop();
      this.#recorder?.close();
      process.exit(code);
    };
    const leave = () => {
      if (interrupted) exit(130);
      interrupted = true;
      this.#progress.notice({ event: 'leaving', text: 'leaving; Ctrl-C again leaves at once', fields: {} });
      // Already on the way out, at the pace of a slow disk: the promise of five seconds holds all the same.
      if (this.#leaving) setTimeout(() => exit(1), LEAVE_TIMEOUT_MS).unref();
      void this.#leave(LEAVE_TIMEOUT_MS);
    };
    process.on('SIGINT', leave);
    process.on('SIGTERM', leave);
    process.on('uncaughtException', (error) => {
      this.#eventLog.log.fatal(error);
      this.#keepJournal();
      exit(1);
    });
  }
}

/** After these the status is looked at once more. */
const EVENTS_WATCHED: ReadonlySet<EventName> = new Set([
  'metadataVerified',
  'checkFinished',
  'stateChanged',
  'downloadCompleted',
  'torrentFailed',
  'torrentRecovered',
  'diskFailed',
  'diskFull',
  'diskRecovered',
]);

function openLog({ logLevel, logFile }: SeedOptions, clearLine: () => void): EventLog {
  try {
    return new EventLog({ level: logLevel, file: logFile ?? null, clearLine });
  } catch (error) {
    throw new Failure(`${logFile}: ${reasonOf(error)}`);
  }
}

async function resolvePeer(text: string) {
  try {
    return await resolveHost(parseHostPort(text) as HostPort);
  } catch (error) {
    throw new Failure(`${text}: ${reasonOf(error)}`);
  }
}
