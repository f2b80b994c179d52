// What a node's access line does to traffic: serialisation up and down, latency, jitter, loss, and who cannot reach whom.
//
// Lines are cut-through: the last byte of a run arrives one latency after it left, or later when the receiver's line is taken. Times are
// exact (fractional microseconds) inside, so that a line carries its rate to the byte; events round up.

import type { Random } from '../random.ts';
import { grownFloat, grownInt } from './streams.ts';

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

export class Links {
  count = 0;
  latencyUs = new Int32Array(0);
  jitterUs = new Int32Array(0);
  lossPerMillion = new Int32Array(0);
  /** Payload and all other bytes that left and reached each node. */
  sentBytes = new Float64Array(0);
  receivedBytes = new Float64Array(0);
  #upUsPerByte = new Float64Array(0);
  #downUsPerByte = new Float64Array(0);
  #upFreeAt = new Float64Array(0);
  #downFreeAt = new Float64Array(0);
  readonly #partitions: Partition[] = [];

  add(link: Link): number {
    const node = this.count++;
    if (node >= this.latencyUs.length) this.#grow(Math.max(64, node * 2));
    this.set(node, link);
    return node;
  }

  set(node: number, link: Link): void {
    this.#upUsPerByte[node] = 1e6 / link.upBps;
    this.#downUsPerByte[node] = 1e6 / link.downBps;
    this.latencyUs[node] = link.latencyUs;
    this.jitterUs[node] = link.jitterUs;
    this.lossPerMillion[node] = link.lossPerMillion;
  }

  /** Puts `bytes` on the uplink behind what it carries; returns when the last has left. */
  sendQueued(node: number, bytes: number, now: number): number {
    const free = this.#upFreeAt[node] as number;
    // An event came up to 1 µs after the exact instant at which the line fell free.
    const start = free > now - 1 ? free : now;
    const end = start + bytes * (this.#upUsPerByte[node] as number);
    this.#upFreeAt[node] = end;
    this.sentBytes[node] = (this.sentBytes[node] as number) + bytes;
    return end;
  }

  /** Puts a few bytes on the uplink at once: what it carries is put off by as much. Returns when the last has left. */
  sendAtOnce(node: number, bytes: number, now: number): number {
    const duration = bytes * (this.#upUsPerByte[node] as number);
    this.#upFreeAt[node] = Math.max(this.#upFreeAt[node] as number, now) + duration;
    this.sentBytes[node] = (this.sentBytes[node] as number) + bytes;
    return now + duration;
  }

  /** A run whose last byte reached the downlink now; returns when it is through. */
  receiveQueued(node: number, bytes: number, now: number): number {
    const end = Math.max(now, (this.#downFreeAt[node] as number) + bytes * (this.#downUsPerByte[node] as number));
    this.#downFreeAt[node] = end;
    this.receivedBytes[node] = (this.receivedBytes[node] as number) + bytes;
    return end;
  }

  /** A few bytes pass at once; a taken downlink is put off by as much. */
  receiveAtOnce(node: number, bytes: number, now: number): void {
    const free = this.#downFreeAt[node] as number;
    if (free > now) this.#downFreeAt[node] = free + bytes * (this.#downUsPerByte[node] as number);
    this.receivedBytes[node] = (this.receivedBytes[node] as number) + bytes;
  }

  /** One way, in microseconds. */
  latencyBetween(one: number, other: number): number {
    return (this.latencyUs[one] as number) + (this.latencyUs[other] as number);
  }

  jitter(from: number, to: number, random: Random): number {
    const most = (this.jitterUs[from] as number) + (this.jitterUs[to] as number);
    return most === 0 ? 0 : random.below(most + 1);
  }

  /** Whether at least one packet of a run is lost between two nodes. */
  loses(from: number, to: number, bytes: number, random: Random): boolean {
    const perMillion = (this.lossPerMillion[from] as number) + (this.lossPerMillion[to] as number);
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

  #grow(capacity: number): void {
    this.latencyUs = grownInt(this.latencyUs, capacity, 0);
    this.jitterUs = grownInt(this.jitterUs, capacity, 0);
    this.lossPerMillion = grownInt(this.lossPerMillion, capacity, 0);
    this.sentBytes = grownFloat(this.sentBytes, capacity, 0);
    this.receivedBytes = grownFloat(this.receivedBytes, capacity, 0);
    this.#upUsPerByte = grownFloat(this.#upUsPerByte, capacity, 0);
    this.#downUsPerByte = grownFloat(this.#downUsPerByte, capacity, 0);
    this.#upFreeAt = grownFloat(this.#upFreeAt, capacity, 0);
    this.#downFreeAt = grownFloat(this.#downFreeAt, capacity, 0);
  }
}

function membership(nodes: Iterable<number>, count: number): Uint8Array {
  const members = new Uint8Array(count);
  for (const node of nodes) members[node] = 1;
  return members;
}
