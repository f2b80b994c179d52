// Whose are the files that lie where a torrent's are to be: what is not the torrent's is never overwritten without the user's word.
//
// A file is the torrent's when a piece with a byte of it is good. One that is empty has nothing to lose.

import type { Geometry, Metainfo } from '#engine';

/** `bits`: high bit first. */
function hasBit(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3] as number) & (0x80 >> (index & 7))) !== 0;
}

function anyPiece(geometry: Geometry, file: number, from: number, bits: Uint8Array): boolean {
  const { first, count } = geometry.piecesOfFile(file);
  for (let piece = Math.max(first, from); piece < first + count; piece += 1) if (hasBit(bits, piece)) return true;
  return false;
}

/** Indexes of files that are there and of which no piece is good. `lengths`: as found, −1 where missing. `have`: the good pieces after a check. */
export function foreignFiles({ files, geometry }: Metainfo, lengths: readonly number[], have: Uint8Array): number[] {
  return files.flatMap(({ pad, lengthBytes }, index) =>
    pad || lengthBytes === 0 || (lengths[index] ?? -1) <= 0 || anyPiece(geometry, index, 0, have) ? [] : [index],
  );
}

/** Indexes of files that are gone, or shorter than `have`, the pieces that are had, says. */
export function lostFiles({ files, geometry }: Metainfo, lengths: readonly number[], have: Uint8Array): number[] {
  return files.flatMap(({ pad, lengthBytes }, index) => {
    const present = Math.max(0, lengths[index] ?? -1);
    if (pad || present >= lengthBytes) return [];
    const cut = Math.floor((geometry.fileOffset(index) + present) / geometry.pieceLengthBytes);
    return anyPiece(geometry, index, cut, have) ? [index] : [];
  });
}

/** Something lies where the torrent's files are to be. */
export function anythingThere({ files }: Metainfo, lengths: readonly number[]): boolean {
  return files.some(({ pad, lengthBytes }, index) => !pad && lengthBytes > 0 && (lengths[index] ?? -1) > 0);
}
