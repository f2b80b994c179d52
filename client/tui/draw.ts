// One frame: the whole screen from the state, and nothing else.
//
// Always: any state on any size gives a frame; what others wrote enters it through `Canvas.put` alone.

import { ALL_TORRENTS } from '../control/protocol.ts';
import { Canvas, type Rect } from './canvas.ts';
import { cellWidth, clip, fit, wrap } from './cells.ts';
import { drawDialog } from './draw-dialog.ts';
import { drawExplorer } from './draw-explorer.ts';
import { type Field, visible } from './field.ts';
import { counted, limit, rate, size } from './format.ts';
import { keyName } from './keys.ts';
import { footerRows, layout, tableRect } from './layout.ts';
import { drawOverview } from './pages/overview.ts';
import { FILES } from './pages/files.ts';
import { LOG } from './pages/log.ts';
import { PEER_LEGEND, PEERS } from './pages/peers.ts';
import { TRACKERS } from './pages/trackers.ts';
import { pageKey, PAGES, selectedTorrent, shownDetail, type State, type TableName } from './state.ts';
import { type Context, drawTable, type Spec } from './table.ts';
import type { Role } from './theme.ts';
import { TORRENTS, waitingFor } from './torrents.ts';

/** Of the line, and of those above it where it is not enough. */
const MESSAGE_ROWS_MAX = 4;
/** In the order in which they are left out last. */
const LIST_HINTS = [
  ['?', 'keys'],
  ['q', 'quit'],
  ['o', 'open'],
  ['a', 'add'],
  ['p', 'pause'],
  ['r', 'resume'],
  ['d', 'remove'],
  ['/', 'filter'],
  [' ', 'mark'],
  ['s', 'sort'],
  ['tab', 'page'],
] as const;
const MARKED_HINTS = [
  ['?', 'keys'],
  ['p', 'pause'],
  ['r', 'resume'],
  ['d', 'remove'],
  ['c', 'recheck'],
  ['n', 'announce'],
  ['*', 'all'],
  ['escape', 'none'],
] as const;
const FILTERED: Readonly<Record<TableName, string>> = {
  torrents: 'torrents',
  files: 'files',
  peers: 'peers',
  trackers: 'trackers',
  log: 'lines',
  folder: 'files',
  offer: 'files',
};

export function drawFrame(state: State): Canvas {
  const canvas = new Canvas(Math.max(1, state.columns), Math.max(1, state.rows));
  const parts = layout(state);
  drawBar(canvas, parts.bar, state);
  if (state.dialog?.kind === 'explorer') {
    drawExplorer(canvas, state, state.dialog, contextOf(state));
  } else {
    if (parts.list !== null) drawOne(canvas, parts.list, TORRENTS, 'torrents', state);
    if (parts.tabs !== null) drawTabs(canvas, parts.tabs, state);
    if (parts.page !== null && parts.page.height > 0) drawPage(canvas, parts.page, state);
  }
  drawLine(canvas, parts.line, state);
  if (state.dialog !== null) drawDialog(canvas, state, state.dialog);
  return canvas;
}

function contextOf(state: State): Context {
  const pieceCount = selectedTorrent(state)?.pieceCount ?? 0;
  return { units: state.units, now: state.now, pieceCount, marked: state.marked };
}

function drawOne<Name extends TableName>(
  canvas: Canvas,
  rect: Rect,
  spec: Spec<State['views'][Name][number]>,
  name: Name,
  state: State,
): void {
  const focused = (name === 'torrents') === (state.focus === 'list');
  const context = contextOf(state);
  drawTable(canvas, rect, spec, state.views[name], { name, state: state.tables[name], focused, context });
}

/** What concerns all torrents; what has no room gives way from the end. */
function drawBar(canvas: Canvas, rect: Rect, { totals, ordered, marked, units, views, tables }: State): void {
  canvas.fill(rect, 'bar');
  const filtered = tables.torrents.filter === '' ? '' : `${views.torrents.length} of `;
  const chosen = marked.size === 0 ? '' : `, ${marked.size} marked`;
  const parts = [' Starling', `${filtered}${counted(ordered.length, 'torrent')}${chosen}`];
  if (totals !== null) {
    const limited = (bps: number) => (bps === 0 ? '' : ` (of ${limit(bps, units)})`);
    parts.push(`↓ ${rate(totals.downloadBps, units)}${limited(totals.downloadLimitBps)}`);
    parts.push(`↑ ${rate(totals.uploadBps, units)}${limited(totals.uploadLimitBps)}`);
    parts.push(counted(totals.connections, 'peer'));
    if (totals.freeBytes !== null) parts.push(`${size(totals.freeBytes, units)} free`);
    parts.push(totals.listenPort === null ? 'no port' : `port ${totals.listenPort}`);
  }
  let x = rect.x;
  for (const part of parts) {
    if (x > rect.x && x + cellWidth(part) > rect.width) break;
    x += canvas.put(x, rect.y, part, 'bar', rect.width - x) + 3;
  }
}

