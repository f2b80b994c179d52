// One torrent of the library: what is known of it, where it stands on the way into the engine, and its row in the list.
//
//   stage      what it is                                              ends by
//   waiting    known, its .torrent not read yet                        `open`
//   opening    its files are being looked at                           ─► open, or troubled
//   open       the engine has it                                       `close`
//   troubled   not in the engine; `trouble` says why and what to do    `open` again
//   gone       removed                                                 nothing

import type { Metainfo, TorrentId, TorrentSummary } from '#engine';
import type { Storage } from '../disk/storage.ts';
import type { RowState, TorrentRow } from '../control/protocol.ts';
import type { Entry } from './entry.ts';
import { LogRing } from './log-ring.ts';

const LOG_LINES_MAX = 100;

/** Why a torrent cannot run, in one line that says what to do about it. `missing`: its folder or files; `foreign`: other files lie in its
 *  place. */
export interface Trouble {
  readonly kind: 'missing' | 'foreign' | 'other';
  readonly text: string;
}

export type Stage = 'waiting' | 'opening' | 'open' | 'troubled' | 'gone';

export class ManagedTorrent {
  entry: Entry;
  metainfo: Metainfo | null = null;
  trouble: Trouble | null = null;
  /** The engine's, while it is open; else −1. */
  id: TorrentId = -1;
  storage: Storage | null = null;
  /** Its folder as a real path, as last found; null where it never was. */
  root: string | null = null;
  /** What the engine was last told: to run or to rest. */
  running = false;
  /** A check decides whose the files are before anything is written. */
  judging = false;
  /** The check of `judging` has come to its end. */
  checkFinished = false;
  /** The user wants it tried again after it failed. */
  retry = false;
  position = 0;
  readonly log = new LogRing(LOG_LINES_MAX);
  #stage: Stage = 'waiting';

  constructor(entry: Entry) {
    this.entry = entry;
  }

  get key(): string {
    return this.entry.key;
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** One that is gone stays so, whatever comes to its end later. */
  enter(stage: Stage): void {
    if (this.#stage !== 'gone') this.#stage = stage;
  }

  /** The engine has it as `id`, or has it no longer: −1. `storage`: null where it has none. */
  held(id: TorrentId, storage: Storage | null): void {
    Object.assign(this, { id, storage, running: false, judging: false });
    this.enter(id === -1 ? 'waiting' : 'open');
  }

  row(summary: TorrentSummary | null): TorrentRow {
    const { entry } = this;
    const {
      state: _state,
      fault: _fault,
      error,
      metadata: _metadata,
      complete: _complete,
      ...figures
    } = summary ?? {
      ...NO_SUMMARY,
      wantedBytes: entry.totalBytes,
    };
    return {
      ...figures,
      key: entry.key,
      name: entry.name,
      state: this.#state(summary),
      error: this.trouble?.text ?? error,
      position: this.position,
      folder: entry.folder,
      addedAt: entry.addedAt,
      completedAt: entry.completedAt,
      totalBytes: entry.totalBytes,
      pieceCount: entry.pieceCount,
      downloadLimitBps: entry.downloadBps,
      uploadLimitBps: entry.uploadBps,
      sequential: entry.sequential,
      private: entry.private,
    };
  }

  #state(summary: TorrentSummary | null): RowState {
    if (this.trouble !== null) return this.trouble.kind === 'missing' ? 'missing' : 'failed';
    if (summary === null) return this.entry.paused ? 'paused' : 'queued';
    if (summary.state === 'failed' && summary.fault === 'missing') return 'missing';
    const rests = summary.state === 'paused' || summary.state === 'pausing';
    if (this.judging) return rests ? 'checking' : summary.state;
    return rests && !this.entry.paused ? 'queued' : summary.state;
  }
}

/** Of a torrent that the engine does not have. */
const NO_SUMMARY: TorrentSummary = {
  state: 'paused',
  fault: null,
  error: null,
  metadata: null,
  wantedBytes: 0,
  haveBytes: 0,
  havePieces: 0,
  checkedPieces: 0,
  complete: false,
  endGame: false,
  uploadedBytes: 0,
  downloadedBytes: 0,
  wastedBytes: 0,
  corruptBytes: 0,
  downloadBps: 0,
  uploadBps: 0,
  knownPeers: 0,
  peers: 0,
  seeds: 0,
};
