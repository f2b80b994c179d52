// What keys and pastes do while a dialog is open: help, filter, removal, forms; the explorer has a file of its own.

import { submitted } from './adding.ts';
import { explorerKey, explorerPaste } from './explorer.ts';
import { edit, type Field, insert } from './field.ts';
import { filterKey, withFilter } from './filter.ts';
import { actionOf, isMovement, rowsOf } from './keys.ts';
import { helpLayout } from './layout.ts';
import { ask, only } from './message.ts';
import type { Dialog, Form, Question, State, Step } from './state.ts';

export function dialogKey(state: State, key: string): Step {
  const dialog = state.dialog as Dialog;
  switch (dialog.kind) {
    case 'help':
      return only(helpKey(state, dialog.top, key));
    case 'filter': {
      const { state: filtered, field } = filterKey(state, dialog.table, dialog.field, key);
      return only({ ...filtered, dialog: field === null ? null : { ...dialog, field } });
    }
    case 'question':
      return questionKey(state, dialog, key);
    case 'form':
      return formKey(state, dialog, key);
    case 'explorer':
      return explorerKey(state, dialog, key);
  }
}

export function dialogPaste(state: State, text: string): Step {
  const dialog = state.dialog as Dialog;
  if (dialog.kind === 'filter') {
    const field = insert(dialog.field, text);
    return only({ ...withFilter(state, dialog.table, field.text), dialog: { ...dialog, field } });
  }
  if (dialog.kind === 'form') return only({ ...state, dialog: withField(dialog, insert(fieldOf(dialog), text)) });
  return dialog.kind === 'explorer' ? explorerPaste(state, dialog, text) : only(state);
}

function helpKey(state: State, top: number, key: string): State {
  const action = key === ' ' ? 'pageDown' : actionOf(key, false);
  if (!isMovement(action)) return { ...state, dialog: null };
  const { lines, height } = helpLayout(state);
  // From what is shown: the screen may have grown since.
  const from = Math.min(top, lines - height) + rowsOf(action, height);
  return { ...state, dialog: { kind: 'help', top: Math.max(0, Math.min(from, lines - height)) } };
}

function questionKey(state: State, question: Question, key: string): Step {
  const { choices, chosen } = question;
  const choose = (at: number): Step => {
    return only({ ...state, dialog: { ...question, chosen: Math.max(0, Math.min(choices.length - 1, at)) } });
  };
  if (key === 'up' || key === 'k' || key === 'shift-tab') return choose(chosen - 1);
  if (key === 'down' || key === 'j' || key === 'tab') return choose(chosen + 1);
  if (/^[1-9]$/.test(key)) return choose(Number(key) - 1);
  const closed = { ...state, dialog: null };
  if (key !== 'enter') return only(key === 'escape' || key === 'q' || key === 'n' ? closed : state);
  const { requests, doing, done } = choices[chosen] as Question['choices'][number];
  // What was marked was marked for this.
  return requests.length === 0 ? only(closed) : ask({ ...closed, marked: new Set() }, requests, doing, done);
}

function formKey(state: State, form: Form, key: string): Step {
  const count = form.fields.length;
  const to = (active: number): Step => only({ ...state, dialog: { ...form, active: (active + count) % count } });
  if (key === 'escape') return only({ ...state, dialog: null });
  if (key === 'enter') return submitted(state, form);
  if (key === 'tab' || key === 'down') return to(form.active + 1);
  if (key === 'shift-tab' || key === 'up') return to(form.active - 1);
  const next = edit(fieldOf(form), key);
  return only(next === null ? state : { ...state, dialog: withField(form, next) });
}

function fieldOf(form: Form): Field {
  return (form.fields[form.active] as Form['fields'][number]).field;
}

function withField(form: Form, field: Field): Form {
  const fields = form.fields.map((one, at) => (at === form.active ? { ...one, field } : one));
  return { ...form, fields, wrong: null };
}
