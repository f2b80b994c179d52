// The virtual clock: it stands still while something happens and jumps to the next event. Nothing else moves time.

import { EventQueue } from './event-queue.ts';

/** What happens at an event of one kind; `a` and `b` are what was scheduled. */
export type EventHandler = (a: number, b: number) => void;

export class Clock {
  /** Integer microseconds since the run began. */
  now = 0;
  /** Events that have happened. */
  eventCount = 0;
  readonly #queue = new EventQueue();
  readonly #handlers: EventHandler[] = [];

  /** Events scheduled and not yet happened. */
  get outstanding(): number {
    return this.#queue.size;
  }

  /** Registers a kind of event, at most 256 a clock. */
  kind(handler: EventHandler): number {
    return this.#handlers.push(handler) - 1;
  }

  /** `at`: integer microseconds, not before `now`; `a`, `b`: signed 32-bit integers. Nothing is allocated. */
  schedule(at: number, kind: number, a: number, b: number): void {
    this.#queue.push(at, kind, a, b);
  }

  /** Lets everything up to `until` happen, inclusive, then stands at `until`; with `stop`, ends earlier after the event that made it
   *  true and returns true. */
  run(until: number, stop?: () => boolean): boolean {
    const queue = this.#queue;
    const handlers = this.#handlers;
    while (queue.pop(until)) {
      this.now = queue.at;
      this.eventCount += 1;
      (handlers[queue.kind] as EventHandler)(queue.a, queue.b);
      if (stop?.()) return true;
    }
    this.now = Math.max(this.now, until);
    return false;
  }
}
