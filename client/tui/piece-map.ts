// Which pieces are here, as a map of cells, and how many copies of them the connected peers have.
//
// Always: a cell that stands for several pieces is drawn as the least of them that is not missing only where none is missing: a full map
// means a complete torrent.

import type { Detail } from '../control/protocol.ts';
import type { Canvas, Rect } from './canvas.ts';
import type { Role } from './theme.ts';

export interface Pieces {
  readonly detail: Extract<Detail, { page: 'overview' }> | null;
  /** Stands where there is no map to draw. */
  readonly instead: string;
  readonly pieceCount: number;
  readonly havePieces: number;
}

const LEVELS = ' ▁▂▃▄▅▆▇█';
/** Copies that fill a cell of the availability. */
const COPIES_MAX = 8;
const STATES: readonly { readonly text: string; readonly role: Role; readonly name: string }[] = [
  { text: '·', role: 'missing', name: 'missing' },
  { text: '▒', role: 'begun', name: 'begun' },
  { text: '▓', role: 'here', name: 'here' },
  { text: '█', role: 'sure', name: 'on disk' },
];

/** Draws a heading, the map, and one row of availability, into `rect`. */
export function drawPieces(canvas: Canvas, rect: Rect, { detail, instead, pieceCount, havePieces }: Pieces): void {
  let x = rect.x + canvas.put(rect.x, rect.y, `Pieces ${havePieces}/${pieceCount} `, 'strong', rect.width);
  const end = rect.x + rect.width;
  for (const { text, role, name } of STATES) {
    if (x + name.length + 4 > end) break;
    x += canvas.put(x, rect.y, ` ${text}`, role);
    x += canvas.put(x, rect.y, ` ${name} `, 'dim');
  }
  if (detail === null || detail.pieces.length === 0) {
    canvas.put(rect.x, rect.y + 1, instead, 'dim');
    return;
  }
  const copies = rect.height >= 4;
  const rows = rect.height - (copies ? 2 : 1);
  const cells = rows * rect.width;
  // Few pieces get several cells each, so that the map is always whole rows of the same meaning.
  cellsOf(detail.pieces, cells).forEach((state, at) => {
    const shown = STATES[state] ?? STATES[0];
    if (shown === undefined) return;
    canvas.put(rect.x + (at % rect.width), rect.y + 1 + Math.floor(at / rect.width), shown.text, shown.role, 1);
  });
  if (copies) drawCopies(canvas, { ...rect, y: rect.y + rect.height - 1, height: 1 }, detail.availability);
}

function drawCopies(canvas: Canvas, { x, y, width }: Rect, availability: Uint8Array): void {
  const least = availability.reduce((worst, copies) => Math.min(worst, copies), 255);
  const label = `copies ≥ ${least} `;
  const at = x + canvas.put(x, y, label, 'dim', width);
  const cells = x + width - at;
  const worst = shrink(availability, cells, (a, b) => Math.min(a, b));
  const text = worst.map((copies) => LEVELS[copies === 0 ? 0 : Math.max(1, Math.min(COPIES_MAX, copies))] ?? ' ');
  canvas.put(at, y, text.join(''), 'dim', cells);
}

/** The states of `pieces` in `cells` cells. */
export function cellsOf(pieces: Uint8Array, cells: number): number[] {
  return shrink(pieces, cells, (a, b) => {
    if (a === b) return a;
    // Something is here and something is not: begun.
    return a >= 2 && b >= 2 ? Math.min(a, b) : 1;
  });
}

/** `values` in `cells` cells: several values in one are merged, one value may take several. */
function shrink(values: Uint8Array, cells: number, merge: (a: number, b: number) => number): number[] {
  return Array.from({ length: values.length === 0 ? 0 : cells }, (_, cell) => {
    const from = Math.floor((cell * values.length) / cells);
    const to = Math.max(from + 1, Math.floor(((cell + 1) * values.length) / cells));
    let merged = values[from] as number;
    for (let at = from + 1; at < to; at += 1) merged = merge(merged, values[at] as number);
    return merged;
  });
}
