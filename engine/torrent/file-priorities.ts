// Which files are wanted, and how much: a piece is as wanted as the most wanted file that has a byte in it. Pad files want nothing.

import type { FilePriority } from '../contract.ts';
import type { FileRange } from '../metainfo/magnet.ts';
import type { Metainfo } from '../metainfo/metainfo.ts';
import { PRIORITY_NORMAL, type Picker } from '../pieces/picker.ts';

export class FilePriorities {
  readonly #metainfo: Metainfo;
  readonly #picker: Picker;
  #files: FilePriority[];

  constructor(metainfo: Metainfo, picker: Picker) {
    this.#metainfo = metainfo;
    this.#picker = picker;
    this.#files = metainfo.files.map(() => PRIORITY_NORMAL);
  }

  /** One a file, a copy. */
  get values(): FilePriority[] {
    return [...this.#files];
  }

  set(file: number, priority: FilePriority): void {
    if (this.#files[file] === priority) return;
    this.#files[file] = priority;
    const { first, count } = this.#metainfo.geometry.piecesOfFile(file);
    this.#apply(first, count);
  }

  /** Only these files (BEP 53); an index that no file has means none. */
  select(ranges: readonly FileRange[]): void {
    this.setAll(
      this.#files.map((_, file) =>
        ranges.some(({ first, last }) => first <= file && file <= last) ? PRIORITY_NORMAL : 0,
      ),
    );
  }

  /** Every file at once: each piece is looked at once, however many files it holds. */
  setAll(files: readonly FilePriority[]): void {
    this.#files = [...files];
    if (files.some((priority) => priority !== PRIORITY_NORMAL)) this.#apply(0, this.#metainfo.geometry.pieceCount);
  }

  #apply(first: number, count: number): void {
    const { geometry, files } = this.#metainfo;
    for (let piece = first; piece < first + count; piece += 1) {
      let highest = 0;
      for (const { file } of geometry.spans(geometry.pieceOffset(piece), geometry.pieceLength(piece))) {
        if (!files[file]?.pad) highest = Math.max(highest, this.#files[file] as number);
      }
      this.#picker.setPriority(piece, highest);
    }
  }
}
