// Every fault that struck a run, in the order in which it did: what reports draw on the time line and what a run's digest includes.
// The list is bounded; how often each kind struck is counted without a bound.

import type { Trace } from '#harness';
import { FAULT_SITES } from './fault-point.ts';

/** Kinds of fault by where they strike. `heal` ends all that lasts; a fault point has the kind of its site. */
export const FAULT_KINDS = [
  'partition',
  'oneWayPartition',
  'reset',
  'refused',
  'unreachable',
  'latency',
  'jitter',
  'loss',
  'trackerSilent',
  'trackerError',
  'slowDisk',
  'diskFull',
  'failedRead',
  'failedWrite',
  'failedSync',
  'failedSave',
  'tornWrite',
  'corruptRead',
  'corruptWrite',
  'misdirectedWrite',
  'shortRead',
  'lostWrites',
  'bitRot',
  'crash',
  'restart',
  'pause',
  'resume',
  'leave',
  'lie',
  'heal',
  ...FAULT_SITES.map((site) => `${site}Point` as const),
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultRecord {
  /** Seconds of virtual time since the run began. */
  readonly atS: number;
  readonly kind: FaultKind;
  /** Index of the node that it struck, null where it struck no node in particular. */
  readonly node: number | null;
  /** Index of a second node, as at the other end of a connection or partition. */
  readonly other: number | null;
  /** When it ends by plan, null where it is over at once or lasts until `heal`. */
  readonly untilS: number | null;
}

/** Faults kept; later ones are counted and traced only. */
const RECORDS_MAX = 10_000;

export class FaultLog {
  readonly records: FaultRecord[] = [];
  readonly #counts = new Map<FaultKind, number>();
  readonly #trace: Trace;
  readonly #labels: ReadonlyMap<FaultKind, number>;

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#labels = new Map(FAULT_KINDS.map((kind) => [kind, trace.label(kind)]));
  }

  /** How often a kind struck. */
  count(kind: FaultKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  record(fault: FaultRecord): void {
    const { atS, kind, node, other } = fault;
    this.#counts.set(kind, this.count(kind) + 1);
    this.#trace.record(Math.round(atS * 1e6), this.#labels.get(kind) as number, node ?? -1, other ?? -1);
    if (this.records.length < RECORDS_MAX) this.records.push(fault);
  }
}
