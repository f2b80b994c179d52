// Everything that the downloading process holds: the lock of the state folder, the configuration, the log, the journal, the session and the
// library on it, and the server that the UI talks to.

import { randomBytes } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_SETTINGS, type Settings } from '#engine';
import { Random } from '#harness/random';
import { printable } from '#harness/untrusted-text';
import { readConfig, watchConfig, type ReadConfig } from '../config/config-file.ts';
import type { Config } from '../config/config.ts';
import type { EventLog } from '../event-log.ts';
import { Failure, reasonOf } from '../failure.ts';
import { GlobalLimits, type Rates } from '../library/global-limits.ts';
import { Library, requireRates } from '../library/library.ts';
import { lockFolder, type Lock } from '../library/lock.ts';
import { LogRing } from '../library/log-ring.ts';
import { TorrentStore } from '../library/torrent-store.ts';
import { OneOnly } from '../one-at-a-time.ts';
import { Recorder } from '../recorder.ts';
import { ResumeStore } from '../resume-store.ts';
import { Session } from '../session.ts';
import { within } from '../within.ts';
import type { CoreOptions } from './core-options.ts';
import type { Asked, LogLine, Told } from './protocol.ts';
import { Server } from './server.ts';

/** Of the five seconds that leaving is promised within; the rest is for ending threads and files on a busy machine. */
const STOP_TIMEOUT_MS = 4_000;
const CLOSE_TIMEOUT_MS = 2_000;
const LOG_LINES_MAX = 1_000;
const SPACE_LOOK_MS = 10_000;

