// The last lines of a log, for people: bounded, oldest first.

import type { LogLine } from '../control/protocol.ts';

export class LogRing {
  readonly #linesMax: number;
  #lines: LogLine[] = [];

  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  add(level: LogLine['level'], text: string): void {
    this.#lines.push({ at: Date.now(), level, text });
    // Cut seldom: an array loses its first entries at the cost of all.
    if (this.#lines.length >= this.#linesMax * 2) this.#lines = this.#lines.slice(-this.#linesMax);
  }

  get lines(): readonly LogLine[] {
    return this.#lines.slice(-this.#linesMax);
  }
}
