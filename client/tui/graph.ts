// The rates of the last minutes as bars, download above upload, one scale for each.

import type { TorrentKey } from '../control/protocol.ts';
import type { Canvas, Rect } from './canvas.ts';
import { fit } from './cells.ts';
import { rate, type Units } from './format.ts';
import type { History } from './history.ts';
import type { Role } from './theme.ts';

export interface Graph {
  readonly history: History;
  readonly key: TorrentKey;
  readonly units: Units;
}

const EIGHTHS = ' ▁▂▃▄▅▆▇█';
const LABEL_CELLS = 11;
const SECONDS_PER_CELL_MAX = 5;
const SECONDS_MAX = 600;

/** Draws a heading and both graphs into `rect`; a low one gets the download alone. */
export function drawGraph(canvas: Canvas, rect: Rect, { history, key, units }: Graph): void {
  const cells = rect.width - LABEL_CELLS;
  if (cells < 4 || rect.height < 2) return;
  const perCell = Math.max(1, Math.min(SECONDS_PER_CELL_MAX, Math.floor(SECONDS_MAX / cells)));
  const span = cells * perCell;
  const minutes = span < 120 ? `${span} seconds` : `${Math.round(span / 60)} minutes`;
  canvas.put(rect.x, rect.y, `Rates of the last ${minutes}`, 'strong', rect.width);
  const rows = rect.height - 1;
  const upRows = rows >= 2 ? Math.floor(rows / 2) : 0;
  const one = (y: number, height: number, direction: 'down' | 'up', role: Role) => {
    const values = meansOf(history.last(key, direction, span), perCell);
    const most = Math.max(...values);
    const label = `${direction === 'down' ? '↓' : '↑'} ${rate(most, units)}`;
    canvas.put(rect.x, y, fit(label, LABEL_CELLS), 'dim', LABEL_CELLS);
    barRows(values, most, height).forEach((text, at) => {
      canvas.put(rect.x + LABEL_CELLS, y + at, text, role, cells);
    });
  };
  one(rect.y + 1, rows - upRows, 'down', 'down');
  if (upRows > 0) one(rect.y + 1 + rows - upRows, upRows, 'up', 'up');
}

/** Means of `perCell` values each. */
function meansOf(values: readonly number[], perCell: number): number[] {
  return Array.from({ length: Math.floor(values.length / perCell) }, (_, at) => {
    const part = values.slice(at * perCell, (at + 1) * perCell);
    return part.reduce((sum, value) => sum + value, 0) / perCell;
  });
}

/** Rows of text from the top that draw `values`, the largest `most`, `height` rows high; what is not zero shows. */
export function barRows(values: readonly number[], most: number, height: number): string[] {
  const heights = values.map((value) =>
    value <= 0 || most <= 0 ? 0 : Math.max(1, Math.round((value / most) * height * 8)),
  );
  return Array.from({ length: height }, (_, row) => {
    const below = (height - 1 - row) * 8;
    return heights.map((eighths) => EIGHTHS[Math.max(0, Math.min(8, eighths - below))]).join('');
  });
}
