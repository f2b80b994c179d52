// What a simulated swarm of real engines costs, by the size of the swarm, under Node and in workerd: the command `starling sim`, one run a
// process; and what the smallest swarm costs from its start to its verdict, many times in one process, as a search runs it.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { scenarios } from '#scenarios';
import { runScenario, type Scenario } from '#sim';
import type { Runtime } from '../../sim/command/workerd/runtime-option.ts';
import { Workspace } from '../interop/support/workspace.ts';
import { median, startMeasured } from './measure.ts';
import { type Shares, sharesOf } from './profile.ts';
import { simulate } from './programs.ts';
import { formatTable } from './table.ts';

const TIMEOUT_MS = 3_600_000;
const SIZE_MIB = 16;
const SWARM = { seeds: 1, sizeMiB: SIZE_MIB, pieceKiB: 256, upKBps: 200, downKBps: 800 };
/** Leechers, and most connections of each: twice as many as there are nodes make a full mesh, 40 and 80 are what clients have. */
const SIZES: readonly { readonly peers: number; readonly connections: number }[] = [
  { peers: 100, connections: 200 },
  { peers: 500, connections: 80 },
  { peers: 1_000, connections: 40 },
  { peers: 10_000, connections: 40 },
];
const RUNTIMES: readonly Runtime[] = ['node', 'workerd'];
const TWO_PEERS = { peers: 1, sizeMiB: 1, pieceKiB: 64 };
const TWO_PEERS_RUNS = 1_000;

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
  /** Of all processes: more than the wall time by their start and by the collector's threads, unless the machine is busy. */
  readonly processorSeconds: number;
}

/** Runs of one size in one runtime. */
interface Row {
  readonly peers: number;
  readonly connections: number;
  readonly runtime: Runtime;
  readonly runs: Run[];
}

/** A table; a run that fails its checks, or another digest for the same seed, is an error. `peersMax`: larger swarms are left out. */
export async function benchSimulator(runs: number, peersMax: number): Promise<string> {
  const sizes = SIZES.filter(({ peers }) => peers <= peersMax);
  const rows = sizes.flatMap((size) => RUNTIMES.map((runtime): Row => ({ ...size, runtime, runs: [] })));
  const digests = new Map<number, string>();
  const compared = async (row: Row, profiled: boolean) => {
    const made = await run(row, profiled);
    const digest = digests.get(row.peers) ?? made.run.digest;
    if (made.run.digest !== digest) throw new Error(`${row.peers} leechers: the digests differ`);
    digests.set(row.peers, digest);
    return made;
  };
  for (let round = 0; round < runs; round++) {
    for (const row of rows) row.runs.push((await compared(row, false)).run);
  }
  const lines: string[][] = [];
  for (const row of rows) {
    const profiled = row.runtime === 'node' ? await compared(row, true) : null;
    lines.push(line(row, profiled?.shares ?? null));
  }
  const head = [
    'leechers × 16 MiB',
    'runtime',
    'digest',
    'connections',
    'virtual s',
    'wall s',
    'processor s',
    'MiB/wall s',
    'MiB/processor s',
    'processor µs/block',
    'events/block',
    'peak MB',
    'engine %',
    'harness %',
    'sim %',
    'collector %',
    'rest %',
  ];
  return formatTable(head, lines);
}

/** `shares`: null where the runtime is not profiled. */
function line({ peers, connections, runtime, runs }: Row, shares: Shares | null): string[] {
  const [one] = runs as [Run];
  const wallS = median(runs.map((each) => each.wallS));
  const processorS = median(runs.map((each) => each.processorSeconds));
  const blocks = one.marks.blockReceived ?? 0;
  const parts = shares && [shares.engine, shares.harness, shares.sim, shares.collector, shares.rest];
  return [
    peers.toLocaleString('en'),
    runtime,
    one.digest,
    connections > peers ? 'full mesh' : `≤ ${connections}`,
    one.virtualS.toFixed(0),
    wallS.toFixed(1),
    processorS.toFixed(1),
    ((peers * SIZE_MIB) / wallS).toFixed(0),
    ((peers * SIZE_MIB) / processorS).toFixed(0),
    ((processorS * 1e6) / blocks).toFixed(1),
    (one.events / blocks).toFixed(1),
    (median(runs.map((each) => each.peakBytes)) / 1e6).toFixed(0),
    ...(parts?.map((share) => (share * 100).toFixed(0)) ?? Array<string>(5).fill('')),
  ];
}

async function run(
  { peers, connections, runtime }: Row,
  profiled: boolean,
): Promise<{ readonly run: Run; readonly shares: Shares | null }> {
  const work = new Workspace();
  try {
    const knobs = Object.entries({ ...SWARM, connections }).flatMap(([knob, value]) => ['--set', `${knob}=${value}`]);
    const flags = profiled ? ['--cpu-prof', `--cpu-prof-dir=${join(work.dir, 'profile')}`] : [];
    const args = ['--json', '--seed', '1', '--peers', String(peers), ...knobs, '--runtime', runtime];
    const command = simulate('flash-crowd', args, flags);
    const measured = startMeasured('starling sim', join(work.dir, 'account'), command);
    work.track(measured.child);
    await measured.child.ended(TIMEOUT_MS);
    const text = measured.child.output.split('\n').find((one) => one.startsWith('{'));
    if (text === undefined) throw measured.child.failure('printed no JSON line');
    const result = JSON.parse(text) as SimulatedRun;
    if (!result.ok) throw new Error(`flash-crowd with ${peers} leechers: ${result.reason}`);
    const [profile] = profiled ? readdirSync(join(work.dir, 'profile')) : [];
    const shares = profile === undefined ? null : sharesOf(join(work.dir, 'profile', profile));
    return { run: { ...result, ...measured.usage() }, shares };
  } finally {
    await work.close();
  }
}

/** One seed and one leecher, again and again with other seeds: a line of text. */
export function benchTwoPeers(): string {
  const flashCrowd = scenarios.find(({ name }) => name === 'flash-crowd') as Scenario;
  const millis: number[] = [];
  const processor = process.cpuUsage();
  for (let seed = 1; seed <= TWO_PEERS_RUNS; seed += 1) {
    const started = performance.now();
    const { result } = runScenario(flashCrowd, seed, TWO_PEERS);
    if (!result.ok) throw new Error(`flash-crowd with two peers, seed ${seed}: ${result.reason}`);
    millis.push(performance.now() - started);
  }
  const { user, system } = process.cpuUsage(processor);
  const processorMs = (user + system) / 1_000 / TWO_PEERS_RUNS;
  return `2 peers × 1 MiB, from the start to the verdict: the first ${(millis[0] as number).toFixed(0)} ms, the median of ${TWO_PEERS_RUNS} in one process ${median(millis).toFixed(1)} ms
(${processorMs.toFixed(1)} ms of processor time each, so ${Math.round(60_000 / processorMs).toLocaleString('en')} a minute on one core).`;
}
