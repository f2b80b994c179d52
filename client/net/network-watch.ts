// Notices that the network went away, came back or is another one, and that the machine slept.
//
// The system tells a program neither: an address that is gone leaves its connections standing until their peers are missed, minutes later, and
// a clock that does not count sleep (Linux) leaves every deadline as far away as before. So both are looked at every few seconds.

import { networkInterfaces } from 'node:os';

const LOOK_MS = 3_000;
/** The clock on the wall went ahead of the one that counts work by so much: the machine slept, or somebody set it, which costs little. */
const SLEPT_MS = 30_000;

export interface NetworkEvents {
  /** These addresses of the machine are gone: what was connected from them is lost. */
  addressesLost(addresses: ReadonlySet<string>): void;
  /** There are addresses that were not there before. */
  addressesFound(): void;
  /** So long that no connection can have survived. */
  slept(): void;
}

/** What the watch looks at; tests give it their own. */
export interface Surroundings {
  /** Throws where the system does not say. */
  readonly addresses: () => ReadonlySet<string>;
  readonly wallMs: () => number;
  readonly workMs: () => number;
}

export class NetworkWatch {
  readonly #events: NetworkEvents;
  readonly #surroundings: Surroundings;
  #present: ReadonlySet<string> = new Set();
  /** Not there at the last look, but at the one before: a cable that is only touched loses nothing. */
  #missing: ReadonlySet<string> = new Set();
  #aheadMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(events: NetworkEvents, surroundings: Surroundings = SYSTEM) {
    this.#events = events;
    this.#surroundings = surroundings;
    this.#present = this.#addresses();
    this.#aheadMs = surroundings.wallMs() - surroundings.workMs();
  }

  start(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const aheadMs = this.#surroundings.wallMs() - this.#surroundings.workMs();
    const slept = aheadMs - this.#aheadMs >= SLEPT_MS;
    this.#aheadMs = aheadMs;
    const present = this.#addresses();
    const lost = new Set([...this.#missing].filter((address) => !present.has(address)));
    this.#missing = new Set([...this.#present].filter((address) => !present.has(address)));
    const found = [...present].some((address) => !this.#present.has(address));
    this.#present = present;
    if (lost.size > 0) this.#events.addressesLost(lost);
    if (slept) this.#events.slept();
    else if (found) this.#events.addressesFound();
  }

  /** As they were, where the system does not say: it may forbid it, or have no file free to tell by. */
  #addresses(): ReadonlySet<string> {
    try {
      return this.#surroundings.addresses();
    } catch {
      return this.#present;
    }
  }
}

const SYSTEM: Surroundings = {
  addresses: () =>
    new Set(
      Object.values(networkInterfaces()).flatMap((found) =>
        (found ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
      ),
    ),
  wallMs: () => Date.now(),
  workMs: () => performance.now(),
};
