// Where a run's time went: a CPU profile of the built program, by the folder of the source that each function comes from.

import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Shares of the time on the main thread, 0 … 1; together 1. `harness`: network, event queue, trace; `sim`: disks, checks, scenario. */
export interface Shares {
  readonly engine: number;
  readonly harness: number;
  readonly sim: number;
  readonly collector: number;
  /** Node and packages, the start of the process. */
  readonly rest: number;
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** `path`: what `node --cpu-prof` wrote. */
export function sharesOf(path: string): Shares {
  const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile;
  const maps = new Map<string, SourceMap | null>();
  const folders = new Map(profile.nodes.map(({ id, callFrame }) => [id, folderOf(callFrame, maps)]));
  const totals = { engine: 0, harness: 0, sim: 0, collector: 0, rest: 0 };
  let total = 0;
  profile.samples.forEach((node, index) => {
    // The time after a sample is that of its function.
    const us = profile.timeDeltas[index + 1] ?? 0;
    totals[folders.get(node) ?? 'rest'] += us;
    total += us;
  });
  const share = (us: number) => us / total;
  return {
    engine: share(totals.engine),
    harness: share(totals.harness),
    sim: share(totals.sim),
    collector: share(totals.collector),
    rest: share(totals.rest),
  };
}

function folderOf(frame: Profile['nodes'][number]['callFrame'], maps: Map<string, SourceMap | null>): keyof Shares {
  if (frame.functionName === '(garbage collector)') return 'collector';
  if (!frame.url.startsWith('file:')) return 'rest';
  if (!maps.has(frame.url)) maps.set(frame.url, sourceMapOf(frame.url));
  const entry = maps.get(frame.url)?.findEntry(frame.lineNumber, frame.columnNumber);
  const source = entry !== undefined && 'originalSource' in entry ? entry.originalSource : '';
  if (/(^|\/)engine\//.test(source)) return 'engine';
  if (/(^|\/)harness\//.test(source)) return 'harness';
  return /(^|\/)(sim|scenarios)\//.test(source) ? 'sim' : 'rest';
}

function sourceMapOf(url: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
  } catch {
    return null;
  }
}
