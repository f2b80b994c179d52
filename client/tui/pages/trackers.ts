// The trackers of a torrent, tier by tier.

import type { TrackerRow } from '../../control/protocol.ts';
import { formatDuration } from '../../units.ts';
import type { Spec } from '../table.ts';
import type { Role } from '../theme.ts';

const ROLES: Readonly<Record<TrackerRow['status'], Role>> = {
  idle: 'dim',
  asking: 'accent',
  working: 'good',
  failed: 'bad',
};

export const TRACKERS: Spec<TrackerRow> = {
  columns: [
    { key: 'tier', title: 'Tier', cells: 4, align: 'right', gives: 5, text: (row) => String(row.tier + 1) },
    { key: 'url', title: 'Tracker', cells: 24, flexible: true, gives: 0, text: (row) => row.url },
    { key: 'status', title: 'Status', cells: 7, gives: 0, text: (row) => row.status, role: (row) => ROLES[row.status] },
    {
      key: 'next',
      title: 'Next',
      cells: 8,
      align: 'right',
      gives: 1,
      text: ({ nextAnnounceAt }, { now }) =>
        nextAnnounceAt === null ? '' : nextAnnounceAt <= now ? 'now' : formatDuration((nextAnnounceAt - now) / 1000),
    },
    { key: 'seeds', title: 'Seeds', cells: 6, align: 'right', gives: 4, text: (row) => counted(row.seeds) },
    { key: 'leechers', title: 'Peers', cells: 6, align: 'right', gives: 4, text: (row) => counted(row.leechers) },
    {
      key: 'error',
      title: 'Last error',
      cells: 16,
      flexible: true,
      gives: 2,
      text: (row) => row.lastError ?? '',
      role: () => 'bad',
    },
  ],
  id: (row) => `${row.tier} ${row.url}`,
  words: (row) => `${row.url} ${row.status} ${row.lastError ?? ''}`,
  empty: 'no trackers',
};

function counted(count: number | null): string {
  return count === null ? '' : String(count);
}
