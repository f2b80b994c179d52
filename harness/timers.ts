// One timer an owner, set anew as often as wished. Only a move to an earlier instant costs an event: a move to a later one is found out
// when the old event comes, which then goes on to the new instant.

import type { Clock } from './clock.ts';

const UNSET = Infinity;

export class Timers {
  readonly #clock: Clock;
  readonly #kind: number;
  readonly #fire: (owner: number) => void;
  #wanted = new Float64Array(64).fill(UNSET);
  /** Where the one valid event of an owner stands; events with another serial are void. */
  #armed = new Float64Array(64).fill(UNSET);
  #serial = new Int32Array(64);

  /** `fire` is called at the instant last set, after which the timer is unset. */
  constructor(clock: Clock, fire: (owner: number) => void) {
    this.#clock = clock;
    this.#fire = fire;
    this.#kind = clock.kind((owner, serial) => this.#elapsed(owner, serial));
  }

  /** `at`: an instant in microseconds, one in the past counts as now; null: no timer. `owner`: a small dense integer. */
  set(owner: number, at: number | null): void {
    if (owner >= this.#wanted.length) this.#grow(owner);
    const wanted = at === null ? UNSET : Math.max(at, this.#clock.now);
    this.#wanted[owner] = wanted;
    if (wanted < (this.#armed[owner] as number)) this.#arm(owner, wanted);
  }

  #arm(owner: number, at: number): void {
    const serial = ((this.#serial[owner] as number) + 1) | 0;
    this.#serial[owner] = serial;
    this.#armed[owner] = at;
    this.#clock.schedule(at, this.#kind, owner, serial);
  }

  #elapsed(owner: number, serial: number): void {
    if (serial !== this.#serial[owner]) return;
    this.#armed[owner] = UNSET;
    const wanted = this.#wanted[owner] as number;
    if (wanted === UNSET) return;
    if (wanted > this.#clock.now) return this.#arm(owner, wanted);
    this.#wanted[owner] = UNSET;
    this.#fire(owner);
  }

  #grow(owner: number): void {
    const capacity = Math.max(owner + 1, this.#wanted.length * 2);
    const wanted = new Float64Array(capacity).fill(UNSET);
    const armed = new Float64Array(capacity).fill(UNSET);
    const serial = new Int32Array(capacity);
    wanted.set(this.#wanted);
    armed.set(this.#armed);
    serial.set(this.#serial);
    this.#wanted = wanted;
    this.#armed = armed;
    this.#serial = serial;
  }
}
