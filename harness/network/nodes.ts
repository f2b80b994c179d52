// What the network keeps for each node: a row of integers.

import { NONE } from './ends.ts';
import { grownInt } from './streams.ts';

/** Integers a row, as a power of two, and what each of them is. */
const ROW_SHIFT = 3;
/** Whether the node is there at all, others can reach it, and it listens: 1 = so. */
export const ALIVE = 0;
export const REACHABLE = 1;
export const LISTENING = 2;
/** The end whose block is on the node's uplink, and the ring of ends that wait for it. */
export const ON_UPLINK = 3;
export const READY_FIRST = 4;
export const READY_LAST = 5;

export class Nodes {
  #ints = new Int32Array(0);

  get(node: number, field: number): number {
    return this.#ints[(node << ROW_SHIFT) | field] as number;
  }

  set(node: number, field: number, value: number): void {
    this.#ints[(node << ROW_SHIFT) | field] = value;
  }

  /** `node`: at most one more than the highest so far. It is there, can be reached and listens. */
  add(node: number): void {
    if (node << ROW_SHIFT >= this.#ints.length)
      this.#ints = grownInt(this.#ints, Math.max(64, node * 2) << ROW_SHIFT, NONE);
    for (const field of [ALIVE, REACHABLE, LISTENING]) this.set(node, field, 1);
  }
}
