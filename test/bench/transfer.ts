// A gigabyte over loopback, from a libtorrent seed to each program and from each program to a sink, on memory-backed disk.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWithLibtorrent, libtorrent, readWithLibtorrent } from '../interop/drivers/libtorrent.ts';
import { digests, MIB, singleFile, writeContent } from '../interop/support/content.ts';
import { freshEndpoint, waitUntilListening } from '../interop/support/loopback.ts';
import { start } from '../interop/support/processes.ts';
import { Workspace } from '../interop/support/workspace.ts';
import { median, startMeasured } from './measure.ts';
import type { Program, Work } from './programs.ts';
import { drainSeed } from './sink.ts';
import type { Row } from './table.ts';

const TIMEOUT_MS = 300_000;
const PIECE_LENGTH_BYTES = MIB;

interface Run {
  /** From the first byte of payload: to the end of the connection with the libtorrent seed, which the program ends (or the seed does, on
   *  its last HAVE) when it has verified everything; as a seed, to the last byte. */
  readonly seconds: number;
  /** With start-up. */
  readonly wholeSeconds: number;
  readonly processorSeconds: number;
  readonly peakBytes: number;
}

/** Interleaves the programs, run by run, so that what else the machine does touches all alike. */
export async function benchTransfers(programs: readonly Program[], sizeMiB: number, runs: number): Promise<Row[]> {
  const work = new Workspace();
  try {
    const content = work.folder('content');
    const root = writeContent(content, singleFile('bench.bin', sizeMiB * MIB), 'bench');
    const torrentFile = join(work.dir, 'bench.torrent');
    createWithLibtorrent({
      path: root,
      output: torrentFile,
      pieceLengthBytes: PIECE_LENGTH_BYTES,
      trackers: [],
      hybrid: false,
    });
    const expected = await digests(root);
    const downloads = await interleave(programs, runs, (program) => download(program, torrentFile, content, expected));
    const seeds = await interleave(programs, runs, (program) => seed(program, torrentFile, content));
    return [
      ...rows(`download ${sizeMiB} MiB from a libtorrent seed`, sizeMiB, downloads),
      ...rows(`seed ${sizeMiB} MiB to a sink`, sizeMiB, seeds),
    ];
  } finally {
    await work.close();
  }
}

async function interleave(
  programs: readonly Program[],
  runs: number,
  run: (program: Program) => Promise<Run>,
): Promise<Map<string, Run[]>> {
  const results = new Map<string, Run[]>(programs.map((program) => [program.name, []]));
  for (let round = 0; round < runs; round++) {
    for (const program of programs) results.get(program.name)?.push(await run(program));
  }
  return results;
}

function rows(what: string, sizeMiB: number, results: ReadonlyMap<string, readonly Run[]>): Row[] {
  const bytes = sizeMiB * MIB;
  return [...results].map(([program, runs]) => ({
    what,
    program,
    bytesPerSecond: bytes / median(runs.map((run) => run.seconds)),
    wholeBytesPerSecond: bytes / median(runs.map((run) => run.wholeSeconds)),
    peakBytes: median(runs.map((run) => run.peakBytes)),
    processorSecondsPerGiB: median(runs.map((run) => run.processorSeconds)) / (sizeMiB / 1024),
  }));
}

/** The seed dials the program once that listens, whichever program it is: so the start-up of either is left out in the same way. */
async function download(
  program: Program,
  torrentFile: string,
  content: string,
  expected: Readonly<Record<string, string>>,
): Promise<Run> {
  const work = new Workspace();
  try {
    const dir = work.folder('download');
    const seedOptions = { torrentFile, dir: content, role: 'seed', dial: [], trackers: false } as const;
    const listen = await freshEndpoint();
    const seedStateDir = work.folder('seed');
    const peer = work.track(
      await libtorrent.start({ ...seedOptions, listen: await freshEndpoint(), stateDir: seedStateDir }),
    );
    const account = join(work.dir, 'account');
    const asked: Work = { torrentFile, dir, listen, stateDir: work.folder('state') };
    const measured = startMeasured(program.name, account, program.download(asked));
    work.track(measured.child);
    await waitUntilListening(listen, measured.child);
    peer.dial(listen);
    const seconds = await peer.uploadSeconds(TIMEOUT_MS);
    await measured.child.succeeded(TIMEOUT_MS);
    const usage = measured.usage();
    const actual = await digests(join(dir, 'bench.bin'));
    if (actual[''] !== expected['']) throw new Error(`${program.name} downloaded other bytes`);
    return { ...usage, seconds, wholeSeconds: usage.wallSeconds };
  } finally {
    await work.close();
  }
}

/** Processor time counts from when the files are checked; the peak of memory is that of the whole process. */
async function seed(program: Program, torrentFile: string, content: string): Promise<Run> {
  const work = new Workspace();
  try {
    const listen = await freshEndpoint();
    const sinkHost = (await freshEndpoint()).host;
    const stateDir = work.folder('state');
    const command = program.seed({ torrentFile, dir: content, listen, stateDir });
    const [executable, ...rest] = command as [string, ...string[]];
    const child = work.track(start(program.name, executable, rest, { cwd: stateDir }));
    await child.waitFor(program.seedReady, TIMEOUT_MS);
    await waitUntilListening(listen, child);
    const before = processorSecondsOf(child.pid);
    const drained = await drainSeed(listen, sinkHost, readWithLibtorrent(torrentFile));
    return {
      seconds: drained.seconds,
      wholeSeconds: drained.waitSeconds + drained.seconds,
      processorSeconds: processorSecondsOf(child.pid) - before,
      peakBytes: peakBytesOf(child.pid),
    };
  } finally {
    await work.close();
  }
}

/** Clock ticks a second in /proc: 100 on every Linux of today (USER_HZ). */
const TICKS_PER_SECOND = 100;

function processorSecondsOf(pid: number): number {
  // proc(5): the name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function peakBytesOf(pid: number): number {
  const peakKiB = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(peakKiB) * 1024;
}
