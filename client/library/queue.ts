// Who may download now: of the torrents that want to, the first in the order of the list, as many as the user allows at once.
//
// Those that have all they want seed, and take nobody's place; one that the user paused, or that has a trouble, neither.

export interface Queued {
  /** The user wants it to run, and nothing is in its way. */
  readonly wantsToRun: boolean;
  /** It has everything that it wants. */
  readonly complete: boolean;
}

/** One answer a torrent, in the order given. `downloadsMax`: 0 = any number. */
export function whoRuns(torrents: readonly Queued[], downloadsMax: number): boolean[] {
  let places = downloadsMax === 0 ? Infinity : downloadsMax;
  return torrents.map(({ wantsToRun, complete }) => {
    if (!wantsToRun) return false;
    if (complete) return true;
    places -= 1;
    return places >= 0;
  });
}
