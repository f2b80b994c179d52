// All that the screen depends on, as one value, and all that can happen to it.
//
// Always: `update` makes the next state from an event and nothing else, and only drawing reads it; what the world must do is an effect.

import type { CoreLife } from '../control/core.ts';
import {
  ALL_TORRENTS,
  type Detail,
  type FileRow,
  type LogLine,
  type Page,
  type PeerRow,
  type Request,
  type TorrentKey,
  type TorrentRow,
  type Totals,
  type TrackerRow,
} from '../control/protocol.ts';
import type { Field } from './field.ts';
import type { Units } from './format.ts';
import { History } from './history.ts';
import type { InputEvent } from './input.ts';
import { FRESH, type TableState } from './table.ts';
import type { TreeRow } from './tree.ts';

/** In the order of their tabs. */
export const PAGES: readonly Page[] = ['overview', 'files', 'peers', 'trackers', 'log'];

export type TableName = 'torrents' | 'files' | 'peers' | 'trackers' | 'log' | 'folder' | 'offer';

/** The rows of each table as they stand on the screen. */
export interface Views {
  readonly torrents: readonly TorrentRow[];
  readonly files: readonly TreeRow[];
  readonly peers: readonly PeerRow[];
  readonly trackers: readonly TrackerRow[];
  readonly log: readonly LogLine[];
  readonly folder: readonly Entry[];
  readonly offer: readonly TreeRow[];
}

