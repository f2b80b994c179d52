// The file explorer's decisions: which folder is read, which `.torrent` is shown, which of its files are taken, and where they go.
//
// Always: nothing is added before its metainfo was shown; what is read too late for the selection is dropped.

import { dirname, join } from 'node:path';
import type { FilePriority } from '#engine';
import type { FileRow } from '../control/protocol.ts';
import { pathOf } from './adding.ts';
import { sortedBackwards, sortedByNext, toggled } from './actions.ts';
import { edit, field, insert } from './field.ts';
import { filterKey, withFilter } from './filter.ts';
import { counted } from './format.ts';
import { actionOf, isMovement, rowsOf } from './keys.ts';
import { visibleRows } from './layout.ts';
import { ask, only, say } from './message.ts';
import type { Entry, Event, Explorer, Offer, State, Step } from './state.ts';
import { FRESH } from './table.ts';
import { stepPriority, togglePriority, type TreeRow } from './tree.ts';
import { moved, withTable } from './views.ts';

type Ready = Extract<Offer, { kind: 'ready' }>;

/** The explorer in `folder`, reading it. `look`: what shall be selected there. */
export function openedExplorer(state: State, folder: string, look: string | null): Step {
  const before = state.dialog?.kind === 'explorer' ? state.dialog : null;
  const form = state.dialog?.kind === 'form' && state.dialog.purpose.kind === 'add' ? state.dialog : null;
  const dialog: Explorer = {
    kind: 'explorer',
    folder,
    entries: null,
    error: null,
    hidden: before?.hidden ?? false,
    look,
    offer: null,
    stage: 'browse',
    filtering: null,
    saveTo: before?.saveTo ?? form?.fields[1]?.field ?? field(state.saveFolder),
    paused: before?.paused ?? false,
    sequential: before?.sequential ?? false,
  };
  const cleared = withTable(withTable(state, 'folder', { ...FRESH, sort: state.tables.folder.sort }), 'offer', FRESH);
  return {
    state: { ...cleared, dialog, browsed: folder, message: null },
    effects: [{ kind: 'readFolder', folder, hidden: dialog.hidden }],
  };
}

/** What was read of a folder, where it is still the one that is shown. */
export function folderRead(state: State, { folder, entries, error }: Extract<Event, { kind: 'folderRead' }>): State {
  const { dialog } = state;
  if (dialog?.kind !== 'explorer' || dialog.folder !== folder) return state;
  const next = { ...state, dialog: { ...dialog, entries, error, look: null } };
  return dialog.look === null ? next : withTable(next, 'folder', { ...state.tables.folder, selected: dialog.look });
}

/** After each step: reads the `.torrent` that is selected now, where it is another one than is shown. */
export function previewed({ state, effects }: Step): Step {
  const { dialog } = state;
  if (dialog?.kind !== 'explorer') return { state, effects };
  const entry = selectedEntry(state);
  const path = entry?.kind === 'torrent' ? join(dialog.folder, entry.name) : null;
  if (path === (dialog.offer?.path ?? null)) return { state, effects };
  const offer: Offer | null = path === null ? null : { kind: 'reading', path };
  const next = withTable({ ...state, dialog: { ...dialog, offer, stage: 'browse' } }, 'offer', FRESH);
  return { state: next, effects: path === null ? effects : [...effects, { kind: 'readTorrent', path }] };
}

/** A click on a row of the explorer; `again`: it was selected before. */
export function clickedExplorer(state: State, table: 'folder' | 'offer', again: boolean): Step {
  const dialog: Explorer = { ...(state.dialog as Explorer), filtering: null };
  if (table === 'folder') {
    const browsing = { ...state, dialog: { ...dialog, stage: 'browse' as const } };
    return again ? entered(browsing, browsing.dialog) : only(browsing);
  }
  const choosing = { ...state, dialog: { ...dialog, stage: 'choose' as const } };
  return again ? changed(choosing, choosing.dialog, togglePriority) : only(choosing);
}

