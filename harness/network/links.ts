// What a node's access line does to traffic: serialisation up and down, latency, jitter, loss, and who cannot reach whom.
//
// Lines are cut-through: the last byte of a run arrives one latency after it left, or later when the receiver's line is taken. Times are
// exact (fractional microseconds) inside, so that a line carries its rate to the byte; events round up.

import type { Random } from '../random.ts';
import { grownFloat } from './streams.ts';

/** An access line. Rates in bytes per second, Infinity = no limit; the latency of a pair is the sum of both ends', one way. */
export interface Link {
  readonly upBps: number;
  readonly downBps: number;
  readonly latencyUs: number;
  /** Up to this much is added to each run of bytes, at random; order within a connection stays. */
  readonly jitterUs: number;
  /** Packets of 1,460 bytes lost, per million; a loss costs a retransmission and halves the connection's window. */
  readonly lossPerMillion: number;
}

/** Who cannot send to whom: one byte a node. */
export interface Partition {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

const PACKET_BYTES = 1_460;
const WORD = 2 ** 32;

// A row of numbers a node, one line of the cache: with thousands of nodes every run of bytes meets two cold ones.
const ROW_SHIFT = 3;
const UP_US_PER_BYTE = 0;
const DOWN_US_PER_BYTE = 1;
/** When the line will have carried what it was given. */
const UP_FREE_AT = 2;
const DOWN_FREE_AT = 3;
const SENT_BYTES = 4;
const LATENCY_US = 5;
const JITTER_US = 6;
const LOSS_PER_MILLION = 7;

export class Links {
  count = 0;
  #rows = new Float64Array(0);
  readonly #partitions: Partition[] = [];

  add(link: Link): number {
    const node = this.count++;
    if (node << ROW_SHIFT === this.#rows.length)
      this.#rows = grownFloat(this.#rows, Math.max(64, node * 2) << ROW_SHIFT, 0);
    this.set(node, link);
    return node;
  }

  set(node: number, link: Link): void {
    const row = node << ROW_SHIFT;
    this.#rows[row | UP_US_PER_BYTE] = 1e6 / link.upBps;
    this.#rows[row | DOWN_US_PER_BYTE] = 1e6 / link.downBps;
    this.#rows[row | LATENCY_US] = Math.trunc(link.latencyUs);
    this.#rows[row | JITTER_US] = Math.trunc(link.jitterUs);
    this.#rows[row | LOSS_PER_MILLION] = Math.trunc(link.lossPerMillion);
  }

  /** Payload and all other bytes that have left the node. */
  sentBytes(node: number): number {
    return this.#get(node, SENT_BYTES);
  }

  /** Puts `bytes` on the uplink behind what it carries; returns when the last has left. */
  sendQueued(node: number, bytes: number, now: number): number {
    const free = this.#get(node, UP_FREE_AT);
    // An event came up to 1 µs after the exact instant at which the line fell free.
    const start = free > now - 1 ? free : now;
    const end = start + bytes * this.#get(node, UP_US_PER_BYTE);
    this.#set(node, UP_FREE_AT, end);
    this.#set(node, SENT_BYTES, this.sentBytes(node) + bytes);
    return end;
  }

  /** Puts a few bytes on the uplink at once: what it carries is put off by as much. Returns when the last has left. */
  sendAtOnce(node: number, bytes: number, now: number): number {
    const duration = bytes * this.#get(node, UP_US_PER_BYTE);
    this.#set(node, UP_FREE_AT, Math.max(this.#get(node, UP_FREE_AT), now) + duration);
    this.#set(node, SENT_BYTES, this.sentBytes(node) + bytes);
    return now + duration;
  }

  /** A run whose last byte reached the downlink now; returns when it is through. */
  receiveQueued(node: number, bytes: number, now: number): number {
    const end = Math.max(now, this.#get(node, DOWN_FREE_AT) + bytes * this.#get(node, DOWN_US_PER_BYTE));
    this.#set(node, DOWN_FREE_AT, end);
    return end;
  }

  /** A few bytes pass at once; a taken downlink is put off by as much. */
  receiveAtOnce(node: number, bytes: number, now: number): void {
    const free = this.#get(node, DOWN_FREE_AT);
    if (free > now) this.#set(node, DOWN_FREE_AT, free + bytes * this.#get(node, DOWN_US_PER_BYTE));
  }

  /** One way, in microseconds. */
  latencyBetween(one: number, other: number): number {
    return this.#get(one, LATENCY_US) + this.#get(other, LATENCY_US);
  }

  jitter(from: number, to: number, random: Random): number {
    const most = this.#get(from, JITTER_US) + this.#get(to, JITTER_US);
    return most === 0 ? 0 : random.below(most + 1);
  }

  /** Whether at least one packet of a run is lost between two nodes. */
  loses(from: number, to: number, bytes: number, random: Random): boolean {
    const perMillion = this.#get(from, LOSS_PER_MILLION) + this.#get(to, LOSS_PER_MILLION);
    if (perMillion === 0) return false;
    let passes = 1;
    for (let left = bytes; left > 0; left -= PACKET_BYTES) passes *= 1 - perMillion / 1e6;
    return random.uint32() >= passes * WORD;
  }

  /** Nothing passes from the one set of nodes to the other (one way) until it is healed. */
  partition(from: Iterable<number>, to: Iterable<number>): Partition {
    const partition = { from: membership(from, this.count), to: membership(to, this.count) };
    this.#partitions.push(partition);
    return partition;
  }

  /** Ends one partition, or all. */
  heal(partition?: Partition): void {
    if (partition === undefined) this.#partitions.length = 0;
    else if (this.#partitions.includes(partition)) this.#partitions.splice(this.#partitions.indexOf(partition), 1);
  }

  blocked(from: number, to: number): boolean {
    for (const partition of this.#partitions) if (partition.from[from] === 1 && partition.to[to] === 1) return true;
    return false;
  }

  #get(node: number, field: number): number {
    return this.#rows[(node << ROW_SHIFT) | field] as number;
  }

  #set(node: number, field: number, value: number): void {
    this.#rows[(node << ROW_SHIFT) | field] = value;
  }
}

function membership(nodes: Iterable<number>, count: number): Uint8Array {
  const members = new Uint8Array(count);
  for (const node of nodes) members[node] = 1;
  return members;
}
