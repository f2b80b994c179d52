// A grid of coloured cells on a canvas: peers by pieces, peers by peers, pieces by time. Whatever the number of cells, the drawing is as large
// as the page allows: few cells become large, many share a pixel.

import { element, say } from './dom.ts';
import { colour, onRepaint, pixel } from './theme.ts';
import { roundStep } from './units.ts';

export interface GridOptions {
  readonly rows: number;
  readonly columns: number;
  /** Most that the cells' area is high; few rows take less. A square grid is as high as it is wide. */
  readonly heightPxMax: number;
  readonly square?: boolean;
  /** What stands along the axes. */
  readonly rowTitle: string;
  readonly columnTitle: string;
  readonly rowLabel: (row: number) => string;
  /** Number of the first row as people count them: round ones are labelled. */
  readonly rowFirst: number;
  /** What stands below the columns, where `most` texts find room; `at`: 0 = left edge, 1 = right edge. */
  readonly columnTicks: (most: number) => readonly { readonly at: number; readonly text: string }[];
  readonly description: string;
  /** Fills one pixel a cell, row by row, as `theme.pixel` makes them. */
  readonly paint: (pixels: Uint32Array) => void;
  /** A column that an upright line marks. */
  readonly marked?: () => number | null;
  /** One line about the cell under the pointer. */
  readonly tell: (row: number, column: number) => string;
}

export interface Grid {
  readonly root: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** Draws again; `cellsChanged` false where only the mark moved. */
  readonly draw: (cellsChanged: boolean) => void;
  /** The cell at a place of the canvas in CSS pixels, null outside. */
  readonly cellAt: (x: number, y: number) => { readonly row: number; readonly column: number } | null;
}

const LEFT_PX = 62;
const BOTTOM_PX = 36;
const TOP_PX = 6;
const RIGHT_PX = 12;
const ROW_PX_MIN = 11;
const ROW_PX_MAX = 24;
const FEW_ROWS_PX = 300;
const SQUARE_CELL_PX_MAX = 36;
const LABEL_SPACE_PX = 64;
const ROW_LABEL_SPACE_PX = 22;

export function grid(options: GridOptions): Grid {
  const { rows, columns, tell } = options;
  const canvas = element('canvas', { role: 'img', 'aria-label': options.description });
  const told = element('p', { class: 'told' });
  const root = element('div', { class: 'grid' }, canvas, told);
  const pixels = new Uint32Array(rows * columns);
  /** The cells as they are drawn: no more of them than the area has pixels. */
  let cells: OffscreenCanvas | null = null;
  const area = { width: 0, height: 0 };

  const draw = (cellsChanged: boolean) => {
    if (root.clientWidth === 0) return;
    measure(root.clientWidth, options, area);
    const ratio = devicePixelRatio;
    const height = area.height + TOP_PX + BOTTOM_PX;
    canvas.width = Math.round(root.clientWidth * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    if (cellsChanged || cells === null) {
      options.paint(pixels);
      const wide = Math.min(columns, Math.max(1, Math.round(area.width * ratio)));
      const high = Math.min(rows, Math.max(1, Math.round(area.height * ratio)));
      cells = new OffscreenCanvas(wide, high);
      const image = new ImageData(
        new Uint8ClampedArray(averaged(pixels, rows, columns, high, wide).buffer),
        wide,
        high,
      );
      cells.getContext('2d')?.putImageData(image, 0, 0);
    }
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.scale(ratio, ratio);
    context.imageSmoothingEnabled = false;
    context.drawImage(cells, LEFT_PX, TOP_PX, area.width, area.height);
    drawLines(context, options, area);
    drawAxes(context, options, area);
    const marked = options.marked?.() ?? null;
    if (marked !== null) {
      context.fillStyle = colour('--now');
      context.fillRect(LEFT_PX + ((marked + 0.5) / columns) * area.width - 1, TOP_PX, 2, area.height);
    }
  };

  const cellAt = (x: number, y: number) => {
    const column = Math.floor(((x - LEFT_PX) / area.width) * columns);
    const row = Math.floor(((y - TOP_PX) / area.height) * rows);
    return row >= 0 && row < rows && column >= 0 && column < columns ? { row, column } : null;
  };

  canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
    const at = cellAt(offsetX, offsetY);
    say(told, at === null ? '' : tell(at.row, at.column));
  });
  canvas.addEventListener('pointerleave', () => say(told, ''));
  new ResizeObserver(() => draw(true)).observe(root);
  onRepaint(() => draw(true));
  return { root, canvas, draw, cellAt };
}

