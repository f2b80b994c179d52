// Datagrams between the nodes of a network: each arrives once, later than others, twice or never, and nobody is told which.
//
// A datagram takes its turn on the sender's uplink and the receiver's downlink, behind what they carry. What is lost is not sent again.
// Always: sent + duplicated = delivered + lost + under way, counted in datagrams; what reaches a node that does not listen, or one
// beyond a partition, counts as lost. Streams are moved elsewhere (`network.ts`); only the lines are shared.

import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Trace } from '../trace.ts';
import type { Links } from './links.ts';

export interface DatagramFaults {
  /** Lost on the way besides what the lines lose, per million. */
  readonly lossPerMillion: number;
  /** Held back by up to `reorderUs`, so that later ones overtake; per million. */
  readonly reorderPerMillion: number;
  readonly reorderUs: number;
  /** Delivered twice, the second time up to `reorderUs` later; per million. */
  readonly duplicatePerMillion: number;
}

export const NO_DATAGRAM_FAULTS: DatagramFaults = {
  lossPerMillion: 0,
  reorderPerMillion: 0,
  reorderUs: 0,
  duplicatePerMillion: 0,
};

/** `bytes`: borrowed for the call. */
export type DatagramHandler = (to: number, from: number, bytes: Uint8Array) => void;

export interface DatagramOptions {
  readonly links: Links;
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  readonly faults?: Partial<DatagramFaults>;
  readonly handler: DatagramHandler;
}

/** The largest content of a datagram over IPv4. */
export const DATAGRAM_BYTES_MAX = 65_507;
/** What IPv4 and UDP put before the content: it takes room on the lines. */
const HEADER_BYTES = 28;

/** One copy under way. Slots are used again. */
interface Slot {
  from: number;
  to: number;
  lengthBytes: number;
  /** At least `lengthBytes` long. */
  bytes: Uint8Array;
}

export class Datagrams {
  /** Changed at will. */
  faults: DatagramFaults;
  sent = 0;
  duplicated = 0;
  delivered = 0;
  lost = 0;
  readonly #links: Links;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #handler: DatagramHandler;
  readonly #slots: Slot[] = [];
  readonly #free: number[] = [];
  /** 1: takes datagrams; by node. */
  #listening = new Uint8Array(64);
  readonly #arrived: number;
  readonly #through: number;
  readonly #traceDelivered: number;
  readonly #traceLost: number;

  constructor({ links, clock, random, trace, faults, handler }: DatagramOptions) {
    this.#links = links;
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
    this.#handler = handler;
    this.faults = { ...NO_DATAGRAM_FAULTS, ...faults };
    this.#arrived = clock.kind((slot) => this.#onArrived(slot));
    this.#through = clock.kind((slot) => this.#onThrough(slot));
    this.#traceDelivered = trace.label('datagram delivered');
    this.#traceLost = trace.label('datagram lost');
  }

  get underWay(): number {
    return this.#slots.length - this.#free.length;
  }

  /** Whether `node` takes what arrives; at first nobody does. */
  setListening(node: number, on: boolean): void {
    if (node >= this.#listening.length) {
      const listening = new Uint8Array(node * 2);
      listening.set(this.#listening);
      this.#listening = listening;
    }
    this.#listening[node] = on ? 1 : 0;
  }

  /** `bytes`: copied, at most DATAGRAM_BYTES_MAX (RangeError). */
  send(from: number, to: number, bytes: Uint8Array): void {
    if (bytes.length > DATAGRAM_BYTES_MAX) throw new RangeError(`no datagram holds ${bytes.length} bytes`);
    this.sent += 1;
    const { lossPerMillion, duplicatePerMillion, reorderPerMillion } = this.faults;
    const random = this.#random;
    const leftAt = this.#links.sendQueued(from, bytes.length + HEADER_BYTES, this.#clock.now);
    const lost = this.#links.loses(from, to, bytes.length + HEADER_BYTES, random) || random.chance(lossPerMillion);
    const late = random.chance(reorderPerMillion);
    const twice = random.chance(duplicatePerMillion);
    if (lost) this.#lose(to);
    else this.#depart(from, to, bytes, leftAt, late);
    if (!twice) return;
    this.duplicated += 1;
    this.#depart(from, to, bytes, leftAt, true);
  }

  #depart(from: number, to: number, bytes: Uint8Array, leftAt: number, late: boolean): void {
    const links = this.#links;
    const heldUs = late ? this.#random.below(this.faults.reorderUs + 1) : 0;
    const at = leftAt + links.latencyBetween(from, to) + links.jitter(from, to, this.#random) + heldUs;
    this.#clock.schedule(Math.ceil(at), this.#arrived, this.#take(from, to, bytes), 0);
  }

  #onArrived(index: number): void {
    const { from, to, lengthBytes } = this.#slots[index] as Slot;
    if (this.#listening[to] !== 1 || this.#links.blocked(from, to)) {
      this.#free.push(index);
      this.#lose(to);
      return;
    }
    const at = Math.ceil(this.#links.receiveQueued(to, lengthBytes + HEADER_BYTES, this.#clock.now));
    if (at > this.#clock.now) this.#clock.schedule(at, this.#through, index, 0);
    else this.#onThrough(index);
  }

  #onThrough(index: number): void {
    const { from, to, lengthBytes, bytes } = this.#slots[index] as Slot;
    if (this.#listening[to] !== 1) {
      this.#free.push(index);
      this.#lose(to);
      return;
    }
    this.delivered += 1;
    this.#trace.record(this.#clock.now, this.#traceDelivered, to, lengthBytes);
    this.#handler(to, from, bytes.subarray(0, lengthBytes));
    // Only now may another datagram be written there: the handler reads it, and may send.
    this.#free.push(index);
  }

  #lose(to: number): void {
    this.lost += 1;
    this.#trace.record(this.#clock.now, this.#traceLost, to, 0);
  }

  #take(from: number, to: number, bytes: Uint8Array): number {
    const index = this.#free.pop() ?? this.#slots.length;
    const slot = this.#slots[index] ?? { from, to, lengthBytes: 0, bytes: new Uint8Array(0) };
    this.#slots[index] = slot;
    if (slot.bytes.length < bytes.length) slot.bytes = new Uint8Array(bytes.length);
    slot.bytes.set(bytes);
    slot.from = from;
    slot.to = to;
    slot.lengthBytes = bytes.length;
    return index;
  }

  /** Throws where a datagram is unaccounted for. */
  checkConservation(): void {
    const made = this.sent + this.duplicated;
    const found = this.delivered + this.lost + this.underWay;
    if (made !== found) throw new Error(`${made} datagrams were sent or doubled, ${found} are accounted for`);
  }
}
