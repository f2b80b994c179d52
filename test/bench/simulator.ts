// What a simulated swarm of real engines costs, by the size of the swarm: the command `starling sim`, one process a run; and what the
// smallest swarm costs from its start to its verdict, many times in one process, as a search runs it.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { scenarios } from '#scenarios';
import { runScenario, type Scenario } from '#sim';
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
  /** Of the whole process: more than the wall time by its start and by the collector's threads, unless the machine is busy. */
  readonly processorSeconds: number;
}

/** A table; a run that fails its checks, or another digest for the same seed, is an error. `peersMax`: larger swarms are left out. */
export async function benchSimulator(runs: number, peersMax: number): Promise<string> {
  const results = SIZES.filter(({ peers }) => peers <= peersMax).map((size) => ({ ...size, runs: [] as Run[] }));
  for (let round = 0; round < runs; round++) {
    for (const { peers, connections, runs: done } of results) done.push((await run(peers, connections, false)).run);
  }
  const lines: string[][] = [];
  for (const { peers, connections, runs: done } of results) {
    const profiled = await run(peers, connections, true);
    lines.push(line(peers, connections, done, profiled.run, profiled.shares as Shares));
  }
  const head = [
    'leechers × 16 MiB',
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

function line(peers: number, connections: number, done: readonly Run[], profiled: Run, shares: Shares): string[] {
  if (done.some((other) => other.digest !== profiled.digest)) throw new Error(`${peers} leechers: the digests differ`);
  const wallS = median(done.map((one) => one.wallS));
  const processorS = median(done.map((one) => one.processorSeconds));
  const blocks = profiled.marks.blockReceived ?? 0;
  return [
    peers.toLocaleString('en'),
    profiled.digest,
    connections > peers ? 'full mesh' : `≤ ${connections}`,
    profiled.virtualS.toFixed(0),
    wallS.toFixed(1),
    processorS.toFixed(1),
    ((peers * SIZE_MIB) / wallS).toFixed(0),
    ((peers * SIZE_MIB) / processorS).toFixed(0),
    ((processorS * 1e6) / blocks).toFixed(1),
    (profiled.events / blocks).toFixed(1),
    (median(done.map((one) => one.peakBytes)) / 1e6).toFixed(0),
    ...[shares.engine, shares.harness, shares.sim, shares.collector, shares.rest].map((share) =>
      (share * 100).toFixed(0),
    ),
  ];
}

async function run(
  peers: number,
  connections: number,
  profiled: boolean,
): Promise<{ readonly run: Run; readonly shares: Shares | null }> {
  const work = new Workspace();
  try {
    const knobs = Object.entries({ ...SWARM, connections }).flatMap(([knob, value]) => ['--set', `${knob}=${value}`]);
    const flags = profiled ? ['--cpu-prof', `--cpu-prof-dir=${join(work.dir, 'profile')}`] : [];
    const command = simulate('flash-crowd', ['--json', '--seed', '1', '--peers', String(peers), ...knobs], flags);
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
