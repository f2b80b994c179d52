// How many copies of each piece there are, over time: whether the rare ones were made common before somebody who had them left.

import type { PageClock } from './clock.ts';
import { card, element, legendKey } from './dom.ts';
import { grid } from './grid.ts';
import { lineChart, seekOn } from './line-chart.ts';
import type { Model } from './model.ts';
import { scaleKey } from './rates.ts';
import { pixel, rgb, scale } from './theme.ts';
import { count, seconds, timeTicks } from './units.ts';

/** Rows of the drawing; more pieces than that share one, of which the rarest shows. */
const ROWS_MAX = 256;

export function availability(model: Model, clock: PageClock): HTMLElement {
  const { sampleCount, nodes, record } = model;
  const endS = model.timesS.at(-1) || 1;
  const { rarestCopies, meanCopies } = record.series;
  const perRow = Math.max(1, Math.ceil(model.pieceCount / ROWS_MAX));
  const rows = Math.ceil(model.pieceCount / perRow);
  const copies = copiesOver(model, rows, perRow);
  const most = copies.reduce((high, value) => Math.max(high, value), 1);
  const lastPiece = (row: number) => Math.min(model.pieceCount, (row + 1) * perRow) - 1;
  const drawn = grid({
    rows,
    columns: sampleCount,
    heightPxMax: 260,
    rowTitle: 'piece',
    columnTitle: 'time',
    rowFirst: 0,
    rowLabel: (row) => String(row * perRow),
    columnTicks: (most) => timeTicks(endS, most).map(({ atS, text }) => ({ at: atS / endS, text })),
    description: 'Copies of each piece over time.',
    marked: () => model.sample,
    paint: (pixels) => {
      const none = pixel(rgb('--none'));
      copies.forEach((value, cell) => {
        pixels[cell] = value === 0 ? none : pixel(scale(value / most));
      });
    },
    tell: (row, column) => {
      const pieces = perRow === 1 ? `piece ${row}` : `pieces ${row * perRow}–${lastPiece(row)}, the rarest`;
      return `${pieces} at ${seconds(model.timesS[column] as number)}: ${copies[row * sampleCount + column]} copies`;
    },
  });
  seekOn(drawn.canvas, (x, y) => {
    const at = drawn.cellAt(x, y);
    if (at !== null) clock.seekTime(model.timesS[at.column] as number);
  });
  clock.follow(() => drawn.draw(false));
  return card(
    'Availability of pieces',
    findingOf(model),
    lineChart(
      model,
      clock,
      [
        { label: 'copies of a piece, on average', colour: '--leecher', values: meanCopies },
        { label: 'of the rarest', colour: '--slow', values: rarestCopies, filled: true },
      ],
      {
        heightPx: 120,
        format: (value) => (Number.isInteger(value) ? String(value) : value.toFixed(1)),
        description: 'Copies of a piece over time, of the rarest and on average.',
      },
    ).root,
    drawn.root,
    element('div', { class: 'keys' }, scaleKey('1 copy', count(most, 'copy', 'copies')), legendKey('none', 'no copy')),
    nodes.length < record.nodeCount
      ? element(
          'p',
          { class: 'note' },
          `The map counts the first ${nodes.length.toLocaleString('en')} of ${count(record.nodeCount, 'peer')}, the lines all.`,
        )
      : null,
  );
}

/** By row and sample: copies, among honest peers that run, of the rarest piece of the row. */
function copiesOver(model: Model, rows: number, perRow: number): Uint16Array {
  const { sampleCount, nodes, pieceCount } = model;
  const counts = new Int32Array(pieceCount);
  const state = new Uint8Array(nodes.length * pieceCount);
  const running = nodes.map(() => false);
  const over = new Uint16Array(rows * sampleCount);
  for (let sample = 0; sample < sampleCount; sample += 1) {
    for (const cell of model.pieceToggles[sample] ?? []) {
      const place = Math.floor(cell / pieceCount);
      state[cell] = (state[cell] as number) ^ 1;
      if (running[place])
        counts[cell % pieceCount] = (counts[cell % pieceCount] as number) + (state[cell] === 1 ? 1 : -1);
    }
    nodes.forEach(({ kind }, place) => {
      const runs = kind !== 'adversary' && model.runs(place, model.timesS[sample] as number);
      if (runs === running[place]) return;
      running[place] = runs;
      for (let piece = 0; piece < pieceCount; piece += 1)
        if (state[place * pieceCount + piece] === 1) counts[piece] = (counts[piece] as number) + (runs ? 1 : -1);
    });
    for (let row = 0; row < rows; row += 1)
      over[row * sampleCount + sample] = counts
        .subarray(row * perRow, (row + 1) * perRow)
        .reduce((a, b) => Math.min(a, b), 65_535);
  }
  return over;
}

function findingOf({ record, timesS }: Model): string {
  const { rarestCopies } = record.series;
  const two = rarestCopies.findIndex((copies) => copies >= 2);
  const started = rarestCopies.findIndex((copies) => copies >= 1);
  const gone = started < 0 ? -1 : rarestCopies.findIndex((copies, sample) => sample > started && copies === 0);
  if (started < 0) return 'At no time was there an honest copy of every piece.';
  if (gone >= 0) return `From ${seconds(timesS[gone] as number)} on, for a while, some piece had no copy at all.`;
  if (two < 0) return 'Some piece never had a second copy.';
  return `From ${seconds(timesS[two] as number)} on every piece had at least two copies; at the end the rarest had ${rarestCopies.at(-1)}.`;
}
