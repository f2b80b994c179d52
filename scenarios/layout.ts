// How a torrent is cut into files: drawn from a number, by the lengths at which the arithmetic of pieces breaks.

import { BLOCK_LENGTH_BYTES } from '#engine';
import { Random } from '#harness';

/** Lengths at which arithmetic breaks: nothing, a byte, a block and a piece, each give or take one, and anything. */
export function layoutOf(knobs: { layout: number; files: number; padPercent: number; pieceKiB: number }): {
  fileLengths: number[];
  pads: boolean[];
  pieceKiB: number;
} {
  const { layout, files, padPercent, pieceKiB } = knobs;
  const random = new Random(layout);
  const pieceBytes = pieceKiB * 1024;
  const lengthOf = () => {
    const base = random.pick<number>([
      0,
      0,
      1,
      BLOCK_LENGTH_BYTES,
      pieceBytes,
      2 * pieceBytes,
      random.below(6 * pieceBytes),
    ]);
    return Math.max(0, base + random.between(-1, 1));
  };
  const fileLengths = Array.from({ length: files }, lengthOf);
  if (!fileLengths.some((length) => length > 0)) fileLengths[0] = 1;
  return { fileLengths, pads: fileLengths.map(() => random.below(100) < padPercent), pieceKiB };
}
