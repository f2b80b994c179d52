// Which key means which action, and what the help says about it: one table for both.

import type { Page } from '../control/protocol.ts';

/** Rows, of `height` that are seen at once. */
const MOVEMENTS = {
  up: () => -1,
  down: () => 1,
  pageUp: (height: number) => -height,
  pageDown: (height: number) => height,
  first: () => -Number.MAX_SAFE_INTEGER,
  last: () => Number.MAX_SAFE_INTEGER,
};
/** What can be done to all marked torrents at once. */
const GROUP_ACTIONS = ['pause', 'resume', 'remove', 'recheck', 'announce'] as const;
/** What is done to the selected torrent, or to a file of it. */
const TORRENT_ACTIONS = [
  'mark',
  ...GROUP_ACTIONS,
  'toggle',
  'limits',
  'sequential',
  'moveUp',
  'moveDown',
  'relocate',
  'overwrite',
  'raise',
  'lower',
  'open',
  'close',
] as const;

export type Movement = keyof typeof MOVEMENTS;
export type GroupAction = (typeof GROUP_ACTIONS)[number];
export type TorrentAction = (typeof TORRENT_ACTIONS)[number];
export type Action =
  | Movement
  | TorrentAction
  | Page
  | 'switchFocus'
  | 'enter'
  | 'back'
  | 'zoom'
  | 'nextPage'
  | 'previousPage'
  | 'filter'
  | 'markAll'
  | 'sortNext'
  | 'sortReverse'
  | 'add'
  | 'explore'
  | 'globalLimits'
  | 'wholeLog'
  | 'restart'
  | 'help'
  | 'redraw'
  | 'suspend'
  | 'quit'
  | 'quitAtOnce';

export interface Binding {
  readonly keys: readonly string[];
  readonly action: Action;
  readonly help: string;
  readonly group: 'Moving' | 'Torrents' | 'Files' | 'Program';
}

function bind(group: Binding['group'], keys: string, action: Action, help: string): Binding {
  return { keys: keys === ' ' ? [' '] : keys.split(' '), action, help, group };
}

/** Where two bindings hold the same key, the one of the group `Files` counts on the files page, the other elsewhere. */
export const BINDINGS: readonly Binding[] = [
  bind('Moving', 'up k', 'up', 'one row up'),
  bind('Moving', 'down j', 'down', 'one row down'),
  bind('Moving', 'pageup ctrl-b', 'pageUp', 'one screen up'),
  bind('Moving', 'pagedown ctrl-f', 'pageDown', 'one screen down'),
  bind('Moving', 'home g', 'first', 'first row'),
  bind('Moving', 'end G', 'last', 'last row'),
  bind('Moving', 'tab shift-tab', 'switchFocus', 'between the list and the page'),
  bind('Moving', 'enter', 'enter', 'into the page'),
  bind('Moving', 'escape', 'back', 'back; ends a filter, then the marks'),
  bind('Moving', 'z', 'zoom', 'list or page alone, and back'),
  bind('Moving', '1', 'overview', 'overview'),
  bind('Moving', '2', 'files', 'files'),
  bind('Moving', '3', 'peers', 'peers'),
  bind('Moving', '4', 'trackers', 'trackers'),
  bind('Moving', '5', 'log', 'log'),
  bind('Moving', 'right l', 'nextPage', 'next page'),
  bind('Moving', 'left h', 'previousPage', 'previous page'),
  bind('Moving', '/', 'filter', 'show only rows with these words'),
  bind('Moving', 's', 'sortNext', 'sort by the next column'),
  bind('Moving', 'S', 'sortReverse', 'sort the other way round'),
  bind('Torrents', 'a', 'add', 'add a link or path (or just paste it)'),
  bind('Torrents', 'o', 'explore', 'look for a .torrent file'),
  bind('Torrents', ' ', 'mark', 'mark: p r d c n act on all marked'),
  bind('Torrents', '*', 'markAll', 'mark all that are shown, or none'),
  bind('Torrents', 'p', 'pause', 'pause'),
  bind('Torrents', 'r', 'resume', 'resume'),
  bind('Torrents', 'd delete', 'remove', 'remove (asks first)'),
  bind('Torrents', 'c', 'recheck', 'check all data again'),
  bind('Torrents', 'n', 'announce', 'ask the trackers now'),
  bind('Torrents', 't', 'limits', 'limits of the torrent'),
  bind('Torrents', 'T', 'globalLimits', 'limits of all together'),
  bind('Torrents', 'e', 'sequential', 'pieces in order, or rarest first'),
  bind('Torrents', 'K ctrl-up', 'moveUp', 'one place up in the queue'),
  bind('Torrents', 'J ctrl-down', 'moveDown', 'one place down in the queue'),
  bind('Torrents', 'm', 'relocate', 'say where the data is now'),
  bind('Torrents', 'O', 'overwrite', 'go on over files in its place (asks)'),
  bind('Files', ' ', 'toggle', 'take or skip'),
  bind('Files', '+ =', 'raise', 'higher priority'),
  bind('Files', '-', 'lower', 'lower priority'),
  bind('Files', 'right l', 'open', 'open the folder'),
  bind('Files', 'left h', 'close', 'close the folder'),
  bind('Program', '? f1', 'help', 'these keys'),
  bind('Program', 'L', 'wholeLog', 'log of everything, or of the torrent'),
  bind('Program', 'R', 'restart', 'start the downloading process again'),
  bind('Program', 'ctrl-l', 'redraw', 'draw the screen anew'),
  bind('Program', 'ctrl-z', 'suspend', 'back to the shell; downloads go on'),
  bind('Program', 'q', 'quit', 'leave in good order'),
  bind('Program', 'ctrl-c', 'quitAtOnce', 'the same; twice: at once'),
];

const GENERAL = new Map<string, Action>();
const ON_FILES = new Map<string, Action>();
for (const { keys, action, group } of BINDINGS)
  for (const key of keys) (group === 'Files' ? ON_FILES : GENERAL).set(key, action);

/** What `key` means; null = nothing. `onFiles`: the files page has the focus. */
export function actionOf(key: string, onFiles: boolean): Action | null {
  return (onFiles ? ON_FILES.get(key) : undefined) ?? GENERAL.get(key) ?? null;
}

export function isMovement(action: Action | null): action is Movement {
  return action !== null && Object.hasOwn(MOVEMENTS, action);
}

export function isTorrentAction(action: Action): action is TorrentAction {
  return TORRENT_ACTIONS.some((one) => one === action);
}

export function isGroupAction(action: Action): action is GroupAction {
  return GROUP_ACTIONS.some((one) => one === action);
}

/** How many rows `movement` goes on, of `height` that are seen at once. */
export function rowsOf(movement: Movement, height: number): number {
  return MOVEMENTS[movement](height);
}

/** A key as people write it. */
export function keyName(key: string): string {
  const names: Readonly<Record<string, string>> = {
    ' ': 'Space',
    up: '↑',
    down: '↓',
    left: '←',
    right: '→',
    pageup: 'PgUp',
    pagedown: 'PgDn',
    escape: 'Esc',
    tab: 'Tab',
  };
  const name = names[key];
  if (name !== undefined) return name;
  if (key.startsWith('ctrl-')) return `Ctrl-${keyName(key.slice('ctrl-'.length)).toUpperCase()}`;
  return key.length === 1 ? key : key.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
