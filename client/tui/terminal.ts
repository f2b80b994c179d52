// The user's terminal: taken over while the UI runs, and given back as it was, however that ends.
//
// Always: alternate screen, raw mode, mouse, bracketed paste, cursor and line wrapping are restored on leaving, on suspending, when our own
// code throws, and when the process ends in any way that it notices.

import { writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { ReadStream, WriteStream } from 'node:tty';
import { Input, type InputEvent } from './input.ts';

// Alternate screen, no line wrapping, mouse buttons and wheel as SGR reports, bracketed paste.
const TAKE = '\u001b[?1049h\u001b[?7l\u001b[?1000h\u001b[?1006h\u001b[?2004h\u001b[?25l\u001b[2J';
const GIVE_BACK = '\u001b[?2004l\u001b[?1006l\u001b[?1000l\u001b[?7h\u001b[?25h\u001b[0m\u001b[?1049l';
const STDOUT = 1;
/** What follows an Escape later than this is another key: local terminals send a sequence at once, slow lines within this. */
const ESCAPE_MS = 50;
const SUSPEND_MS = 200;

export interface TerminalEvents {
  readonly input: (event: InputEvent) => void;
  readonly resized: (columns: number, rows: number) => void;
  /** The screen shows something else now, or nothing. */
  readonly lost: () => void;
  /** The terminal is gone. */
  readonly closed: () => void;
}

export class Terminal {
  readonly #stdin: ReadStream;
  readonly #stdout: WriteStream;
  readonly #events: TerminalEvents;
  readonly #input = new Input();
  readonly #decoder = new StringDecoder('utf8');
  #escape: NodeJS.Timeout | null = null;
  #taken = false;
  #closed = false;

  constructor(stdin: ReadStream, stdout: WriteStream, events: TerminalEvents) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#events = events;
    stdin.on('data', (chunk: Buffer) => this.#received(this.#decoder.write(chunk)));
    stdin.on('end', events.closed);
    stdin.on('error', events.closed);
    stdout.on('error', events.closed);
    stdout.on('resize', () => events.resized(this.columns, this.rows));
    process.on('exit', this.giveBack);
    process.on('SIGCONT', this.#continued);
  }

  get columns(): number {
    return this.#stdout.columns || 80;
  }

  get rows(): number {
    return this.#stdout.rows || 24;
  }

  take(): void {
    this.#taken = true;
    this.#stdin.setRawMode(true);
    this.#stdin.resume();
    this.#stdout.write(TAKE);
  }

  write(text: string): void {
    if (this.#taken) this.#stdout.write(text);
  }

  /** Safe at any time, more than once, and in an `exit` handler. */
  readonly giveBack = (): void => {
    if (!this.#taken) return;
    this.#taken = false;
    try {
      this.#stdin.setRawMode(false);
      writeSync(STDOUT, GIVE_BACK);
    } catch {
      // The terminal is gone, and with it what was to be restored.
    }
    this.#stdin.pause();
  };

  /** Back to the shell, as after Ctrl-Z; `lost` is called once it continues. */
  suspend(): void {
    this.giveBack();
    process.kill(process.pid, 'SIGTSTP');
    // Where no shell waits, the signal does nothing, and nothing will continue us.
    setTimeout(() => {
      if (!this.#taken && !this.#closed) this.#continued();
    }, SUSPEND_MS);
  }

  /** For good: no event comes after this. */
  close(): void {
    this.#closed = true;
    this.giveBack();
    if (this.#escape !== null) clearTimeout(this.#escape);
    process.off('exit', this.giveBack);
    process.off('SIGCONT', this.#continued);
    this.#stdin.removeAllListeners('data');
    this.#stdin.unref();
  }

  readonly #continued = (): void => {
    this.take();
    this.#events.resized(this.columns, this.rows);
    this.#events.lost();
  };

  #received(text: string): void {
    if (this.#escape !== null) clearTimeout(this.#escape);
    this.#escape = null;
    for (const event of this.#input.feed(text)) this.#events.input(event);
    if (!this.#input.waiting) return;
    this.#escape = setTimeout(() => {
      this.#escape = null;
      for (const event of this.#input.flush()) this.#events.input(event);
    }, ESCAPE_MS);
  }
}
