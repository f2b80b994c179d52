// The page of one run: reads the record that stands in the page and draws it.

import type { RunRecord } from '#sim';
import { availability } from './availability.ts';
import { chokeMatrix } from './choke-matrix.ts';
import { PageClock } from './clock.ts';
import { completion } from './completion.ts';
import { element, wide } from './dom.ts';
import { Model } from './model.ts';
import { momentsOf } from './moments.ts';
import { Focus } from './one-peer.ts';
import { pieceMap } from './piece-map.ts';
import { peerRates, rates } from './rates.ts';
import { summary } from './summary.ts';
import { files, knobs, marks, momentTable, peers, settings } from './tables.ts';
import { strip, timeLine } from './time-line.ts';

const record = JSON.parse(document.getElementById('data')?.textContent ?? '') as RunRecord;
const model = new Model(record);
const clock = new PageClock(model);
const moments = momentsOf(record);
const focus = new Focus(model, clock, moments);

const drawings =
  model.nodes.length === 0
    ? [element('p', { class: 'finding' }, 'No peer took part in this run: there is nothing to draw.')]
    : [
        completion(model, clock),
        rates(model, clock),
        pieceMap(model, clock, focus),
        chokeMatrix(model, clock),
        availability(model, clock),
        peerRates(model, clock),
        wide(timeLine(model, clock, moments)),
        wide(focus.card),
        wide(peers(model, focus)),
        momentTable(clock, focus, moments),
      ];

document
  .getElementById('page')
  ?.replaceChildren(
    summary(model, clock),
    element('div', { class: 'cards' }, ...drawings, marks(model), knobs(model), settings(model), files(model)),
    element(
      'footer',
      {},
      'Times are virtual: the same seed gives the same run on every machine. Drawn with uPlot (MIT).',
    ),
    clock.bar(strip(model, clock, moments)),
  );
clock.seek(interestingSample());

/** Where to look first: at what went wrong, or when half of everything had arrived. */
function interestingSample(): number {
  if (record.violations.length > 0) return model.lastSample;
  const { deliveredBytes } = record.series;
  const half = (deliveredBytes.at(-1) ?? 0) / 2;
  return Math.max(
    0,
    deliveredBytes.findIndex((delivered) => delivered >= half),
  );
}
