// Where things stand on a screen of any size.
//
// Always: rectangles lie inside the screen, whatever its size; a screen too low for the list and a page shows only the one with the focus.

import type { Rect } from './canvas.ts';
import { type Binding, BINDINGS } from './keys.ts';
import type { State, TableName } from './state.ts';

export interface Layout {
  readonly bar: Rect;
  /** null: not shown now. */
  readonly list: Rect | null;
  readonly tabs: Rect | null;
  readonly page: Rect | null;
  /** The status line. */
  readonly line: Rect;
}

export interface ExplorerLayout {
  readonly list: Rect | null;
  readonly facts: Rect | null;
  readonly files: Rect | null;
  readonly options: Rect;
}

export interface HelpLayout {
  /** The columns, from left to right: heads and keys. */
  readonly halves: readonly (readonly (Binding['group'] | Binding)[])[];
  /** Of the longest column. */
  readonly lines: number;
  readonly height: number;
}

/** Below this many rows between bar and status line, list and page take turns. */
const SPLIT_ROWS_MIN = 13;
const LIST_ROWS_MIN = 5;
const EXPLORER_SPLIT_COLUMNS_MIN = 72;
const FACT_ROWS = 8;
const OPTION_ROWS = 3;
const HELP_SPLIT_COLUMNS_MIN = 112;
const HELP_GROUPS: readonly Binding['group'][] = ['Moving', 'Torrents', 'Files', 'Program'];

export function layout({ columns, rows, zoom, focus, ordered }: State): Layout {
  const between = Math.max(0, rows - 2);
  const bar = { x: 0, y: 0, width: columns, height: Math.min(1, rows) };
  const line = { x: 0, y: Math.max(0, rows - 1), width: columns, height: Math.min(1, rows) };
  const alone = zoom || between < SPLIT_ROWS_MIN;
  const whole = { x: 0, y: 1, width: columns, height: between };
  if (alone && focus === 'list') return { bar, line, list: whole, tabs: null, page: null };
  const wanted = Math.max(LIST_ROWS_MIN, ordered.length + 2);
  const listHeight = alone ? 0 : Math.min(wanted, Math.floor(between * 0.45));
  const list = alone ? null : { ...whole, height: listHeight };
  const tabs = { ...whole, y: 1 + listHeight, height: Math.min(1, between) };
  const page = { ...whole, y: 2 + listHeight, height: Math.max(0, between - listHeight - 1) };
  return { bar, line, list, tabs, page };
}

/** Rows below a page's table that say more about it. */
export function footerRows(page: State['page'], height: number): number {
  if (page === 'overview' || page === 'files') return 0;
  return height >= 9 ? 2 : height >= 6 ? 1 : 0;
}

export function explorerLayout({ columns, rows, dialog }: State): ExplorerLayout {
  const choosing = dialog?.kind === 'explorer' && dialog.stage !== 'browse';
  const height = Math.max(0, rows - 2 - OPTION_ROWS);
  const options = { x: 0, y: 1 + height, width: columns, height: Math.min(OPTION_ROWS, Math.max(0, rows - 2)) };
  const narrow = columns < EXPLORER_SPLIT_COLUMNS_MIN;
  const listWidth = narrow ? columns : Math.max(28, Math.floor(columns * 0.36));
  // The first line of the explorer names the folder.
  const list = narrow && choosing ? null : { x: 0, y: 2, width: listWidth, height: Math.max(0, height - 1) };
  if (narrow && !choosing) return { list, facts: null, files: null, options };
  const x = narrow ? 0 : listWidth + 2;
  const width = Math.max(0, columns - x);
  const factRows = Math.min(FACT_ROWS, Math.max(0, height - 5));
  const facts = { x, y: 2, width, height: factRows };
  const files = { x, y: 2 + factRows, width, height: Math.max(0, height - 1 - factRows) };
  return { list, facts, files, options };
}

/** The help's lines in one column or two, and how many are seen at once. */
export function helpLayout({ columns, rows }: Pick<State, 'columns' | 'rows'>): HelpLayout {
  const [moving = [], ...others] = HELP_GROUPS.map((group) => [
    group,
    ...BINDINGS.filter((binding) => binding.group === group),
  ]);
  const halves = columns >= HELP_SPLIT_COLUMNS_MIN ? [moving, others.flat()] : [[...moving, ...others.flat()]];
  const lines = Math.max(...halves.map((half) => half.length));
  return { halves, lines, height: Math.max(0, Math.min(lines, rows - 2)) };
}

/** How many rows of the table are seen at once. */
export function visibleRows(state: State, name: TableName): number {
  const rect = tableRect(state, name);
  return rect === null ? 1 : Math.max(1, rect.height - 1);
}

/** Where the table stands; null: it does not now. */
export function tableRect(state: State, name: TableName): Rect | null {
  if (name === 'folder') return explorerLayout(state).list;
  if (name === 'offer') return explorerLayout(state).files;
  const { list, page } = layout(state);
  if (name === 'torrents') return list;
  return page === null ? null : { ...page, height: page.height - footerRows(name, page.height) };
}
