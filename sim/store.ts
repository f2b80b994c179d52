// What one node's disk holds of one torrent, block by block: what was asked to be written, what of that is durable, and what the disk
// really gives back where it rotted. A crash undoes what was not synced. Timing and faults are the disk's.

import type { ResumeData, Stamp } from '#engine';
import type { TorrentContents } from './torrent-contents.ts';

export class Store {
  readonly contents: TorrentContents;
  /** What the last answered save left; survives everything. */
  resume: ResumeData | null = null;
  /** The torrent's metadata was kept; survives everything. */
  metadataKept = false;
  /** Stamps as written, 0 = never. Made at the first write; null with `#whole` is a complete honest copy. */
  #stamps: Uint32Array | null = null;
  #whole: boolean;
  /** Pieces that were found right and not touched since, 1 = so: they are asked for with every save. */
  readonly #right: Uint8Array;
  /** Writes in order since the last sync: the block and what it held before, one after the other. */
  readonly #unsynced: number[] = [];
  /** How many writes were ever made durable: the serial of the first entry of `#unsynced`. */
  #syncedCount = 0;
  /** Blocks that give back something else than was written, 0 = unreadable as content of a cut or missing file. */
  readonly #damage = new Map<number, Stamp>();
  readonly #fileLengths = new Map<number, number>();

  constructor(contents: TorrentContents, whole: boolean) {
    this.contents = contents;
    this.#right = new Uint8Array(contents.geometry.pieceCount);
    this.#whole = whole;
  }

  /** What a read gives now; 0 = nothing there. */
  read(index: number): Stamp {
    return this.#damage.get(index) ?? this.written(index);
  }

