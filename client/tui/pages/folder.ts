// A folder of the disk, with what can be opened in it: folders and `.torrent` files.

import { moment, size } from '../format.ts';
import { compareNames } from '../order.ts';
import type { Entry } from '../state.ts';
import type { Spec } from '../table.ts';

export const FOLDER: Spec<Entry> = {
  columns: [
    {
      key: 'name',
      title: 'Name',
      cells: 14,
      flexible: true,
      gives: 0,
      text: ({ name, kind }) => (kind === 'folder' ? `${name}/` : name),
      role: ({ kind }) => (kind === 'torrent' ? null : 'strong'),
      compare: (a, b) => compareNames(a.name, b.name),
    },
    {
      key: 'size',
      title: 'Size',
      cells: 8,
      align: 'right',
      gives: 1,
      text: ({ kind, lengthBytes }, { units }) => (kind === 'torrent' ? size(lengthBytes, units) : ''),
      role: () => 'dim',
      compare: (a, b) => a.lengthBytes - b.lengthBytes,
      largestFirst: true,
    },
    {
      key: 'modified',
      title: 'Changed',
      cells: 16,
      gives: 2,
      text: ({ kind, modifiedAt }) => (kind === 'torrent' ? moment(modifiedAt) : ''),
      role: () => 'dim',
      compare: (a, b) => a.modifiedAt - b.modifiedAt,
      largestFirst: true,
    },
  ],
  rank: ({ kind }) => ['parent', 'folder', 'torrent'].indexOf(kind),
  id: (entry) => entry.name,
  words: (entry) => entry.name,
  empty: 'no folders and no .torrent files',
};
