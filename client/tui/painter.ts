// Turns frames into what a terminal must be told: only the cells that differ from the frame before.
//
// Always: the cursor is put where a run of changed cells begins, and again after each character about whose width terminals disagree,
// so that what such a terminal thinks of a name moves nothing else. A row with such a character is written whole. Apart from the
// cells' own text, which the canvas made safe, only cursor moves and colours are written.

import type { Canvas } from './canvas.ts';
import { clusters } from './cells.ts';
import type { Theme } from './theme.ts';

/** Unchanged cells up to this many are written rather than jumped over. */
const GAP_MAX = 4;

export class Painter {
  #before: Canvas | null = null;
  #theme: Theme | null = null;

  /** The terminal shows something else now: the next frame is written whole. */
  forget(): void {
    this.#before = null;
  }

  /** What turns the screen as it is into `canvas`; '' where nothing differs. */
  paint(canvas: Canvas, theme: Theme): string {
    const known = this.#before;
    const same = known !== null && this.#theme === theme && sameSize(known, canvas);
    let output = '';
    for (let y = 0; y < canvas.height; y += 1) output += paintRow(same ? known : null, canvas, y, theme);
    const moved = !same || known.cursor?.x !== canvas.cursor?.x || known.cursor?.y !== canvas.cursor?.y;
    this.#before = canvas;
    this.#theme = theme;
    if (output === '' && !moved) return '';
    const cursor = canvas.cursor === null ? '\u001b[?25l' : `${to(canvas.cursor.x, canvas.cursor.y)}\u001b[?25h`;
    // A synchronised update: terminals that know it show the frame at once, others ignore it.
    return `\u001b[?2026h\u001b[?25l${output}\u001b[0m${cursor}\u001b[?2026l`;
  }
}

function sameSize(a: Canvas, b: Canvas): boolean {
  return a.width === b.width && a.height === b.height;
}

function paintRow(before: Canvas | null, canvas: Canvas, y: number, theme: Theme): string {
  const differs = (x: number): boolean => {
    const at = y * canvas.width + x;
    return before === null || before.texts[at] !== canvas.texts[at] || before.roles[at] !== canvas.roles[at];
  };
  let from = 0;
  while (from < canvas.width && !differs(from)) from += 1;
  if (from === canvas.width) return '';
  if (canvas.unsure[y] === true || before?.unsure[y] === true) return paintRun(canvas, y, 0, canvas.width, theme);
  let output = '';
  while (from < canvas.width) {
    let to = from + 1;
    let quiet = 0;
    for (let x = to; x < canvas.width && quiet <= GAP_MAX; x += 1) {
      quiet = differs(x) ? 0 : quiet + 1;
      if (quiet === 0) to = x + 1;
    }
    output += paintRun(canvas, y, wholeCharacter(canvas, y, from), to, theme);
    from = to;
    while (from < canvas.width && !differs(from)) from += 1;
  }
  return output;
}

/** The first cell of the character that `x` belongs to. */
function wholeCharacter(canvas: Canvas, y: number, x: number): number {
  return x > 0 && canvas.texts[y * canvas.width + x] === '' ? x - 1 : x;
}

function paintRun(canvas: Canvas, y: number, from: number, end: number, theme: Theme): string {
  let output = to(from, y);
  let role: string | null = null;
  for (let x = from; x < end; x += 1) {
    const at = y * canvas.width + x;
    const text = canvas.texts[at] as string;
    if (text === '') continue;
    const wanted = canvas.roles[at] as keyof Theme['sgr'];
    if (wanted !== role) output += theme.sgr[wanted];
    role = wanted;
    output += canvas.unsure[y] === true && !isSure(text) ? alone(canvas, x, y, text) : text;
  }
  return output;
}

/** A character of doubtful width: its cells are blanked first, and the cursor is put behind them. */
function alone(canvas: Canvas, x: number, y: number, text: string): string {
  const cells = x + 1 < canvas.width && canvas.texts[y * canvas.width + x + 1] === '' ? 2 : 1;
  return `${' '.repeat(cells)}${to(x, y)}${text}${x + cells < canvas.width ? to(x + cells, y) : ''}`;
}

function isSure(text: string): boolean {
  return text.length === 1 && text < '\u007f' ? true : clusters(text).every((cluster) => cluster.sure);
}

function to(x: number, y: number): string {
  return `\u001b[${y + 1};${x + 1}H`;
}
