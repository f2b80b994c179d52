// What arrives, beside what the lines would allow; and which peers carry it.

import type { PageClock } from './clock.ts';
import { button, card, element } from './dom.ts';
import { grid } from './grid.ts';
import { lineChart, seekOn } from './line-chart.ts';
import type { Model } from './model.ts';
import { pixel, scale } from './theme.ts';
import { percent, rate, seconds, timeTicks } from './units.ts';

export function rates(model: Model, clock: PageClock): HTMLElement {
  const { series } = model.record;
  const delivered = model.smoothRate(series.deliveredBytes);
  const possible = possibleBytes(model);
  const bound = model.smoothRate(possible);
  const utilisation = Float64Array.from(delivered, (bps, sample) => {
    const most = bound[sample] as number;
    return most > 0 ? Math.min(1, bps / most) : 0;
  });
  const finding = findingOf(model, possible);
  const spanS = 2 * model.smoothing * model.record.intervalS;
  return card(
    'Rates against the bound',
    finding,
    lineChart(
      model,
      clock,
      [
        { label: 'payload that arrives', colour: '--leecher', values: delivered, filled: true },
        { label: 'most that the lines allow', colour: '--bound', values: bound, dashed: true },
      ],
      { heightPx: 170, format: rate, description: `Rate of all payload over time, beside the bound. ${finding}` },
    ).root,
    lineChart(model, clock, [{ label: 'utilisation', colour: '--seed', values: utilisation, filled: true }], {
      heightPx: 110,
      max: 1.04,
      format: percent,
      description: 'Share of the bound that is used, over time.',
    }).root,
    element('p', { class: 'note' }, `Averaged over ${seconds(spanS)}.`),
  );
}

/** Rate of every peer over time, as a share of its own line. */
export function peerRates(model: Model, clock: PageClock): HTMLElement {
  const { nodes, sampleCount } = model;
  const endS = model.timesS.at(-1) || 1;
  let direction: 'down' | 'up' = 'down';
  const lineOf = (place: number) => (direction === 'down' ? nodes[place]?.downBps : nodes[place]?.upBps) ?? 0;
  const ratesBy = {
    down: nodes.map((_, at) => model.ratesOf(at, 'down')),
    up: nodes.map((_, at) => model.ratesOf(at, 'up')),
  };
  const drawn = grid({
    rows: nodes.length,
    columns: sampleCount,
    heightPxMax: 360,
    rowTitle: 'peer',
    columnTitle: 'time',
    rowFirst: nodes[0]?.index ?? 1,
    rowLabel: (row) => String(nodes[row]?.index),
    columnTicks: (most) => timeTicks(endS, most).map(({ atS, text }) => ({ at: atS / endS, text })),
    description: 'Rate of each peer over time, as a share of its own line.',
    marked: () => model.sample,
    paint: (pixels) =>
      ratesBy[direction].forEach((values, place) => {
        const line = lineOf(place);
        for (let sample = 0; sample < sampleCount; sample += 1)
          pixels[place * sampleCount + sample] = pixel(scale(line > 0 ? (values[sample] as number) / line : 0));
      }),
    tell: (row, column) => {
      const bps = ratesBy[direction][row]?.[column] ?? 0;
      const word = direction === 'down' ? 'down' : 'up';
      return `node ${nodes[row]?.index} at ${seconds(model.timesS[column] as number)}: ${word} ${rate(bps)} of ${rate(lineOf(row))}`;
    },
  });
  seekOn(drawn.canvas, (x, y) => {
    const at = drawn.cellAt(x, y);
    if (at !== null) clock.seekTime(model.timesS[at.column] as number);
  });
  clock.follow(() => drawn.draw(false));
  const choose = (which: 'down' | 'up') => () => {
    direction = which;
    choices.forEach((choice, at) => choice.setAttribute('aria-pressed', String((at === 0) === (which === 'down'))));
    drawn.draw(true);
  };
  const choices = [
    button('Download', { 'aria-pressed': 'true' }, choose('down')),
    button('Upload', { 'aria-pressed': 'false' }, choose('up')),
  ];
  return card(
    'Rate of each peer',
    'Each row is a peer; the brighter, the more of its own line it uses.',
    element('div', { class: 'choices', role: 'group', 'aria-label': 'Direction' }, ...choices),
    drawn.root,
    scaleKey('idle', 'full line'),
  );
}

/** A strip that shows the scale, between what its ends mean. */
export function scaleKey(low: string, high: string): HTMLElement {
  return element('p', { class: 'scale' }, low, element('i', { class: 'ramp' }), high);
}

/** Bytes that the lines could have delivered until each sample while somebody wanted something. */
function possibleBytes({ record, timesS }: Model): Float64Array {
  const total = new Float64Array(timesS.length);
  for (let sample = 1; sample < total.length; sample += 1) {
    const spanS = (timesS[sample] as number) - (timesS[sample - 1] as number);
    total[sample] = (total[sample - 1] as number) + (record.series.boundBps[sample - 1] as number) * spanS;
  }
  return total;
}

function findingOf({ record }: Model, possible: Float64Array): string {
  const most = possible.at(-1) ?? 0;
  if (most === 0) return 'No leecher wanted anything.';
  const used = (record.series.deliveredBytes[possible.indexOf(most)] ?? 0) / most;
  return `While somebody still wanted something, ${percent(Math.min(1, used))} of what the lines allow was used.`;
}
