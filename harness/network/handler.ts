// What the network tells the world on top of it, and what it is made with.

import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Trace } from '../trace.ts';
import type { StreamReader } from './streams.ts';

/** Why a connection ended without this side asking. */
export type EndReason = 'refused' | 'timeout' | 'reset' | 'ended' | 'unreachable';

/** What the network tells the world on top. An end names one side of a connection: its number is even at the dialler, odd at the other. */
export interface NetworkHandler extends StreamReader {
  connected(end: number): void;
  /** The dial failed or the connection is over; nothing more comes for `end`. */
  disconnected(end: number, why: EndReason): void;
  /** At most one block of what was handed over for `end` has not left. */
  writable(end: number): void;
  /** Everything of this instant's event was told to `node`: the moment to answer. */
  settled(node: number): void;
}

export interface NetworkOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  /** Bound of every connection's window, Infinity = none. */
  readonly windowBytesMax: number;
  /** How often a delivery is cut at a random byte, the rest coming a little later; per million. */
  readonly cutPerMillion: number;
  readonly connectTimeoutUs: number;
}
