// One line that is typed: its text and where the cursor stands, as a value that keys change.

import { cellWidth, clip, clipStart } from './cells.ts';

export interface Field {
  readonly text: string;
  /** In UTF-16 units, never inside a pair. */
  readonly cursor: number;
}

const LENGTH_MAX = 65_536;

/** A field with the cursor at its end. */
export function field(text: string): Field {
  return { text, cursor: text.length };
}

/** The field after a key; null: the key is not the field's. */
export function edit({ text, cursor }: Field, key: string): Field | null {
  const before = text.slice(0, cursor);
  const after = text.slice(cursor);
  switch (key) {
    case 'left':
      return { text, cursor: cursor - lastOf(before).length };
    case 'right':
      return { text, cursor: cursor + firstOf(after).length };
    case 'home':
    case 'ctrl-a':
      return { text, cursor: 0 };
    case 'end':
    case 'ctrl-e':
      return { text, cursor: text.length };
    case 'backspace': {
      const kept = before.slice(0, before.length - lastOf(before).length);
      return { text: kept + after, cursor: kept.length };
    }
    case 'delete':
      return { text: before + after.slice(firstOf(after).length), cursor };
    case 'ctrl-u':
      return { text: after, cursor: 0 };
    case 'ctrl-k':
      return { text: before, cursor };
    case 'ctrl-w': {
      const kept = before.replace(/[^\s/]*[\s/]*$/u, '');
      return { text: kept + after, cursor: kept.length };
    }
    default:
      return firstOf(key) === key ? insert({ text, cursor }, key) : null;
  }
}

/** The field with pasted text; line ends become nothing, for a pasted link often brings one. */
export function insert({ text, cursor }: Field, pasted: string): Field {
  // oxlint-disable-next-line no-control-regex
  const clean = pasted.replace(/[\u0000-\u001f\u007f-\u009f]/g, '').slice(0, LENGTH_MAX - text.length);
  return { text: text.slice(0, cursor) + clean + text.slice(cursor), cursor: cursor + clean.length };
}

/** What of the field stands in `cells` cells, and in which of them the cursor does. */
export function visible({ text, cursor }: Field, cells: number): { readonly text: string; readonly cursor: number } {
  const before = clipStart(text.slice(0, cursor), cells - 1);
  const at = cellWidth(before);
  return { text: before + clip(text.slice(cursor), cells - at), cursor: at };
}

function lastOf(text: string): string {
  return /(?:[\ud800-\udbff][\udc00-\udfff]|[^])$/.exec(text)?.[0] ?? '';
}

function firstOf(text: string): string {
  return /^(?:[\ud800-\udbff][\udc00-\udfff]|[^])/.exec(text)?.[0] ?? '';
}
