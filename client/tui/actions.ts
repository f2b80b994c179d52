// What each action does to the state, and what it asks of the downloading process.

import type { FilePriority } from '#engine';
import type { Page, TorrentRow } from '../control/protocol.ts';
import { addForm, explore, limitsForm, relocateForm } from './adding.ts';
import { field } from './field.ts';
import { withFilter } from './filter.ts';
import { counted } from './format.ts';
import {
  type Action,
  type GroupAction,
  isGroupAction,
  isMovement,
  isTorrentAction,
  rowsOf,
  type TorrentAction,
} from './keys.ts';
import { visibleRows } from './layout.ts';
import { ask, only, say } from './message.ts';
import { PAGES, type Question, selectedTorrent, type State, type Step, type TableName } from './state.ts';
import { sortByNext } from './table.ts';
import { stepPriority, togglePriority, type TreeRow } from './tree.ts';
import { moved, specOf, withTable } from './views.ts';

const NOTHING = { text: 'change nothing', requests: [], doing: '', done: '' };
/** What is asked, what is said at once, and what when it is done. */
const WORDS: Readonly<Record<Exclude<GroupAction, 'remove'>, (what: string) => readonly [string, string, string]>> = {
  pause: (what) => [`Pause ${what}`, `pausing ${what}`, `paused ${what}`],
  resume: (what) => [`Resume ${what}`, `resuming ${what}`, `resumed ${what}`],
  recheck: (what) => [`Check all data of ${what} again`, `checking ${what}`, `checking all data of ${what} again`],
  announce: (what) => {
    return [`Ask the trackers of ${what}`, `asking the trackers of ${what}`, `asked the trackers of ${what}`];
  },
};

export function doAction(state: State, action: Action): Step {
  const table = focusedTable(state);
  if (isMovement(action)) return only(moved(state, table, rowsOf(action, visibleRows(state, table))));
  if (isGroupAction(action) && state.marked.size > 0) return only({ ...state, dialog: groupQuestion(state, action) });
  if (isTorrentAction(action)) {
    const row = selectedTorrent(state);
    return row === null ? only(say(state, 'no torrent is selected', 'warn')) : withTorrent(state, action, row);
  }
  switch (action) {
    case 'switchFocus':
      return only({ ...state, focus: state.focus === 'list' ? 'page' : 'list' });
    case 'enter':
      return state.focus === 'page' && state.page === 'files'
        ? folded(state, 'switch')
        : only({ ...state, focus: 'page' });
    case 'back':
      return only(back(state, table));
    case 'zoom':
      return only({ ...state, zoom: !state.zoom });
    case 'overview':
    case 'files':
    case 'peers':
    case 'trackers':
    case 'log':
      return only({ ...state, page: action, focus: 'page' });
    case 'nextPage':
      return only(turned(state, 1));
    case 'previousPage':
      return only(turned(state, -1));
    case 'filter':
      return only({ ...state, dialog: { kind: 'filter', table, field: field(state.tables[table].filter) } });
    case 'sortNext':
      return only(sortedByNext(state, table));
    case 'sortReverse':
      return only(sortedBackwards(state, table));
    case 'markAll':
      return only(markedAll(state));
    case 'add':
      return addForm(state);
    case 'explore':
      return explore(state);
    case 'wholeLog': {
      const wholeLog = state.page === 'log' ? !state.wholeLog : true;
      return only({ ...state, page: 'log', focus: 'page', wholeLog });
    }
    case 'restart':
      if (state.life !== 'ended') return only(say(state, 'the downloading process is running', 'warn'));
      return { state: say(state, 'starting the downloading process …'), effects: [{ kind: 'restart' }] };
    case 'help':
      return only({ ...state, dialog: { kind: 'help', top: 0 } });
    case 'globalLimits':
      return limitsForm(state, null);
    case 'redraw':
      return { state, effects: [{ kind: 'redraw' }] };
    case 'suspend':
      return { state, effects: [{ kind: 'suspend' }] };
    case 'quit':
    case 'quitAtOnce':
      return leave(state);
  }
}

