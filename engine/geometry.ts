// All piece arithmetic: where pieces, blocks and files begin and end. Nothing else in the project divides by a piece length.
//
// A torrent is one run of bytes. Pieces cut it every `pieceLengthBytes`, the last may be shorter; blocks cut a piece every 16 KiB,
// the last may be shorter; files cut the same run anywhere, may be empty, and may begin and end inside a piece.
// Offsets reach beyond 2³²: multiply and divide, never shift.

import { BLOCK_LENGTH_BYTES } from './limits.ts';

/** A run of bytes inside one file. */
export interface FileSpan {
  readonly file: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export class Geometry {
  readonly totalBytes: number;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  /** Blocks of every piece but the last. */
  readonly blocksPerPiece: number;
  readonly fileCount: number;
  /** Where each file begins, and one entry more: the end of the last. */
  readonly #fileOffsets: Float64Array;

  /** `fileLengths`: bytes of each file in the order of the torrent; their sum is the torrent's length. */
  constructor(pieceLengthBytes: number, fileLengths: readonly number[]) {
    const offsets = new Float64Array(fileLengths.length + 1);
    fileLengths.forEach((length, file) => {
      offsets[file + 1] = (offsets[file] as number) + length;
    });
    this.#fileOffsets = offsets;
    this.fileCount = fileLengths.length;
    this.totalBytes = offsets[fileLengths.length] as number;
    this.pieceLengthBytes = pieceLengthBytes;
    this.pieceCount = Math.ceil(this.totalBytes / pieceLengthBytes);
    this.blocksPerPiece = Math.ceil(pieceLengthBytes / BLOCK_LENGTH_BYTES);
  }

  pieceOffset(piece: number): number {
    return piece * this.pieceLengthBytes;
  }

  /** Length of one piece; the last is what remains. */
  pieceLength(piece: number): number {
    return piece < this.pieceCount - 1
      ? this.pieceLengthBytes
      : this.totalBytes - (this.pieceCount - 1) * this.pieceLengthBytes;
  }

  blockCount(piece: number): number {
    return piece < this.pieceCount - 1 ? this.blocksPerPiece : Math.ceil(this.pieceLength(piece) / BLOCK_LENGTH_BYTES);
  }

  blockLength(piece: number, block: number): number {
    return Math.min(BLOCK_LENGTH_BYTES, this.pieceLength(piece) - block * BLOCK_LENGTH_BYTES);
  }

  /** The block that a request names, or −1 where it names none exactly. */
  blockOf(piece: number, beginBytes: number, lengthBytes: number): number {
    if (piece >= this.pieceCount || beginBytes % BLOCK_LENGTH_BYTES !== 0) return -1;
    const block = beginBytes / BLOCK_LENGTH_BYTES;
    return block < this.blockCount(piece) && lengthBytes === this.blockLength(piece, block) ? block : -1;
  }

  fileOffset(file: number): number {
    return this.#fileOffsets[file] as number;
  }

  fileLength(file: number): number {
    return (this.#fileOffsets[file + 1] as number) - (this.#fileOffsets[file] as number);
  }

  /** First piece with a byte of the file, and how many pieces have one; an empty file has none. */
  piecesOfFile(file: number): { readonly first: number; readonly count: number } {
    const begin = this.fileOffset(file);
    const end = begin + this.fileLength(file);
    const first = Math.floor(begin / this.pieceLengthBytes);
    return { first, count: end === begin ? 0 : Math.ceil(end / this.pieceLengthBytes) - first };
  }

  /** Bytes that a piece and a file share. */
  overlapBytes(piece: number, file: number): number {
    const begin = Math.max(this.pieceOffset(piece), this.fileOffset(file));
    const end = Math.min(
      this.pieceOffset(piece) + this.pieceLength(piece),
      this.fileOffset(file) + this.fileLength(file),
    );
    return Math.max(0, end - begin);
  }

  /** The files that a run of the torrent's bytes falls into, in order; empty files are never among them. */
  spans(offsetBytes: number, lengthBytes: number): FileSpan[] {
    const spans: FileSpan[] = [];
    const end = Math.min(offsetBytes + lengthBytes, this.totalBytes);
    for (let at = offsetBytes, file = this.#fileAt(offsetBytes); at < end; file += 1) {
      const fileEnd = this.#fileOffsets[file + 1] as number;
      const spanEnd = Math.min(fileEnd, end);
      if (spanEnd > at) spans.push({ file, offsetBytes: at - this.fileOffset(file), lengthBytes: spanEnd - at });
      at = Math.max(at, spanEnd);
    }
    return spans;
  }

  /** The first file that ends after `offsetBytes`: the one that holds this byte. */
  #fileAt(offsetBytes: number): number {
    let low = 0;
    let high = this.fileCount - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#fileOffsets[middle + 1] as number) > offsetBytes) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
