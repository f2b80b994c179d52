// A table of any rows: which columns fit, in which order the rows stand, which one is selected, and its drawing.
//
// Always: the selection is a row's id, not its place, and stays on its row while rows move; where that row is gone, the one that stands in
// its place is selected. Only visible rows are drawn.

import { cellWidth, fit } from './cells.ts';
import type { Canvas, Rect } from './canvas.ts';
import type { Units } from './format.ts';
import type { TableName } from './state.ts';
import type { Role } from './theme.ts';

/** What a cell's text depends on besides its row. */
export interface Context {
  readonly units: Units;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of the selected torrent. */
  readonly pieceCount: number;
  readonly marked: ReadonlySet<string>;
}

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** Cells; a flexible column takes at least that and shares what is left. */
  readonly cells: number;
  readonly flexible?: true;
  readonly align?: 'right';
  /** The higher, the sooner it gives way; 0 never does. */
  readonly gives: number;
  readonly text: (row: Row, context: Context) => string;
  readonly role?: (row: Row) => Role | null;
  /** Ascending; a column without it does not sort. */
  readonly compare?: (a: Row, b: Row) => number;
  /** The first click sorts descending: what is large is of interest. */
  readonly largestFirst?: true;
}

export interface Spec<Row> {
  readonly columns: readonly Column<Row>[];
  readonly id: (row: Row) => string;
  /** Rows of a lower rank stand first, whichever way the table is sorted. */
  readonly rank?: (row: Row) => number;
  /** What the filter looks in. */
  readonly words: (row: Row) => string;
  /** What stands where no row is. */
  readonly empty: string;
}

interface Sort {
  readonly column: string;
  readonly reverse: boolean;
}

export interface TableState {
  readonly selected: string | null;
  readonly index: number;
  /** The first visible row. */
  readonly top: number;
  readonly sort: Sort | null;
  readonly filter: string;
}

export const FRESH: TableState = { selected: null, index: 0, top: 0, sort: null, filter: '' };

/** Rows that match the filter, in the table's order; equal rows keep the order that they came in. */
export function arrange<Row>(spec: Spec<Row>, rows: readonly Row[], { sort, filter }: TableState): readonly Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const matching =
    words.length === 0
      ? rows
      : rows.filter((row) => {
          const text = spec.words(row).toLowerCase();
          return words.every((word) => text.includes(word));
        });
  const compare = spec.columns.find((column) => column.key === sort?.column)?.compare;
  if (compare === undefined) return matching;
  const sign = sort?.reverse === true ? -1 : 1;
  const rank = spec.rank ?? (() => 0);
  return [...matching].sort((a, b) => rank(a) - rank(b) || sign * compare(a, b));
}

/** The state with the selection on its row, or on the row in its place, and inside the `height` visible rows. */
export function settle<Row>(spec: Spec<Row>, rows: readonly Row[], state: TableState, height: number): TableState {
  let index = state.index;
  if (rows[index] === undefined || spec.id(rows[index] as Row) !== state.selected) {
    const found = state.selected === null ? -1 : rows.findIndex((row) => spec.id(row) === state.selected);
    index = found >= 0 ? found : clamp(state.index, 0, rows.length - 1);
  }
  const row = rows[index];
  const selected = row === undefined ? null : spec.id(row);
  const shown = Math.max(1, height);
  const top = clamp(clamp(state.top, index - shown + 1, index), 0, Math.max(0, rows.length - shown));
  if (selected === state.selected && index === state.index && top === state.top) return state;
  return { ...state, selected, index, top };
}

/** The state with the selection `by` rows further. */
export function move<Row>(spec: Spec<Row>, rows: readonly Row[], state: TableState, by: number): TableState {
  const index = clamp(state.index + by, 0, rows.length - 1);
  const row = rows[index];
  return row === undefined ? state : { ...state, index, selected: spec.id(row) };
}

/** The state sorted by `column`; the other way round where it already was. */
export function sortBy<Row>(spec: Spec<Row>, state: TableState, key: string): TableState {
  const column = spec.columns.find((candidate) => candidate.key === key);
  if (column?.compare === undefined) return state;
  const reverse = state.sort?.column === key ? !state.sort.reverse : column.largestFirst === true;
  return { ...state, sort: { column: key, reverse } };
}