function leave(state: State): Step {
  if (state.leaving) return { state, effects: [{ kind: 'leave', atOnce: true }] };
  return { state: { ...state, leaving: true, dialog: null }, effects: [{ kind: 'leave', atOnce: false }] };
}

function withTorrent(state: State, action: TorrentAction, row: TorrentRow): Step {
  const { key, name } = row;
  switch (action) {
    case 'mark': {
      const next = { ...state, marked: toggled(state.marked, key, !state.marked.has(key)) };
      return only(state.focus === 'list' ? moved(next, 'torrents', 1) : next);
    }
    case 'toggle':
      return prioritised(state, row, togglePriority);
    case 'pause':
    case 'resume':
    case 'recheck':
    case 'announce': {
      const [, doing, done] = WORDS[action](name);
      return ask(state, [{ call: action, key }], doing, done);
    }
    case 'sequential': {
      const on = !row.sequential;
      const done = on ? `${name}: pieces in order` : `${name}: rarest pieces first`;
      return ask(state, [{ call: 'sequential', key, on }], done, done);
    }
    case 'moveUp':
      return shifted(state, row, -1);
    case 'moveDown':
      return shifted(state, row, 1);
    case 'remove':
      return only({ ...state, dialog: removal([row], 'the torrent', name) });
    case 'overwrite':
      return only({ ...state, dialog: overwriting(row) });
    case 'limits':
      return limitsForm(state, row);
    case 'relocate':
      return relocateForm(state, row);
    case 'raise':
      return prioritised(state, row, (priority) => stepPriority(priority, 1));
    case 'lower':
      return prioritised(state, row, (priority) => stepPriority(priority, -1));
    case 'open':
      return folded(state, 'open');
    case 'close':
      return folded(state, 'close');
  }
}

/** `what`: how the title and the messages call `rows`. */
function removal(rows: readonly TorrentRow[], what: string, called = what): Question {
  const remove = (text: string, withData: boolean, done: string) => {
    const requests = rows.map(({ key }) => ({ call: 'remove', key, withData }) as const);
    return { text, requests, doing: `removing ${called}`, done };
  };
  const [it, its] = rows.length === 1 ? ['it', 'its'] : ['them', 'their'];
  const choices = [
    NOTHING,
    remove(`remove ${it}, keep the data`, false, `removed ${called}, ${its} data is kept`),
    remove(`remove ${it} and delete the data`, true, `removed ${called} and ${its} data`),
  ];
  return { kind: 'question', title: `Remove ${what}?`, about: namesOf(rows), choices, chosen: 0 };
}

/** Before anything is done to all marked torrents. */
function groupQuestion({ ordered, marked }: State, action: GroupAction): Question {
  const rows = ordered.filter(({ key }) => marked.has(key));
  const what = counted(rows.length, 'torrent');
  if (action === 'remove') return removal(rows, what);
  const [title, doing, done] = WORDS[action](what);
  const requests = rows.map(({ key }) => ({ call: action, key }));
  const choices = [NOTHING, { text: title.toLowerCase(), requests, doing, done }];
  return { kind: 'question', title: `${title}?`, about: namesOf(rows), choices, chosen: 0 };
}

function namesOf(rows: readonly TorrentRow[]): string {
  return rows.map(({ name }) => name).join(', ');
}

/** All that the list shows, or where all of them are marked none of them. */
function markedAll(state: State): State {
  const { views, marked } = state;
  if (views.torrents.length === 0) return say(state, 'no torrents are shown', 'warn');
  const keys = views.torrents.map(({ key }) => key);
  const rest = [...marked].filter((key) => !keys.includes(key));
  return { ...state, marked: new Set(keys.every((key) => marked.has(key)) ? rest : [...rest, ...keys]) };
}

