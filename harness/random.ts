// Chance from a seed. Every purpose forks a stream of its own, so that one more draw in one place shifts no other.
//
// A stream is named by its path of labels alone: the same path gives the same numbers, whatever was drawn before and elsewhere. Every draw
// can be told to a trace under that name.

import alea from 'seedrandom/lib/alea.js';

/** Hears of every draw of a stream and of those forked from it. */
export interface DrawListener {
  /** Names a stream at its first draw; the number that comes back goes to `drawn`. */
  label(text: string): number;
  /** `value`: 0 … 2³² − 1. */
  drawn(label: number, value: number): void;
}

const WORD = 2 ** 32;

export class Random {
  /** Names the stream: `new Random(path)` gives the same numbers. */
  readonly path: string;
  readonly #listener: DrawListener | null;
  /** Made at the first draw: most streams are only forked. */
  #generator: (() => number) | null = null;
  #label = 0;

  constructor(seed: string | number, listener: DrawListener | null = null) {
    this.path = String(seed);
    this.#listener = listener;
  }

  /** The stream of one purpose below this one. */
  fork(label: string): Random {
    return new Random(`${this.path}/${label.length}:${label}`, this.#listener);
  }

  /** Uniform in 0 … 2³² − 1. */
  uint32(): number {
    this.#generator ??= this.#begin();
    const value = this.#generator() >>> 0;
    this.#listener?.drawn(this.#label, value);
    return value;
  }

  /** Uniform integer in 0 … bound − 1, without bias; 1 ≤ bound ≤ 2³². */
  below(bound: number): number {
    const fair = WORD - (WORD % bound);
    let drawn = this.uint32();
    while (drawn >= fair) drawn = this.uint32();
    return drawn % bound;
  }

  /** True with a probability of `perMillion` / 1,000,000; draws nothing where that is 0. */
  chance(perMillion: number): boolean {
    return perMillion > 0 && this.below(1_000_000) < perMillion;
  }

  /** Uniform integer in `min` … `max`, both inclusive. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** One of the items, each as likely; the list must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Puts the items into a random order, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const item = items[last] as T;
      items[last] = items[other] as T;
      items[other] = item;
    }
    return items;
  }

  #begin(): () => number {
    this.#label = this.#listener?.label(`draw ${this.path.replaceAll(/\/\d+:/g, '/')}`) ?? 0;
    return alea(this.path).int32;
  }
}
