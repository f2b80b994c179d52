// Which waits a tracker can make us keep: it may lie, or be broken, and neither hammers it nor forgets it.

/** More often than this we ask nobody, whatever the tracker says: 0 and negative intervals too (libtorrent keeps a floor as well). */
const INTERVAL_S_MIN = 30;
/** A tracker that wants to be asked less often than daily is mistaken. */
const INTERVAL_S_MAX = 86_400;
/** A minimum holds even while nobody is there to download from. Trackers name at most an hour in earnest: twice that is kept. */
const MIN_INTERVAL_S_MAX = 7_200;

/** The interval to keep, in seconds, for the one that a tracker named. */
export function clampInterval(seconds: number): number {
  return clamp(seconds, INTERVAL_S_MAX);
}

/** The least interval to keep, in seconds, for the one that a tracker named. */
export function clampMinInterval(seconds: number): number {
  return clamp(seconds, MIN_INTERVAL_S_MAX);
}

function clamp(seconds: number, mostS: number): number {
  return seconds >= INTERVAL_S_MIN ? Math.min(seconds, mostS) : INTERVAL_S_MIN;
}
