// What a running transfer tells: one line that is redrawn on a terminal, plain lines elsewhere, or JSON lines.
//
// Always: the redrawn line is one row, and gives way to every other line; untrusted text is made safe.

import type { TorrentStatus } from '#engine';
import { fittingLine, plainLine, secondsLeft } from './progress-line.ts';
import { formatPercent } from './units.ts';
import { jsonLine, printable } from '#harness/untrusted-text';

const TERMINAL_INTERVAL_MS = 500;
const JSON_INTERVAL_MS = 1_000;
const PLAIN_INTERVAL_MS = 5_000;
const CLEAR_LINE = '\r\x1b[K';
/** Never written to: the terminal echoes `^C` there, and a cursor beyond the last cell has wrapped. */
const CELLS_KEPT_FREE = 3;

/** A fact for the user, beside the regular figures. `text` is the line for people. */
export interface Notice {
  readonly event: 'started' | 'metadata' | 'checked' | 'completed' | 'error' | 'recovered' | 'leaving' | 'stopped';
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class Progress {
  readonly #style: 'json' | 'terminal' | 'plain';
  readonly #status: () => TorrentStatus | null;
  #timer: NodeJS.Timeout | undefined;
  #lastPlain = '';
  /** Cells of the line that stands on the terminal and is going to be redrawn. */
  #drawnCells = 0;
  readonly #resized = () => this.#redrawAfterResize();

  /** `status` is asked whenever a line is due. */
  constructor(json: boolean, status: () => TorrentStatus | null) {
    const redrawable = process.stdout.isTTY && process.env['TERM'] !== 'dumb';
    this.#style = json ? 'json' : redrawable ? 'terminal' : 'plain';
    this.#status = status;
  }

  start(): void {
    const intervals = { json: JSON_INTERVAL_MS, terminal: TERMINAL_INTERVAL_MS, plain: PLAIN_INTERVAL_MS };
    this.#timer = setInterval(() => this.show(), intervals[this.#style]);
    if (this.#style === 'terminal') process.stdout.on('resize', this.#resized);
  }

  /** Leaves the cursor at the start of an empty line. */
  stop(): void {
    clearInterval(this.#timer);
    process.stdout.off('resize', this.#resized);
    this.clearLine();
  }

  notice({ event, text, fields }: Notice): void {
    this.clearLine();
    process.stdout.write(this.#style === 'json' ? jsonLine({ event, ...fields }) : `${text}\n`);
  }

  /** Takes the redrawn line away, so that others can write; the next `show` draws it again. */
  clearLine(): void {
    if (this.#drawnCells > 0) process.stdout.write(CLEAR_LINE);
    this.#drawnCells = 0;
  }

  show(): void {
    const status = this.#status();
    if (status === null) return;
    if (this.#style === 'json') process.stdout.write(jsonLine({ event: 'progress', ...figures(status) }));
    else if (this.#style === 'terminal') this.#draw(status);
    else this.#showPlain(plainLine(status));
  }

  #draw(status: TorrentStatus): void {
    const text = fittingLine(status, Math.max(0, columns() - CELLS_KEPT_FREE));
    process.stdout.write(CLEAR_LINE + text);
    this.#drawnCells = text.length;
  }

  /** A terminal that became narrower has folded the line: its upper rows are cleared too. */
  #redrawAfterResize(): void {
    const rowsAbove = Math.ceil(this.#drawnCells / columns()) - 1;
    if (rowsAbove > 0) process.stdout.write(`\r\x1b[${rowsAbove}A\x1b[J`);
    this.show();
  }

  /** A line that says nothing new is left out. */
  #showPlain(text: string): void {
    if (text !== this.#lastPlain) process.stdout.write(`${text}\n`);
    this.#lastPlain = text;
  }
}

function columns(): number {
  // A terminal that does not know its size says 0.
  return process.stdout.columns || 80;
}

function figures(status: TorrentStatus) {
  const { state, error, wantedBytes, haveBytes, flushedBytes, pieceCount, havePieces, checkedPieces, complete } =
    status;
  const { downloadedBytes, uploadedBytes, wastedBytes, corruptBytes, downloadBps, uploadBps } = status;
  return {
    state,
    error: error === null ? null : printable(error),
    percent: Number(formatPercent(haveBytes, wantedBytes)),
    wantedBytes,
    haveBytes,
    flushedBytes,
    pieceCount,
    havePieces,
    checkedPieces,
    complete,
    downloadedBytes,
    uploadedBytes,
    wastedBytes,
    corruptBytes,
    downloadBps,
    uploadBps,
    metadata: status.metadata,
    peers: status.peers.length,
    seeds: status.peers.filter((peer) => peer.seed).length,
    secondsLeft: secondsLeft(status),
  };
}
