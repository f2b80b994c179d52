// What one frame shows: a grid of cells, and zones that know what a click in them means.
//
// Always: text enters through `put` alone, which makes it safe, keeps it inside its cells and never leaves half of a wide character.

import { clusters } from './cells.ts';
import type { Role } from './theme.ts';
import type { Event } from './state.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Zone extends Rect {
  readonly event: Event;
}

/** Follows a wide character: it has no text of its own. */
const CONTINUATION = '';

export class Canvas {
  readonly width: number;
  readonly height: number;
  /** One string a cell, row by row; '' after a wide character. */
  readonly texts: string[];
  readonly roles: Role[];
  /** Rows that hold a character about whose width terminals disagree. */
  readonly unsure: boolean[];
  /** Where typed text would go. */
  cursor: { readonly x: number; readonly y: number } | null = null;
  readonly #zones: Zone[] = [];
  readonly #wheels: Zone[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.texts = Array.from({ length: width * height }, () => ' ');
    this.roles = Array.from({ length: width * height }, () => 'text');
    this.unsure = Array.from({ length: height }, () => false);
  }

  /** Writes `text` from cell (x, y) on, in at most `cells` cells; answers how many it took. Outside of the grid nothing is written. */
  put(x: number, y: number, text: string, role: Role = 'text', cells = this.width - x): number {
    if (y < 0 || y >= this.height || x < 0) return 0;
    const end = Math.min(this.width, x + cells);
    let at = x;
    for (const cluster of clusters(text)) {
      if (at + cluster.cells > end) break;
      this.#set(at, y, cluster.text, role);
      if (cluster.cells === 2) this.#set(at + 1, y, CONTINUATION, role);
      if (!cluster.sure) this.unsure[y] = true;
      at += cluster.cells;
    }
    return at - x;
  }

  /** Gives all cells of `rect` a role and blanks them. */
  fill({ x, y, width, height }: Rect, role: Role, text = ' '): void {
    for (let row = y; row < y + height; row += 1) this.put(x, row, text.repeat(Math.max(0, width)), role, width);
  }

  /** A click in `rect` means `event`; the last zone on a cell counts. */
  zone(rect: Rect, event: Event): void {
    this.#zones.push({ ...rect, event });
  }

  /** The wheel over `rect` scrolls: `event` says what, and gets the direction. */
  wheel(rect: Rect, event: Event): void {
    this.#wheels.push({ ...rect, event });
  }

  /** Forgets all zones: what is under a dialog cannot be clicked. */
  clearZones(): void {
    this.#zones.length = 0;
    this.#wheels.length = 0;
  }

  clicked(x: number, y: number): Event | null {
    return find(this.#zones, x, y);
  }

  wheeled(x: number, y: number): Event | null {
    return find(this.#wheels, x, y);
  }

  /** One row as text, for tests and pictures. */
  line(y: number): string {
    return this.texts.slice(y * this.width, (y + 1) * this.width).join('');
  }

  #set(x: number, y: number, text: string, role: Role): void {
    const at = y * this.width + x;
    // Overwriting half of a wide character blanks the other half.
    if (text !== CONTINUATION && this.texts[at] === CONTINUATION && x > 0) this.texts[at - 1] = ' ';
    if (x + 1 < this.width && this.texts[at + 1] === CONTINUATION) this.texts[at + 1] = ' ';
    this.texts[at] = text;
    this.roles[at] = role;
  }
}

function find(zones: readonly Zone[], x: number, y: number): Event | null {
  const inside = (zone: Zone) => x >= zone.x && x < zone.x + zone.width && y >= zone.y && y < zone.y + zone.height;
  return zones.findLast(inside)?.event ?? null;
}