/** The state sorted by the next column that sorts. */
export function sortByNext<Row>(spec: Spec<Row>, state: TableState): TableState {
  const keys = spec.columns.filter((column) => column.compare !== undefined).map((column) => column.key);
  if (keys.length === 0) return state;
  const next = keys[(keys.indexOf(state.sort?.column ?? '') + 1) % keys.length] as string;
  return sortBy(spec, { ...state, sort: null }, next);
}

/** The columns that have room in `width` cells, with their cells. One blank stands between two. */
export function layoutColumns<Row>(columns: readonly Column<Row>[], width: number) {
  let kept = [...columns];
  const needed = () => kept.reduce((sum, column) => sum + column.cells + 1, -1);
  while (needed() > width && kept.some((column) => column.gives > 0)) {
    const worst = Math.max(...kept.map((column) => column.gives));
    const victim = kept.findLast((column) => column.gives === worst);
    kept = kept.filter((column) => column !== victim);
  }
  const flexible = kept.filter((column) => column.flexible === true).length;
  let spare = width - needed();
  let left = flexible;
  return kept.map((column) => {
    if (column.flexible !== true) return { column, cells: column.cells };
    const share = Math.trunc(spare / left);
    spare -= share;
    left -= 1;
    return { column, cells: Math.max(1, column.cells + share) };
  });
}

export interface Drawing {
  readonly name: TableName;
  readonly state: TableState;
  readonly focused: boolean;
  readonly context: Context;
}

/** Draws head and visible rows into `rect`, and what a click in them means. */
export function drawTable<Row>(
  canvas: Canvas,
  rect: Rect,
  spec: Spec<Row>,
  rows: readonly Row[],
  { name, state, focused, context }: Drawing,
): void {
  const height = rect.height - 1;
  const bar = rows.length > height ? 1 : 0;
  const columns = layoutColumns(spec.columns, rect.width - bar);
  canvas.wheel(rect, { kind: 'scroll', table: name, by: 0 });
  canvas.fill({ ...rect, height: 1 }, 'header');
  let x = rect.x;
  for (const { column, cells } of columns) {
    const sorted = state.sort?.column === column.key;
    const arrow = !sorted ? '' : state.sort?.reverse === true ? '▼' : '▲';
    const title = cellWidth(column.title + arrow) > cells ? column.title : column.title + arrow;
    canvas.put(x, rect.y, fit(title, cells, column.align), sorted ? 'sorted' : 'header', rect.x + rect.width - x);
    if (column.compare !== undefined)
      canvas.zone({ x, y: rect.y, width: cells, height: 1 }, { kind: 'sort', table: name, column: column.key });
    x += cells + 1;
  }
  if (rows.length === 0 && height > 0) {
    const text = state.filter === '' ? spec.empty : `nothing matches “${state.filter}” (Esc shows all)`;
    canvas.put(rect.x + 1, rect.y + 1, text, 'dim', rect.width - 1);
  }
  for (let line = 0; line < height; line += 1) {
    const row = rows[state.top + line];
    if (row === undefined) break;
    const y = rect.y + 1 + line;
    const chosen = state.top + line === state.index;
    const whole = chosen ? (focused ? 'selected' : 'resting') : null;
    if (whole !== null) canvas.fill({ x: rect.x, y, width: rect.width - bar, height: 1 }, whole);
    canvas.zone({ ...rect, y, height: 1 }, { kind: 'select', table: name, id: spec.id(row) });
    let at = rect.x;
    for (const { column, cells } of columns) {
      const role = whole ?? column.role?.(row) ?? 'text';
      canvas.put(at, y, fit(column.text(row, context), cells, column.align), role, rect.x + rect.width - bar - at);
      at += cells + 1;
    }
  }
  if (bar === 1) drawScrollbar(canvas, rect, state.top, height, rows.length);
}

function drawScrollbar(canvas: Canvas, rect: Rect, top: number, height: number, count: number): void {
  if (height < 1) return;
  const thumb = Math.max(1, Math.round((height * height) / count));
  const begin = Math.round(((height - thumb) * top) / Math.max(1, count - height));
  for (let line = 0; line < height; line += 1) {
    const inside = line >= begin && line < begin + thumb;
    canvas.put(rect.x + rect.width - 1, rect.y + 1 + line, inside ? '┃' : '│', inside ? 'accent' : 'dim');
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
