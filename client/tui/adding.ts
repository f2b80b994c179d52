// Forms, and what is done with what was typed or pasted into them: links and paths to add, limits, folders.

import { isMagnet } from '#engine';
import { field } from './field.ts';
import { limit, parseRate, typedRate } from './format.ts';
import { ask, only, say } from './message.ts';
import type { TorrentRow } from '../control/protocol.ts';
import type { Form, State, Step } from './state.ts';

/** Opens the form that takes a magnet link or a path. */
export function addForm(state: State, text = ''): Step {
  const form: Form = {
    kind: 'form',
    title: 'Add a torrent',
    hint: 'a magnet link, an info-hash, the path of a .torrent file, or of a folder to look in',
    fields: [
      { label: 'Link or path', field: field(text) },
      { label: 'Save to', field: field(state.saveFolder) },
    ],
    active: 0,
    wrong: null,
    purpose: { kind: 'add' },
  };
  return only({ ...state, dialog: form });
}

/** Opens the form for limits: of one torrent, or of all together. */
export function limitsForm(state: State, row: TorrentRow | null): Step {
  const { units } = state;
  const now = row ?? state.totals;
  const form: Form = {
    kind: 'form',
    title: row === null ? 'Limits of all torrents together' : `Limits of ${row.name}`,
    hint: 'such as 500KiB or 8Mbit, a second; empty is unlimited',
    fields: [
      { label: 'Download', field: field(typedRate(now?.downloadLimitBps ?? 0, units)) },
      { label: 'Upload', field: field(typedRate(now?.uploadLimitBps ?? 0, units)) },
    ],
    active: 0,
    wrong: null,
    purpose: { kind: 'limits', key: row?.key ?? null, name: row?.name ?? 'all torrents together' },
  };
  return only({ ...state, dialog: form });
}

/** Opens the form that says where a torrent's data is now. */
export function relocateForm(state: State, { key, name, folder }: TorrentRow): Step {
  const form: Form = {
    kind: 'form',
    title: `Where is the data of ${name}?`,
    hint: 'moves nothing: goes on in a folder that has the data already',
    fields: [{ label: 'Folder', field: field(folder) }],
    active: 0,
    wrong: null,
    purpose: { kind: 'relocate', key, name },
  };
  return only({ ...state, dialog: form });
}

/** The file explorer, at the folder where it was last, or where the program was started. */
export function explore(state: State): Step {
  return look(state, state.browsed);
}

/** What a paste outside of any field means: something to add. */
export function pasted(state: State, text: string): Step {
  const line = text.trim();
  if (isLink(line)) return addForm(state, linkOf(line));
  if (isPath(line)) return look(state, line);
  return only(say(state, 'what was pasted is no magnet link and no path', 'warn'));
}

/** What Enter does in a form that is filled in. */
export function submitted(state: State, form: Form): Step {
  const texts = form.fields.map((one) => one.field.text.trim());
  const [first = '', second = ''] = texts;
  const { purpose } = form;
  const wrong = (reason: string): Step => only({ ...state, dialog: { ...form, wrong: reason } });
  const closed = { ...state, dialog: null };
  switch (purpose.kind) {
    case 'limits': {
      const downloadBps = parseRate(first);
      const uploadBps = parseRate(second);
      if (downloadBps === null || uploadBps === null) return wrong('write a rate such as 500KiB, 1.5MB or 8Mbit');
      const said = `down ${limit(downloadBps, state.units)}, up ${limit(uploadBps, state.units)}`;
      const request = { call: 'limits', key: purpose.key, downloadBps, uploadBps } as const;
      return ask(closed, [request], 'asking', `limits of ${purpose.name}: ${said}`);
    }
    case 'relocate': {
      if (first === '') return wrong('write the folder');
      const request = { call: 'relocate', key: purpose.key, folder: pathOf(first) } as const;
      return ask(closed, [request], 'asking', `${purpose.name} goes on in ${first}`);
    }
    case 'add': {
      if (first === '') return wrong('write a magnet link or a path');
      // The form stays until it is known that something is there.
      if (!isLink(first)) return look(state, first);
      if (second === '') return wrong('write the folder to save to');
      const source = linkOf(first);
      const request = {
        call: 'add',
        source,
        folder: pathOf(second),
        priorities: null,
        paused: false,
        sequential: false,
      } as const;
      return ask(closed, [request], 'asking', 'added the magnet link');
    }
  }
}

/** Nothing is at a path that was asked for. */
export function notFound(state: State, reason: string): State {
  const { dialog } = state;
  if (dialog?.kind === 'form' && dialog.purpose.kind === 'add')
    return { ...state, dialog: { ...dialog, wrong: reason }, message: null };
  return say(state, reason, 'error');
}

/** Opens the explorer at a path that was typed or pasted, once it is known what is there. */
function look(state: State, typed: string): Step {
  return { state: say(state, 'looking …'), effects: [{ kind: 'findPath', path: pathOf(typed) }] };
}

const INFO_HASH = /^(?:[0-9a-f]{40}|[a-z2-7]{32})$/i;

function isLink(text: string): boolean {
  return isMagnet(text) || INFO_HASH.test(text);
}

function linkOf(text: string): string {
  return INFO_HASH.test(text) ? `magnet:?xt=urn:btih:${text}` : text;
}

function isPath(text: string): boolean {
  return /^(?:\/|~|\.{1,2}\/|file:\/\/|['"]|[A-Za-z]:[\\/])/.test(text) && !/[\r\n]/.test(text);
}

/** Without the quotes and the scheme that terminals and file managers put around a dropped file. */
export function pathOf(text: string): string {
  const bare = text.trim().replace(/^(['"])(.*)\1$/, '$2');
  if (!bare.startsWith('file://')) return bare;
  try {
    return decodeURIComponent(bare.slice('file://'.length).replace(/^[^/]+/, ''));
  } catch {
    return bare;
  }
}