export class CoreMain {
  readonly #options: CoreOptions;
  readonly #server: Server;
  readonly #library: Library;
  readonly #log = new LogRing(LOG_LINES_MAX);
  readonly #resumeStore: ResumeStore;
  readonly #firstConfig: ReadConfig;
  #config: Config;
  #lock: Lock | null = null;
  #limits: GlobalLimits | null = null;
  #eventLog: EventLog | null = null;
  #recorder: Recorder | null = null;
  #session: Session | null = null;
  #listenPort: number | null = null;
  #freeBytes: number | null = null;
  /** Where a disk does not answer, one look waits for it and no more. */
  readonly #spaceLooks = new OneOnly();
  #spaceTimer: NodeJS.Timeout | undefined;
  #unwatch: () => void = () => undefined;
  #ready: () => void = () => undefined;
  /** Requests wait for it. */
  readonly #readiness = new Promise<void>((resolve) => {
    this.#ready = resolve;
  });
  #left: Promise<void> | null = null;

  constructor(options: CoreOptions, send: (told: Told, taken: () => void) => void) {
    this.#options = options;
    this.#firstConfig = readConfig(options.configFile);
    const { config } = this.#firstConfig;
    this.#config = config;
    this.#resumeStore = new ResumeStore(options.stateFolder);
    this.#library = new Library({
      store: new TorrentStore(options.stateFolder),
      resumeStore: this.#resumeStore,
      downloadsMax: config.active_downloads,
      onNotice: (level, text) => this.#notice(level, text),
      onLog: (level, text, { key, entry }, kind) => {
        this.#log.add(level, `${printable(entry.name)}: ${text}`);
        if (kind !== 'event') this.#eventLog?.log[level]({ kind, torrent: key }, text);
      },
    });
    this.#server = new Server({
      library: this.#library,
      log: this.#log,
      send,
      totals: () => ({
        downloadLimitBps: this.#limits?.now.downloadBps ?? 0,
        uploadLimitBps: this.#limits?.now.uploadBps ?? 0,
        listenPort: this.#listenPort,
        freeBytes: this.#freeBytes,
      }),
      setGlobalLimits: (downloadBps, uploadBps) => this.#setGlobalLimits({ downloadBps, uploadBps }),
    });
  }

  /** Throws `Failure` where the client cannot start. */
  async start(): Promise<void> {
    const { stateFolder, configFile } = this.#options;
    this.#lock = await lockFolder(stateFolder);
    this.#eventLog = await this.#openLog();
    for (const problem of this.#firstConfig.problems) this.#notice('warn', problem);
    this.#limits = await GlobalLimits.load(stateFolder, configuredRates(this.#config));
    await this.#library.load();
    const session = this.#makeSession();
    this.#session = session;
    this.#library.conductor.drive(session);
    await this.#listen(session);
    void this.#lookAtSpace();
    this.#spaceTimer = setInterval(() => void this.#lookAtSpace(), SPACE_LOOK_MS);
    this.#unwatch = watchConfig(configFile, this.#firstConfig, (read) => this.#configChanged(read));
    this.#server.start();
    this.#library.start();
    this.#ready();
  }

  /** Answers; true: it was asked to leave. */
  async answer(asked: Asked): Promise<boolean> {
    if (asked.request.call !== 'leave') await this.#readiness;
    await this.#server.answer(asked);
    return asked.request.call === 'leave';
  }

  /** Flushes, saves, tells the trackers, and ends everything. More than once is once. */
  leave(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  async #leave(): Promise<void> {
    clearInterval(this.#spaceTimer);
    this.#unwatch();
    this.#library.conductor.leave();
    if (this.#session !== null) {
      const clean = await this.#session.stop(STOP_TIMEOUT_MS);
      if (!clean) this.#line('warn', 'left before everything was answered');
      // A thread that a disk does not answer cannot be ended.
      await within(CLOSE_TIMEOUT_MS, this.#session.close()).catch(() => undefined);
    }
    this.#server.stop();
    this.#recorder?.close();
    await this.#lock?.release();
  }

  /** Our own bug: the line about it, with where its journal is. */
  crashed(error: Error): string {
    const kept = this.#recorder?.keep() ?? null;
    const line = `our own bug ended the downloading process: ${error.message}${kept === null ? '' : `; ${kept}`}`;
    this.#eventLog?.log.fatal({ kind: 'client', err: error }, line);
    return line;
  }

  #makeSession(): Session {
    const { stateFolder } = this.#options;
    this.#recorder = new Recorder({
      path: null,
      folder: stateFolder,
      about: { command: 'client', started: new Date().toISOString(), node: process.version },
      onLost: (reason) => this.#line('info', `the recording has ended: ${reason}`),
    });
    const seed = randomBytes(16).toString('hex');
    const settings = settingsOf(this.#config, this.#limits?.now ?? configuredRates(this.#config));
    return new Session({
      settings,
      random: new Random(seed),
      record: (engine) => this.#recorder?.record(engine, seed, settings) ?? engine,
      bind: this.#config.bind,
      iceServers: () => this.#config.ice_servers,
      resumeStore: this.#resumeStore,
      onEvent: (name, torrent, a, b) => {
        this.#eventLog?.event(name, this.#library.conductor.keyOf(torrent) ?? torrent, a, b);
        this.#library.conductor.onEvent(name, torrent, a, b);
      },
      onClose: (conn, why) =>
        this.#eventLog?.log.debug({ kind: 'connection', conn }, `closed connection ${conn}: ${printable(why)}`),
      afterDrain: () => {
        this.#recorder?.settle();
        this.#library.conductor.afterDrain();
      },
    });
  }

  async #listen(session: Session): Promise<void> {
    try {
      const { port, refusal } = await session.listen(this.#config.listen_ports);
      this.#listenPort = port;
      this.#line('info', `listening on port ${port}${refusal === null ? '' : ` (${refusal} for the first)`}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#listenPort = null;
      this.#notice('warn', `${error.message}: nobody can connect to this client`);
    }
  }

  #configChanged({ config, problems, broken }: ReadConfig): void {
    for (const problem of problems) this.#notice('warn', problem);
    if (broken) return;
    const before = this.#config;
    this.#config = config;
    this.#session?.command({ kind: 'places', ...placesOf(config) });
    if (before.log_file !== config.log_file || before.log_level !== config.log_level) void this.#reopenLog();
    if (before.bind !== config.bind) this.#session?.rebind(config.bind);
    const ports = config.listen_ports;
    const stays = ports.includes(0) || ports.includes(this.#listenPort ?? -1);
    const portsChanged = !isDeepStrictEqual(before.listen_ports, ports) && !stays;
    if (this.#session !== null && (before.bind !== config.bind || portsChanged)) void this.#listen(this.#session);
    this.#library.conductor.setDownloadsMax(config.active_downloads);
    if (this.#limits?.configure(configuredRates(config)) === true) this.#applyGlobalLimits();
  }

  async #setGlobalLimits(rates: Rates): Promise<void> {
    requireRates(rates.downloadBps, rates.uploadBps);
    const saved = this.#limits?.set(rates);
    this.#applyGlobalLimits();
    await saved?.catch((error: unknown) => {
      throw new Failure(`the limits cannot be saved: ${reasonOf(error)}`);
    });
  }

  #applyGlobalLimits(): void {
    if (this.#limits === null) return;
    this.#session?.command({ kind: 'rateLimits', torrent: null, ...this.#limits.now });
  }

  #lookAtSpace(): Promise<void> {
    return this.#spaceLooks.run(async () => {
      this.#freeBytes = await freeBytes(this.#config.download_folder);
    });
  }

  /** What writes it is loaded where there is one to be kept. */
  async #openLog(): Promise<EventLog | null> {
    const { log_file: file, log_level: level } = this.#config;
    if (file === null) return null;
    try {
      const { EventLog: Log } = await import('../event-log.ts');
      return new Log({ level: null, file, fileLevel: level, clearLine: () => undefined });
    } catch (error) {
      this.#notice('warn', `${file}: no log is kept: ${reasonOf(error)}`);
      return null;
    }
  }

  async #reopenLog(): Promise<void> {
    const opened = await this.#openLog();
    this.#eventLog?.close();
    this.#eventLog = opened;
  }

  #notice(level: 'info' | 'warn' | 'error', text: string): void {
    this.#line(level, text);
    this.#server.tell({ kind: 'notice', level, text });
  }

  #line(level: LogLine['level'], text: string): void {
    this.#log.add(level, text);
    this.#eventLog?.log[level]({ kind: 'client' }, text);
  }
}

/** Of the disk of `wanted`, or of the folder that it would be made in; null: nobody knows. */
async function freeBytes(wanted: string): Promise<number | null> {
  for (let folder = wanted; ; folder = dirname(folder)) {
    const found = await statfs(folder).catch(() => null);
    if (found !== null) return found.bavail * found.bsize;
    if (dirname(folder) === folder) return null;
  }
}

function configuredRates({ download_limit: downloadBps, upload_limit: uploadBps }: Config): Rates {
  return { downloadBps, uploadBps };
}

function settingsOf(config: Config, { downloadBps, uploadBps }: Rates): Settings {
  return {
    ...DEFAULT_SETTINGS,
    ...placesOf(config),
    downloadBps,
    uploadBps,
  };
}

function placesOf(config: Config) {
  return {
    connectionsMax: config.connections,
    connectionsPerTorrentMax: config.connections_per_torrent,
    uploadSlots: config.upload_slots,
  };
}
