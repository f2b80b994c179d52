// What happened, as one number. Two runs are the same exactly when their digests are; where they differ, the first checkpoint that differs
// says which events to keep in another run of both, and the kept events tell where first.
//
// Every event mixes four numbers into two 32-bit lanes with different constants. Keeping events is off by default and changes no digest.

export interface TraceEvent {
  /** Place in the run, from 0. */
  readonly index: number;
  readonly at: number;
  readonly label: string;
  readonly a: number;
  readonly b: number;
}

/** Which events of a run are kept with their labels. */
export interface TraceWindow {
  readonly from: number;
  readonly count: number;
}

/** Events from one checkpoint to the next. */
export const CHECKPOINT_EVENTS = 4_096;
const FIELDS = 4;

export class Trace {
  /** Events recorded. */
  count = 0;
  /** The state of the digest after every `CHECKPOINT_EVENTS` events. */
  readonly checkpoints: number[] = [];
  #low = 0x6a09e667;
  #high = 0x3c6ef372 | 0;
  readonly #labels: string[] = [];
  readonly #from: number;
  readonly #until: number;
  readonly #kept: Float64Array;

  constructor(keep: TraceWindow | null = null) {
    this.#from = keep?.from ?? 0;
    this.#until = this.#from + (keep?.count ?? 0);
    this.#kept = new Float64Array((keep?.count ?? 0) * FIELDS);
  }

  /** Names a kind of event; the number that comes back goes to `record`. */
  label(text: string): number {
    return this.#labels.push(text) - 1;
  }

  /** Mixes one event in. `at` may exceed 2³²; `a` and `b` are integers of which the low 32 bits count. */
  record(at: number, label: number, a: number, b: number): void {
    let low = this.#low ^ at;
    low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d) + a;
    low = Math.imul(low ^ (low >>> 13), 0x297a2d39) + label;
    let high = (this.#high + b) | 0;
    high = Math.imul(high ^ (high >>> 16), 0x45d9f3b) ^ low;
    this.#low = (low ^ (high >>> 14)) | 0;
    this.#high = Math.imul(high, 0x5bd1e995) | 0;
    if (this.count >= this.#from && this.count < this.#until) this.#store(at, label, a, b);
    this.count += 1;
    if (this.count % CHECKPOINT_EVENTS === 0) this.checkpoints.push(this.#low);
  }

  /** 16 hexadecimal digits over everything recorded so far. */
  digest(): string {
    return hex(finish(this.#low ^ this.count)) + hex(finish(this.#high ^ Math.imul(this.count, 0x9e3779b1)));
  }

  /** The events kept, oldest first. */
  kept(): TraceEvent[] {
    const events: TraceEvent[] = [];
    for (let index = this.#from; index < Math.min(this.count, this.#until); index += 1) {
      const at = (index - this.#from) * FIELDS;
      events.push({
        index,
        at: this.#kept[at] as number,
        label: this.#labels[this.#kept[at + 1] as number] as string,
        a: this.#kept[at + 2] as number,
        b: this.#kept[at + 3] as number,
      });
    }
    return events;
  }

  #store(at: number, label: number, a: number, b: number): void {
    const slot = (this.count - this.#from) * FIELDS;
    this.#kept[slot] = at;
    this.#kept[slot + 1] = label;
    this.#kept[slot + 2] = a;
    this.#kept[slot + 3] = b;
  }
}

/** The first event at which two runs part, as one line that names both; null where the kept events agree. */
export function firstDifference(one: readonly TraceEvent[], other: readonly TraceEvent[]): string | null {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const left = describe(one[index]);
    const right = describe(other[index]);
    if (left !== right) return `${left} ≠ ${right}`;
  }
  return null;
}

function describe(event: TraceEvent | undefined): string {
  return event === undefined ? '(end)' : `#${event.index} ${event.at} µs ${event.label} ${event.a} ${event.b}`;
}

function finish(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function hex(lane: number): string {
  return lane.toString(16).padStart(8, '0');
}
