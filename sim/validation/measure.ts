// Figures that several validations take of a run.

import type { Random } from '#harness';
import type { SimNode } from '../sim-node.ts';
import type { Swarm } from '../swarm.ts';

export const MIB = 2 ** 20;
const WORD = 2 ** 32;
const SECOND_US = 1e6;

/** Seconds that a node took from its join until it was complete. */
export function tookS(node: SimNode): number {
  return ((node.completedAt as number) - (node.joinedAt as number)) / SECOND_US;
}

/** Seconds from the first join of any of the nodes until the last was complete. */
export function allTookS(nodes: readonly SimNode[]): number {
  const first = Math.min(...nodes.map(({ joinedAt }) => joinedAt as number));
  return (Math.max(...nodes.map(({ completedAt }) => completedAt as number)) - first) / SECOND_US;
}

/** Bytes that all uplinks have carried so far, protocol included. */
export function carriedBytes(swarm: Swarm): number {
  return swarm.nodes.reduce((bytes, { index }) => bytes + swarm.network.links.sentBytes(index), 0);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** An exponentially distributed value, by comparisons alone (J. von Neumann, "Various techniques used in connection with random digits", 1951): a
 *  logarithm would differ from one engine of JavaScript to the next. A trial is a first draw and what falls further and further below it; an odd
 *  number of them makes the first the fraction, and each trial before is one more whole. */
export function exponential(random: Random, mean: number): number {
  for (let whole = 0; ; whole += 1) {
    const first = random.uint32();
    let count = 1;
    for (let last = first; ; count += 1) {
      const next = random.uint32();
      if (next >= last) break;
      last = next;
    }
    if (count % 2 === 1) return mean * (whole + first / WORD);
  }
}

/** How many of a row of trials succeed before the first that fails, with this mean. */
export function geometric(random: Random, mean: number): number {
  const succeedsBelow = (WORD * mean) / (1 + mean);
  let count = 0;
  while (random.uint32() < succeedsBelow) count += 1;
  return count;
}
