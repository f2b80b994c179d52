// The order of the list: each torrent has a rank of its own, a number between those of its neighbours, so that a move changes one torrent.

/** The rank of what is put between two, null where there is none on that side; null: no number is left between them. */
export function rankBetween(before: number | null, after: number | null): number | null {
  if (before === null) return after === null ? 0 : after - 1;
  if (after === null) return before + 1;
  const middle = before + (after - before) / 2;
  return middle > before && middle < after ? middle : null;
}

export function compareRanks(
  a: { readonly rank: number; readonly key: string },
  b: { readonly rank: number; readonly key: string },
): number {
  return a.rank - b.rank || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
