// The table of all torrents.

import type { RowState, TorrentRow } from '../control/protocol.ts';
import { moment, percent, progressOf, ratio, secondsLeft, shownRate, size, timeLeft } from './format.ts';
import { compareCodes, compareNames } from './order.ts';
import type { Column, Spec } from './table.ts';
import type { Role } from './theme.ts';

const STATE_ROLES: Readonly<Record<RowState, Role>> = {
  checking: 'warn',
  downloading: 'accent',
  seeding: 'good',
  pausing: 'warn',
  paused: 'dim',
  failed: 'bad',
  queued: 'dim',
  metadata: 'warn',
  missing: 'bad',
};

const COLUMNS: readonly Column<TorrentRow>[] = [
  {
    key: 'position',
    title: '#',
    cells: 4,
    align: 'right',
    gives: 7,
    text: (row) => String(row.position + 1),
    role: () => 'dim',
    compare: (a, b) => a.position - b.position,
  },
  {
    key: 'name',
    title: 'Name',
    cells: 15,
    flexible: true,
    gives: 0,
    text: ({ key, name }, { marked }) => (marked.has(key) ? `● ${name}` : name),
    role: (row) => (row.state === 'paused' || row.state === 'queued' ? 'dim' : null),
    compare: (a, b) => compareNames(a.name, b.name),
  },
  {
    key: 'size',
    title: 'Size',
    cells: 8,
    align: 'right',
    gives: 4,
    largestFirst: true,
    text: (row, { units }) => (row.totalBytes === 0 ? '' : size(row.totalBytes, units)),
    compare: (a, b) => a.totalBytes - b.totalBytes,
  },
  {
    key: 'done',
    title: 'Done',
    cells: 7,
    align: 'right',
    gives: 1,
    largestFirst: true,
    text: percent,
    compare: (a, b) => share(a) - share(b),
  },
  {
    key: 'down',
    title: 'Down',
    cells: 10,
    align: 'right',
    gives: 2,
    largestFirst: true,
    text: (row, { units }) => shownRate(row.downloadBps, units),
    role: () => 'down',
    compare: (a, b) => a.downloadBps - b.downloadBps,
  },
  {
    key: 'up',
    title: 'Up',
    cells: 10,
    align: 'right',
    gives: 3,
    largestFirst: true,
    text: (row, { units }) => shownRate(row.uploadBps, units),
    role: () => 'up',
    compare: (a, b) => a.uploadBps - b.uploadBps,
  },
  {
    key: 'left',
    title: 'Left',
    cells: 7,
    align: 'right',
    gives: 2,
    text: timeLeft,
    compare: (a, b) => (secondsLeft(a) ?? Infinity) - (secondsLeft(b) ?? Infinity) || 0,
  },
  {
    key: 'peers',
    title: 'Peers',
    cells: 5,
    align: 'right',
    gives: 5,
    largestFirst: true,
    text: (row) => (row.peers === 0 ? '' : String(row.peers)),
    compare: (a, b) => a.peers - b.peers,
  },
  {
    key: 'ratio',
    title: 'Ratio',
    cells: 6,
    align: 'right',
    gives: 6,
    largestFirst: true,
    text: ratio,
    compare: (a, b) => Number(ratio(a)) - Number(ratio(b)),
  },
  {
    key: 'state',
    title: 'State',
    cells: 11,
    gives: 1,
    text: (row) => row.state,
    role: stateRole,
    compare: (a, b) => compareCodes(a.state, b.state),
  },
  {
    key: 'added',
    title: 'Added',
    cells: 16,
    gives: 8,
    largestFirst: true,
    text: (row) => moment(row.addedAt),
    role: () => 'dim',
    compare: (a, b) => a.addedAt - b.addedAt,
  },
];

export const TORRENTS: Spec<TorrentRow> = {
  columns: COLUMNS,
  id: (row) => row.key,
  words: (row) => `${row.name} ${row.state}`,
  empty: 'no torrents yet: o looks for a .torrent file, a adds a magnet link or a path',
};

/** How a torrent's state looks; trouble shows in any state. */
export function stateRole(row: TorrentRow): Role {
  return row.error === null ? STATE_ROLES[row.state] : 'bad';
}

/** What stands on a page that has nothing to show yet. */
export function waitingFor({ state }: TorrentRow): string {
  return state === 'metadata' ? 'not known before the metadata is here' : 'one moment …';
}

function share(row: TorrentRow): number {
  const { part, whole } = progressOf(row);
  return whole === 0 ? -1 : part / whole;
}
