// The torrents that the client knows, in a folder: two files a torrent, KEY.torrent (never changed) and KEY.json (its entry).
//
// Always: a torrent is known from the moment its entry is on the disk, which is after its .torrent; it is forgotten with its entry, before
// its .torrent goes. Whatever a crash leaves of either is cleared at the next start. A damaged file concerns one torrent: it is moved to the
// folder `damaged` and named. Only one process may use the folder (`lock.ts`).

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { METAINFO_BYTES_MAX, parseMetainfo, type Metainfo } from '#engine';
import { removeFile, replaceFile, TEMPORARY_SUFFIX } from '../replace-file.ts';
import { errorCode, Failure, reasonOf } from '../failure.ts';
import { OneAtATimeEach } from '../one-at-a-time.ts';
import { readBounded } from '../read-bounded.ts';
import { hex } from '../units.ts';
import { decodeEntry, encodeEntry, type Entry } from './entry.ts';

const READS_AT_ONCE = 16;
/** Node's own codes, such as that of bytes that are no UTF-8, have an underscore. */
const SYSTEM_CODE = /^E[A-Z0-9]+$/;
const NAME = /^([0-9a-f]{40})\.(json|torrent)$/;

export interface Loaded {
  /** In no order. */
  readonly entries: readonly Entry[];
  /** One line each for the user: what could not be used, and where it is now. */
  readonly problems: readonly string[];
}

export class TorrentStore {
  readonly #folder: string;
  readonly #damagedFolder: string;
  /** Of the files of each torrent, by key. */
  readonly #changes = new OneAtATimeEach();
  /** Removed, and not added since: what was found out about them in the meantime is not kept. Bounded by the user's removals. */
  readonly #gone = new Set<string>();
  /** Keys of entries that are there but could not be read. */
  readonly #unread = new Set<string>();

  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'torrents');
    this.#damagedFolder = join(stateFolder, 'damaged');
  }

  /** Reads every entry. Throws `Failure` where the folder itself cannot be used. */
  async load(): Promise<Loaded> {
    const names = await this.#list();
    const keys = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, 40));
    const entries: Entry[] = [];
    const problems: string[] = [];
    const readNext = async (): Promise<void> => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
        try {
          entries.push(decodeEntry(await readBounded(this.#path(key, 'json'), METAINFO_BYTES_MAX), key));
        } catch (error) {
          const problem = await this.#unusable(key, 'json', error);
          problems.push(problem.message);
          if (!(problem instanceof Failure)) this.#unread.add(key);
        }
      }
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, readNext));
    await this.#clear(names);
    return { entries, problems };
  }

  /** Throws `Failure` where its .torrent is damaged or not there: it was set aside, and the entry with it. Throws an `Error` that says what to
   *  do where it cannot be read: it may be good. */
  async metainfo(key: string): Promise<Metainfo> {
    try {
      const parsed = parseMetainfo(await readBounded(this.#path(key, 'torrent'), METAINFO_BYTES_MAX));
      if (!parsed.ok) throw new Error(parsed.detail);
      if (hex(parsed.value.infoHash) !== key) throw new Error('it is another torrent');
      return parsed.value;
    } catch (error) {
      throw await this.#unusable(key, 'torrent', error);
    }
  }

  /** Makes a new torrent known. `torrent`: the bytes of its .torrent. Throws the system's error, or `Failure` where one is there that could not
   *  be read. */
  async add(entry: Entry, torrent: Uint8Array): Promise<void> {
    this.#refuseUnread(entry);
    this.#gone.delete(entry.key);
    return this.#changes.run(entry.key, async () => {
      await replaceFile(this.#path(entry.key, 'torrent'), torrent);
      await replaceFile(this.#path(entry.key, 'json'), encodeEntry(entry));
    });
  }

  /** Makes a torrent known of which there is no .torrent yet. Throws as `add`. */
  async addMagnet(entry: Entry): Promise<void> {
    this.#refuseUnread(entry);
    this.#gone.delete(entry.key);
    return this.save(entry);
  }

  /** Its .torrent is here. One that was removed meanwhile stays so. Throws the system's error. */
  furnish(entry: Entry, torrent: Uint8Array): Promise<void> {
    return this.#gone.has(entry.key) ? Promise.resolve() : this.add(entry, torrent);
  }

  /** Replaces what is known; of one that was removed nothing is known again by it. Throws the system's error. */
  save(entry: Entry): Promise<void> {
    if (this.#gone.has(entry.key)) return Promise.resolve();
    return this.#changes.run(entry.key, () => replaceFile(this.#path(entry.key, 'json'), encodeEntry(entry)));
  }

  /** Throws the system's error. */
  remove(key: string): Promise<void> {
    this.#gone.add(key);
    return this.#changes.run(key, async () => {
      await removeFile(this.#path(key, 'json'));
      await rm(this.#path(key, 'torrent'), { force: true });
    });
  }

  #refuseUnread({ key }: Entry): void {
    if (!this.#unread.has(key)) return;
    throw new Failure(`${this.#path(key, 'json')}: could not be read at the start: mend it and start again`);
  }

  #path(key: string, kind: 'json' | 'torrent'): string {
    return join(this.#folder, `${key}.${kind}`);
  }

  async #list(): Promise<readonly string[]> {
    try {
      await mkdir(this.#folder, { recursive: true });
      return await readdir(this.#folder);
    } catch (error) {
      throw new Failure(`${this.#folder}: ${reasonOf(error)}`);
    }
  }

  /** What a crash left: temporary files, and a .torrent whose entry was not written yet or is gone. */
  async #clear(names: readonly string[]): Promise<void> {
    const known = new Set(names);
    for (const name of names) {
      const match = NAME.exec(name);
      const orphan = match?.[2] === 'torrent' && !known.has(`${match[1]}.json`);
      if (orphan || name.endsWith(TEMPORARY_SUFFIX))
        await rm(join(this.#folder, name), { force: true }).catch(() => undefined);
    }
  }

  /** Sets a torrent aside of which a file was read and is damaged or not there: `Failure`. A file that could not be read may be good: it stays,
   *  as does one that cannot be moved. */
  async #unusable(key: string, kind: 'json' | 'torrent', error: unknown): Promise<Error> {
    const path = this.#path(key, kind);
    const code = SYSTEM_CODE.exec(errorCode(error) ?? '')?.[0] ?? null;
    const then = kind === 'json' ? 'start again' : 'resume';
    if (code !== null && code !== 'ENOENT') return new Error(`${path}: ${reasonOf(error)}: mend it and ${then}`);
    const what = `${path}: ${code === null ? 'damaged: ' : ''}${reasonOf(error)}`;
    try {
      await this.#changes.run(key, () => this.#setAside(key));
      return new Failure(`${what}: set aside in ${this.#damagedFolder}; the other torrents are not concerned`);
    } catch (cause) {
      return new Error(`${what}: it cannot be moved away either: ${reasonOf(cause)}`);
    }
  }

  async #setAside(key: string): Promise<void> {
    await mkdir(this.#damagedFolder, { recursive: true });
    // A .torrent without its entry would be cleared at the next start.
    for (const kind of ['torrent', 'json'] as const)
      await rename(this.#path(key, kind), join(this.#damagedFolder, `${key}.${kind}`)).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
      });
    this.#gone.add(key);
  }
}
