// One peer more closely: what it has, how fast it loads in both directions, and what befell it. Chosen from a list, or by a press on its number
// or on its row in the map.

import type { NodeRecord } from '#sim';
import type { PageClock } from './clock.ts';
import { card, element, say } from './dom.ts';
import { lineChart } from './line-chart.ts';
import type { Model } from './model.ts';
import type { Moment } from './moments.ts';
import { momentRows } from './tables.ts';
import { count, percent, rate } from './units.ts';

export class Focus {
  readonly card: HTMLElement;
  readonly #model: Model;
  readonly #clock: PageClock;
  readonly #moments: readonly Moment[];
  readonly #select: HTMLSelectElement;
  readonly #about = element('span', {});
  readonly #befell = element('div', {});
  readonly #share: Float64Array;
  readonly #down: Float64Array;
  readonly #up: Float64Array;
  readonly #charts;

  constructor(model: Model, clock: PageClock, moments: readonly Moment[]) {
    this.#model = model;
    this.#clock = clock;
    this.#moments = moments;
    this.#share = new Float64Array(model.sampleCount);
    this.#down = new Float64Array(model.sampleCount);
    this.#up = new Float64Array(model.sampleCount);
    this.#select = element(
      'select',
      { id: 'peer' },
      ...model.nodes.map(({ index, kind }, place) =>
        element('option', { value: String(place) }, `node ${index}, ${kind}`),
      ),
    );
    this.#select.addEventListener('change', () => this.choose(Number(this.#select.value)));
    this.#charts = [
      lineChart(model, clock, [{ label: 'has', colour: '--leecher', values: this.#share, filled: true }], {
        heightPx: 110,
        max: 1.04,
        format: percent,
        description: 'Share of the pieces that this peer has, over time.',
      }),
      lineChart(
        model,
        clock,
        [
          { label: 'downloads', colour: '--leecher', values: this.#down },
          { label: 'uploads', colour: '--slow', values: this.#up },
        ],
        { heightPx: 150, format: rate, description: 'Rates of this peer in both directions, over time.' },
      ),
    ];
    this.card = card(
      'One peer',
      'Chosen here, or by a press on its number or on its row in the map.',
      element('div', { class: 'chosen' }, element('label', { for: 'peer' }, 'Peer'), this.#select, this.#about),
      element('div', { class: 'halves' }, element('div', {}, ...this.#charts.map(({ root }) => root)), this.#befell),
    );
    if (model.nodes.length > 0) this.choose(this.#firstChoice());
  }

  /** Looks at the peer at this place of the record. */
  choose(place: number): void {
    const { index, upBps, downBps } = this.#model.nodes[place] as NodeRecord;
    this.#select.value = String(place);
    this.#share.set(this.#model.shares[place] as Float64Array);
    this.#down.set(this.#model.ratesOf(place, 'down'));
    this.#up.set(this.#model.ratesOf(place, 'up'));
    for (const { refresh } of this.#charts) refresh();
    const own = this.#moments.filter(({ node, other }) => node === index || other === index);
    say(
      this.#about,
      `Its line carries ${rate(upBps)} up and ${rate(downBps)} down. ${count(own.length, 'thing')} befell it.`,
    );
    this.#befell.replaceChildren(momentRows(this.#clock, this, own));
    this.#clock.again();
  }

  /** Looks at a node by its index, and brings it into sight. */
  show(index: number): void {
    const place = this.#model.placeOf(index);
    if (place < 0) return;
    this.choose(place);
    this.card.scrollIntoView({ block: 'nearest' });
  }

  /** Whom the violation names, or else the first leecher. */
  #firstChoice(): number {
    const { record, nodes } = this.#model;
    const named = /\bnode (\d+)/.exec(record.violations[0]?.text ?? '');
    const guilty = named === null ? -1 : this.#model.placeOf(Number(named[1]));
    const leecher = nodes.findIndex(({ kind }) => kind === 'leecher');
    return Math.max(0, guilty >= 0 ? guilty : leecher);
  }
}
