// The UI's side of the downloading process: starts it, asks it, and keeps what it pushes.
//
// Always: the UI never waits: what is shown is what was pushed last. A request settles once, also when the process dies: then it fails, and
// so does every later one until `start` is called again. The torrents are safe either way: they are on the disk.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { wholePrintable } from '#harness/untrusted-text';
import { Failure } from '../failure.ts';
import { workerUrl } from '../worker-url.ts';
import type { CoreOptions } from './core-options.ts';
import type { Asked, Detail, Request, Told, TorrentKey, TorrentRow, Totals } from './protocol.ts';

/** Leaving is promised within 5 s; a process that hangs all the same is ended. */
const LEAVE_TIMEOUT_MS = 8_000;
const STDERR_CHARS_MAX = 16_384;
/** Node's four threads for calls of the system are soon all waiting where one disk of several does not answer. */
const SYSTEM_THREADS = '16';

/** `starting`: its torrents are being read; `running`; `leaving`: asked to; `ended`: see `ending`. */
export type CoreLife = 'starting' | 'running' | 'leaving' | 'ended';

/** What has changed; read the new value from `Core`. */
export type CoreChange =
  | { readonly kind: 'rows' | 'totals' | 'detail' | 'life' }
  | { readonly kind: 'notice'; readonly level: 'info' | 'warn' | 'error'; readonly text: string };

interface Waiting {
  readonly resolve: (key: TorrentKey | null) => void;
  readonly reject: (failure: Failure) => void;
}

export class Core {
  readonly #options: CoreOptions;
  readonly #listeners = new Set<(change: CoreChange) => void>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #rows = new Map<TorrentKey, TorrentRow>();
  #totals: Totals | null = null;
  #detail: Detail | null = null;
  #life: CoreLife = 'ended';
  #ending: string | null = null;
  #child: ChildProcess | null = null;
  #stderr = '';
  #nextId = 1;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: CoreOptions) {
    this.#options = options;
  }

  /** Every torrent, in no order: `position` has it. The map is replaced by nobody and changed by pushes only. */
  get rows(): ReadonlyMap<TorrentKey, TorrentRow> {
    return this.#rows;
  }

  /** Null until the first push. */
  get totals(): Totals | null {
    return this.#totals;
  }

  /** Of the page that is watched; null until its first push. */
  get detail(): Detail | null {
    return this.#detail;
  }

  get life(): CoreLife {
    return this.#life;
  }

  /** Of the process; null: none runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Why the process ended although nobody asked it to, or did not when it was asked, in one line; null: all is well. */
  get ending(): string | null {
    return this.#ending;
  }

  /** Called after each change, until the function that comes back is called. */
  listen(listener: (change: CoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts the process, where none runs. */
  start(): void {
    if (this.#life !== 'ended') return;
    this.#rows.clear();
    this.#totals = null;
    this.#detail = null;
    this.#ending = null;
    this.#stderr = '';
    const child = fork(fileURLToPath(workerUrl('core-process')), [JSON.stringify(this.#options)], {
      serialization: 'advanced',
      execArgv: [],
      env: { UV_THREADPOOL_SIZE: SYSTEM_THREADS, ...process.env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.on('message', (told: Told) => this.#told(told));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
    this.#exited = new Promise((resolve) => {
      // `close` follows when its last words were read; it never comes where the process could not be started.
      child.once('error', (error) => {
        this.#stderr += `${error.message}\n`;
        if (child.pid === undefined) resolve();
      });
      child.once('close', () => resolve());
    });
    void this.#exited.then(() => this.#ended(child));
    this.#live('starting');
  }

  /** Resolves when it is done, with the torrent that an `add` made. Rejects with `Failure`: one line for the user. An `add` of a torrent
   *  that is here already rejects with `DuplicateTorrent`. */
  request(request: Request): Promise<TorrentKey | null> {
    const child = this.#child;
    if (child === null || !child.connected)
      return Promise.reject(new Failure(this.#ending ?? 'the downloading process does not run'));
    const id = this.#nextId;
    this.#nextId += 1;
    if (request.call === 'watch') this.#detail = null;
    const answered = new Promise<TorrentKey | null>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    // A channel that breaks is noticed by the end of the process.
    child.send({ id, request } satisfies Asked, () => undefined);
    return answered;
  }

  /** Leaves in good order; resolves when the process has ended, which it does within 5 s, or is made to. */
  async leave(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#live('leaving');
    void this.request({ call: 'leave' }).catch(() => undefined);
    const timer = setTimeout(() => {
      this.#ending = 'the downloading process did not leave in time and was ended';
      child.kill('SIGKILL');
    }, LEAVE_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #told(told: Told): void {
    switch (told.kind) {
      case 'ready':
        if (this.#life === 'starting') this.#live('running');
        return;
      case 'answered':
        this.#answered(told);
        return;
      case 'rows':
        for (const row of told.changed) this.#rows.set(row.key, row);
        for (const key of told.removed) this.#rows.delete(key);
        this.#tell({ kind: 'rows' });
        return;
      case 'totals':
        this.#totals = told.totals;
        this.#tell({ kind: 'totals' });
        return;
      case 'detail':
        this.#detail = told.detail;
        this.#tell({ kind: 'detail' });
        return;
      case 'notice':
        this.#tell(told);
        return;
    }
  }

  #answered({ id, error, key }: Told & { readonly kind: 'answered' }): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === null) waiting?.resolve(key);
    else waiting?.reject(key === null ? new Failure(error) : new DuplicateTorrent(error, key));
  }

  #ended(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = null;
    if (this.#life !== 'leaving') this.#ending = this.#lastWords(child);
    const failure = this.#ending ?? 'the downloading process has left';
    for (const { reject } of this.#waiting.values()) reject(new Failure(failure));
    this.#waiting.clear();
    this.#live('ended');
  }

  /** Its last line of error, which says where the journal is when it broke. */
  #lastWords({ exitCode, signalCode }: ChildProcess): string {
    const last = this.#stderr.trim().split('\n').at(-1) ?? '';
    const how = signalCode === null ? `with code ${exitCode}` : `by ${signalCode}`;
    return wholePrintable(last === '' ? `the downloading process ended ${how}` : last);
  }

  #live(life: CoreLife): void {
    this.#life = life;
    this.#tell({ kind: 'life' });
  }

  #tell(change: CoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** The torrent is here already. */
export class DuplicateTorrent extends Failure {
  readonly key: TorrentKey;

  constructor(message: string, key: TorrentKey) {
    super(message);
    this.key = key;
  }
}
