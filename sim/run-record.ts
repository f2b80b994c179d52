// What one run leaves for people to look at: plain JSON, bounded whatever the run was. The report draws it and needs nothing else.
//
// Times are seconds of virtual time. Sample k of all series is the world at k × `intervalS`, before what happened at that instant; the last
// one stands at the end of the run. Nodes are named by their index, as messages do; in packed series they go by their place in `nodes`.

import { DEFAULT_SETTINGS, type EventName, EVENTS, type Settings } from '#engine';
import type { FaultRecord } from './faults/fault-log.ts';
import { distributionBoundS } from './distribution-bound.ts';
import type { RunResult, Scenario } from './scenario.ts';
import type { Swarm } from './swarm.ts';

export type NodeKind = 'seed' | 'leecher' | 'adversary';

export interface NodeRecord {
  readonly index: number;
  readonly kind: NodeKind;
  readonly upBps: number;
  readonly downBps: number;
  /** To a node of the same kind and back. */
  readonly roundTripMs: number;
  readonly lossPercent: number;
  readonly reachable: boolean;
  readonly joinedAtS: number | null;
  readonly completedAtS: number | null;
  /** When it stopped in good order for the last time. */
  readonly leftAtS: number | null;
  /** Instants at which it began (even places) and ceased (odd places) to run. */
  readonly presenceS: readonly number[];
  /** Payload that came to it, and from it to others. */
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** What differs from the engine's defaults. */
  readonly settings: Partial<Settings>;
}

export interface EventRecord {
  readonly atS: number;
  readonly name: EventName;
  readonly node: number;
  /** The node that it is about, where it is about another. */
  readonly other: number | null;
  readonly piece: number | null;
}

/** Over all nodes of the run, one value a sample. */
export interface Series {
  /** Payload that has arrived anywhere. */
  readonly deliveredBytes: readonly number[];
  /** The most that could be delivered: all uplinks that run, or all downlinks that still want something, whichever is less. */
  readonly boundBps: readonly number[];
  /** Leechers that have everything, and leechers that run. */
  readonly complete: readonly number[];
  readonly running: readonly number[];
  /** Copies of the rarest piece among honest nodes that run, and of all pieces on average. */
  readonly rarestCopies: readonly number[];
  readonly meanCopies: readonly number[];
}

export interface RunRecord {
  readonly doc: string;
  readonly result: RunResult;
  readonly replayCommand: string;
  /** Which program ran; null where nobody said. */
  readonly commit: string | null;
  readonly knobs: readonly {
    readonly name: string;
    readonly value: string;
    readonly default: string;
    readonly unit: string;
    readonly doc: string;
  }[];
  readonly settings: Settings;
  readonly torrent: {
    readonly name: string;
    readonly totalBytes: number;
    readonly pieceCount: number;
    readonly pieceLengthBytes: number;
    readonly fileCount: number;
    /** The first hundred. */
    readonly files: readonly { readonly path: string; readonly lengthBytes: number }[];
  };
  /** All nodes of the run; `nodes` holds the first of them, as many as are recorded one by one. */
  readonly nodeCount: number;
  readonly nodes: readonly NodeRecord[];
  /** Least time in which the file could reach everyone (Kumar & Ross 2006), counted from the first join; null where it does not apply. */
  readonly distributionBoundS: number | null;
  readonly intervalS: number;
  readonly sampleCount: number;
  readonly series: Series;
  /** Place in `nodes` × pieces + piece: has it. `ToggleLog.encode`. */
  readonly pieces: string;
  /** Place of who uploads × `placesMax` + place of who downloads: unchoked; the same + `placesMax`²: as the optimistic one. */
  readonly unchoked: string;
  readonly placesMax: number;
  /** For each node, for each sample but the first: KiB since the one before. LEB128 in base64. */
  readonly downloadedKiB: string;
  readonly uploadedKiB: string;
  readonly faults: readonly FaultRecord[];
  /** What did not hold and when the run ended for it. */
  readonly violations: readonly { readonly atS: number; readonly text: string }[];
  /** Rare events, the first of each kind. */
  readonly events: readonly EventRecord[];
  /** What each kind of event means. */
  readonly eventMeanings: { readonly [name: string]: string };
}

const FILES_MAX = 100;

/** The record of a run that was made with `record`. `replayCommand`: what gives the same run again. */
export function runRecord(run: {
  readonly scenario: Scenario;
  readonly result: RunResult;
  readonly swarm: Swarm;
  readonly replayCommand: string;
  readonly commit?: string | null;
}): RunRecord {
  const { scenario, result, swarm, replayCommand } = run;
  if (swarm.recorder === null) throw new Error('the run was not recorded');
  const { metainfo, geometry } = swarm.contents;
  return {
    doc: scenario.doc,
    result,
    replayCommand,
    commit: run.commit ?? null,
    knobs: Object.entries(scenario.knobs).map(([name, { default: usual, unit, doc }]) => ({
      name,
      value: String(result.knobs[name]),
      default: String(usual),
      unit,
      doc,
    })),
    settings: DEFAULT_SETTINGS,
    torrent: {
      name: metainfo.name,
      totalBytes: geometry.totalBytes,
      pieceCount: geometry.pieceCount,
      pieceLengthBytes: geometry.pieceLengthBytes,
      fileCount: metainfo.files.length,
      files: metainfo.files.slice(0, FILES_MAX).map(({ path, lengthBytes }) => ({ path: path.join('/'), lengthBytes })),
    },
    nodeCount: swarm.nodes.length,
    distributionBoundS: boundS(swarm, result.ok),
    ...swarm.recorder.finish(),
    faults: swarm.faults,
    violations: result.reason === null ? [] : [{ atS: result.virtualS, text: result.reason }],
    eventMeanings: Object.fromEntries(Object.keys(result.marks).map((name) => [name, EVENTS[name as EventName]])),
  };
}

/** Null where the formula says nothing: nobody wants the file, a leecher began anew or brought something along, or one was not to complete. */
function boundS(swarm: Swarm, held: boolean): number | null {
  const { leechers, nodes, contents } = swarm;
  if (leechers.length === 0 || leechers.some((node) => node.proven.size !== 1 || node.incarnation !== 1)) return null;
  if (held && leechers.some(({ completedAt }) => completedAt === null)) return null;
  return distributionBoundS({
    sizeBytes: contents.geometry.totalBytes,
    seedUpBps: nodes.filter(({ options }) => options.seed).map(({ options }) => options.link.upBps),
    leecherUpBps: leechers.map(({ options }) => options.link.upBps),
    leecherDownBps: leechers.map(({ options }) => options.link.downBps),
  });
}
