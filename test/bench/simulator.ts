// What a simulated swarm of real engines costs, by the size of the swarm: the command `starling sim`, one process a run.

import { join } from 'node:path';
import { Workspace } from '../interop/support/workspace.ts';
import { median, startMeasured } from './measure.ts';
import { simulate } from './programs.ts';
import { formatTable } from './table.ts';

const TIMEOUT_MS = 600_000;
const SIZE_MIB = 16;
const SWARM = { seeds: 1, sizeMiB: SIZE_MIB, pieceKiB: 256, upKBps: 200, downKBps: 800 };
/** Up to this size everybody is connected to everybody. */
const FULL_MESH_PEERS = 100;
const PEERS = [100, 500, 1000];

/** What is read of a run's JSON line. */
interface SimulatedRun {
  readonly ok: boolean;
  readonly reason: string | null;
  readonly digest: string;
  readonly virtualS: number;
  readonly events: number;
  readonly wallS: number;
  readonly marks: { readonly blockReceived?: number; readonly peerConnected?: number };
}

interface Run extends SimulatedRun {
  readonly peakBytes: number;
  /** Of the whole process: more than the wall time by its start and by the collector's threads, unless the machine is busy. */
  readonly processorSeconds: number;
}

/** A table; a run that fails its checks, or another digest for the same seed, is an error. */
export async function benchSimulator(runs: number): Promise<string> {
  const results = PEERS.map((peers) => ({ peers, runs: [] as Run[] }));
  for (let round = 0; round < runs; round++) {
    for (const result of results) result.runs.push(await run(result.peers));
  }
  const lines = results.map(({ peers, runs: done }) => {
    const [first] = done;
    if (first === undefined) return [];
    if (done.some((other) => other.digest !== first.digest)) throw new Error(`${peers} leechers: the digests differ`);
    const wallS = median(done.map((one) => one.wallS));
    const blocks = first.marks.blockReceived ?? 0;
    // Each connection is an event at both its ends.
    const connections = (first.marks.peerConnected ?? 0) / (peers + SWARM.seeds);
    return [
      `${peers} leechers × ${SIZE_MIB} MiB${peers <= FULL_MESH_PEERS ? ', full mesh' : ''}`,
      first.digest,
      connections.toFixed(0),
      first.virtualS.toFixed(0),
      wallS.toFixed(1),
      median(done.map((one) => one.processorSeconds)).toFixed(1),
      ((peers * SIZE_MIB) / wallS).toFixed(0),
      ((wallS * 1e6) / blocks).toFixed(1),
      (first.events / wallS / 1e6).toFixed(2),
      (median(done.map((one) => one.peakBytes)) / 1e6).toFixed(0),
    ];
  });
  const head = [
    '',
    'digest',
    'dials/peer',
    'virtual s',
    'wall s',
    'processor s',
    'MiB/wall s',
    'µs/block',
    'M events/s',
    'peak MB',
  ];
  return formatTable(head, lines);
}

async function run(peers: number): Promise<Run> {
  const work = new Workspace();
  try {
    const mesh = peers <= FULL_MESH_PEERS ? { connections: 2 * FULL_MESH_PEERS } : {};
    const knobs = Object.entries({ ...SWARM, ...mesh }).flatMap(([knob, value]) => ['--set', `${knob}=${value}`]);
    const command = simulate('flash-crowd', ['--json', '--seed', '1', '--peers', String(peers), ...knobs]);
    const measured = startMeasured('starling sim', join(work.dir, 'account'), command);
    work.track(measured.child);
    await measured.child.ended(TIMEOUT_MS);
    const line = measured.child.output.split('\n').find((text) => text.startsWith('{'));
    if (line === undefined) throw measured.child.failure('printed no JSON line');
    const result = JSON.parse(line) as SimulatedRun;
    if (!result.ok) throw new Error(`flash-crowd with ${peers} leechers: ${result.reason}`);
    return { ...result, ...measured.usage() };
  } finally {
    await work.close();
  }
}
