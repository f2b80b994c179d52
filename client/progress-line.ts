// The figures of a transfer on one line, for a terminal of any width.
//
// Always: a character is a cell (only the two arrows, which some terminals draw wide, are not ASCII); a figure is left out before
// one is cut; percent is rounded down, so that 100 is said only when every wanted piece passed its hash.

import type { MetadataStatus, TorrentStatus } from '#engine';
import { formatBytes, formatDuration, formatPercent, formatShort } from './units.ts';
import { printable } from '#harness/untrusted-text';

const BAR_CELLS = [20, 10];

/** Seconds until everything wanted is here at the present rate, null when nothing moves or nothing is left. */
export function secondsLeft({ wantedBytes, haveBytes, downloadBps }: TorrentStatus): number | null {
  return downloadBps > 0 && haveBytes < wantedBytes ? (wantedBytes - haveBytes) / downloadBps : null;
}

/** The line at its full length, without a bar. */
export function plainLine(status: TorrentStatus): string {
  const { state, error } = status;
  if (error !== null) return `${state}: ${printable(error)}`;
  if (status.metadata !== null) return metadataLine(status, status.metadata);
  return state === 'checking' ? withPercent(status, 'checked') : `${figures(status)}  ${state}`;
}

/** What says most of the transfer in at most `cells` cells. */
export function fittingLine(status: TorrentStatus, cells: number): string {
  const plain = plainLine(status);
  if (status.error !== null || status.metadata !== null) return plain.slice(0, cells);
  const withBar = BAR_CELLS.map((length) => `${bar(status, length)} ${plain}`);
  const shorter = status.state === 'checking' ? [] : [figures(status), ...shortFigures(status)];
  const lines = [...withBar, plain, ...shorter];
  return lines.find((line) => line.length <= cells) ?? (lines.at(-1) as string).slice(0, cells);
}

/** What it waits for while nobody knows what the torrent holds. */
function metadataLine(status: TorrentStatus, { sizeBytes, receivedBytes, sources }: MetadataStatus): string {
  const known = status.knownPeers;
  if (sizeBytes !== null && receivedBytes > 0)
    return `metadata: ${formatBytes(receivedBytes)} of ${formatBytes(sizeBytes)} from ${sources} of ${peersOf(status)}`;
  if (sources > 0) return `metadata: waiting for an answer of ${sources} of ${peersOf(status)}`;
  if (status.peers.length > 0) return `metadata: ${peersOf(status)}, none of which offers it yet`;
  return known > 0 ? `metadata: no connection yet, ${known} known` : 'metadata: waiting for peers, none is known yet';
}

function figures(status: TorrentStatus): string {
  const { downloadBps, uploadBps } = status;
  const rates = `down ${formatBytes(downloadBps)}/s  up ${formatBytes(uploadBps)}/s`;
  const left = secondsLeft(status);
  return withPercent(status, ` ${rates}  ${peersOf(status)}${left === null ? '' : `  ${formatDuration(left)} left`}`);
}

function shortFigures(status: TorrentStatus): string[] {
  const { haveBytes, wantedBytes, downloadBps, uploadBps } = status;
  const rates = `↓${formatShort(downloadBps)}/s ↑${formatShort(uploadBps)}/s`;
  const short = `${formatPercent(haveBytes, wantedBytes)}% ${rates} ${peersOf(status)}`;
  const left = secondsLeft(status);
  if (left === null) return [short];
  const time = formatDuration(left);
  return [`${short} ${time} left`, `${short} ${time}`];
}

function peersOf({ peers }: TorrentStatus): string {
  return `${peers.length} ${peers.length === 1 ? 'peer' : 'peers'}`;
}

function withPercent(status: TorrentStatus, rest: string): string {
  const { part, whole } = progressOf(status);
  return `${formatPercent(part, whole).padStart(5)} % ${rest}`;
}

function bar(status: TorrentStatus, cells: number): string {
  const { part, whole } = progressOf(status);
  const filled = whole === 0 ? cells : Math.floor((part / whole) * cells);
  return `[${'#'.repeat(filled)}${'.'.repeat(cells - filled)}]`;
}

function progressOf({ state, checkedPieces, pieceCount, haveBytes, wantedBytes }: TorrentStatus) {
  return state === 'checking' ? { part: checkedPieces, whole: pieceCount } : { part: haveBytes, whole: wantedBytes };
}
