// How names are put in order: as people expect it, numbers by value, the same on every machine.

const COLLATOR = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Ascending. */
export function compareNames(a: string, b: string): number {
  return COLLATOR.compare(a.slice(0, 128), b.slice(0, 128));
}

/** Ascending by code units: for letters and words that are ours. */
export function compareCodes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
