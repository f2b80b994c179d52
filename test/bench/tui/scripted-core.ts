// A downloading process that downloads nothing: as many torrents and peers as wanted, whose figures change as those of a busy client do.

import type { CoreChange, CoreLife } from '../../../client/control/core.ts';
import type { CoreHandle } from '../../../client/tui/app.ts';
import type {
  Detail,
  FileRow,
  LogLine,
  Page,
  PeerRow,
  Request,
  RowState,
  TorrentKey,
  TorrentRow,
  Totals,
  TrackerRow,
} from '../../../client/control/protocol.ts';

export interface Script {
  readonly torrents: number;
  readonly peers: number;
  /** How many torrents change in each push; 0: nothing moves. */
  readonly moving: number;
  readonly names?: readonly string[];
  /** Tells what our own code cannot bear. */
  readonly broken?: boolean;
}

const PUSH_MS = 250;
const STATES: readonly RowState[] = ['downloading', 'seeding', 'paused', 'queued', 'checking', 'metadata', 'failed'];
const GIB = 1024 ** 3;

export class ScriptedCore implements CoreHandle {
  totals: Totals | null = null;
  detail: Detail | null = null;
  life: CoreLife = 'starting';
  readonly ending = null;
  readonly #script: Script;
  readonly #listeners = new Set<(change: CoreChange) => void>();
  readonly #rows = new Map<TorrentKey, TorrentRow>();
  #timer: NodeJS.Timeout | undefined;
  #watched: { key: TorrentKey | null; page: Page } = { key: null, page: 'overview' };
  #pushes = 0;
  #state = 1;

  constructor(script: Script) {
    this.#script = script;
    for (let at = 0; at < script.torrents; at += 1) this.#put(this.#makeRow(at));
  }

  get rows(): ReadonlyMap<TorrentKey, TorrentRow> {
    return this.#rows;
  }

