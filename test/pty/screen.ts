// A program on a pseudo-terminal, and the screen that it made there, read back from a terminal emulator.

import xterm from '@xterm/headless';
import { type IPty, spawn } from 'node-pty';

export interface ScreenOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly lifeMs?: number;
  /** The Node that runs it; by default the one that runs this. */
  readonly node?: string;
}

const KILLED_AFTER_MS = 110_000;
const WAIT_MS = 45_000;

export const KEYS = {
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  enter: '\r',
  escape: '\u001b',
  tab: '\t',
  ctrlC: '\u0003',
  ctrlU: '\u0015',
} as const;

export class Screen {
  readonly #terminal: xterm.Terminal;
  readonly #pty: IPty;
  readonly #timer: NodeJS.Timeout;
  readonly ended: Promise<number>;
  /** All that the program wrote, as it wrote it. */
  output = '';
  #running = true;
  #looks: (() => void)[] = [];

  /** Runs `program`, for `lifeMs` at most. */
  constructor(
    program: readonly string[],
    {
      columns = 100,
      rows = 30,
      environment = {},
      folder = '.',
      lifeMs = KILLED_AFTER_MS,
      node = process.execPath,
    }: ScreenOptions = {},
  ) {
    const { NO_COLOR: _noColor, FORCE_COLOR: _forceColor, ...inherited } = process.env;
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
    this.#pty = spawn(node, [...program], {
      name: 'xterm-256color',
      cols: columns,
      rows,
      cwd: folder,
      env: { ...inherited, TERM: 'xterm-256color', ...environment },
    });
    this.#pty.onData((text) => {
      this.output += text;
      this.#terminal.write(text, () => this.#look());
    });
    // What the emulator answers to the program's questions.
    this.#terminal.onData((text) => this.#pty.write(text));
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        this.#running = false;
        // What it wrote last is shown first.
        this.#terminal.write('', () => {
          this.#look();
          resolve(exitCode);
        });
      });
    });
    this.#timer = setTimeout(() => this.kill(), lifeMs);
  }

  get pid(): number {
    return this.#pty.pid;
  }

  kill(): void {
    clearTimeout(this.#timer);
    if (this.#running) this.#pty.kill('SIGKILL');
  }

  /** The screen's lines, without blanks at their ends. */
  lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, at) => {
      return active.getLine(active.viewportY + at)?.translateToString(true) ?? '';
    });
  }

  text(): string {
    return this.lines().join('\n');
  }

  /** The character, and whether it has colours or attributes, of each cell of a line. */
  cells(line: number) {
    const found = this.#terminal.buffer.active.getLine(this.#terminal.buffer.active.viewportY + line);
    return Array.from({ length: this.#terminal.cols }, (_, x) => {
      const cell = found?.getCell(x);
      return {
        text: cell?.getChars() ?? '',
        width: cell?.getWidth() ?? 1,
        foreground: cell === undefined || cell.isFgDefault() ? null : { rgb: cell.isFgRGB(), value: cell.getFgColor() },
        background: cell === undefined || cell.isBgDefault() ? null : { rgb: cell.isBgRGB(), value: cell.getBgColor() },
        bold: cell?.isBold() !== 0,
        dim: cell?.isDim() !== 0,
        inverse: cell?.isInverse() !== 0,
        underline: cell?.isUnderline() !== 0,
      };
    });
  }

  /** True: the program has the alternate screen; it is given back otherwise. */
  get alternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate';
  }

  /** True: pastes are announced, the mouse is reported. */
  get modes() {
    const { bracketedPasteMode, mouseTrackingMode, wraparoundMode } = this.#terminal.modes;
    return { bracketedPasteMode, mouse: mouseTrackingMode !== 'none', wraparoundMode };
  }

  type(...keys: readonly string[]): void {
    for (const key of keys) this.#pty.write(key);
  }

  paste(text: string): void {
    this.type(`\u001b[200~${text}\u001b[201~`);
  }

  /** Presses the left button on a cell, from 0. */
  click(x: number, y: number): void {
    this.type(`\u001b[<0;${x + 1};${y + 1}M`, `\u001b[<0;${x + 1};${y + 1}m`);
  }

  wheel(direction: 'up' | 'down', x: number, y: number): void {
    this.type(`\u001b[<${direction === 'up' ? 64 : 65};${x + 1};${y + 1}M`);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Where `text` stands on the screen first, in cells. Throws where it does not. */
  find(text: string): { readonly x: number; readonly y: number } {
    const y = this.lines().findIndex((line) => line.includes(text));
    if (y < 0) throw new Error(`no ${JSON.stringify(text)} on:\n${this.text()}`);
    const cells = this.cells(y).map((cell) => cell.text);
    let line = '';
    const starts = cells.map((cell) => {
      const at = line.length;
      line += cell === '' ? ' ' : cell;
      return at;
    });
    return { x: starts.indexOf((this.lines()[y] as string).indexOf(text)), y };
  }

  /** Waits until the screen is as wanted; rejects, with what is on it, when the program ends before or it takes too long. */
  shows(wanted: RegExp | ((screen: Screen) => boolean)): Promise<void> {
    return new Promise((resolve, reject) => {
      const holds = () => (wanted instanceof RegExp ? wanted.test(this.text()) : wanted(this));
      const failed = (why: string) => reject(new Error(`${why} without ${String(wanted)}:\n${this.text()}`));
      const timer = setTimeout(() => failed('too long'), WAIT_MS);
      const look = () => {
        if (holds()) {
          clearTimeout(timer);
          resolve();
        } else if (this.#running) {
          this.#looks.push(look);
        } else {
          clearTimeout(timer);
          failed('ended');
        }
      };
      look();
    });
  }

  #look(): void {
    for (const look of this.#looks.splice(0)) look();
  }
}
