// How far a sweep is, once in a while, and how fast it was.

import type { SimOutput } from '../output.ts';
import type { Outcome } from './outcome.ts';

const EVERY_MS = 10_000;

export class Progress {
  readonly #total: number;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #doneBefore: number;
  #done = 0;
  #failed = 0;
  #tookS = 0;
  #runsS = 0;

  constructor(total: number, doneBefore: number, output: SimOutput) {
    this.#total = total;
    this.#doneBefore = doneBefore;
    this.#timer = setInterval(() => output.err(this.#line()), EVERY_MS).unref();
  }

  done({ ok, wallS }: Outcome): void {
    this.#done += 1;
    this.#runsS += wallS;
    if (!ok) this.#failed += 1;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#tookS = this.#seconds();
  }

  /** One line, after the end. */
  rate(threads: number): string {
    const perRun = this.#done === 0 ? '' : `, ${((1000 * this.#runsS) / this.#done).toFixed(1)} ms each`;
    return `${this.#done} runs in ${this.#tookS.toFixed(1)} s on ${threads} ${threads === 1 ? 'thread' : 'threads'}: ${(this.#done / this.#tookS).toFixed(1)} a second${perRun}; ${this.#failed === 0 ? 'all held' : `${this.#failed} failed`}`;
  }

  #line(): string {
    const rate = this.#done / this.#seconds();
    return `${this.#doneBefore + this.#done} of ${this.#total} runs, ${this.#failed} failed, ${rate.toFixed(1)} a second`;
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}
