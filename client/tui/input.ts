// What a terminal sends, as keys, mouse events and pastes.
//
// Always: any bytes, cut anywhere, give events or nothing and never throw; what is not understood is dropped. A lone Escape is told from
// the beginning of a sequence by time: the owner calls `flush` when nothing followed.

export type InputEvent =
  /** A printable character as itself, else a name: `up`, `enter`, `ctrl-c`, `shift-tab`, `alt-x`. */
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'paste'; readonly text: string }
  /** Cells from 0. `action`: of the left button, or the wheel. */
  | {
      readonly kind: 'mouse';
      readonly action: 'press' | 'wheelUp' | 'wheelDown';
      readonly x: number;
      readonly y: number;
    };

const PASTE_BEGIN = '\u001b[200~';
const PASTE_END = '\u001b[201~';
/** A magnet link with all its trackers is some kilobytes. */
const PASTE_LENGTH_MAX = 65_536;
const FINAL: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  P: 'f1',
  Z: 'shift-tab',
};
const TILDE: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
};
const CONTROL: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  10: 'enter',
  13: 'enter',
  127: 'backspace',
};
const MODIFIERS = ['', '', 'shift-', 'alt-', 'alt-shift-', 'ctrl-', 'ctrl-shift-', 'ctrl-alt-', 'ctrl-alt-shift-'];
// oxlint-disable-next-line no-control-regex
const SEQUENCE = /^\u001b(?:\[([<=>?]?[0-9;:]*)[ -/]*([@-~])|O([ -~]))/;
// oxlint-disable-next-line no-control-regex
const BEGUN = /^\u001b(?:\[[<=>?]?[0-9;:]*[ -/]*|O)?$/;
const SEQUENCE_LENGTH_MAX = 64;

export class Input {
  #text = '';
  #paste: string | null = null;

  /** True: what came last may be the beginning of a sequence. */
  get waiting(): boolean {
    return this.#paste === null && this.#text !== '';
  }

  feed(text: string): InputEvent[] {
    this.#text += text;
    return this.#take(false);
  }

  /** Nothing followed: what waits is what it looks like. */
  flush(): InputEvent[] {
    return this.#take(true);
  }

  #take(final: boolean): InputEvent[] {
    const events: InputEvent[] = [];
    while (this.#text !== '') {
      if (this.#paste !== null) {
        if (!this.#takePaste(events)) break;
      } else if (this.#text.startsWith(PASTE_BEGIN)) {
        this.#text = this.#text.slice(PASTE_BEGIN.length);
        this.#paste = '';
      } else if (this.#text.startsWith('\u001b')) {
        if (!this.#takeEscape(events, final)) break;
      } else {
        this.#takeCharacter(events);
      }
    }
    return events;
  }

  /** False: the end of the paste is still to come. */
  #takePaste(events: InputEvent[]): boolean {
    const end = this.#text.indexOf(PASTE_END);
    // The last characters may be the beginning of the end.
    const until = end < 0 ? Math.max(0, this.#text.length - PASTE_END.length + 1) : end;
    this.#paste = ((this.#paste ?? '') + this.#text.slice(0, until)).slice(0, PASTE_LENGTH_MAX);
    this.#text = this.#text.slice(end < 0 ? until : end + PASTE_END.length);
    if (end < 0) return false;
    events.push({ kind: 'paste', text: this.#paste });
    this.#paste = null;
    return true;
  }

  /** False: the sequence may go on. */
  #takeEscape(events: InputEvent[], final: boolean): boolean {
    const match = SEQUENCE.exec(this.#text);
    if (match !== null) {
      this.#text = this.#text.slice(match[0].length);
      const event = sequence(match[1] ?? '', (match[2] ?? match[3]) as string);
      if (event !== null) events.push(event);
      return true;
    }
    if (!final && BEGUN.test(this.#text) && this.#text.length < SEQUENCE_LENGTH_MAX) return false;
    this.#text = this.#text.slice(1);
    const next = this.#text.codePointAt(0);
    if (next === undefined || next === 0x1b || final) {
      events.push({ kind: 'key', key: 'escape' });
    } else {
      const inner: InputEvent[] = [];
      this.#takeCharacter(inner);
      for (const event of inner) if (event.kind === 'key') events.push({ kind: 'key', key: `alt-${event.key}` });
    }
    return true;
  }

  #takeCharacter(events: InputEvent[]): void {
    const code = this.#text.codePointAt(0) as number;
    const character = String.fromCodePoint(code);
    this.#text = this.#text.slice(character.length);
    const named = CONTROL[code];
    if (named !== undefined) events.push({ kind: 'key', key: named });
    else if (code > 0 && code < 0x1b) events.push({ kind: 'key', key: `ctrl-${String.fromCharCode(code + 96)}` });
    else if (code >= 0x20 && !(code >= 0x80 && code < 0xa0)) events.push({ kind: 'key', key: character });
  }
}

function sequence(parameters: string, final: string): InputEvent | null {
  if (parameters.startsWith('<')) return mouse(parameters.slice(1).split(';').map(Number), final);
  const [first = '', second = '1'] = parameters.split(';');
  const name = final === '~' ? TILDE[first] : FINAL[final];
  if (name === undefined) return null;
  return { kind: 'key', key: `${MODIFIERS[Number(second)] ?? ''}${name}` };
}

/** SGR mouse reports (mode 1006): button, column, row from 1; `M` pressed, `m` released. */
function mouse([button = -1, column = 0, row = 0]: readonly number[], final: string): InputEvent | null {
  if (final !== 'M' || column < 1 || row < 1) return null;
  const at = { x: column - 1, y: row - 1 };
  if (button === 0) return { kind: 'mouse', action: 'press', ...at };
  if (button === 64) return { kind: 'mouse', action: 'wheelUp', ...at };
  return button === 65 ? { kind: 'mouse', action: 'wheelDown', ...at } : null;
}
