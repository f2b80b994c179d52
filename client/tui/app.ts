// Runs the UI: events in, frames out, effects carried out.
//
// Always: a key is drawn at the next turn of the loop, what is pushed at most some times a second, and nothing where nothing changed. The
// terminal is given back before anything else is said.

import type { ReadStream, WriteStream } from 'node:tty';
import { isMagnet } from '#engine';
import { type Core, type CoreChange, DuplicateTorrent } from '../control/core.ts';
import type { Request } from '../control/protocol.ts';
import { reasonOf } from '../failure.ts';
import { absolute } from '../home-path.ts';
import type { Canvas } from './canvas.ts';
import { findPath, readFolder, readOffer } from './disk.ts';
import { drawFrame } from './draw.ts';
import type { InputEvent } from './input.ts';
import { Painter } from './painter.ts';
import { type Effect, type Event, initialState, type State } from './state.ts';
import { Terminal } from './terminal.ts';
import type { Theme } from './theme.ts';
import type { Units } from './format.ts';
import { update } from './update.ts';

/** The downloading process, as the UI needs it. */
export type CoreHandle = Pick<
  Core,
  'rows' | 'totals' | 'detail' | 'life' | 'ending' | 'listen' | 'start' | 'request' | 'leave'
>;

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
  readonly #core: CoreHandle;
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

  constructor(core: CoreHandle, { theme, units, saveFolder }: Settings, stdin: ReadStream, stdout: WriteStream) {
    this.#core = core;
    this.#theme = theme;
    this.#terminal = new Terminal(stdin, stdout, {
      input: (event) => this.#input(event),
      resized: (columns, rows) => this.#urgently({ kind: 'resize', columns, rows }),
      lost: () => this.#redraw(),
      closed: () => {
        if (!this.#state.leaving) this.leave();
      },
    });
    const { columns, rows } = this.#terminal;
    this.#state = initialState({ columns, rows, units, saveFolder, browsed: process.cwd(), now: Date.now() });
    this.#tick = setInterval(() => this.happened({ kind: 'tick', now: Date.now() }), 1000);
  }

  /** Starts the downloading process and takes the terminal; resolves when the user left or it could not start, with the terminal given back. */
  async run(): Promise<Outcome> {
    const deaf = this.#core.listen((change) => this.#changed(change));
    const broken = (error: Error) => this.#finish({ exitCode: 1, lastWord: error.stack ?? error.message });
    process.on('uncaughtException', broken);
    try {
      this.#terminal.take();
      this.#schedule(true);
      this.#core.start();
      return await this.#outcome;
    } finally {
      process.off('uncaughtException', broken);
      deaf();
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

  /** Offers something to add, as if it had been pasted; a path may be relative. */
  offer(source: string): void {
    const text = isMagnet(source) ? source : absolute(source);
    this.#urgently({ kind: 'input', input: { kind: 'paste', text } });
  }

  /** As if the user had asked to leave. */
  leave(): void {
    this.#urgently({ kind: 'press', key: 'ctrl-c' });
  }

  #changed(change: CoreChange): void {
    const { rows, totals, detail, life, ending } = this.#core;
    switch (change.kind) {
      case 'rows':
        this.happened({ kind: 'rows', rows: new Map(rows) });
        break;
      case 'totals':
        this.happened({ kind: 'totals', totals });
        break;
      case 'detail':
        if (detail !== null) this.happened({ kind: 'detail', detail });
        break;
      case 'notice':
        this.happened(change);
        break;
      case 'life':
        // What never ran says why to the shell; what ran before may be started again.
        if (life === 'ended' && (this.#state.life === 'starting' || this.#state.leaving))
          this.#finish({ exitCode: ending === null ? 0 : 1, lastWord: ending });
        this.happened({ kind: 'life', life, ending });
        break;
    }
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
        this.#later(this.#ask(effect.requests, effect.done));
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
        this.#leave(effect.atOnce);
        break;
      case 'restart':
        this.#core.start();
        break;
      case 'suspend':
        this.#terminal.suspend();
        break;
      case 'redraw':
        this.#redraw();
        break;
    }
  }

  /** At once: the channel ends with us, and the downloading process leaves in good order by itself. */
  #leave(atOnce: boolean): void {
    if (atOnce) this.#finish({ exitCode: 130, lastWord: null });
    else if (this.#core.life === 'ended') this.#finish({ exitCode: 0, lastWord: null });
    else void this.#core.leave();
  }

  async #ask(requests: readonly Request[], done: string | null): Promise<Event> {
    const settled = await Promise.allSettled(requests.map((request) => this.#core.request(placed(request))));
    const [first, ...others] = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    if (first === undefined) {
      const key = settled.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : []))[0];
      return { kind: 'answered', done, error: null, key: key ?? null };
    }
    const key = first instanceof DuplicateTorrent ? first.key : null;
    // A torrent that is gone is no longer watched: nobody asked for that in so many words.
    if (requests[0]?.call === 'watch') return { kind: 'answered', done: null, error: null, key };
    const count = requests.length === 1 ? '' : `${others.length + 1} of ${requests.length} failed: `;
    return { kind: 'answered', done: null, error: `${count}${reasonOf(first)}`, key };
  }

  #later(event: Promise<Event>): void {
    event.then(
      (happened) => this.#urgently(happened),
      (error: unknown) => this.#urgently({ kind: 'notice', level: 'error', text: reasonOf(error) }),
    );
  }
}

/** A folder as the downloading process needs it: it was started elsewhere. */
function placed(request: Request): Request {
  return 'folder' in request ? { ...request, folder: absolute(request.folder) } : request;
}
