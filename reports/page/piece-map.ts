// Who has which piece at the instant looked at. What came a moment ago is bright, so that the front of the spreading can be seen.

import type { PageClock } from './clock.ts';
import { card, element, legendKey, say } from './dom.ts';
import { countedTicks, grid } from './grid.ts';
import type { Model } from './model.ts';
import type { Focus } from './one-peer.ts';
import { mixed, pixel, rgb } from './theme.ts';
import { count, percent, seconds } from './units.ts';

/** What counts as a moment, as a share of the run. */
const RECENT_SHARE = 0.015;

export function pieceMap(model: Model, clock: PageClock, focus: Focus): HTMLElement {
  const { nodes, pieceCount, record } = model;
  const recentSamples = Math.max(1, Math.round(model.lastSample * RECENT_SHARE));
  const now = element('p', { class: 'finding' });
  const drawn = grid({
    rows: nodes.length,
    columns: pieceCount,
    heightPxMax: 520,
    rowTitle: 'peer',
    columnTitle: 'piece',
    rowFirst: nodes[0]?.index ?? 1,
    rowLabel: (row) => String(nodes[row]?.index),
    columnTicks: countedTicks(pieceCount, String, 0),
    description: 'Which peer has which piece at the time of the slider.',
    paint: (pixels) => paint(model, recentSamples, pixels),
    tell: (row, column) => {
      const { index, kind } = nodes[row] ?? { index: 0, kind: 'leecher' };
      const has = model.has[row * pieceCount + column] === 1;
      return `node ${index} (${kind}) ${has ? 'has' : 'lacks'} piece ${column} at ${seconds(model.timeS)}`;
    },
  });
  clock.follow(() => {
    drawn.draw(true);
    const running = nodes.filter((_, place) => model.runs(place, model.timeS)).length;
    say(
      now,
      `At ${seconds(model.timeS)} ${count(running, 'peer')} run; ${nodes.some(({ kind }) => kind === 'leecher') ? 'a leecher' : 'a peer'} has ${percent(meanShare(model))} of the pieces on average.`,
    );
  });
  drawn.canvas.addEventListener('click', ({ offsetX, offsetY }) => {
    const at = drawn.cellAt(offsetX, offsetY);
    if (at !== null) focus.choose(at.row);
  });
  const map = card(
    'Who has what',
    '',
    drawn.root,
    element(
      'div',
      { class: 'keys' },
      legendKey('leecher', 'has it'),
      legendKey('fresh', `came within ${seconds(recentSamples * record.intervalS)}`),
      legendKey('seed', 'a seed has it'),
      nodes.some(({ kind }) => kind === 'adversary') ? legendKey('adversary', 'an adversary says it has it') : null,
      legendKey('absent', 'does not run'),
    ),
    nodes.length < record.nodeCount
      ? element(
          'p',
          { class: 'note' },
          `The first ${nodes.length.toLocaleString('en')} of ${count(record.nodeCount, 'peer')}.`,
        )
      : null,
  );
  map.querySelector('.finding')?.replaceWith(now);
  return map;
}

/** Pieces that leechers have, of all that they could have. */
function meanShare({ nodes, has, pieceCount }: Model): number {
  let held = 0;
  let leechers = 0;
  const all = nodes.every(({ kind }) => kind !== 'leecher');
  nodes.forEach(({ kind }, place) => {
    if (!all && kind !== 'leecher') return;
    leechers += 1;
    for (let cell = place * pieceCount; cell < (place + 1) * pieceCount; cell += 1) held += has[cell] as number;
  });
  return held / Math.max(1, leechers * pieceCount);
}

function paint(model: Model, recentSamples: number, pixels: Uint32Array): void {
  const { nodes, pieceCount, has, sample } = model;
  const empty = rgb('--cell');
  const away = rgb('--card');
  nodes.forEach(({ kind }, place) => {
    const runs = model.runs(place, model.timeS);
    const full = rgb(`--${kind}`);
    const held = pixel(runs ? full : mixed(full, away, 0.72));
    const missing = pixel(runs ? empty : mixed(empty, away, 0.72));
    const end = (place + 1) * pieceCount;
    for (let cell = place * pieceCount; cell < end; cell += 1) pixels[cell] = has[cell] === 1 ? held : missing;
  });
  const fresh = pixel(rgb('--fresh'));
  for (let step = Math.max(1, sample - recentSamples + 1); step <= sample; step += 1)
    for (const cell of model.pieceToggles[step] ?? [])
      if (has[cell] === 1 && nodes[Math.floor(cell / pieceCount)]?.kind === 'leecher') pixels[cell] = fresh;
}
