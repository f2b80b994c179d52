// Figures for people, as short as a table's column needs them.
//
// Always: percent is rounded down, so that 100 is said only when it is true; a time left is said only while something moves.

import type { TorrentRow } from '../control/protocol.ts';
import { formatDuration, formatPercent, parseBytes } from '../units.ts';

/** `bits`: rates in bits per second; `binary`: steps of 1024. Sizes are always bytes. */
export interface Units {
  readonly bits: boolean;
  readonly binary: boolean;
}

const PREFIXES = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const DAYS_MAX = 99;

/** `1536` → `1.5 KiB`, or `1.5 kB`. */
export function size(bytes: number, units: Units): string {
  return scaled(bytes, units.binary, 'B');
}

/** `1536` → `1.5 KiB/s`, or `12.2 kb/s` in bits. */
export function rate(bps: number, units: Units): string {
  return units.bits ? `${scaled(bps * 8, units.binary, 'b')}/s` : `${scaled(bps, units.binary, 'B')}/s`;
}

/** For a table, where most rates are none: nothing then. */
export function shownRate(bps: number, units: Units): string {
  return bps === 0 ? '' : rate(bps, units);
}

/** A limit: 0 is none. */
export function limit(bps: number, units: Units): string {
  return bps === 0 ? 'unlimited' : rate(bps, units);
}

function scaled(value: number, binary: boolean, unit: string): string {
  const step = binary ? 1024 : 1000;
  let rest = value;
  let prefix = 0;
  // What would be rounded to 1000 takes the next prefix, so that a column of four figures is always enough.
  while (rest >= 999.5 && prefix < PREFIXES.length - 1) {
    rest /= step;
    prefix += 1;
  }
  const letter = PREFIXES[prefix] as string;
  const named = prefix === 0 ? unit : `${binary ? `${letter}i` : letter.replace('K', 'k')}${unit}`;
  return `${prefix === 0 ? Math.floor(rest) : rest >= 99.95 ? Math.floor(rest) : rest.toFixed(1)} ${named}`;
}

/** Of what is wanted, or while checking of what was looked at; '' where neither is known. */
export function percent(row: TorrentRow): string {
  const { part, whole } = progressOf(row);
  return whole === 0 ? '' : `${formatPercent(part, whole)} %`;
}

/** The figures behind the percent. `whole` 0: nothing is known or wanted. */
export function progressOf(row: TorrentRow): { readonly part: number; readonly whole: number } {
  return row.state === 'checking'
    ? { part: row.checkedPieces, whole: row.pieceCount }
    : { part: row.haveBytes, whole: row.wantedBytes };
}

/** Seconds until everything wanted is here at the present rate; null where that is not going to happen. */
export function secondsLeft({ state, wantedBytes, haveBytes, downloadBps }: TorrentRow): number | null {
  return state === 'downloading' && downloadBps > 0 && haveBytes < wantedBytes
    ? (wantedBytes - haveBytes) / downloadBps
    : null;
}

/** `∞` for a download that does not move, '' for what is no download. */
export function timeLeft(row: TorrentRow): string {
  const seconds = secondsLeft(row);
  if (seconds === null) return row.state === 'downloading' && row.haveBytes < row.wantedBytes ? '∞' : '';
  return seconds > DAYS_MAX * 86_400 ? `>${DAYS_MAX}d` : formatDuration(seconds);
}

/** Uploaded by downloaded; by what is here, where nothing was downloaded. */
export function ratio(row: TorrentRow): string {
  const base = row.downloadedBytes > 0 ? row.downloadedBytes : row.haveBytes;
  return base === 0 ? '' : (Math.floor((row.uploadedBytes / base) * 100) / 100).toFixed(2);
}

/** Local date and time to the minute, without a locale's habits. */
export function moment(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at).slice(0, 5)}`;
}

/** Local time of day to the second. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `12 peers`, `1 peer`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A limit as it can be typed, exactly: `500KiB`, `8000kbit`; '' is none. */
export function typedRate(bps: number, { bits }: Units): string {
  if (bps === 0) return '';
  const value = bits ? bps * 8 : bps;
  const unit = bits ? 'bit' : 'B';
  if (!bits && value % 1024 === 0) return `${value / 1024}KiB`;
  return value % 1000 === 0 ? `${value / 1000}k${unit}` : `${value}${unit}`;
}

/** Bytes per second from what a person types: `500KiB`, `1.5 MB/s`, `8 Mbit`; '' and `0` are no limit, null is no rate. */
export function parseRate(text: string): number | null {
  const bare = text.replace(/\s+/g, '').replace(/(?:\/s|ps)$/i, '');
  if (/^(|unlimited|none)$/i.test(bare)) return 0;
  const bits = /^(.*)bit$/i.exec(bare);
  if (bits === null) return parseBytes(bare);
  const value = parseBytes(bits[1] as string);
  return value === null ? null : Math.floor(value / 8);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
