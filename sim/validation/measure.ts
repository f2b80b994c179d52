// Figures that several validations take of a run.

import type { Random } from '#harness';
import type { SimNode } from '../sim-node.ts';
import type { Swarm } from '../swarm.ts';

export const MIB = 2 ** 20;
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

/** An exponentially distributed value. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(unit(random));
}

/** How many of a row of trials succeed before the first that fails, with this mean. */
export function geometric(random: Random, mean: number): number {
  return Math.floor(Math.log(unit(random)) / Math.log(mean / (1 + mean)));
}

/** Uniform in (0, 1]. */
function unit(random: Random): number {
  return (random.uint32() + 1) / 2 ** 32;
}
