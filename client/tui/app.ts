// Runs the UI: events in, frames out, effects carried out.
//
// Always: a key is drawn at the next turn of the loop, what is pushed at most some times a second, and nothing where nothing changed. The
// terminal is given back before anything else is said.

import type { ReadStream, WriteStream } from 'node:tty';
import type { Request, TorrentKey } from '../control/protocol.ts';
import { reasonOf } from '../failure.ts';
import type { Canvas } from './canvas.ts';
import { absolute, findPath, readFolder, readOffer } from './disk.ts';
import { drawFrame } from './draw.ts';
import type { InputEvent } from './input.ts';
import { Painter } from './painter.ts';
import { type Effect, type Event, initialState, type State } from './state.ts';
import { Terminal } from './terminal.ts';
import type { Theme } from './theme.ts';
import type { Units } from './format.ts';
import { update } from './update.ts';

/** The downloading process, as the UI needs it. */
export interface Core {
  readonly ask: (request: Request) => Promise<{ readonly error: string | null; readonly key: TorrentKey | null }>;
  /** Resolves once it ended, with what went wrong or null. */
  readonly ended: Promise<string | null>;
  /** Ends it without waiting. */
  readonly kill: () => void;
}

export interface Settings {
  readonly theme: Theme;
  readonly units: Units;
  readonly saveFolder: string;
}

export interface Outcome {
  readonly exitCode: number;
  /** For the shell, once the terminal is its own again. */
  readonly lastWord: string | null;
}

/** What is pushed is drawn at most this often. */
const PUSHED_FRAME_MS = 100;
const WHEEL_ROWS = 3;

export class App {
  readonly #core: Core;
  readonly #terminal: Terminal;
  readonly #painter = new Painter();
  readonly #tick: NodeJS.Timeout;
  #theme: Theme;
  #state: State;
  #canvas: Canvas | null = null;
  #drawn: State | null = null;
  #soon: NodeJS.Timeout | null = null;
  #now: NodeJS.Immediate | null = null;
  #finish: (outcome: Outcome) => void = () => undefined;
  readonly #outcome = new Promise<Outcome>((resolve) => {
    this.#finish = resolve;
  });

  constructor(core: Core, { theme, units, saveFolder }: Settings, stdin: ReadStream, stdout: WriteStream) {
    this.#core = core;
    this.#theme = theme;
    this.#terminal = new Terminal(stdin, stdout, {
      input: (event) => this.#input(event),
      resized: (columns, rows) => this.#urgently({ kind: 'resize', columns, rows }),
      lost: () => this.#redraw(),
      closed: () => this.#carryOut({ kind: 'leave', atOnce: false }),
    });
    const { columns, rows } = this.#terminal;
    this.#state = initialState({ columns, rows, units, saveFolder, browsed: process.cwd(), now: Date.now() });
    this.#tick = setInterval(() => this.happened({ kind: 'tick', now: Date.now() }), 1000);
  }

  /** Takes the terminal; resolves when the user left or the downloading process ended, with the terminal given back. */
  async run(): Promise<Outcome> {
    this.#terminal.take();
    this.#schedule(true);
    void this.#core.ended.then((error) => {
      const left = this.#state.leaving && error === null;
      this.#finish({ exitCode: left ? 0 : 1, lastWord: left ? null : (error ?? 'the downloading process ended') });
    });
    try {
      return await this.#outcome;
    } finally {
      clearInterval(this.#tick);
      this.#unschedule();
      this.#terminal.close();
    }
  }

  /** The theme, units or folder were changed. */
  configured({ theme, units, saveFolder }: Settings): void {
    this.#theme = theme;
    this.happened({ kind: 'settings', units, saveFolder });
  }

  /** Something was pushed, or answered: drawn soon. */
  happened(event: Event): void {
    this.#step(event);
    this.#schedule(false);
  }

  /** As if the user had asked to leave. */
  leave(): void {
    this.#urgently({ kind: 'press', key: 'ctrl-c' });
  }

  #urgently(event: Event): void {
    this.#step(event);
    this.#schedule(true);
  }

  #input(event: InputEvent): void {
    if (event.kind !== 'mouse') {
      this.#urgently({ kind: 'input', input: event });
      return;
    }
    const { x, y, action } = event;
    const found = action === 'press' ? this.#canvas?.clicked(x, y) : this.#canvas?.wheeled(x, y);
    if (found === null || found === undefined) return;
    if (found.kind === 'scroll') this.#urgently({ ...found, by: action === 'wheelUp' ? -WHEEL_ROWS : WHEEL_ROWS });
    else this.#urgently(found);
  }

  #step(event: Event): void {
    const { state, effects } = update(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #schedule(urgent: boolean): void {
    if (urgent) this.#now ??= setImmediate(this.#draw);
    else if (this.#now === null) this.#soon ??= setTimeout(this.#draw, PUSHED_FRAME_MS);
  }

  #unschedule(): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    if (this.#now !== null) clearImmediate(this.#now);
    this.#soon = null;
    this.#now = null;
  }

  readonly #draw = (): void => {
    this.#unschedule();
    if (this.#drawn === this.#state) return;
    this.#canvas = drawFrame(this.#state);
    this.#drawn = this.#state;
    this.#terminal.write(this.#painter.paint(this.#canvas, this.#theme));
  };

  #redraw(): void {
    this.#painter.forget();
    this.#drawn = null;
    this.#schedule(true);
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'ask':
        this.#ask(effect.request, effect.done);
        break;
      case 'readFolder':
        this.#later(readFolder(effect.folder, effect.hidden));
        break;
      case 'readTorrent':
        this.#later(readOffer(effect.path).then((offer): Event => ({ kind: 'torrentRead', offer })));
        break;
      case 'findPath':
        this.#later(findPath(effect.path));
        break;
      case 'leave':
        if (effect.atOnce) {
          this.#core.kill();
          this.#finish({ exitCode: 130, lastWord: null });
        } else {
          this.#ask({ call: 'leave' }, null);
        }
        break;
      case 'suspend':
        this.#terminal.suspend();
        break;
      case 'redraw':
        this.#redraw();
        break;
    }
  }

  #ask(request: Request, done: string | null): void {
    const whole = 'folder' in request ? { ...request, folder: absolute(request.folder) } : request;
    this.#later(this.#core.ask(whole).then(({ error, key }): Event => ({ kind: 'answered', done, error, key })));
  }

  #later(event: Promise<Event>): void {
    event.then(
      (happened) => this.#urgently(happened),
      (error: unknown) => this.#urgently({ kind: 'notice', level: 'error', text: reasonOf(error) }),
    );
  }
}
