// The files of a torrent as a tree; also what the explorer shows of a torrent before it is added.

import { formatPercent } from '../../units.ts';
import { size } from '../format.ts';
import type { Column, Spec } from '../table.ts';
import { priorityName, type TreeRow } from '../tree.ts';

const NAME: Column<TreeRow> = {
  key: 'name',
  title: 'Name',
  cells: 20,
  flexible: true,
  gives: 0,
  text: ({ name, depth, open }) =>
    `${'  '.repeat(Math.min(depth, 12))}${open === null ? '  ' : open ? '▾ ' : '▸ '}${name}${open === null ? '' : '/'}`,
  role: ({ priority, open }) => (priority === 0 ? 'dim' : open === null ? null : 'strong'),
};

const SIZE: Column<TreeRow> = {
  key: 'size',
  title: 'Size',
  cells: 8,
  align: 'right',
  gives: 1,
  text: (row, { units }) => size(row.lengthBytes, units),
};

const PRIORITY: Column<TreeRow> = {
  key: 'priority',
  title: 'Priority',
  cells: 8,
  gives: 0,
  text: (row) => priorityName(row.priority),
  role: ({ priority }) =>
    priority === 0 ? 'dim' : priority === null || priority < 4 ? 'warn' : priority > 4 ? 'good' : null,
};

const TAKEN: Column<TreeRow> = {
  key: 'taken',
  title: '',
  cells: 3,
  gives: 0,
  text: ({ priority }) => (priority === null ? '[-]' : priority === 0 ? '[ ]' : '[x]'),
  role: ({ priority }) => (priority === 0 ? 'dim' : 'accent'),
};

const DONE: Column<TreeRow> = {
  key: 'done',
  title: 'Done',
  cells: 7,
  align: 'right',
  gives: 0,
  text: ({ haveBytes, lengthBytes }) => `${formatPercent(haveBytes, lengthBytes)} %`,
};

const BAR: Column<TreeRow> = {
  key: 'bar',
  title: '',
  cells: 12,
  gives: 2,
  text: ({ haveBytes, lengthBytes }) => {
    const filled = lengthBytes === 0 ? 12 : Math.floor((haveBytes / lengthBytes) * 12);
    return '█'.repeat(filled) + '░'.repeat(12 - filled);
  },
  role: ({ priority }) => (priority === 0 ? 'dim' : 'accent'),
};

const words = ({ id }: TreeRow): string => id.split('\u0000')[0] ?? id;

export const FILES: Spec<TreeRow> = {
  columns: [TAKEN, NAME, SIZE, DONE, BAR, PRIORITY],
  id: (row) => row.id,
  words,
  empty: 'no files are known yet',
};

export const OFFER: Spec<TreeRow> = {
  columns: [TAKEN, NAME, SIZE, PRIORITY],
  id: (row) => row.id,
  words,
  empty: 'no files',
};
