// Draws what stands above everything else: help, removal, forms.

import type { Canvas, Rect } from './canvas.ts';
import { cellWidth, clip, fit, wrap } from './cells.ts';
import { visible } from './field.ts';
import { type Binding, keyName } from './keys.ts';
import { helpLayout } from './layout.ts';
import type { Dialog, Form, Question, State } from './state.ts';

const FORM_COLUMNS_MAX = 100;

export function drawDialog(canvas: Canvas, state: State, dialog: Dialog): void {
  switch (dialog.kind) {
    case 'help':
      drawHelp(canvas, state, dialog.top);
      break;
    case 'question':
      drawQuestion(canvas, dialog);
      break;
    case 'form':
      drawForm(canvas, dialog, state);
      break;
    case 'filter':
    case 'explorer':
      break;
  }
}

/** A framed, emptied box in the middle; answers what is inside. */
function box(canvas: Canvas, title: string, columns: number, rows: number): Rect {
  const width = Math.min(canvas.width, columns + 4);
  const height = Math.min(canvas.height, rows + 2);
  const x = Math.floor((canvas.width - width) / 2);
  const y = Math.floor((canvas.height - height) / 2);
  canvas.clearZones();
  canvas.fill({ x, y, width, height }, 'text');
  canvas.put(x, y, `┌${'─'.repeat(Math.max(0, width - 2))}┐`, 'accent', width);
  for (let line = y + 1; line < y + height - 1; line += 1) {
    canvas.put(x, line, '│', 'accent');
    canvas.put(x + width - 1, line, '│', 'accent');
  }
  canvas.put(x, y + height - 1, `└${'─'.repeat(Math.max(0, width - 2))}┘`, 'accent', width);
  canvas.put(x + 2, y, ` ${clip(title, width - 6)} `, 'strong', width - 4);
  return { x: x + 2, y: y + 1, width: Math.max(0, width - 4), height: Math.max(0, height - 2) };
}

function drawHelp(canvas: Canvas, state: State, top: number): void {
  const { halves, lines, height } = helpLayout(state);
  const inside = box(canvas, 'Keys (any other key closes this)', halves.length === 1 ? 64 : 108, lines);
  const from = Math.min(top, lines - height);
  halves.forEach((half, at) => {
    const width = Math.floor(inside.width / halves.length);
    half.slice(from, from + height).forEach((line, row) => {
      drawHelpLine(canvas, { x: inside.x + at * width, y: inside.y + row, width, height: 1 }, line);
    });
  });
  if (from + height < lines) canvas.put(inside.x + inside.width - 8, inside.y + inside.height, ' ↓ more ', 'key');
}

function drawHelpLine(canvas: Canvas, { x, y, width }: Rect, line: string | Binding): void {
  if (typeof line === 'string') {
    canvas.put(x, y, line, 'header', width);
    return;
  }
  canvas.put(x, y, fit(line.keys.map(keyName).join(' '), 15), 'key', width);
  canvas.put(x + 16, y, line.help, 'text', width - 17);
}

function drawQuestion(canvas: Canvas, { title, about, choices, chosen }: Question): void {
  const inside = box(canvas, title, 60, choices.length + 4);
  canvas.put(inside.x, inside.y, clip(about, inside.width), 'strong', inside.width);
  choices.forEach(({ text, requests }, at) => {
    const y = inside.y + 2 + at;
    const role = at === chosen ? 'selected' : requests.length === 0 ? 'text' : 'warn';
    canvas.put(inside.x, y, fit(`${at === chosen ? '›' : ' '} ${at + 1} ${text}`, inside.width), role, inside.width);
    // A click on what is chosen already does it.
    const key = at === chosen ? 'enter' : String(at + 1);
    canvas.zone({ ...inside, y, height: 1 }, { kind: 'press', key });
  });
  canvas.put(inside.x, inside.y + 3 + choices.length, 'Enter does it, Esc changes nothing', 'dim', inside.width);
}

function drawForm(canvas: Canvas, form: Form, state: State): void {
  const columns = Math.max(10, Math.min(FORM_COLUMNS_MAX, state.columns - 8));
  const hint = wrap(form.wrong ?? form.hint, columns).slice(0, 3);
  const inside = box(canvas, form.title, columns, form.fields.length * 2 + hint.length + 2);
  const labels = Math.max(...form.fields.map((one) => cellWidth(one.label))) + 2;
  form.fields.forEach(({ label, field }, at) => {
    const y = inside.y + 1 + at * 2;
    const active = at === form.active;
    canvas.put(inside.x, y, label, active ? 'accent' : 'dim', inside.width);
    const cells = Math.max(1, inside.width - labels);
    const shown = visible(field, cells);
    canvas.put(inside.x + labels, y, fit(shown.text, cells), 'field', cells);
    if (active && y < canvas.height && inside.width > 0)
      canvas.cursor = { x: Math.min(canvas.width - 1, inside.x + labels + shown.cursor), y };
  });
  const role = form.wrong === null ? 'dim' : 'bad';
  hint.forEach((line, at) => {
    canvas.put(inside.x, inside.y + 1 + form.fields.length * 2 + at, line, role, inside.width);
  });
  canvas.put(inside.x, inside.y + inside.height, ' Enter does it  Tab next field  Esc closes ', 'dim', inside.width);
}