/** One line of the file explorer. */
export interface Entry {
  readonly name: string;
  readonly kind: 'parent' | 'folder' | 'torrent';
  readonly lengthBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** What a `.torrent` says, before it is added. Untrusted text. */
export interface Preview {
  readonly name: string;
  readonly infoHash: TorrentKey;
  readonly totalBytes: number;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly private: boolean;
  readonly tiers: readonly (readonly string[])[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number | null;
}

export type Offer =
  | { readonly kind: 'reading'; readonly path: string }
  | { readonly kind: 'wrong'; readonly path: string; readonly reason: string }
  | {
      readonly kind: 'ready';
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly preview: Preview;
      /** In the metainfo's order, with the priorities that they shall have. */
      readonly files: readonly FileRow[];
      readonly closed: ReadonlySet<string>;
    };

export interface Explorer {
  readonly kind: 'explorer';
  readonly folder: string;
  /** null: being read. */
  readonly entries: readonly Entry[] | null;
  readonly error: string | null;
  readonly hidden: boolean;
  /** What is to be selected once the folder was read. */
  readonly look: string | null;
  readonly offer: Offer | null;
  readonly stage: 'browse' | 'choose' | 'saveTo';
  /** What is typed to filter the folder, or the files of the torrent. */
  readonly filtering: Field | null;
  readonly saveTo: Field;
  readonly paused: boolean;
  readonly sequential: boolean;
}

interface FormField {
  readonly label: string;
  readonly field: Field;
}

export interface Form {
  readonly kind: 'form';
  readonly title: string;
  readonly hint: string;
  readonly fields: readonly FormField[];
  readonly active: number;
  readonly wrong: string | null;
  readonly purpose:
    | { readonly kind: 'limits'; readonly key: TorrentKey | null; readonly name: string }
    | { readonly kind: 'relocate'; readonly key: TorrentKey; readonly name: string }
    | { readonly kind: 'add' };
}

/** What is asked before anything is lost. The first choice does nothing. */
export interface Question {
  readonly kind: 'question';
  readonly title: string;
  readonly about: string;
  readonly choices: readonly Choice[];
  readonly chosen: number;
}

interface Choice {
  readonly text: string;
  /** None: it changes nothing. */
  readonly requests: readonly Request[];
  readonly doing: string;
  readonly done: string;
}

export type Dialog =
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'filter'; readonly table: TableName; readonly field: Field }
  | Question
  | Form
  | Explorer;

export interface Message {
  readonly text: string;
  readonly level: 'info' | 'warn' | 'error';
  /** Milliseconds since 1970. */
  readonly until: number;
}

export interface State {
  readonly columns: number;
  readonly rows: number;
  readonly units: Units;
  /** Where downloads go unless told otherwise. */
  readonly saveFolder: string;
  /** Where the explorer was last. */
  readonly browsed: string;
  /** Added just now: selected as soon as it is in the list. */
  readonly sought: TorrentKey | null;
  readonly now: number;
  readonly torrents: ReadonlyMap<TorrentKey, TorrentRow>;
  /** The same by position. */
  readonly ordered: readonly TorrentRow[];
  /** What the next pause, removal and the like is about, instead of the selected one. */
  readonly marked: ReadonlySet<TorrentKey>;
  readonly totals: Totals | null;
  readonly detail: Detail | null;
  /** What the downloading process was last told to push. */
  readonly watched: { readonly key: TorrentKey | null; readonly page: Page };
  /** Grows by itself once a second; never compared. */
  readonly history: History;
  readonly page: Page;
  readonly focus: 'list' | 'page';
  readonly zoom: boolean;
  readonly tables: Readonly<Record<TableName, TableState>>;
  readonly views: Views;
  /** Folders of the files page that are closed. */
  readonly closed: ReadonlySet<string>;
  readonly dialog: Dialog | null;
  readonly message: Message | null;
  /** What was noticed while something else was shown; bounded. */
  readonly notices: readonly Message[];
  /** The log page is about all torrents and the client itself. */
  readonly wholeLog: boolean;
  readonly life: CoreLife;
  /** Why the downloading process ended, where nobody asked it to. */
  readonly ending: string | null;
  readonly leaving: boolean;
}

export type Event =
  | { readonly kind: 'input'; readonly input: InputEvent }
  /** A click or a turn of the wheel, found in the frame that was drawn. */
  | { readonly kind: 'press'; readonly key: string }
  | { readonly kind: 'select'; readonly table: TableName; readonly id: string }
  | { readonly kind: 'sort'; readonly table: TableName; readonly column: string }
  | { readonly kind: 'scroll'; readonly table: TableName; readonly by: number }
  | { readonly kind: 'open'; readonly page: Page }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  /** About once a second. */
  | { readonly kind: 'tick'; readonly now: number }
  | { readonly kind: 'rows'; readonly rows: ReadonlyMap<TorrentKey, TorrentRow> }
  | { readonly kind: 'totals'; readonly totals: Totals | null }
  | { readonly kind: 'life'; readonly life: CoreLife; readonly ending: string | null }
  | { readonly kind: 'detail'; readonly detail: Detail }
  | { readonly kind: 'notice'; readonly level: Message['level']; readonly text: string }
  | {
      readonly kind: 'answered';
      readonly done: string | null;
      readonly error: string | null;
      readonly key: TorrentKey | null;
    }
  | {
      readonly kind: 'folderRead';
      readonly folder: string;
      readonly entries: readonly Entry[];
      readonly error: string | null;
    }
  | { readonly kind: 'torrentRead'; readonly offer: Offer }
  | { readonly kind: 'pathFound'; readonly folder: string; readonly look: string | null; readonly error: string | null }
  | { readonly kind: 'settings'; readonly units: Units; readonly saveFolder: string };

export type Effect =
  /** `done`: what is said when all worked, null = nothing. */
  | { readonly kind: 'ask'; readonly requests: readonly Request[]; readonly done: string | null }
  | { readonly kind: 'readFolder'; readonly folder: string; readonly hidden: boolean }
  | { readonly kind: 'readTorrent'; readonly path: string }
  /** Is `path` a folder, a `.torrent`, or nothing? */
  | { readonly kind: 'findPath'; readonly path: string }
  | { readonly kind: 'leave'; readonly atOnce: boolean }
  /** The downloading process ended: once more. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'redraw' };

/** A state and what the world must do. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export function initialState(
  options: Pick<State, 'columns' | 'rows' | 'units' | 'saveFolder' | 'browsed' | 'now'>,
): State {
  return {
    ...options,
    sought: null,
    torrents: new Map(),
    ordered: [],
    marked: new Set(),
    totals: null,
    detail: null,
    watched: { key: null, page: 'overview' },
    history: new History(),
    page: 'overview',
    focus: 'list',
    zoom: false,
    tables: { torrents: FRESH, files: FRESH, peers: FRESH, trackers: FRESH, log: FRESH, folder: FRESH, offer: FRESH },
    views: { torrents: [], files: [], peers: [], trackers: [], log: [], folder: [], offer: [] },
    closed: new Set(),
    dialog: null,
    message: null,
    notices: [],
    wholeLog: false,
    life: 'starting',
    ending: null,
    leaving: false,
  };
}

/** The torrent that the selection stands on. */
export function selectedTorrent(state: State): TorrentRow | null {
  const key = state.tables.torrents.selected;
  return key === null ? null : (state.torrents.get(key) ?? null);
}

/** Which torrent the shown page is about: the log may be about all. */
export function pageKey(state: State): TorrentKey | null {
  const key = selectedTorrent(state)?.key ?? null;
  return state.page === 'log' && (state.wholeLog || key === null) ? ALL_TORRENTS : key;
}

/** What the watched page shows, where it is already about the right torrent. */
export function shownDetail<P extends Page>(state: State, page: P): Extract<Detail, { page: P }> | null {
  const { detail } = state;
  const current = detail !== null && detail.page === page && detail.key === pageKey(state);
  return current ? (detail as Extract<Detail, { page: P }>) : null;
}
