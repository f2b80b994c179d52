// Keeps the rows of each table arranged, and each selection on its row.
//
// Always: a table is arranged anew only when its source, its sorting or its filter is another than before.

import type { FileRow, LogLine, PeerRow, TrackerRow } from '../control/protocol.ts';
import { visibleRows } from './layout.ts';
import { FILES, OFFER } from './pages/files.ts';
import { FOLDER } from './pages/folder.ts';
import { LOG } from './pages/log.ts';
import { PEERS } from './pages/peers.ts';
import { TRACKERS } from './pages/trackers.ts';
import { shownDetail, type Entry, type State, type TableName, type Views } from './state.ts';
import { arrange, move, settle, type Spec, type TableState } from './table.ts';
import { TORRENTS } from './torrents.ts';
import { treeRows, type TreeRow } from './tree.ts';

const SPECS: { readonly [Name in TableName]: Spec<Views[Name][number]> } = {
  torrents: TORRENTS,
  files: FILES,
  peers: PEERS,
  trackers: TRACKERS,
  log: LOG,
  folder: FOLDER,
  offer: OFFER,
};

const NONE: readonly never[] = [];
const NO_ENTRIES: readonly Entry[] = NONE;

/** The spec of a table, for what does not care which rows it has. */
export function specOf(name: TableName): Spec<unknown> {
  return SPECS[name] as Spec<unknown>;
}

/** The state's table moved by `by` rows. */
export function moved(state: State, name: TableName, by: number): State {
  return withTable(state, name, move(specOf(name), state.views[name], state.tables[name], by));
}

export function withTable(state: State, name: TableName, table: TableState): State {
  return table === state.tables[name] ? state : { ...state, tables: { ...state.tables, [name]: table } };
}

/** `next` with its rows arranged and its selections settled. `before`: the state that it came from. */
export function arranged(before: State, next: State): State {
  // The torrents come first: which one is selected decides what the pages are about.
  let state = settled(
    {
      ...next,
      views: {
        ...next.views,
        torrents: rowsOf('torrents', before, next, before.ordered, next.ordered),
      },
    },
    before,
    ['torrents'],
  );
  const views: Views = {
    torrents: state.views.torrents,
    files: rowsOf('files', before, state, fileTree(before), fileTree(state)),
    peers: rowsOf('peers', before, state, peersOf(before), peersOf(state)),
    trackers: rowsOf('trackers', before, state, trackersOf(before), trackersOf(state)),
    log: rowsOf('log', before, state, linesOf(before), linesOf(state)),
    folder: rowsOf('folder', before, state, entriesOf(before), entriesOf(state)),
    offer: rowsOf('offer', before, state, offerTree(before), offerTree(state)),
  };
  state = { ...state, views };
  return settled(state, before, ['files', 'peers', 'trackers', 'log', 'folder', 'offer']);
}

function rowsOf<Name extends TableName>(
  name: Name,
  before: State,
  next: State,
  sourceBefore: Views[Name],
  source: Views[Name],
): Views[Name] {
  const [old, table] = [before.tables[name], next.tables[name]];
  if (sourceBefore === source && old.sort === table.sort && old.filter === table.filter) return next.views[name];
  return arrange(SPECS[name] as Spec<Views[Name][number]>, source, table) as Views[Name];
}

function settled(state: State, before: State, names: readonly TableName[]): State {
  let tables = state.tables;
  for (const name of names) {
    const follows = name === 'log' && linesOf(before) !== linesOf(state) && atEnd(before);
    const table = follows ? { ...tables.log, selected: null, index: state.views.log.length - 1 } : tables[name];
    const next = settle(specOf(name), state.views[name], table, visibleRows(state, name));
    if (next !== tables[name]) tables = { ...tables, [name]: next };
  }
  return tables === state.tables ? state : { ...state, tables };
}

/** A log that is read at its end stays there. */
function atEnd(before: State): boolean {
  return before.tables.log.index >= before.views.log.length - 1;
}

const trees = new WeakMap<object, { readonly closed: ReadonlySet<string>; readonly rows: readonly TreeRow[] }>();

/** The tree of `files`, made once for each list and set of closed folders. */
function treeOf(files: readonly FileRow[], closed: ReadonlySet<string>): readonly TreeRow[] {
  const known = trees.get(files);
  if (known?.closed === closed) return known.rows;
  const rows = treeRows(files, closed);
  trees.set(files, { closed, rows });
  return rows;
}

function fileTree(state: State): readonly TreeRow[] {
  const detail = shownDetail(state, 'files');
  return detail === null ? NONE : treeOf(detail.files, state.closed);
}

function offerTree({ dialog }: State): readonly TreeRow[] {
  if (dialog?.kind !== 'explorer' || dialog.offer?.kind !== 'ready') return NONE;
  return treeOf(dialog.offer.files, dialog.offer.closed);
}

function peersOf(state: State): readonly PeerRow[] {
  return shownDetail(state, 'peers')?.peers ?? NONE;
}

function trackersOf(state: State): readonly TrackerRow[] {
  return shownDetail(state, 'trackers')?.trackers ?? NONE;
}

function linesOf(state: State): readonly LogLine[] {
  return shownDetail(state, 'log')?.lines ?? NONE;
}

function entriesOf({ dialog }: State): readonly Entry[] {
  return (dialog?.kind === 'explorer' ? dialog.entries : null) ?? NO_ENTRIES;
}
