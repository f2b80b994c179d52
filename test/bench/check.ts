// Re-check: hash everything that is on the disk against the torrent.

import { join } from 'node:path';
import { createWithLibtorrent } from '../interop/drivers/libtorrent.ts';
import { MIB, singleFile, writeContent } from '../interop/support/content.ts';
import { freshEndpoint } from '../interop/support/loopback.ts';
import { Workspace } from '../interop/support/workspace.ts';
import { median, startMeasured, type Usage } from './measure.ts';
import type { Program } from './programs.ts';
import type { Row } from './table.ts';

const TIMEOUT_MS = 300_000;

/** The same command on one byte is start-up alone: its median is taken off the other's for the figure without start-up. */
export async function benchChecks(programs: readonly Program[], sizeMiB: number, runs: number): Promise<Row[]> {
  const work = new Workspace();
  try {
    const large = await prepare(work, sizeMiB * MIB);
    const tiny = await prepare(work, 1);
    const usages = programs.map((program) => ({ program, large: [] as Usage[], tiny: [] as Usage[] }));
    for (let round = 0; round < runs; round++) {
      for (const usage of usages) {
        usage.tiny.push(await check(usage.program, tiny));
        usage.large.push(await check(usage.program, large));
      }
    }
    return usages.map((usage) => {
      const wholeSeconds = median(usage.large.map((run) => run.wallSeconds));
      return {
        what: `re-check ${sizeMiB} MiB`,
        program: usage.program.name,
        bytesPerSecond: (sizeMiB * MIB) / (wholeSeconds - median(usage.tiny.map((run) => run.wallSeconds))),
        wholeBytesPerSecond: (sizeMiB * MIB) / wholeSeconds,
        peakBytes: median(usage.large.map((run) => run.peakBytes)),
        processorSecondsPerGiB: median(usage.large.map((run) => run.processorSeconds)) / (sizeMiB / 1024),
      };
    });
  } finally {
    await work.close();
  }
}

interface Content {
  readonly torrentFile: string;
  readonly dir: string;
}

async function prepare(work: Workspace, lengthBytes: number): Promise<Content> {
  const dir = work.folder('content');
  const path = writeContent(dir, singleFile('bench.bin', lengthBytes), 'bench');
  const torrentFile = `${dir}.torrent`;
  createWithLibtorrent({ path, output: torrentFile, pieceLengthBytes: MIB, trackers: [], hybrid: false });
  return { torrentFile, dir };
}

async function check(program: Program, content: Content): Promise<Usage> {
  const work = new Workspace();
  try {
    const asked = { ...content, listen: await freshEndpoint(), stateDir: work.folder('state') };
    const measured = startMeasured(program.name, join(work.dir, 'account'), program.check(asked));
    work.track(measured.child);
    await measured.child.succeeded(TIMEOUT_MS);
    return measured.usage();
  } finally {
    await work.close();
  }
}
