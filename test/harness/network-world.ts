// A world for tests of the network alone: it notes what every end got, and reacts as a test asks.

import { Clock, type EndReason, type Link, Network, type NetworkHandler, Random, Trace } from '../../harness/index.ts';

export const LINK: Link = { upBps: 1e6, downBps: 1e6, latencyUs: 10_000, jitterUs: 0, lossPerMillion: 0 };

/** What one end received, in order: bytes as numbers 0 … 255, payload as `stamp:length` with adjoining parts joined. */
export interface Received {
  readonly items: (number | { stamp: number; lengthBytes: number })[];
}

export interface WorldOptions {
  readonly seed?: number;
  readonly windowBytesMax?: number;
  readonly cutPerMillion?: number;
}

export class World implements NetworkHandler {
  readonly clock = new Clock();
  readonly trace = new Trace();
  readonly network: Network;
  readonly log: string[] = [];
  readonly got = new Map<number, Received>();
  readonly payloadBytes = new Map<number, number>();
  readonly lastAt = new Map<number, number>();
  onConnected: (end: number) => void = () => {};
  onWritable: (end: number) => void = () => {};
  onPayload: (end: number, lengthBytes: number) => void = () => {};
  onReceived: (end: number, bytes: Uint8Array) => void = () => {};

  constructor(options: WorldOptions = {}) {
    this.network = new Network(this, {
      clock: this.clock,
      random: new Random(options.seed ?? 1).fork('network'),
      trace: this.trace,
      windowBytesMax: options.windowBytesMax ?? Infinity,
      cutPerMillion: options.cutPerMillion ?? 0,
      connectTimeoutUs: 5_000_000,
    });
  }

  /** Connects two nodes and waits until both ends know; returns the dialler's end. */
  connect(from: number, to: number): number {
    const end = this.network.connect(from, to);
    this.clock.run(this.clock.now + 3 * this.network.links.latencyBetween(from, to));
    return end;
  }

  connected(end: number): void {
    this.log.push(`${this.clock.now} connected ${end}`);
    this.got.set(end, { items: [] });
    this.onConnected(end);
  }

  disconnected(end: number, why: EndReason): void {
    this.log.push(`${this.clock.now} disconnected ${end} ${why}`);
  }

  writable(end: number): void {
    this.onWritable(end);
  }

  received(end: number, bytes: Uint8Array): void {
    this.got.get(end)!.items.push(...bytes);
    this.lastAt.set(end, this.clock.now);
    this.onReceived(end, bytes);
  }

  receivedPayload(end: number, stamp: number, lengthBytes: number): void {
    const items = this.got.get(end)!.items;
    const last = items.at(-1);
    if (typeof last === 'object' && last.stamp === stamp) last.lengthBytes += lengthBytes;
    else items.push({ stamp, lengthBytes });
    this.payloadBytes.set(end, (this.payloadBytes.get(end) ?? 0) + lengthBytes);
    this.lastAt.set(end, this.clock.now);
    this.onPayload(end, lengthBytes);
  }

  settled(): void {
    this.network.flush();
  }
}
