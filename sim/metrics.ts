// What of a finished run is worth comparing with another: how long the leechers took, and what the uplinks were used for.

import type { Swarm } from './swarm.ts';

export interface RunMetrics {
  /** Seconds from its first start until everything was verified, of each leecher that came to that, in order of joining. */
  readonly completionS: readonly number[];
  /** Bytes sent, of all that the uplinks could have carried from each node's first start to the last completion; null where a line has no
   *  limit or nobody completed. A node that left counts until the end. */
  readonly uplinkUtilisation: number | null;
  /** Blocks that came and were not needed any more, of all that came; null where none did. */
  readonly duplicateShare: number | null;
}

const SECOND_US = 1_000_000;

export function measure(swarm: Swarm): RunMetrics {
  const done = swarm.leechers.filter(({ completedAt }) => completedAt !== null);
  const lastAt = Math.max(...done.map(({ completedAt }) => completedAt as number));
  const duplicates = swarm.count('blockDuplicate');
  const arrived = swarm.count('blockReceived') + duplicates;
  const { links } = swarm.network;
  const sent = swarm.nodes.reduce((bytes, { index }) => bytes + links.sentBytes(index), 0);
  const possible = swarm.nodes.reduce(
    (bytes, { joinedAt, options }) =>
      bytes + (options.link.upBps * Math.max(0, lastAt - (joinedAt ?? lastAt))) / SECOND_US,
    0,
  );
  return {
    completionS: done.map(({ joinedAt, completedAt }) => ((completedAt as number) - (joinedAt as number)) / SECOND_US),
    uplinkUtilisation: done.length > 0 && possible > 0 && possible < Infinity ? sent / possible : null,
    duplicateShare: arrived > 0 ? duplicates / arrived : null,
  };
}
