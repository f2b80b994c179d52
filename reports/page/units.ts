// How quantities are written: few digits, always with their unit.

export function seconds(value: number): string {
  if (value >= 7200) return `${(value / 3600).toFixed(1)} h`;
  if (value >= 600) return `${(value / 60).toFixed(1)} min`;
  return value === 0 ? '0 s' : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

/** Round instants from 0 to `endS`, at most `most` steps, as they stand along an axis. */
export function timeTicks(endS: number, most: number): { readonly atS: number; readonly text: string }[] {
  const [unitS, unit] = endS >= 7200 ? [3600, 'h'] : endS >= 600 ? [60, 'min'] : [1, 's'];
  const step = roundStep(endS / unitS / Math.max(1, most));
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  return Array.from({ length: Math.floor(endS / unitS / step) + 1 }, (_, tick) => ({
    atS: tick * step * unitS,
    text: `${(tick * step).toFixed(decimals)} ${unit}`,
  }));
}

/** The least of 1, 2 and 5 times a power of ten that is not below `least`. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10) * power;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value;
  let unit = 0;
  for (; scaled >= 1024 && unit < units.length - 1; unit += 1) scaled /= 1024;
  return `${digits(scaled)} ${units[unit]}`;
}

/** Bytes per second, in powers of a thousand as lines are sold. */
export function rate(bps: number): string {
  const units = ['B/s', 'kB/s', 'MB/s', 'GB/s'];
  let scaled = bps;
  let unit = 0;
  for (; scaled >= 1000 && unit < units.length - 1; unit += 1) scaled /= 1000;
  return `${digits(scaled)} ${units[unit]}`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.0995 && share > 0 ? 1 : 0)} %`;
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString('en')} ${value === 1 ? one : many}`;
}

function digits(value: number): string {
  const text = value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
