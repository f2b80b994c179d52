// From a state and an event to the next state and what the world must do: everything that the UI decides, without a terminal.
//
// Always: no event throws; what a key did or could not do is said on the status line; the watched page is the one that is shown.

import { doAction } from './actions.ts';
import { notFound, pasted } from './adding.ts';
import { dialogKey, dialogPaste } from './dialogs.ts';
import { clickedExplorer, folderRead, openedExplorer, previewed } from './explorer.ts';
import type { TorrentKey, TorrentRow } from '../control/protocol.ts';
import type { InputEvent } from './input.ts';
import { type Action, actionOf } from './keys.ts';
import { faded, noticed, only, say } from './message.ts';
import { compareCodes } from './order.ts';
import { type Effect, type Event, pageKey, type State, type Step, type TableName } from './state.ts';
import { sortBy } from './table.ts';
import { arranged, moved, specOf, withTable } from './views.ts';

/** Their keys cannot be typed: they mean the same whatever is open. */
const ANYWHERE: readonly Action[] = ['quitAtOnce', 'suspend', 'redraw'];

export function update(state: State, event: Event): Step {
  const { state: reduced, effects } = reduce(state, event);
  if (reduced === state) return { state, effects };
  const next = arranged(state, reduced);
  const shown = previewed({ state: next, effects });
  return watching({ state: shown.state === next ? next : arranged(next, shown.state), effects: shown.effects });
}

function reduce(state: State, event: Event): Step {
  switch (event.kind) {
    case 'input':
      return onInput(state, event.input);
    case 'press':
      return onKey(state, event.key);
    case 'select':
      return onSelect(state, event.table, event.id);
    case 'sort':
      return only(withTable(state, event.table, sortBy(specOf(event.table), state.tables[event.table], event.column)));
    case 'scroll':
      return only(moved(state, event.table, event.by));
    case 'open':
      return only({ ...state, page: event.page, focus: 'page' });
    case 'resize':
      return only({ ...state, columns: event.columns, rows: event.rows });
    case 'tick':
      state.history.sample(state.torrents);
      return only(faded({ ...state, now: event.now }));
    case 'rows':
      return only(onRows(state, event.rows));
    case 'totals':
      return only({ ...state, totals: event.totals });
    case 'detail':
      return only({ ...state, detail: event.detail });
    case 'life': {
      const { life, ending } = event;
      // A process that starts again was never asked for a page.
      const watched = life === 'starting' ? { ...state.watched, key: null } : state.watched;
      return only({ ...state, life, ending, watched });
    }
    case 'notice':
      return only(noticed(state, event.text, event.level));
    case 'answered':
      return only(onAnswer(state, event));
    case 'folderRead':
      return only(folderRead(state, event));
    case 'torrentRead': {
      const { dialog } = state;
      // The selection may be elsewhere by now.
      if (dialog?.kind !== 'explorer' || dialog.offer?.path !== event.offer.path) return only(state);
      const { offer } = event;
      if (offer.kind !== 'wrong' || dialog.stage === 'browse') return only({ ...state, dialog: { ...dialog, offer } });
      // Gone on to before it was read.
      return only(
        say({ ...state, dialog: { ...dialog, offer, stage: 'browse' } }, `${offer.path}: ${offer.reason}`, 'error'),
      );
    }
    case 'pathFound':
      return event.error === null
        ? openedExplorer(state, event.folder, event.look)
        : only(notFound(state, event.error));
    case 'settings':
      return only({ ...state, units: event.units, saveFolder: event.saveFolder });
  }
}

function onInput(state: State, input: InputEvent): Step {
  if (input.kind === 'key') return onKey(state, input.key);
  if (input.kind === 'paste') return state.dialog === null ? pasted(state, input.text) : dialogPaste(state, input.text);
  return only(state);
}

function onKey(state: State, key: string): Step {
  const action = actionOf(key, state.focus === 'page' && state.page === 'files');
  if (action !== null && ANYWHERE.includes(action)) return doAction(state, action);
  if (state.leaving) return action === 'quit' ? doAction(state, action) : only(state);
  if (state.dialog !== null) return dialogKey(state, key);
  return action === null ? only(say(state, 'no such key: ? shows the keys', 'warn')) : doAction(state, action);
}

/** A click selects; on what is selected already it does what Enter does. */
function onSelect(state: State, table: TableName, id: string): Step {
  const before = state.tables[table];
  const index = state.views[table].findIndex((row) => specOf(table).id(row) === id);
  if (index < 0) return only(state);
  const again = before.selected === id;
  const selected = withTable(state, table, { ...before, selected: id, index });
  if (table === 'folder' || table === 'offer') return clickedExplorer(selected, table, again);
  const focus = table === 'torrents' ? 'list' : 'page';
  const focused = selected.focus === focus ? selected : { ...selected, focus };
  return again && table === 'files' ? doAction({ ...focused, focus: 'page' }, 'enter') : only(focused as State);
}

function onRows(state: State, rows: ReadonlyMap<TorrentKey, TorrentRow>): State {
  const ordered = [...rows.values()].sort((a, b) => a.position - b.position || compareCodes(a.key, b.key));
  const kept = [...state.marked].filter((key) => rows.has(key));
  const marked = kept.length === state.marked.size ? state.marked : new Set(kept);
  let next = seeking({ ...state, torrents: rows, ordered, marked });
  for (const { key, name, completedAt } of ordered)
    if (completedAt !== null && state.torrents.get(key)?.completedAt === null)
      next = noticed(next, `${name} is complete`, 'info');
  return next;
}

function onAnswer(state: State, { done, error, key }: Extract<Event, { kind: 'answered' }>): State {
  const next = key === null ? state : seeking({ ...state, sought: key });
  if (error !== null) return say(next, error, 'error');
  return done === null ? next : say(next, done, 'info');
}

/** What was added is what one wants to look at: it is selected as soon as it is there. */
function seeking(state: State): State {
  const { sought, torrents, tables } = state;
  if (sought === null || !torrents.has(sought)) return state;
  return withTable({ ...state, sought: null }, 'torrents', { ...tables.torrents, selected: sought, filter: '' });
}

/** Asks for the page that is shown, where another one was asked for. */
function watching({ state, effects }: Step): Step {
  const { watched, page } = state;
  const key = pageKey(state);
  if (watched.key === key && watched.page === page) return { state, effects };
  const ask: Effect = { kind: 'ask', requests: [{ call: 'watch', key, page }], done: null };
  return { state: { ...state, watched: { key, page } }, effects: [...effects, ask] };
}