/** Fewer cells, each the average of those that it stands for. */
function averaged(
  pixels: Uint32Array,
  rows: number,
  columns: number,
  high: number,
  wide: number,
): Uint32Array<ArrayBuffer> {
  const shared = new Uint32Array(high * wide);
  for (let y = 0; y < high; y += 1) {
    const top = Math.floor((y * rows) / high);
    const bottom = Math.floor(((y + 1) * rows) / high);
    for (let x = 0; x < wide; x += 1) {
      const left = Math.floor((x * columns) / wide);
      const right = Math.floor(((x + 1) * columns) / wide);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = top; row < bottom; row += 1)
        for (let column = left; column < right; column += 1) {
          const rgba = pixels[row * columns + column] as number;
          red += rgba & 255;
          green += (rgba >> 8) & 255;
          blue += (rgba >> 16) & 255;
        }
      const total = (bottom - top) * (right - left);
      shared[y * wide + x] = pixel([red / total, green / total, blue / total]);
    }
  }
  return shared;
}

function measure(widthPx: number, options: GridOptions, area: { width: number; height: number }): void {
  const { rows, heightPxMax, square } = options;
  area.width = widthPx - LEFT_PX - RIGHT_PX;
  const rowPx = Math.max(ROW_PX_MIN, Math.min(ROW_PX_MAX, FEW_ROWS_PX / rows));
  area.height = Math.min(heightPxMax, rows * rowPx);
  if (square !== true) return;
  area.width = Math.min(area.width, heightPxMax, rows * SQUARE_CELL_PX_MAX);
  area.height = area.width;
}

/** Lines between cells that are large enough for them. */
function drawLines(
  context: CanvasRenderingContext2D,
  { rows, columns }: GridOptions,
  area: { width: number; height: number },
): void {
  context.fillStyle = colour('--card');
  if (area.width / columns >= 6)
    for (let column = 1; column < columns; column += 1)
      context.fillRect(LEFT_PX + (column / columns) * area.width - 0.5, TOP_PX, 1, area.height);
  if (area.height / rows >= 6)
    for (let row = 1; row < rows; row += 1)
      context.fillRect(LEFT_PX, TOP_PX + (row / rows) * area.height - 0.5, area.width, 1);
}

function drawAxes(
  context: CanvasRenderingContext2D,
  options: GridOptions,
  area: { width: number; height: number },
): void {
  const { rows, rowTitle, columnTitle, rowLabel } = options;
  context.strokeStyle = colour('--grid');
  context.strokeRect(LEFT_PX - 0.5, TOP_PX - 0.5, area.width + 1, area.height + 1);
  context.fillStyle = colour('--quiet');
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const row of spread(rows, Math.max(1, Math.floor(area.height / ROW_LABEL_SPACE_PX)), options.rowFirst))
    context.fillText(rowLabel(row), LEFT_PX - 6, TOP_PX + ((row + 0.5) / rows) * area.height);
  context.textAlign = 'center';
  for (const { at, text } of options.columnTicks(Math.max(1, Math.floor(area.width / LABEL_SPACE_PX)))) {
    const right = LEFT_PX + area.width + RIGHT_PX - context.measureText(text).width / 2;
    context.fillText(text, Math.min(LEFT_PX + at * area.width, right), TOP_PX + area.height + 12);
  }
  context.fillText(columnTitle, LEFT_PX + area.width / 2, TOP_PX + area.height + 27);
  context.save();
  context.translate(9, TOP_PX + area.height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(rowTitle, 0, 0);
  context.restore();
}

/** Ticks in the middle of columns that are counted: `label` of every so many. */
export function countedTicks(columns: number, label: (column: number) => string, first: number) {
  return (most: number) =>
    spread(columns, most, first).map((column) => ({ at: (column + 0.5) / columns, text: label(column) }));
}

/** At most `most` + 1 of the integers below `total`, at equal steps, such that they are round when counted from `first`. */
function spread(total: number, most: number, first: number): number[] {
  const step = Math.max(1, roundStep(total / most));
  const from = (step - (first % step)) % step;
  return Array.from({ length: Math.max(0, Math.ceil((total - from) / step)) }, (_, index) => from + index * step);
}
