// The overview of a torrent: its figures, which pieces are here, and the rates of the last minutes.

import type { Detail, TorrentRow } from '../../control/protocol.ts';
import type { Canvas, Rect } from '../canvas.ts';
import { clip, fit, wrap } from '../cells.ts';
import { counted, limit, moment, percent, progressOf, rate, ratio, size, timeLeft } from '../format.ts';
import { drawGraph } from '../graph.ts';
import { drawPieces } from '../piece-map.ts';
import type { State } from '../state.ts';
import { stateRole, waitingFor } from '../torrents.ts';

export interface Overview {
  readonly row: TorrentRow;
  /** null: not here yet. */
  readonly detail: Extract<Detail, { page: 'overview' }> | null;
  readonly state: State;
}

const LABEL_CELLS = 11;
/** From here on the map and the graph stand beside each other. */
const BESIDE_COLUMNS_MIN = 110;
const MAP_ROWS_MIN = 3;

export function drawOverview(canvas: Canvas, rect: Rect, overview: Overview): void {
  const height = drawFigures(canvas, rect, overview);
  const left = { ...rect, y: rect.y + height, height: rect.height - height };
  if (left.height < MAP_ROWS_MIN) return;
  const { row, detail, state } = overview;
  const pieces = { detail, instead: waitingFor(row), pieceCount: row.pieceCount, havePieces: row.havePieces };
  const graph = { history: state.history, key: row.key, units: state.units };
  if (left.width >= BESIDE_COLUMNS_MIN) {
    const half = Math.floor((left.width - 3) / 2);
    drawPieces(canvas, { ...left, x: left.x + 1, width: half }, pieces);
    drawGraph(canvas, { ...left, x: left.x + half + 3, width: left.width - half - 4 }, graph);
    return;
  }
  const inner = { ...left, x: left.x + 1, width: left.width - 2 };
  const mapHeight = left.height < 6 ? left.height : Math.floor(left.height / 2);
  drawPieces(canvas, { ...inner, height: mapHeight }, pieces);
  if (left.height > mapHeight)
    drawGraph(canvas, { ...inner, y: left.y + mapHeight, height: left.height - mapHeight }, graph);
}

/** The figures, as many as there is room for; answers how many rows they took. */
function drawFigures(canvas: Canvas, rect: Rect, overview: Overview): number {
  const { row } = overview;
  let y = rect.y;
  const end = rect.y + rect.height;
  drawProgress(canvas, { ...rect, y, height: 1 }, row);
  y += 1;
  if (row.error !== null) {
    for (const line of wrap(row.error, Math.max(10, rect.width - 2)).slice(0, 3)) {
      if (y < end) canvas.put(rect.x + 1, y, line, 'bad', rect.width - 1);
      y += 1;
    }
  }
  const columns = rect.width >= BESIDE_COLUMNS_MIN ? 3 : rect.width >= 70 ? 2 : 1;
  const cells = Math.floor((rect.width - 1) / columns);
  // The map and the graph get at least half of the page.
  const rows = Math.max(1, Math.ceil((end - y) / 2) - 1);
  const short = shortFacts(overview).slice(0, rows * columns);
  const put = ([label, value]: Fact, x: number, line: number, width: number) => {
    canvas.put(x, line, fit(label, LABEL_CELLS), 'dim', width);
    canvas.put(x + LABEL_CELLS, line, clip(value, width - LABEL_CELLS - 1), 'text', width - LABEL_CELLS);
  };
  short.forEach((fact, at) => {
    put(fact, rect.x + 1 + (at % columns) * cells, y + Math.floor(at / columns), cells);
  });
  y += Math.ceil(short.length / columns);
  const long = longFacts(overview).slice(0, Math.max(0, rows - Math.ceil(short.length / columns)));
  for (const fact of long) {
    put(fact, rect.x + 1, y, rect.width - 1);
    y += 1;
  }
  return Math.min(rect.height, y - rect.y);
}

function drawProgress(canvas: Canvas, { x, y, width }: Rect, row: TorrentRow): void {
  let at = x + 1;
  at += canvas.put(at, y, row.state, stateRole(row)) + 1;
  const { part, whole } = progressOf(row);
  const shown = percent(row);
  const left = timeLeft(row);
  const text =
    shown === ''
      ? `size not known yet${row.knownPeers === 0 ? ': no peer is known that could tell' : ''}`
      : left === ''
        ? shown
        : `${shown}, ${left === '∞' ? 'stalled' : `${left} left`}`;
  const cells = width - (at - x) - text.length - 3;
  if (cells >= 8 && whole > 0) {
    const filled = Math.min(cells, Math.floor((part / whole) * cells));
    at += canvas.put(at, y, '█'.repeat(filled), 'accent');
    at += canvas.put(at, y, '░'.repeat(cells - filled), 'dim') + 1;
  }
  canvas.put(at, y, text, 'strong', width - (at - x));
}

type Fact = readonly [label: string, value: string];

/** The most telling first: the rest gives way on a small page. */
function shortFacts({ row, detail, state }: Overview): Fact[] {
  const { units } = state;
  const limited = (bps: number, most: number) => `${rate(bps, units)}${most === 0 ? '' : ` of ${limit(most, units)}`}`;
  const skipped = row.totalBytes - row.wantedBytes;
  const each = detail === null ? '' : `, ${size(detail.pieceLengthBytes, units)} each`;
  return [
    ['Down', `${limited(row.downloadBps, row.downloadLimitBps)}, ${size(row.downloadedBytes, units)} so far`],
    ['Up', `${limited(row.uploadBps, row.uploadLimitBps)}, ${size(row.uploadedBytes, units)} so far`],
    ['Here', `${size(row.haveBytes, units)} of ${size(row.wantedBytes, units)}`],
    ['Peers', `${row.peers}, ${counted(row.seeds, 'seed')}, ${row.knownPeers} known`],
    ['Ratio', ratio(row) === '' ? 'none yet' : ratio(row)],
    ['Skipped', skipped > 0 ? size(skipped, units) : 'nothing'],
    ['Pieces', `${row.havePieces} of ${row.pieceCount}${each}`],
    ['Order', `${row.sequential ? 'pieces in order' : 'rarest first'}${row.endGame ? ', end-game' : ''}`],
    ['Added', moment(row.addedAt)],
    ['Completed', row.completedAt === null ? 'not yet' : moment(row.completedAt)],
    ['Wasted', `${size(row.wastedBytes, units)}, ${size(row.corruptBytes, units)} corrupt`],
    ['Private', row.private ? 'yes: peers only from its trackers' : 'no'],
  ];
}

/** Those that want a row of their own. */
function longFacts({ row, detail }: Overview): Fact[] {
  const { comment = null, createdBy = null } = detail ?? {};
  return [
    ['Folder', row.folder],
    ['Info-hash', row.key],
    ...(comment === null || comment === '' ? [] : [['Comment', comment] as const]),
    ...(createdBy === null || createdBy === '' ? [] : [['Made with', createdBy] as const]),
  ];
}
