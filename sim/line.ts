// An access line as people say it, and as the network wants it.

import type { Link } from '#harness';

/** An access line as people say it. */
export interface LineOptions {
  readonly upKBps: number;
  readonly downKBps: number;
  /** Round trip to a node of the same kind, half of it each side's. */
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  readonly lossPercent?: number;
}

/** KB are 1,000 bytes; the latency given is a round trip between two such nodes. */
export function lineOf(line: LineOptions): Link {
  return {
    upBps: line.upKBps * 1000,
    downBps: line.downKBps * 1000,
    latencyUs: Math.round((line.latencyMs ?? 50) * 250),
    jitterUs: Math.round((line.jitterMs ?? 0) * 500),
    lossPerMillion: Math.round((line.lossPercent ?? 0) * 5_000),
  };
}
