// What the terminal UI and the process that downloads say to each other: plain data, structured clones, over one channel.
//
// Always: the UI never waits for the downloading process to draw, and never the other way round. Every request is answered once, with a
// line for the user where it failed. Rows are pushed, only those that changed, a few times a second; what only one page shows is pushed
// while that page is watched. Names, client names and messages of others are untrusted text: whoever draws them makes them safe.

import type { FilePriority, PeerStatus, TorrentState, TrackerStatus } from '#engine';

/** The info-hash in lower-case hexadecimal. */
export type TorrentKey = string;

/** Stands for all torrents where a log is watched. */
export const ALL_TORRENTS: TorrentKey = '';

/** What a torrent is doing, for people: the engine's state, and what the client adds to it. `queued`: it waits for its turn. `metadata`: a
 *  magnet whose metadata is not here yet. `missing`: the client cannot open its folder or files, and `error` says what to do. */
export type RowState = TorrentState | 'queued' | 'metadata' | 'missing';

/** One torrent in the list. Rates in bytes per second, times in milliseconds since 1970. */
export interface TorrentRow {
  readonly key: TorrentKey;
  readonly name: string;
  readonly state: RowState;
  readonly error: string | null;
  /** 0 … count − 1: the order of the list and of the queue. */
  readonly position: number;
  readonly folder: string;
  readonly addedAt: number;
  readonly completedAt: number | null;
  /** 0 while the metadata is missing. */
  readonly totalBytes: number;
  readonly wantedBytes: number;
  readonly haveBytes: number;
  readonly pieceCount: number;
  readonly havePieces: number;
  /** While checking: how many were looked at. */
  readonly checkedPieces: number;
  readonly downloadBps: number;
  readonly uploadBps: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly wastedBytes: number;
  readonly corruptBytes: number;
  /** Connected, and of them seeds. */
  readonly peers: number;
  readonly seeds: number;
  readonly knownPeers: number;
  readonly downloadLimitBps: number;
  readonly uploadLimitBps: number;
  readonly sequential: boolean;
  readonly endGame: boolean;
  readonly private: boolean;
}

export interface FileRow {
  /** Components below the torrent's folder. */
  readonly path: readonly string[];
  readonly lengthBytes: number;
  readonly haveBytes: number;
  readonly priority: FilePriority;
  /** Zeros between files (BEP 47), not worth a line; rows stand in the metainfo's order, so that indexes agree with `priority`. */
  readonly pad: boolean;
}

/** `pieces`: how many it has. */
export interface PeerRow extends Omit<PeerStatus, 'address' | 'peerId' | 'outstanding' | 'target' | 'uploadsQueued'> {
  readonly host: string;
  readonly port: number;
}

export interface TrackerRow extends Omit<TrackerStatus, 'index' | 'nextAnnounce' | 'downloads'> {
  /** When it is asked next, null = not planned. */
  readonly nextAnnounceAt: number | null;
}

export interface LogLine {
  readonly at: number;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly text: string;
}

export type Page = 'overview' | 'files' | 'peers' | 'trackers' | 'log';

/** What the watched page shows. */
export type Detail =
  | {
      readonly page: 'overview';
      readonly key: TorrentKey;
      readonly comment: string | null;
      readonly createdBy: string | null;
      readonly pieceLengthBytes: number;
      /** One of 0 missing, 1 begun, 2 here, 3 on the disk for certain, a piece. */
      readonly pieces: Uint8Array;
      /** Copies among connected peers, a piece, at most 255. */
      readonly availability: Uint8Array;
    }
  | { readonly page: 'files'; readonly key: TorrentKey; readonly files: readonly FileRow[] }
  | { readonly page: 'peers'; readonly key: TorrentKey; readonly peers: readonly PeerRow[] }
  | { readonly page: 'trackers'; readonly key: TorrentKey; readonly trackers: readonly TrackerRow[] }
  | { readonly page: 'log'; readonly key: TorrentKey; readonly lines: readonly LogLine[] };

/** What concerns all torrents. */
export interface Totals {
  readonly downloadBps: number;
  readonly uploadBps: number;
  readonly downloadLimitBps: number;
  readonly uploadLimitBps: number;
  readonly listenPort: number | null;
  readonly connections: number;
  readonly freeBytes: number | null;
}

export interface AddRequest {
  readonly call: 'add';
  /** A `.torrent` file's bytes, or a magnet link. */
  readonly source: Uint8Array | string;
  readonly folder: string;
  /** One a file of the metainfo, null = all normal. */
  readonly priorities: readonly FilePriority[] | null;
  readonly paused: boolean;
  readonly sequential: boolean;
}

export type Request =
  | AddRequest
  | { readonly call: 'pause' | 'resume' | 'recheck' | 'announce'; readonly key: TorrentKey }
  | { readonly call: 'remove'; readonly key: TorrentKey; readonly withData: boolean }
  | { readonly call: 'move'; readonly key: TorrentKey; readonly to: number }
  | { readonly call: 'sequential'; readonly key: TorrentKey; readonly on: boolean }
  | {
      readonly call: 'priority';
      readonly key: TorrentKey;
      readonly files: readonly number[];
      readonly priority: FilePriority;
    }
  /** 0 = unlimited; `key` null: all torrents together. */
  | {
      readonly call: 'limits';
      readonly key: TorrentKey | null;
      readonly downloadBps: number;
      readonly uploadBps: number;
    }
  /** The data of a torrent is elsewhere: go on there. */
  | { readonly call: 'relocate'; readonly key: TorrentKey; readonly folder: string }
  /** Other files lie where the torrent's are to be, which is its error: they may be overwritten. */
  | { readonly call: 'overwrite'; readonly key: TorrentKey }
  /** Push `page` of `key` from now on, null = nothing. The log of `ALL_TORRENTS` is that of the client. */
  | { readonly call: 'watch'; readonly key: TorrentKey | null; readonly page: Page }
  /** Leave in good order; the channel ends when it is done. */
  | { readonly call: 'leave' };

/** From the UI. */
export interface Asked {
  readonly id: number;
  readonly request: Request;
}

/** To the UI. `ready` comes once: the torrents that are known were told as rows, and requests are answered from now on (earlier ones wait
 *  for it). `answered.error`: one line for the user, null = done; `key`: the torrent that an `add` made or found. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answered'; readonly id: number; readonly error: string | null; readonly key: TorrentKey | null }
  | { readonly kind: 'rows'; readonly changed: readonly TorrentRow[]; readonly removed: readonly TorrentKey[] }
  | { readonly kind: 'totals'; readonly totals: Totals }
  | { readonly kind: 'detail'; readonly detail: Detail }
  /** Something the user should see now, whatever is on the screen. */
  | { readonly kind: 'notice'; readonly level: 'info' | 'warn' | 'error'; readonly text: string };
