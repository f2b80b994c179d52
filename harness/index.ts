// Deterministic machinery that knows no BitTorrent.

export { Clock, type EventHandler } from './clock.ts';
export { Timers } from './timers.ts';
export { type DrawListener, Random } from './random.ts';
export { CHECKPOINT_EVENTS, firstDifference, Trace, type TraceEvent, type TraceWindow } from './trace.ts';
export type { Link, Partition } from './network/links.ts';
export type { EndReason, NetworkHandler, NetworkOptions } from './network/handler.ts';
export { Network } from './network/network.ts';
export { type DatagramFaults, Datagrams, NO_DATAGRAM_FAULTS } from './network/datagrams.ts';
export {
  choice,
  defaultsOf,
  type Knob,
  knob,
  type Knobs,
  type KnobValue,
  namesAmong,
  near,
  readSetting,
  settingsText,
  some,
  type ValuesOf,
  whole,
} from './knobs.ts';
export {
  type Counterexample,
  drawBatch,
  draws,
  DRAWS_PER_BATCH,
  type Exploration,
  explore,
  type Explored,
} from './explore.ts';
export { type Case, type Outcome, shrink } from './shrink.ts';
export { jsonLine, printable, wholePrintable } from './untrusted-text.ts';
export { meanInterval, type MeanInterval } from './mean-interval.ts';
