// Byte counts, rates and durations for people.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1536` → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.floor(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  m: 1000 ** 2,
  g: 1000 ** 3,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
};

/** Bytes, with an optional unit: `500000`, `512KiB`, `1.5MB`, `1MB/s`; null when it is nothing of the kind, or more than can be counted. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]i?|)(?:b(?:\/s)?)?$/i.exec(text);
  if (match === null) return null;
  const bytes = Math.floor(Number(match[1]) * (FACTORS[(match[2] as string).toLowerCase()] as number));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The same where every cell counts: `1.5K`, `0B`. */
export function formatShort(bytes: number): string {
  return formatBytes(bytes).replace(/ ([KMGTP]?).*/, (_match, prefix: string) => prefix || 'B');
}

/** Seconds as `42s`, `3m 20s`, `2h 5m`, `4d 3h`. */
export function formatDuration(seconds: number): string {
  const s = Math.ceil(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${s % 60}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${Math.floor((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}

/** Share in percent with one decimal, rounded down: 100.0 is said only when it is true. */
export function formatPercent(part: number, whole: number): string {
  const tenths = whole === 0 || part >= whole ? 1000 : Math.min(999, Math.floor((part / whole) * 1000));
  return `${Math.floor(tenths / 10)}.${tenths % 10}`;
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
