// Which of many yes-or-no cells changed in which interval of a run, small enough to keep for every peer and piece.
//
// A cell that changes back within an interval did not change in it. The same list steps through time in both directions: what was toggled
// going forward is toggled again going back.

import { ByteWriter } from './byte-writer.ts';

export class ToggleLog {
  /** Cells that changed in each interval so far, ascending, each once. */
  #intervals: Uint32Array[] = [];
  #open: number[] = [];

  /** A cell changed in the interval that is not cut yet. `cell`: an integer of 32 bits. */
  toggle(cell: number): void {
    this.#open.push(cell);
  }

  /** Ends an interval. */
  cut(): void {
    this.#intervals.push(oddOnes(Uint32Array.from(this.#open)));
    this.#open = [];
  }

  /** Makes one interval of every two; their number must be even. */
  halve(): void {
    this.#intervals = Array.from({ length: this.#intervals.length / 2 }, (_, index) => {
      const first = this.#intervals[2 * index] as Uint32Array;
      const second = this.#intervals[2 * index + 1] as Uint32Array;
      const both = new Uint32Array(first.length + second.length);
      both.set(first);
      both.set(second, first.length);
      return oddOnes(both);
    });
  }

  /** Base64 of LEB128 integers: for each interval the number of cells, then each cell less the one before it. */
  encode(): string {
    const writer = new ByteWriter();
    for (const cells of this.#intervals) {
      writer.integer(cells.length);
      let before = 0;
      for (const cell of cells) {
        writer.integer(cell - before);
        before = cell;
      }
    }
    return writer.base64();
  }
}

/** The values that stand in `cells` an odd number of times, ascending. `cells` is moved. */
function oddOnes(cells: Uint32Array): Uint32Array {
  cells.sort();
  let kept = 0;
  for (const cell of cells) {
    if (kept > 0 && cells[kept - 1] === cell) kept -= 1;
    else {
      cells[kept] = cell;
      kept += 1;
    }
  }
  return cells.slice(0, kept);
}