  /** What was last asked to be written; 0 = never. */
  written(index: number): Stamp {
    if (this.#stamps !== null) return this.#stamps[index] as number;
    return this.#whole ? this.contents.stamp(index) : 0;
  }

  write(index: number, stamp: Stamp): void {
    const stamps = this.#materialised();
    this.#unsynced.push(index, stamps[index] as number);
    stamps[index] = stamp;
    this.#damage.delete(index);
    this.#touched(index);
    if (this.#fileLengths.size > 0) this.#lengthen(index);
  }

  /** Writes made so far; what `syncUpTo` takes. */
  get writeCount(): number {
    return this.#syncedCount + this.#unsynced.length / 2;
  }

  /** Makes the first `count` writes durable. */
  syncUpTo(count: number): void {
    if (count <= this.#syncedCount) return;
    this.#unsynced.splice(0, 2 * (count - this.#syncedCount));
    this.#syncedCount = count;
  }

  /** Undoes unsynced writes, the latest first, but for those that `keeps` says reached the disk all the same. */
  crash(keeps: () => boolean): void {
    const stamps = this.#stamps;
    while (this.#unsynced.length > 0) {
      const before = this.#unsynced.pop() as Stamp;
      const index = this.#unsynced.pop() as number;
      if (stamps !== null && !keeps()) stamps[index] = before;
      this.#touched(index);
    }
  }

  /** The first block that a crash would change and that `concerns` the caller; −1: none. */
  findUnsynced(concerns: (index: number) => boolean): number {
    for (let at = 0; at < this.#unsynced.length; at += 2) {
      const index = this.#unsynced[at] as number;
      if (this.#unsynced[at + 1] !== this.written(index) && concerns(index)) return index;
    }
    return -1;
  }

  /** Whether every block of a piece stands here as the torrent wants it, as far as anyone could know. */
  holds(piece: number): boolean {
    const { contents } = this;
    if (this.#right[piece] === 1) return true;
    for (let block = 0; block < contents.geometry.blockCount(piece); block += 1)
      if (!this.isRight(contents.indexOf(piece, block))) return false;
    this.#right[piece] = 1;
    return true;
  }

  /** Whether a block was written as the torrent wants it, or gives that back: a disk that lies may do so in either way. */
  isRight(index: number): boolean {
    const stamp = this.contents.stamp(index);
    return this.written(index) === stamp || this.read(index) === stamp;
  }

  /** From now on a read of this block gives `stamp` (0 = nothing there), until it is written again. `index`: its place among all. */
  damage(index: number, stamp: Stamp): void {
    this.#damage.set(index, stamp);
    this.#touched(index);
  }

  /** Whether every block of every piece gives back what the torrent wants. */
  get intact(): boolean {
    for (let index = 0; index < this.contents.blockCount; index += 1)
      if (this.read(index) !== this.contents.stamp(index)) return false;
    return true;
  }

  /** Whether some block gives back something else than was written. */
  get damaged(): boolean {
    for (const [index, stamp] of this.#damage) if (stamp !== this.written(index)) return true;
    return false;
  }

  /** Bytes of the blocks that were ever written; a complete copy from the start counts none until it is written to. */
  writtenBytes(): number {
    const { geometry } = this.contents;
    let bytes = 0;
    if (this.#stamps === null) return bytes;
    for (let piece = 0; piece < geometry.pieceCount; piece += 1)
      for (let block = 0; block < geometry.blockCount(piece); block += 1)
        if (this.#stamps[this.contents.indexOf(piece, block)] !== 0) bytes += geometry.blockLength(piece, block);
    return bytes;
  }

  /** Cuts or lengthens a file, −1 removes it: what lies beyond its end is gone. */
  setFileLength(file: number, lengthBytes: number): void {
    const { geometry } = this.contents;
    this.#fileLengths.set(file, lengthBytes);
    const from = geometry.fileOffset(file) + Math.max(0, lengthBytes);
    const end = geometry.fileOffset(file) + geometry.fileLength(file);
    if (from >= end) return;
    const { first, count } = geometry.piecesOfFile(file);
    for (let piece = first; piece < first + count; piece += 1)
      for (let block = 0; block < geometry.blockCount(piece); block += 1) {
        const begin = geometry.pieceOffset(piece) + block * 16_384;
        if (begin < end && begin + geometry.blockLength(piece, block) > from)
          this.damage(this.contents.indexOf(piece, block), 0);
      }
  }

  /** Bytes of each file as a listing of the disk shows them, −1 where there is none. */
  fileLengths(): number[] {
    const { geometry } = this.contents;
    return Array.from(
      { length: geometry.fileCount },
      (_, file) => this.#fileLengths.get(file) ?? this.#writtenLength(file),
    );
  }

  /** A write beyond the end of a file that was cut lengthens it. */
  #lengthen(index: number): void {
    const { geometry } = this.contents;
    const piece = Math.floor(index / geometry.blocksPerPiece);
    const block = index - piece * geometry.blocksPerPiece;
    const begin = geometry.pieceOffset(piece) + block * 16_384;
    for (const { file, offsetBytes, lengthBytes } of geometry.spans(begin, geometry.blockLength(piece, block))) {
      const length = this.#fileLengths.get(file);
      if (length !== undefined) this.#fileLengths.set(file, Math.max(length, offsetBytes + lengthBytes));
    }
  }

  #writtenLength(file: number): number {
    const { contents } = this;
    const { geometry } = contents;
    if (this.#stamps === null) return this.#whole ? geometry.fileLength(file) : -1;
    const { first, count } = geometry.piecesOfFile(file);
    const offset = geometry.fileOffset(file);
    const end = offset + geometry.fileLength(file);
    for (let piece = first + count - 1; piece >= first; piece -= 1)
      for (let block = geometry.blockCount(piece) - 1; block >= 0; block -= 1) {
        const begin = geometry.pieceOffset(piece) + block * 16_384;
        if (begin >= end || this.written(contents.indexOf(piece, block)) === 0) continue;
        const written = Math.min(end, begin + geometry.blockLength(piece, block)) - offset;
        if (written > 0) return written;
      }
    return count === 0 && geometry.fileLength(file) === 0 ? 0 : -1;
  }

  #touched(index: number): void {
    this.#right[this.contents.pieceOf(index)] = 0;
  }

  #materialised(): Uint32Array {
    if (this.#stamps !== null) return this.#stamps;
    const stamps = new Uint32Array(this.contents.blockCount);
    if (this.#whole) for (let index = 0; index < stamps.length; index += 1) stamps[index] = this.contents.stamp(index);
    this.#stamps = stamps;
    return stamps;
  }
}