function overwriting({ key, name, folder }: TorrentRow): Question {
  const requests = [{ call: 'overwrite', key } as const];
  const done = `${name} overwrites what is in its place`;
  const choices = [NOTHING, { text: 'overwrite the files in its place', requests, doing: `starting ${name}`, done }];
  const title = 'Overwrite files that are not the torrent’s?';
  return { kind: 'question', title, about: `${name} in ${folder}`, choices, chosen: 0 };
}

/** The table that keys move in: the overview has none of its own. */
function focusedTable({ focus, page }: State): TableName {
  return focus === 'list' || page === 'overview' ? 'torrents' : page;
}

function back(state: State, table: TableName): State {
  if (state.tables[table].filter !== '') return withFilter(state, table, '');
  if (state.focus === 'page') return { ...state, focus: 'list', zoom: false };
  if (state.marked.size > 0) return { ...state, marked: new Set() };
  return { ...state, zoom: false, message: null };
}

function turned(state: State, by: number): State {
  const next = PAGES[(PAGES.indexOf(state.page) + by + PAGES.length) % PAGES.length] as Page;
  return { ...state, page: next, focus: 'page' };
}

export function sortedBackwards(state: State, table: TableName): State {
  const { sort } = state.tables[table];
  if (sort === null) return sortedByNext(state, table);
  return withTable(state, table, { ...state.tables[table], sort: { ...sort, reverse: !sort.reverse } });
}

export function sortedByNext(state: State, table: TableName): State {
  const next = sortByNext(specOf(table), state.tables[table]);
  if (next === state.tables[table]) return say(state, 'this table does not sort', 'warn');
  const title = specOf(table).columns.find((column) => column.key === next.sort?.column)?.title ?? '';
  return say(withTable(state, table, next), `sorted by ${title.toLowerCase()}`);
}

function shifted(state: State, row: TorrentRow, by: number): Step {
  const to = row.position + by;
  if (to < 0 || to >= state.ordered.length)
    return only(say(state, `${row.name} is at the end of the queue already`, 'warn'));
  return ask(state, [{ call: 'move', key: row.key, to }], `moving ${row.name}`, `${row.name} is number ${to + 1}`);
}

function selectedFile(state: State): TreeRow | null {
  return state.views.files[state.tables.files.index] ?? null;
}

function prioritised(state: State, { key }: TorrentRow, change: (priority: FilePriority | null) => FilePriority): Step {
  const row = selectedFile(state);
  if (row === null) return only(say(state, 'no file is selected', 'warn'));
  const priority = change(row.priority);
  const what = priority === 0 ? 'skipped' : `priority ${['', 'low', '', '', 'normal', '', '', 'high'][priority]}`;
  return ask(
    state,
    [{ call: 'priority', key, files: row.files, priority }],
    `${row.name}: ${what}`,
    `${row.name}: ${what}`,
  );
}

function folded(state: State, how: 'open' | 'close' | 'switch'): Step {
  const row = selectedFile(state);
  if (row === null) return only(state);
  if (row.open === null) return only(how === 'close' ? toParent(state, row) : state);
  const open = how === 'switch' ? !row.open : how === 'open';
  if (open === row.open) return only(how === 'close' ? toParent(state, row) : moved(state, 'files', 1));
  return only({ ...state, closed: toggled(state.closed, row.id, !open) });
}

/** The nearest row above that is a folder further out. */
function toParent(state: State, { depth }: TreeRow): State {
  const { index } = state.tables.files;
  const parent = state.views.files.findLastIndex((row, at) => at < index && row.depth < depth);
  return parent < 0 ? state : moved(state, 'files', parent - index);
}

/** The set with or without `id`. */
export function toggled(set: ReadonlySet<string>, id: string, on: boolean): ReadonlySet<string> {
  const next = new Set(set);
  if (on) next.add(id);
  else next.delete(id);
  return next;
}
