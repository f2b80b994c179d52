// What was logged about a torrent.

import type { LogLine } from '../../control/protocol.ts';
import { clock } from '../format.ts';
import type { Spec } from '../table.ts';
import type { Role } from '../theme.ts';

const ROLES: Readonly<Record<LogLine['level'], Role>> = {
  trace: 'dim',
  debug: 'dim',
  info: 'text',
  warn: 'warn',
  error: 'bad',
  fatal: 'bad',
};

export const LOG: Spec<LogLine> = {
  columns: [
    { key: 'at', title: 'Time', cells: 8, gives: 1, text: (line) => clock(line.at), role: () => 'dim' },
    { key: 'level', title: 'Level', cells: 5, gives: 2, text: (line) => line.level, role: (line) => ROLES[line.level] },
    { key: 'text', title: 'Message', cells: 20, flexible: true, gives: 0, text: (line) => line.text },
  ],
  id: (line) => `${line.at} ${line.text}`,
  words: (line) => `${line.level} ${line.text}`,
  empty: 'nothing was logged',
};