  readonly listen = (listener: (change: CoreChange) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly start = (): void => {
    this.#timer = setInterval(() => this.#push(), PUSH_MS);
    setImmediate(() => {
      this.life = 'running';
      this.#tell({ kind: 'life' });
      this.#push();
    });
  };

  readonly leave = async (): Promise<void> => {
    clearInterval(this.#timer);
    this.life = 'ended';
    this.#tell({ kind: 'life' });
  };

  readonly request = async (request: Request): Promise<TorrentKey | null> => {
    if (request.call === 'watch') {
      this.#watched = request;
      this.#pushDetail();
      return null;
    }
    const key = 'key' in request ? request.key : null;
    const row = key === null ? undefined : this.#rows.get(key);
    if (row === undefined) throw new Error('this core downloads nothing');
    if (request.call === 'pause') this.#put({ ...row, state: 'paused', downloadBps: 0, uploadBps: 0 });
    if (request.call === 'resume') this.#put({ ...row, state: 'downloading' });
    if (request.call === 'remove') this.#rows.delete(row.key);
    if (request.call === 'sequential') this.#put({ ...row, sequential: request.on });
    this.#pushRows();
    return null;
  };

  #tell(change: CoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #put(row: TorrentRow): void {
    this.#rows.set(row.key, row);
  }

  #push(): void {
    this.#pushes += 1;
    const keys = [...this.#rows.keys()];
    for (let at = 0; at < Math.min(this.#script.moving, keys.length); at += 1) {
      const row = this.#rows.get(keys[at] as TorrentKey) as TorrentRow;
      if (row.state !== 'downloading' && row.state !== 'seeding') continue;
      const downloadBps = row.state === 'downloading' ? this.#random(12e6) : 0;
      const haveBytes = Math.min(row.wantedBytes, row.haveBytes + downloadBps / 4);
      this.#put({ ...row, downloadBps, uploadBps: this.#random(2e6), haveBytes });
    }
    if (this.#script.moving > 0 || this.#pushes === 1) this.#pushRows();
    this.#pushDetail();
  }

  #pushRows(): void {
    this.#tell({ kind: 'rows' });
    const sum = (pick: (row: TorrentRow) => number) =>
      [...this.#rows.values()].reduce((all, row) => all + pick(row), 0);
    this.totals = {
      downloadBps: sum((row) => row.downloadBps),
      uploadBps: sum((row) => row.uploadBps),
      downloadLimitBps: 0,
      uploadLimitBps: 0,
      listenPort: 6881,
      connections: this.#script.peers,
      freeBytes: 500 * GIB,
    };
    this.#tell({ kind: 'totals' });
  }

  #pushDetail(): void {
    const { key, page } = this.#watched;
    const row = key === null ? undefined : this.#rows.get(key);
    if (row === undefined || (this.#script.moving === 0 && this.#pushes > 2 && page === 'overview')) return;
    this.detail = this.#makeDetail(row, page);
    this.#tell({ kind: 'detail' });
  }

  #makeDetail(row: TorrentRow, page: Page): Detail {
    const { key, pieceCount } = row;
    const many = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at));
    switch (page) {
      case 'overview': {
        const here = Math.floor((row.haveBytes / row.totalBytes) * pieceCount);
        const pieces = Uint8Array.from({ length: pieceCount }, (_, at) =>
          at < here - 4 ? 3 : at < here ? 2 : at < here + 6 ? 1 : 0,
        );
        const availability = Uint8Array.from({ length: pieceCount }, (_, at) => 1 + ((at * 7) % 9));
        return {
          page,
          key,
          comment: 'for testing',
          createdBy: 'starling',
          pieceLengthBytes: 1 << 20,
          pieces,
          availability,
        };
      }
      case 'files':
        return { page, key, files: many(40, (at) => this.#makeFile(row, at)) };
      case 'peers':
        return { page, key, peers: many(this.#script.peers, (at) => this.#makePeer(row, at)) };
      case 'trackers':
        return { page, key, trackers: many(4, makeTracker) };
      case 'log':
        return { page, key, lines: many(60, makeLine) };
    }
  }

  #makeRow(at: number): TorrentRow {
    const state = this.#script.names === undefined ? (STATES[at % 10] ?? 'downloading') : 'downloading';
    const totalBytes = (1 + (at % 17)) * GIB;
    const haveBytes = state === 'seeding' ? totalBytes : Math.floor(totalBytes * ((at % 97) / 97));
    return {
      key: at.toString(16).padStart(40, '0'),
      name:
        this.#script.broken === true
          ? (undefined as never)
          : (this.#script.names?.[at] ??
            `${['Debian', 'Big Buck Bunny', 'Wikipedia', 'Sintel'][at % 4]} ${at} (collected works).iso`),
      state,
      error: state === 'failed' ? 'no space left on device; it goes on once there is room' : null,
      position: at,
      folder: '/home/somebody/Downloads',
      addedAt: 1_700_000_000_000 + at * 3_600_000,
      completedAt: state === 'seeding' ? 1_700_000_000_000 : null,
      totalBytes,
      wantedBytes: totalBytes,
      haveBytes,
      pieceCount: totalBytes / (1 << 20),
      havePieces: Math.floor(haveBytes / (1 << 20)),
      checkedPieces: 100,
      downloadBps: 0,
      uploadBps: 0,
      downloadedBytes: haveBytes,
      uploadedBytes: haveBytes / 3,
      wastedBytes: 0,
      corruptBytes: 0,
      peers: this.#script.peers,
      seeds: 3,
      knownPeers: this.#script.peers * 2,
      downloadLimitBps: 0,
      uploadLimitBps: 0,
      sequential: false,
      endGame: false,
      private: at % 5 === 0,
    };
  }

  #makeFile({ name }: TorrentRow, at: number): FileRow {
    const path = [name, `part ${at % 4}`, `chapter ${at}.txt`];
    return { path, lengthBytes: at * 1e6, haveBytes: at * 5e5, priority: at % 9 === 0 ? 0 : 4, pad: false };
  }

  #makePeer(row: TorrentRow, at: number): PeerRow {
    const odd = at % 2 === 1;
    return {
      conn: at,
      host: at % 7 === 0 ? `2001:db8::${at.toString(16)}` : `198.51.${at >> 8}.${at & 255}`,
      port: 6881 + at,
      client: ['libtorrent/2.0.9', 'Transmission 4.0', 'µTorrent 3.5', null][at % 4] ?? null,
      source: (['tracker', 'incoming', 'remembered', 'user', 'webrtc'] as const)[at % 5] ?? 'tracker',
      outgoing: odd,
      seed: at % 3 === 0,
      amChoking: odd,
      amInterested: !odd,
      peerChoking: at % 4 === 0,
      peerInterested: odd,
      snubbed: at % 11 === 0,
      onParole: at % 13 === 0,
      optimistic: at === 5,
      pieces: at % 3 === 0 ? row.pieceCount : Math.floor(row.pieceCount / (2 + (at % 5))),
      downloadBps: odd ? 0 : this.#random(1e6),
      uploadBps: odd ? this.#random(1e5) : 0,
      downloadedBytes: at * 1e6,
      uploadedBytes: at * 1e5,
    };
  }

  /** The same figures in every run. */
  #random(below: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
    return this.#script.moving === 0 ? 0 : Math.floor((this.#state / 2 ** 32) * below);
  }
}

function makeTracker(at: number): TrackerRow {
  return {
    tier: Math.floor(at / 2),
    url: `udp://tracker${at}.example.org:6969/announce`,
    status: (['working', 'asking', 'failed', 'idle'] as const)[at] ?? 'idle',
    nextAnnounceAt: at === 3 ? null : Date.now() + at * 61_000,
    lastError: at === 2 ? 'connection refused' : null,
    seeds: at === 0 ? 12 : null,
    leechers: at === 0 ? 34 : null,
  };
}

function makeLine(at: number): LogLine {
  return {
    at: 1_700_000_000_000 + at * 1000,
    level: at % 9 === 0 ? 'warn' : 'info',
    text: `line ${at}: a piece was received`,
  };
}