export function explorerKey(state: State, dialog: Explorer, key: string): Step {
  if (dialog.stage === 'saveTo') return saveToKey(state, dialog, key);
  const table = dialog.stage === 'browse' ? 'folder' : 'offer';
  if (dialog.filtering !== null) {
    const { state: filtered, field: filtering } = filterKey(state, table, dialog.filtering, key);
    return only({ ...filtered, dialog: { ...dialog, filtering } });
  }
  const action = actionOf(key, false);
  if (isMovement(action)) return only(moved(state, table, rowsOf(action, visibleRows(state, table))));
  switch (key) {
    case 'q':
      return only({ ...state, dialog: null });
    case '/':
      return only({ ...state, dialog: { ...dialog, filtering: field(state.tables[table].filter) } });
    case 's':
      return only(sortedByNext(state, table));
    case 'S':
      return only(sortedBackwards(state, table));
    case 'escape':
      return only(back(state, dialog, table));
    case 'f':
      return only({ ...state, dialog: { ...dialog, stage: 'saveTo' } });
    case 'P':
      return only({ ...state, dialog: { ...dialog, paused: !dialog.paused } });
    case 'e':
      return only({ ...state, dialog: { ...dialog, sequential: !dialog.sequential } });
    default:
      return dialog.stage === 'browse' ? browseKey(state, dialog, key) : chooseKey(state, dialog, key);
  }
}

export function explorerPaste(state: State, dialog: Explorer, text: string): Step {
  if (dialog.stage === 'saveTo') return only({ ...state, dialog: { ...dialog, saveTo: insert(dialog.saveTo, text) } });
  if (dialog.filtering !== null) {
    const filtering = insert(dialog.filtering, text);
    const filtered = withFilter(state, dialog.stage === 'browse' ? 'folder' : 'offer', filtering.text);
    return only({ ...filtered, dialog: { ...dialog, filtering } });
  }
  return { state, effects: [{ kind: 'findPath', path: pathOf(text) }] };
}

/** Out of the filter, of the files, of the explorer: one at a time. */
function back(state: State, dialog: Explorer, table: 'folder' | 'offer'): State {
  if (state.tables[table].filter !== '') return withFilter(state, table, '');
  return { ...state, dialog: dialog.stage === 'choose' ? { ...dialog, stage: 'browse' } : null };
}

function browseKey(state: State, dialog: Explorer, key: string): Step {
  switch (key) {
    case 'enter':
    case 'right':
    case 'l':
    case 'tab':
      return entered(state, dialog);
    case 'left':
    case 'h':
    case 'backspace':
      return toParent(state, dialog);
    case '.': {
      const hidden = !dialog.hidden;
      const look = selectedEntry(state)?.name ?? null;
      const next = { ...state, dialog: { ...dialog, hidden, look, entries: null } };
      return { state: next, effects: [{ kind: 'readFolder', folder: dialog.folder, hidden }] };
    }
    case '~':
      return { state, effects: [{ kind: 'findPath', path: '~' }] };
    default:
      return only(state);
  }
}

function chooseKey(state: State, dialog: Explorer, key: string): Step {
  switch (key) {
    case 'tab':
    case 'shift-tab':
      return only({ ...state, dialog: { ...dialog, stage: 'browse' } });
    case 'enter':
      return added(state, dialog);
    case ' ':
      return changed(state, dialog, togglePriority);
    case '+':
    case '=':
      return changed(state, dialog, (priority) => stepPriority(priority, 1));
    case '-':
      return changed(state, dialog, (priority) => stepPriority(priority, -1));
    case 'right':
    case 'l':
      return folded(state, dialog, true);
    case 'left':
    case 'h':
      return folded(state, dialog, false);
    case 'a':
      return changedAll(state, dialog, (file) => file.priority === 0);
    default:
      return only(state);
  }
}

