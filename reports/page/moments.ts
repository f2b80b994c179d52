// Everything that happened at an instant and is worth telling: violations, faults, rare events, completions, in one list.

import type { RunRecord } from '#sim';

export interface Moment {
  readonly atS: number;
  /** When it ends by plan; null where it is over at once or nobody knows. */
  readonly untilS: number | null;
  readonly sort: 'violation' | 'fault' | 'event';
  /** What it is, in words: one lane of the time line. */
  readonly what: string;
  readonly node: number | null;
  readonly other: number | null;
  readonly detail: string;
}

/** In order of time. */
export function momentsOf(record: RunRecord): Moment[] {
  const violations = record.violations.map(
    ({ atS, text }): Moment => ({
      atS,
      untilS: null,
      sort: 'violation',
      what: 'violation',
      node: null,
      other: null,
      detail: text,
    }),
  );
  const faults = record.faults.map(
    ({ atS, untilS, kind, node, other }): Moment => ({
      atS,
      untilS,
      sort: 'fault',
      what: words(kind),
      node,
      other,
      detail: '',
    }),
  );
  const events = record.events.map(
    ({ atS, name, node, other, piece }): Moment => ({
      atS,
      untilS: null,
      sort: 'event',
      what: words(name),
      node,
      other,
      detail: piece === null ? '' : `piece ${piece}`,
    }),
  );
  return [...violations, ...faults, ...events].sort((a, b) => a.atS - b.atS);
}

/** `peerBanned` → `peer banned`. */
export function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
