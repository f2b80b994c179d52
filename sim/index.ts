// The simulated swarm: real engines in a virtual world, and what a scenario is made of.

export { Atlas, ATLAS_KINDS, type AtlasKind, type AtlasOptions } from './faults/atlas.ts';
export { FAULT_KINDS, type FaultKind, type FaultRecord } from './faults/fault-log.ts';
export { exhaust, type ExhaustRow } from './faults/exhaust.ts';
export {
  FAULT_SITES,
  type FaultPoint,
  faultPointText,
  type FaultSite,
  readFaultPoint,
} from './faults/fault-point.ts';
export { measure, type RunMetrics } from './metrics.ts';
export { type RunOptions, type RunResult, runScenario, type Scenario, scenario } from './scenario.ts';
export {
  type EventRecord,
  type NodeKind,
  type NodeRecord,
  type RunRecord,
  runRecord,
  type Series,
} from './run-record.ts';
export * from './adversaries/index.ts';
export { DEFAULT_DISK, type DiskOptions, SimDisk } from './sim-disk.ts';
export { type NodeOptions, SimNode } from './sim-node.ts';
export { type AnnounceRecord, type Asked, DEFAULT_TRACKER, SimTracker, type TrackerOptions } from './sim-tracker.ts';
export { FORGED_HOST } from './sim-udp-tracker.ts';
export { lossFactor, patienceS } from './patience.ts';
export { Store } from './store.ts';
export { lineOf, type LineOptions } from './line.ts';
export { type NodeSetting, Swarm, type SwarmOptions } from './swarm.ts';
export { type ContentsOptions, corrupted, digestOf, TorrentContents } from './torrent-contents.ts';
export { distributionBoundS } from './distribution-bound.ts';
export { endGameEntries } from './end-game-entries.ts';
export { hasBit, Violation } from './invariants.ts';
export { type ArrivalListener, type FrameListener, WIRE, WireObserver } from './wire-observer.ts';
export { lineFrom, shared } from './shared-knobs.ts';
export { type Outcome, type Size, validate, type Validation, validations } from './validation/index.ts';
