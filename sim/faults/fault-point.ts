// One fault at one place of a run: the N-th write, read, sync, save, hash, check, message or tracker reply fails, is torn, or takes its node
// down. A run counts its places as it passes them, so a first run without a fault says how many there are, and a second with the same seed
// is the same up to the place that is struck. Knows no scenario.

/** Where a fault can strike. A `message` is what one event of the network hands to a node, a `reply` the answer of a tracker. */
export const FAULT_SITES = ['write', 'read', 'sync', 'save', 'hash', 'check', 'message', 'reply'] as const;
export type FaultSite = (typeof FAULT_SITES)[number];

/** `fail`: it fails as a whole (a message: the connection breaks before it; a reply: the tracker's error). `tear`: a first part of it takes
 *  place, then it fails. `crash`: its node loses power in the middle of it and starts again. */
export type FaultEffect = 'fail' | 'tear' | 'crash';

/** What each site can suffer. A save is atomic, a hash has no parts, and half an answer of a tracker is an error like any other. */
export const EFFECTS: { readonly [S in FaultSite]: readonly FaultEffect[] } = {
  write: ['fail', 'tear', 'crash'],
  read: ['fail', 'crash'],
  sync: ['fail', 'tear', 'crash'],
  save: ['fail', 'crash'],
  hash: ['fail', 'crash'],
  check: ['fail', 'tear', 'crash'],
  message: ['fail', 'tear', 'crash'],
  reply: ['fail', 'crash'],
};

export interface FaultPoint {
  readonly site: FaultSite;
  /** Counted from 1 over all nodes of the run. */
  readonly number: number;
  readonly effect: FaultEffect;
}

/** Counts the places of a run and says which is struck. */
export class FaultPoints {
  readonly #counts = new Int32Array(FAULT_SITES.length);
  readonly #point: FaultPoint | null;

  constructor(point: FaultPoint | null) {
    this.#point = point;
  }

  /** Places of this kind that were passed so far. */
  count(site: FaultSite): number {
    return this.#counts[placeOf(site)] as number;
  }

  /** The next place of this kind is reached: what strikes it, null = nothing. */
  pass(site: FaultSite): FaultEffect | null {
    const place = placeOf(site);
    const number = (this.#counts[place] as number) + 1;
    this.#counts[place] = number;
    const point = this.#point;
    return point !== null && point.site === site && point.number === number ? point.effect : null;
  }
}

/** Its place in FAULT_SITES, without a table: it is asked for with every message. */
function placeOf(site: FaultSite): number {
  switch (site) {
    case 'write':
      return 0;
    case 'read':
      return 1;
    case 'sync':
      return 2;
    case 'save':
      return 3;
    case 'hash':
      return 4;
    case 'check':
      return 5;
    case 'message':
      return 6;
    case 'reply':
      return 7;
  }
}

export function faultPointText({ site, number, effect }: FaultPoint): string {
  return `${site}:${number}:${effect}`;
}

/** Reads `SITE:NUMBER:EFFECT`. A string that comes back as `error` is one line for the user. */
export function readFaultPoint(text: string): FaultPoint | { readonly error: string } {
  const [site = '', number = '', effect = '', ...rest] = text.split(':');
  if (!isSite(site)) return { error: `no fault site "${site}"; there are: ${FAULT_SITES.join(', ')}` };
  if (!/^[1-9]\d{0,9}$/.test(number)) return { error: `"${text}": a fault point is SITE:NUMBER:EFFECT, from number 1` };
  const known = EFFECTS[site].find((each) => each === effect);
  if (known === undefined || rest.length > 0)
    return { error: `a ${site} can suffer ${EFFECTS[site].join(', ')}, not "${[effect, ...rest].join(':')}"` };
  return { site, number: Number(number), effect: known };
}

function isSite(text: string): text is FaultSite {
  return FAULT_SITES.some((site) => site === text);
}
