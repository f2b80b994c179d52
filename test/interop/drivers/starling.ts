// The `starling` command of this checkout, by the Node that runs the tests.

import { fileURLToPath } from 'node:url';
import { type Endpoint, formatEndpoint, waitUntilListening } from '../support/loopback.ts';
import { type Child, run, start } from '../support/processes.ts';
import type { ClientDriver, ClientOptions, RunningClient } from './client.ts';
import type { RunningTracker } from './opentracker.ts';

const STARLING = fileURLToPath(new URL('../../../bin/starling.js', import.meta.url));

export interface RunningStarling extends RunningClient {
  readonly child: Child;
  /** Every JSON line so far whose `event` is this one. */
  events(event: string): readonly StarlingEvent[];
}

/** One line of `--json`; which figures stand in it depends on the event. */
export interface StarlingEvent {
  readonly event: string;
  readonly haveBytes: number;
  readonly flushedBytes: number;
  readonly havePieces: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly corruptBytes: number;
  readonly clean: boolean;
}

interface StarlingOptions extends ClientOptions {
  /** Further options of the command. */
  readonly extra?: readonly string[];
}

export const starling = {
  name: 'starling',
  dials: true,
  createsEmptyFiles: true,
  async start(options: StarlingOptions): Promise<RunningStarling> {
    const leech = options.role === 'leech';
    const child = start(
      'starling',
      process.execPath,
      [
        STARLING,
        leech ? 'get' : 'seed',
        options.torrentFile,
        '--dir',
        options.dir,
        '--bind',
        options.listen.host,
        '--port',
        String(options.listen.port),
        '--state',
        options.stateDir,
        ...options.dial.flatMap((peer) => ['--peer', formatEndpoint(peer)]),
        ...(options.trackers ? [] : ['--no-trackers']),
        ...(leech ? ['--exit'] : []),
        ...(options.extra ?? []),
        '--json',
      ],
      { cwd: options.stateDir },
    );
    if (!leech) await child.waitFor(/"event":"completed"/);
    await waitUntilListening(options.listen, child);
    return {
      name: 'starling',
      listen: options.listen,
      pid: child.pid,
      child,
      events: (event) => parseLines(child.output).filter((line) => line.event === event),
      complete: (timeoutMs) => child.succeeded(timeoutMs),
      stop: () => child.stop(),
    };
  },
} satisfies ClientDriver;

/** Log lines of stderr stand between the JSON lines, and a last line may be cut. */
function parseLines(output: string): StarlingEvent[] {
  return output
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as StarlingEvent);
}

/** What `starling info --json` says. */
export interface StarlingInfo {
  readonly name: string;
  /** Lower-case hex. */
  readonly infoHash: string;
  readonly totalBytes: number;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly private: boolean;
  readonly trackers: readonly (readonly string[])[];
  readonly files: readonly { readonly path: string; readonly lengthBytes: number }[];
}

export function readWithStarling(torrentFile: string): StarlingInfo {
  return JSON.parse(runStarling('info', torrentFile, '--json')) as StarlingInfo;
}

/** What `starling info --scrape` says that each tracker counts. */
export function scrapeWithStarling(torrentFile: string): readonly {
  readonly url: string;
  readonly seeds: number | null;
  readonly leechers: number | null;
  readonly error: string | null;
}[] {
  return JSON.parse(runStarling('info', torrentFile, '--scrape', '--json')).figures;
}

export function createWithStarling(options: {
  readonly path: string;
  readonly output: string;
  readonly pieceLengthBytes: number;
  readonly trackers: readonly string[];
}): void {
  const trackers = options.trackers.flatMap((url) => ['--tracker', url]);
  const pieceLength = String(options.pieceLengthBytes);
  runStarling('create', options.path, '-o', options.output, '--piece-length', pieceLength, ...trackers);
}

/** `starling tracker`, HTTP and UDP. `stateDir`: an empty folder. */
export async function startStarlingTracker(listen: Endpoint, stateDir: string): Promise<RunningTracker> {
  const port = String(listen.port);
  const child = start(
    'starling tracker',
    process.execPath,
    [STARLING, 'tracker', '--bind', listen.host, '--port', port],
    { cwd: stateDir },
  );
  const http = await child.waitFor(/^http:\S+$/m);
  const udp = await child.waitFor(/^udp:\S+$/m);
  return { httpUrl: http[0], udpUrl: udp[0], stop: () => child.stop() };
}

/** Runs a command that ends by itself; returns its stdout. */
function runStarling(...args: readonly string[]): string {
  return run(process.execPath, [STARLING, ...args]);
}