function drawTabs(canvas: Canvas, rect: Rect, state: State): void {
  canvas.fill(rect, 'bar');
  let x = rect.x + 1;
  PAGES.forEach((page, at) => {
    const text = rect.width < 52 ? ` ${at + 1} ${page.slice(0, 4)} ` : ` ${at + 1} ${page} `;
    const open = state.page === page;
    const role: Role = open ? (state.focus === 'page' ? 'tabOpen' : 'selected') : 'bar';
    const width = canvas.put(x, rect.y, text, role, rect.x + rect.width - x);
    canvas.zone({ x, y: rect.y, width, height: 1 }, { kind: 'open', page });
    x += width + 1;
  });
  const filter = state.page === 'overview' ? '' : state.tables[state.page].filter;
  const about = pageKey(state) === ALL_TORRENTS ? 'everything' : (selectedTorrent(state)?.name ?? '');
  const name = filter === '' ? about : `only “${filter}” · ${about}`;
  const room = rect.x + rect.width - x - 2;
  if (room > 8) canvas.put(x + 1, rect.y, fit(clip(name, room), room, 'right'), 'bar', room);
}

function drawPage(canvas: Canvas, rect: Rect, state: State): void {
  const row = selectedTorrent(state);
  if (row === null && state.page !== 'log') {
    canvas.put(rect.x + 1, rect.y, 'no torrent is selected', 'dim');
    return;
  }
  if (row !== null && state.page === 'overview') {
    drawOverview(canvas, rect, { row, detail: shownDetail(state, 'overview'), state });
    return;
  }
  if (state.page === 'overview') return;
  const table = tableRect(state, state.page) as Rect;
  if (shownDetail(state, state.page) === null) {
    const comes = row !== null && state.page === 'files' ? waitingFor(row) : 'one moment …';
    canvas.put(rect.x + 1, rect.y + 1, comes, 'dim');
    return;
  }
  switch (state.page) {
    case 'files':
      drawOne(canvas, table, FILES, 'files', state);
      break;
    case 'peers':
      drawOne(canvas, table, PEERS, 'peers', state);
      break;
    case 'trackers':
      drawOne(canvas, table, TRACKERS, 'trackers', state);
      break;
    case 'log':
      drawOne(canvas, table, LOG, 'log', state);
      break;
  }
  drawFooter(canvas, rect, state, footerRows(state.page, rect.height));
}

/** What has no room in a row: the legend of the flags, a whole address or message. */
function drawFooter(canvas: Canvas, rect: Rect, { page, views, tables }: State, height: number): void {
  if (height === 0) return;
  const tracker = views.trackers[tables.trackers.index];
  const texts = {
    peers: PEER_LEGEND,
    trackers:
      tracker === undefined ? '' : `${tracker.url}${tracker.lastError === null ? '' : `: ${tracker.lastError}`}`,
    log: views.log[tables.log.index]?.text ?? '',
  };
  const text = page === 'peers' || page === 'trackers' || page === 'log' ? texts[page] : '';
  const lines = wrap(text, Math.max(1, rect.width - 2)).slice(0, height);
  lines.forEach((line, at) => {
    canvas.put(rect.x + 1, rect.y + rect.height - height + at, line, 'dim', rect.width - 2);
  });
}

/** The last line: that we leave, what is typed, what happened, or which keys there are. */
function drawLine(canvas: Canvas, rect: Rect, state: State): void {
  if (rect.height === 0) return;
  const typed = typedFilter(state);
  if (state.leaving) {
    drawText(canvas, rect, 'leaving: what was received is written and the trackers are told (again: at once)', 'warn');
  } else if (state.life === 'ended') {
    const why = state.ending ?? 'the downloading process ended';
    drawText(canvas, rect, `${why} (R starts it again, q leaves)`, 'bad');
  } else if (typed !== null) {
    const { x, y, width } = rect;
    const at = x + canvas.put(x, y, ` show ${FILTERED[typed.table]} with: `, 'accent');
    const shown = visible(typed.field, width - at - 1);
    canvas.put(at, y, shown.text, 'text');
    canvas.cursor = { x: Math.min(width - 1, at + shown.cursor), y };
  } else if (state.message !== null) {
    const more = state.notices.length === 0 ? '' : ` (${state.notices.length} more)`;
    const roles = { info: 'accent', warn: 'warn', error: 'bad' } as const;
    drawText(canvas, rect, `${state.message.text}${more}`, roles[state.message.level]);
  } else if (state.dialog === null) {
    drawHints(canvas, rect, state.marked.size === 0 ? LIST_HINTS : MARKED_HINTS);
  }
}

function typedFilter({ dialog }: State): { readonly table: TableName; readonly field: Field } | null {
  if (dialog?.kind === 'filter') return dialog;
  if (dialog?.kind !== 'explorer' || dialog.filtering === null) return null;
  return { table: dialog.stage === 'browse' ? 'folder' : 'offer', field: dialog.filtering };
}

/** What has no room on the line takes the rows above it: the end of what happened says most. */
function drawText(canvas: Canvas, { x, y, width }: Rect, text: string, role: Role): void {
  const lines = wrap(text, Math.max(1, width - 2)).slice(0, MESSAGE_ROWS_MAX);
  lines.forEach((line, at) => {
    const row = y - lines.length + 1 + at;
    canvas.fill({ x, y: row, width, height: 1 }, 'text');
    canvas.put(x + 1, row, line, role, width - 1);
  });
}

/** Keys with what they do, each also a button. */
function drawHints(canvas: Canvas, { x, y, width }: Rect, hints: readonly (readonly [string, string])[]): void {
  let at = x + 1;
  for (const [key, text] of hints) {
    const name = keyName(key);
    if (at + name.length + text.length + 1 > width) break;
    const begin = at;
    at += canvas.put(at, y, name, 'key') + 1;
    at += canvas.put(at, y, text, 'dim');
    canvas.zone({ x: begin, y, width: at - begin, height: 1 }, { kind: 'press', key });
    at += 2;
  }
}
