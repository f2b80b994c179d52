// Who unchokes whom at the instant looked at. Tit-for-tat shows as pairs that unchoke each other.

import type { PageClock } from './clock.ts';
import { card, element, legendKey, say } from './dom.ts';
import { countedTicks, grid } from './grid.ts';
import type { Model } from './model.ts';
import { pixel, rgb } from './theme.ts';
import { count, percent, seconds } from './units.ts';

/** Cells a side; more peers than that share one, which shows the strongest of what it holds. */
const SIDE_MAX = 250;
const UNCHOKED = 1;
const OPTIMISTIC = 3;
/** By strength: what a shared cell shows. */
const KINDS = ['--cell', '--one-way', '--optimistic', '--mutual'] as const;

export function chokeMatrix(model: Model, clock: PageClock): HTMLElement {
  const { nodes, slots, record } = model;
  const perCell = Math.max(1, Math.ceil(nodes.length / SIDE_MAX));
  const side = Math.ceil(nodes.length / perCell);
  const now = element('p', { class: 'finding' });
  const strength = new Uint8Array(side * side);
  const first = perCell === 1 ? (nodes[0]?.index ?? 1) : 0;
  const label = (at: number) => String(nodes[at * perCell]?.index);
  const drawn = grid({
    rows: side,
    columns: side,
    heightPxMax: 460,
    square: true,
    rowTitle: 'uploader',
    columnTitle: 'downloader',
    rowFirst: first,
    rowLabel: label,
    columnTicks: countedTicks(side, label, first),
    description: 'Which peer unchokes which at the time of the slider.',
    paint: (pixels) => {
      const colours = KINDS.map((name) => pixel(rgb(name)));
      strength.forEach((kind, cell) => {
        pixels[cell] = colours[kind] as number;
      });
    },
    tell: (row, column) => {
      if (perCell > 1) return `nodes from ${label(row)} on, ${perCell} by ${perCell}`;
      const slot = slots[row * nodes.length + column] as number;
      const word = slot === 0 ? 'chokes' : slot === OPTIMISTIC ? 'unchokes, as the optimistic one,' : 'unchokes';
      return row === column ? '' : `node ${label(row)} ${word} node ${label(column)} at ${seconds(model.timeS)}`;
    },
  });
  clock.follow(() => {
    const { open, mutual, optimistic } = look(model, perCell, side, strength);
    drawn.draw(true);
    say(
      now,
      open === 0
        ? `At ${seconds(model.timeS)} nobody is unchoked.`
        : `At ${seconds(model.timeS)} there are ${count(open, 'unchoke')}: ${percent(mutual / open)} mutual, ${percent(optimistic / open)} optimistic.`,
    );
  });
  const matrix = card(
    'Who unchokes whom',
    '',
    drawn.root,
    element(
      'div',
      { class: 'keys' },
      legendKey('mutual', 'both ways'),
      legendKey('one-way', 'one way'),
      legendKey('optimistic', 'one way, optimistic'),
      legendKey('cell', 'choked'),
    ),
    nodes.length < record.nodeCount
      ? element(
          'p',
          { class: 'note' },
          `The first ${nodes.length.toLocaleString('en')} of ${count(record.nodeCount, 'peer')}.`,
        )
      : null,
  );
  matrix.querySelector('.finding')?.replaceWith(now);
  return matrix;
}

/** Fills `strength` and counts the pairs. */
function look({ nodes, slots }: Model, perCell: number, side: number, strength: Uint8Array) {
  const total = nodes.length;
  let [open, mutual, optimistic] = [0, 0, 0];
  strength.fill(0);
  for (let from = 0; from < total; from += 1)
    for (let to = 0; to < total; to += 1) {
      const slot = slots[from * total + to] as number;
      if ((slot & UNCHOKED) === 0) continue;
      const back = ((slots[to * total + from] as number) & UNCHOKED) !== 0;
      open += 1;
      if (back) mutual += 1;
      if (slot === OPTIMISTIC) optimistic += 1;
      const cell = Math.floor(from / perCell) * side + Math.floor(to / perCell);
      strength[cell] = Math.max(strength[cell] as number, back ? 3 : slot === OPTIMISTIC ? 2 : 1);
    }
  return { open, mutual, optimistic };
}
