// Notices that the folder of a torrent vanished while it runs. Its open files go on to be read and written wherever they were moved to, so
// that nobody would know before the next start.

import { OneOnly } from '../one-at-a-time.ts';
import type { ManagedTorrent, Trouble } from './managed-torrent.ts';
import { goneTrouble, isGone } from './opening.ts';
import type { TorrentList } from './torrent-list.ts';

const LOOK_MS = 5_000;
/** Torrents looked at each time, in turn: one call of the system each. */
const LOOKS_MAX = 25;

export class MissingWatch {
  readonly #list: TorrentList;
  readonly #gone: (torrent: ManagedTorrent, trouble: Trouble) => void;
  #lookedTo = 0;
  /** Where a disk does not answer, one look waits for it and no more. */
  readonly #looks = new OneOnly();
  #timer: NodeJS.Timeout | undefined;

  constructor(list: TorrentList, gone: (torrent: ManagedTorrent, trouble: Trouble) => void) {
    this.#list = list;
    this.#gone = gone;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#looks.run(() => this.#look()), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const running = this.#list.ordered.filter((torrent) => torrent.running && torrent.trouble === null);
    for (let looks = 0; looks < Math.min(LOOKS_MAX, running.length); looks += 1) {
      this.#lookedTo = (this.#lookedTo + 1) % running.length;
      const torrent = running[this.#lookedTo] as ManagedTorrent;
      const { storage, metainfo, entry } = torrent;
      if (storage === null || metainfo === null) continue;
      const gone = await storage.lookForTop().then(
        () => false,
        (error: unknown) => isGone(error),
      );
      if (gone && torrent.storage === storage) this.#gone(torrent, goneTrouble(entry.folder, metainfo));
    }
  }
}