function saveToKey(state: State, dialog: Explorer, key: string): Step {
  if (key === 'enter' || key === 'escape' || key === 'tab') {
    return only({ ...state, dialog: { ...dialog, stage: dialog.offer?.kind === 'ready' ? 'choose' : 'browse' } });
  }
  const saveTo = edit(dialog.saveTo, key);
  return only(saveTo === null ? state : { ...state, dialog: { ...dialog, saveTo } });
}

/** Enter: into a folder, or on to what of the torrent is taken. */
function entered(state: State, dialog: Explorer): Step {
  const entry = selectedEntry(state);
  if (entry === null) return only(state);
  if (entry.kind === 'parent') return toParent(state, dialog);
  if (entry.kind === 'folder') return openedExplorer(state, join(dialog.folder, entry.name), null);
  if (dialog.offer?.kind === 'wrong') return only(say(state, `${entry.name}: ${dialog.offer.reason}`, 'error'));
  return only({ ...state, dialog: { ...dialog, stage: 'choose' } });
}

/** The folder above, with the one that was left selected. */
function toParent(state: State, { folder }: Explorer): Step {
  const parent = dirname(folder);
  return parent === folder
    ? only(state)
    : openedExplorer(state, parent, folder.slice(parent.length).replace(/^[/\\]/, ''));
}

function selectedEntry(state: State): Entry | null {
  return state.views.folder[state.tables.folder.index] ?? null;
}

function readyOf({ offer }: Explorer): Ready | null {
  return offer?.kind === 'ready' ? offer : null;
}

function changed(state: State, dialog: Explorer, change: (priority: FilePriority | null) => FilePriority): Step {
  const row: TreeRow | undefined = state.views.offer[state.tables.offer.index];
  const ready = readyOf(dialog);
  if (row === undefined || ready === null) return only(state);
  const priority = change(row.priority);
  const inside = new Set(row.files);
  const files = ready.files.map((file, at) => (inside.has(at) ? { ...file, priority } : file));
  return only({ ...state, dialog: { ...dialog, offer: { ...ready, files } } });
}

/** All files, or all that the filter shows; where all of them are taken none. */
function changedAll(state: State, dialog: Explorer, skipped: (file: FileRow) => boolean): Step {
  const ready = readyOf(dialog);
  if (ready === null) return only(state);
  // An open folder stands for what is shown of it.
  const shown = new Set(state.views.offer.flatMap(({ open, files }) => (open === true ? [] : files)));
  const isMeant = (at: number) => state.tables.offer.filter === '' || shown.has(at);
  const priority: FilePriority = ready.files.some((file, at) => isMeant(at) && skipped(file)) ? 4 : 0;
  const files = ready.files.map((file, at) => (isMeant(at) ? { ...file, priority } : file));
  return only({ ...state, dialog: { ...dialog, offer: { ...ready, files } } });
}

function folded(state: State, dialog: Explorer, open: boolean): Step {
  const row = state.views.offer[state.tables.offer.index];
  const ready = readyOf(dialog);
  if (row === undefined || row.open === null || ready === null) return only(state);
  const closed = toggled(ready.closed, row.id, !open);
  return only({ ...state, dialog: { ...dialog, offer: { ...ready, closed } } });
}

function added(state: State, dialog: Explorer): Step {
  const ready = readyOf(dialog);
  const folder = pathOf(dialog.saveTo.text);
  if (ready === null) return only(say(state, 'it is still being read', 'warn'));
  if (folder === '')
    return only(say({ ...state, dialog: { ...dialog, stage: 'saveTo' } }, 'write the folder to save to', 'warn'));
  const taken = ready.files.filter((file) => !file.pad && file.priority > 0).length;
  if (taken === 0) return only(say(state, 'no file is taken: Space takes one, a takes all', 'warn'));
  const { paused, sequential } = dialog;
  const priorities = ready.files.map((file) => file.priority);
  const request = { call: 'add', source: ready.bytes, folder, priorities, paused, sequential } as const;
  const { name } = ready.preview;
  const done = `added ${name}: ${counted(taken, 'file')}${paused ? ', paused' : ''}`;
  return ask({ ...state, dialog: null }, [request], `adding ${name}`, done);
}
