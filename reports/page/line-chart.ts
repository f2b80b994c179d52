// Lines over the time of the run, drawn by uPlot. The legend tells the values at the instant that the page looks at; a press or a drag on the
// chart moves that instant.

import uPlot from 'uplot';
import type { PageClock } from './clock.ts';
import { element, say } from './dom.ts';
import type { Model } from './model.ts';
import { colour, onRepaint } from './theme.ts';
import { timeTicks } from './units.ts';

export interface Line {
  /** Empty: a thin line that the legend leaves out. */
  readonly label: string;
  /** Custom property of its colour. */
  readonly colour: string;
  readonly values: ArrayLike<number>;
  readonly dashed?: boolean;
  readonly filled?: boolean;
}

export interface ChartOptions {
  readonly heightPx: number;
  /** Upper end of the axis; the highest value where it is left out. */
  readonly max?: number;
  readonly format: (value: number) => string;
  /** An instant that the chart marks with an upright line. */
  readonly mark?: { readonly atS: number; readonly text: string } | null;
  /** What the chart shows, for those who do not see it. */
  readonly description: string;
}

const AXIS_PX = 62;
const TICK_SPACE_PX = 64;
const FAINT_WIDTH_PX = 0.75;

export interface LineChart {
  readonly root: HTMLElement;
  /** Draws the lines again, whose values have changed. */
  readonly refresh: () => void;
}

export function lineChart(model: Model, clock: PageClock, lines: readonly Line[], options: ChartOptions): LineChart {
  const { heightPx, format, mark = null, description } = options;
  const max = () => options.max ?? (lines.reduce((most, { values }) => maximum(values, most), 0) * 1.06 || 1);
  const endS = model.timesS.at(-1) || 1;
  const holder = element('div', { class: 'chart', role: 'img', 'aria-label': description });
  const legend = legendOf(model, clock, lines, format);
  const axis = (extra: uPlot.Axis): uPlot.Axis => ({
    stroke: () => colour('--quiet'),
    grid: { stroke: () => colour('--grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
    ...extra,
  });
  const series = (): uPlot.AlignedData => [Array.from(model.timesS), ...lines.map(({ values }) => Array.from(values))];
  const plot = new uPlot(
    {
      width: 300,
      height: heightPx,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
      padding: [10, 12, 0, 0],
      scales: { x: { time: false, range: () => [0, endS] }, y: { range: () => [0, max()] } },
      axes: [
        axis({
          splits: (drawn) => timeTicks(endS, drawn.bbox.width / devicePixelRatio / TICK_SPACE_PX).map(({ atS }) => atS),
          values: (drawn) =>
            timeTicks(endS, drawn.bbox.width / devicePixelRatio / TICK_SPACE_PX).map(({ text }) => text),
          size: 28,
        }),
        axis({ values: (_, ticks) => ticks.map(format), size: AXIS_PX, space: 34 }),
      ],
      series: [
        {},
        ...lines.map(
          (line): uPlot.Series => ({
            stroke: () => colour(line.colour),
            width: line.label === '' ? FAINT_WIDTH_PX : 2,
            alpha: line.label === '' ? 0.55 : 1,
            points: { show: false },
            ...(line.dashed === true ? { dash: [6, 4] } : {}),
            ...(line.filled === true
              ? { fill: () => `color-mix(in srgb, ${colour(line.colour)} 18%, transparent)` }
              : {}),
          }),
        ),
      ],
      hooks: { draw: mark === null ? [] : [(drawn) => drawMark(drawn, mark.atS, mark.text)] },
    },
    series(),
    holder,
  );
  const now = element('div', { class: 'now' });
  plot.over.append(now);
  const place = () => {
    now.style.left = `${plot.valToPos(model.timeS, 'x')}px`;
  };
  seekOn(plot.over, (x) => clock.seekTime(plot.posToVal(x, 'x')));
  clock.follow(place);
  onRepaint(() => plot.redraw());
  new ResizeObserver(() => {
    if (holder.clientWidth === 0) return;
    plot.setSize({ width: holder.clientWidth, height: heightPx });
    place();
  }).observe(holder);
  return { root: element('div', {}, legend, holder), refresh: () => plot.setData(series()) };
}

/** Calls `seek` with the distance from the left edge, in CSS pixels, of every press and drag. */
export function seekOn(target: HTMLElement, seek: (x: number, y: number) => void): void {
  const moved = (event: PointerEvent) => {
    const box = target.getBoundingClientRect();
    seek(event.clientX - box.left, event.clientY - box.top);
  };
  target.addEventListener('pointerdown', (event) => {
    target.setPointerCapture(event.pointerId);
    moved(event);
  });
  target.addEventListener('pointermove', (event) => {
    if (event.buttons % 2 === 1) moved(event);
  });
}

function legendOf(model: Model, clock: PageClock, lines: readonly Line[], format: (value: number) => string) {
  const list = element('ul', { class: 'legend' });
  for (const line of lines) {
    if (line.label === '') continue;
    const value = element('b', {});
    const swatch = element('i', { class: line.dashed === true ? 'swatch dashed' : 'swatch' });
    swatch.style.color = `var(${line.colour})`;
    list.append(element('li', {}, swatch, `${line.label} `, value));
    clock.follow(() => say(value, format(line.values[model.sample] as number)));
  }
  return list;
}

function drawMark(plot: uPlot, atS: number, text: string): void {
  const { ctx, bbox } = plot;
  const x = Math.round(plot.valToPos(atS, 'x', true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour('--bound');
  ctx.fillStyle = colour('--bound');
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([5 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  const right = x + ctx.measureText(text).width + 8 * ratio < bbox.left + bbox.width;
  ctx.textAlign = right ? 'left' : 'right';
  const at = [x + (right ? 6 : -6) * ratio, bbox.top + bbox.height - 12 * ratio] as const;
  // What lies below stays legible around the letters.
  ctx.strokeStyle = colour('--card');
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = 'round';
  ctx.strokeText(text, ...at);
  ctx.fillText(text, ...at);
  ctx.restore();
}

function maximum(values: ArrayLike<number>, from: number): number {
  let most = from;
  for (let index = 0; index < values.length; index += 1) most = Math.max(most, values[index] as number);
  return most;
}
