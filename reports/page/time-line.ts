// Faults, violations and rare events on the time of the run, a lane for each kind; and the narrow strip of them above the slider.

import type { PageClock } from './clock.ts';
import { card, element, say } from './dom.ts';
import { seekOn } from './line-chart.ts';
import type { Model } from './model.ts';
import type { Moment } from './moments.ts';
import { colour, onRepaint } from './theme.ts';
import { count, seconds, timeTicks } from './units.ts';

const LANE_PX = 22;
const LABEL_PX = 132;
const RIGHT_PX = 44;
const BOTTOM_PX = 22;
const STRIP_PX = 12;
const COLOURS = { violation: '--bad', fault: '--fault', event: '--event' } as const;
const RANKS = { violation: 0, fault: 1, event: 2 } as const;
/** How far from the pointer a moment is still meant. */
const NEAR_PX = 5;

interface Lane {
  readonly what: string;
  readonly sort: Moment['sort'];
  readonly moments: Moment[];
}

export function timeLine(model: Model, clock: PageClock, moments: readonly Moment[]): HTMLElement {
  const lanes = lanesOf(moments);
  const endS = model.timesS.at(-1) || 1;
  const finding = findingOf(model, moments);
  const canvas = element('canvas', {
    role: 'img',
    'aria-label': `Time line of faults, violations and rare events. ${finding}`,
  });
  const told = element('p', { class: 'told' });
  const root = element('div', { class: 'grid' }, canvas, told);
  const heightPx = lanes.length * LANE_PX + BOTTOM_PX;
  const widthPx = () => root.clientWidth - LABEL_PX - RIGHT_PX;
  const draw = () => {
    if (root.clientWidth === 0) return;
    const context = sized(canvas, root.clientWidth, heightPx);
    const x = (atS: number) => LABEL_PX + (atS / endS) * widthPx();
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    lanes.forEach(({ what, sort, moments: those }, lane) => {
      const middle = lane * LANE_PX + LANE_PX / 2;
      context.fillStyle = colour('--grid');
      context.fillRect(LABEL_PX, middle - 0.5, widthPx(), 1);
      context.fillStyle = colour(COLOURS[sort]);
      for (const { atS, untilS } of those) {
        if (untilS !== null) {
          context.globalAlpha = 0.3;
          context.fillRect(x(atS), middle - 5, Math.max(2, x(Math.min(untilS, endS)) - x(atS)), 10);
          context.globalAlpha = 1;
        }
        context.fillRect(x(atS) - 1, middle - 7, 2.5, 14);
      }
      context.fillStyle = colour('--ink');
      context.textAlign = 'right';
      context.fillText(what, LABEL_PX - 8, middle, LABEL_PX - 12);
      context.textAlign = 'left';
      context.fillStyle = colour('--quiet');
      context.fillText(String(those.length), LABEL_PX + widthPx() + 8, middle);
    });
    context.fillStyle = colour('--quiet');
    context.textAlign = 'center';
    for (const { atS, text } of timeTicks(endS, widthPx() / 70)) context.fillText(text, x(atS), heightPx - 9);
    context.fillStyle = colour('--now');
    context.fillRect(x(model.timeS) - 1, 0, 2, heightPx - BOTTOM_PX);
  };
  const timeAt = (x: number) => ((x - LABEL_PX) / widthPx()) * endS;
  seekOn(canvas, (x) => clock.seekTime(Math.max(0, Math.min(endS, timeAt(x)))));
  canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
    const nearS = (NEAR_PX / widthPx()) * endS;
    const lane = lanes[Math.floor(offsetY / LANE_PX)];
    const those = lane?.moments.filter(({ atS }) => Math.abs(atS - timeAt(offsetX)) <= nearS) ?? [];
    say(
      told,
      those.length === 0 ? '' : `${those.slice(0, 3).map(sentence).join('; ')}${those.length > 3 ? '; …' : ''}`,
    );
  });
  canvas.addEventListener('pointerleave', () => say(told, ''));
  new ResizeObserver(draw).observe(root);
  clock.follow(draw);
  onRepaint(draw);
  return card('Faults, violations and rare events', finding, lanes.length === 0 ? null : root);
}

/** Marks over the slider. */
export function strip(model: Model, clock: PageClock, moments: readonly Moment[]): HTMLElement {
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const root = element('div', { class: 'strip' }, canvas);
  const endS = model.timesS.at(-1) || 1;
  const marks = moments.filter(({ sort, what }) => sort !== 'event' || what === 'download completed');
  const draw = () => {
    if (root.clientWidth === 0) return;
    const context = sized(canvas, root.clientWidth, STRIP_PX);
    for (const { atS, sort } of [...marks].reverse()) {
      context.fillStyle = colour(COLOURS[sort]);
      const high = sort === 'violation' ? STRIP_PX : sort === 'fault' ? 9 : 6;
      context.fillRect((atS / endS) * (root.clientWidth - 2), STRIP_PX - high, 2, high);
    }
  };
  new ResizeObserver(draw).observe(root);
  onRepaint(draw);
  seekOn(canvas, (x) => clock.seekTime((x / root.clientWidth) * endS));
  return root;
}

/** One moment in words. */
function sentence({ atS, what, node, other, detail }: Moment): string {
  const who = node === null ? '' : other === null ? `, node ${node}` : `, node ${node} about node ${other}`;
  return `${seconds(atS)}: ${what}${who}${detail === '' ? '' : `, ${detail}`}`;
}

function lanesOf(moments: readonly Moment[]): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const moment of moments) {
    const key = `${moment.sort} ${moment.what}`;
    const lane = lanes.get(key) ?? { what: moment.what, sort: moment.sort, moments: [] };
    lane.moments.push(moment);
    lanes.set(key, lane);
  }
  return [...lanes.values()].sort((a, b) => RANKS[a.sort] - RANKS[b.sort]);
}

function findingOf({ record }: Model, moments: readonly Moment[]): string {
  const faults = record.faults.length;
  const violated = record.violations.length > 0;
  const kinds = new Set(record.faults.map(({ kind }) => kind)).size;
  const struck = faults === 0 ? 'No fault struck' : `${count(faults, 'fault')} of ${count(kinds, 'kind')} struck`;
  const events = moments.filter(({ sort }) => sort === 'event').length;
  return `${struck}; ${violated ? 'an invariant or claim was broken' : 'every invariant held'}; ${count(events, 'rare event')}.`;
}

function sized(canvas: HTMLCanvasElement, widthPx: number, heightPx: number): CanvasRenderingContext2D {
  const ratio = devicePixelRatio;
  canvas.width = Math.round(widthPx * ratio);
  canvas.height = Math.round(heightPx * ratio);
  canvas.style.height = `${heightPx}px`;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.scale(ratio, ratio);
  return context;
}
