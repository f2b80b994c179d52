// One timer an owner, set anew as often as wished. Only a move to an earlier instant costs an event: a move to a later one is found out
// when the old event comes, which then goes on to the new instant.

import type { Clock } from './clock.ts';

const UNSET = Infinity;

// A row of numbers an owner, as a power of two.
const ROW_SHIFT = 2;
/** When it is to fire. */
const WANTED = 0;
/** Where the one valid event stands; events with another serial are void. */
const ARMED = 1;
const SERIAL = 2;

export class Timers {
  readonly #clock: Clock;
  readonly #kind: number;
  readonly #fire: (owner: number) => void;
  #rows = new Float64Array(0);

  /** `fire` is called at the instant last set, after which the timer is unset. */
  constructor(clock: Clock, fire: (owner: number) => void) {
    this.#clock = clock;
    this.#fire = fire;
    this.#kind = clock.kind((owner, serial) => this.#elapsed(owner, serial));
  }

  /** `at`: an instant in microseconds, one in the past counts as now; null: no timer. `owner`: a small dense integer. */
  set(owner: number, at: number | null): void {
    const row = owner << ROW_SHIFT;
    if (row >= this.#rows.length) this.#grow(owner);
    const wanted = at === null ? UNSET : Math.max(at, this.#clock.now);
    this.#rows[row | WANTED] = wanted;
    if (wanted < (this.#rows[row | ARMED] as number)) this.#arm(row, wanted);
  }

  #arm(row: number, at: number): void {
    const serial = ((this.#rows[row | SERIAL] as number) + 1) | 0;
    this.#rows[row | SERIAL] = serial;
    this.#rows[row | ARMED] = at;
    this.#clock.schedule(at, this.#kind, row >> ROW_SHIFT, serial);
  }

  #elapsed(owner: number, serial: number): void {
    const row = owner << ROW_SHIFT;
    if (serial !== this.#rows[row | SERIAL]) return;
    this.#rows[row | ARMED] = UNSET;
    const wanted = this.#rows[row | WANTED] as number;
    if (wanted === UNSET) return;
    if (wanted > this.#clock.now) return this.#arm(row, wanted);
    this.#rows[row | WANTED] = UNSET;
    this.#fire(owner);
  }

  #grow(owner: number): void {
    const rows = new Float64Array(Math.max(64, (owner + 1) * 2) << ROW_SHIFT);
    for (let row = this.#rows.length; row < rows.length; row += 1 << ROW_SHIFT)
      rows.fill(UNSET, row | WANTED, (row | ARMED) + 1);
    rows.set(this.#rows);
    this.#rows = rows;
  }
}
