// The knobs that several scenarios share, under one name each. A scenario gives its default; how far exploration goes stands here.

import { choice, type Knob, near, type ValuesOf, whole } from '#harness';
import type { LineOptions } from './line.ts';

const each = {
  seeds: (value: number): Knob<number> => whole(value, 1, 3, '', 'nodes that have everything from the start'),
  peers: (value: number): Knob<number> => whole(value, 1, value, '', 'leechers'),
  sizeMiB: (value: number): Knob<number> => whole(value, 1, value, 'MiB', 'size of the torrent'),
  /** The longer the fewer, so the longest is the simplest. */
  pieceKiB: (value: number): Knob<number> => choice(value, [1024, 512, 256, 64, 32, 16], 'KiB', 'piece length'),
  upKBps: (value: number): Knob<number> => near(value, 20, 1000, 'kB/s', "a leecher's uplink"),
  downKBps: (value: number): Knob<number> => near(value, 50, 4000, 'kB/s', "a leecher's downlink"),
  latencyMs: (value: number): Knob<number> => near(value, 0, 400, 'ms', 'round trip between two leechers'),
  lossPercent: (value: number): Knob<number> => choice(value, [0, 0.1, 1, 5], '%', 'packets lost between two leechers'),
};

const losslessLine = {
  upKBps: each.upKBps(200),
  downKBps: each.downKBps(800),
  latencyMs: each.latencyMs(40),
};

export const shared = {
  ...each,
  /** The access line of every node that is given no other. */
  line: { ...losslessLine, lossPercent: each.lossPercent(0) },
  /** The same where nothing may get lost. */
  losslessLine,
};

/** The line that the knobs of `shared.line` describe. */
export function lineFrom({
  upKBps,
  downKBps,
  latencyMs,
  lossPercent,
}: ValuesOf<typeof shared.line>): Required<Omit<LineOptions, 'jitterMs'>> {
  return { upKBps, downKBps, latencyMs, lossPercent };
}
