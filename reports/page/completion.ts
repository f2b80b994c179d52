// How far everyone is: one thin line a peer while there are few, and what the fastest, the median and the slowest have.

import type { PageClock } from './clock.ts';
import { card } from './dom.ts';
import { type Line, lineChart } from './line-chart.ts';
import type { Model } from './model.ts';
import { count, percent, seconds } from './units.ts';

const THIN_LINES_MAX = 100;

export function completion(model: Model, clock: PageClock): HTMLElement {
  const { record, nodes } = model;
  const leechers = leecherCount(model);
  const shares = model.shares.filter((_, place) => leechers === 0 || nodes[place]?.kind === 'leecher');
  const [slowest, median, fastest] = ranks(shares, model.sampleCount);
  const { complete, running } = record.series;
  const shareOf = (counts: readonly number[]) => Float64Array.from(counts, (those) => those / leechers);
  const goes = running.some((those, sample) => those < (running[sample - 1] ?? 0));
  const lines: Line[] = [
    ...(shares.length <= THIN_LINES_MAX
      ? shares.map((values): Line => ({ label: '', colour: '--leecher', values }))
      : []),
    { label: 'fastest', colour: '--fast', values: fastest },
    { label: 'median', colour: '--leecher', values: median },
    { label: 'slowest', colour: '--slow', values: slowest },
    ...(leechers > 0 ? [{ label: 'peers complete', colour: '--ink', values: shareOf(complete), dashed: true }] : []),
    ...(goes ? [{ label: 'peers running', colour: '--quiet', values: shareOf(running), dashed: true }] : []),
  ];
  const bound = boundAt(model);
  const finding = findingOf(model, leechers);
  return card(
    'Completion',
    finding,
    lineChart(model, clock, lines, {
      heightPx: 260,
      max: 1.02,
      format: percent,
      mark: bound === null ? null : { atS: bound, text: `bound ${seconds(bound)}` },
      description: `Share of the file that each peer has, over time. ${finding}`,
    }).root,
  );
}

/** The least, the middle and the highest share at every sample. */
function ranks(shares: readonly Float64Array[], sampleCount: number): [Float64Array, Float64Array, Float64Array] {
  const [least, middle, highest] = [0, 0, 0].map(() => new Float64Array(sampleCount)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let sample = 0; sample < sampleCount && shares.length > 0; sample += 1) {
    const sorted = Float64Array.from(shares, (share) => share[sample] as number).sort();
    least[sample] = sorted[0] as number;
    middle[sample] = sorted[sorted.length >> 1] as number;
    highest[sample] = sorted.at(-1) as number;
  }
  return [least, middle, highest];
}

function leecherCount({ record, nodes }: Model): number {
  const shown = nodes.filter(({ kind }) => kind === 'leecher').length;
  return shown + record.nodeCount - nodes.length;
}

/** When the bound is over: it counts from the first join. */
function boundAt({ record, nodes }: Model): number | null {
  const joined = nodes.flatMap(({ kind, joinedAtS }) => (kind === 'leecher' && joinedAtS !== null ? [joinedAtS] : []));
  return record.distributionBoundS === null || joined.length === 0
    ? null
    : record.distributionBoundS + Math.min(...joined);
}

function findingOf(model: Model, leechers: number): string {
  const at = model.nodes.flatMap(({ kind, completedAtS }) =>
    kind === 'leecher' && completedAtS !== null ? [completedAtS] : [],
  );
  const complete = model.record.series.complete.at(-1) ?? 0;
  if (leechers === 0) return 'Every peer begins with the file, or with what is left of it.';
  if (complete === 0 || at.length === 0) return `None of ${count(leechers, 'peer')} completed.`;
  const [first, last] = [Math.min(...at), Math.max(...at)];
  const who =
    complete === leechers
      ? leechers === 1
        ? 'The one peer'
        : `All ${count(leechers, 'peer')}`
      : `${complete} of ${count(leechers, 'peer')}`;
  const when = first === last ? `at ${seconds(last)}` : `between ${seconds(first)} and ${seconds(last)}`;
  const bound = boundAt(model);
  const ratio =
    bound !== null && complete === leechers
      ? `; no schedule could bring it to all before ${seconds(bound)} (Kumar & Ross), the run took ${(last / bound).toFixed(2)} times that`
      : '';
  return `${who} completed ${when}${ratio}.`;
}
