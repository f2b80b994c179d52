// The command lines that are compared: the same work asked of each program, with nothing switched on that the other leaves off.

import { fileURLToPath } from 'node:url';
import type { Endpoint } from '../interop/support/loopback.ts';

const STARLING = fileURLToPath(new URL('../../bin/starling.js', import.meta.url));

export interface Work {
  readonly torrentFile: string;
  /** Holds the files, or receives them. */
  readonly dir: string;
  readonly listen: Endpoint;
  /** An empty folder for the program's own files. */
  readonly stateDir: string;
}

export interface Program {
  readonly name: string;
  /** Listens, is dialled by the seed, and ends with 0 when complete. */
  download(work: Work): readonly string[];
  /** Checks its files, then seeds until it is stopped. */
  seed(work: Work): readonly string[];
  /** What `seed` prints when it has checked its files. */
  readonly seedReady: RegExp;
  /** Hashes everything on the disk and ends. */
  check(work: Work): readonly string[];
}

export const starling: Program = {
  name: 'starling',
  download: (work) => [...starlingCommand('get', work), ...listenAt(work.listen), '--no-trackers', '--exit', '--json'],
  seed: (work) => [...starlingCommand('seed', work), ...listenAt(work.listen), '--json'],
  seedReady: /"event":"completed"/,
  check: (work) => [...starlingCommand('verify', work), '--json'],
};

/** What the journal costs is the difference. */
export const starlingUnrecorded: Program = {
  ...starling,
  name: 'starling --no-record',
  download: (work) => [...starling.download(work), '--no-record'],
  seed: (work) => [...starling.seed(work), '--no-record'],
};

export const aria2: Program = {
  name: 'aria2c',
  download: (work) => [...aria2Command(work), '--seed-time=0', work.torrentFile],
  seed: (work) => [...aria2Command(work), '--check-integrity=true', '--seed-ratio=0.0', work.torrentFile],
  seedReady: /Verification finished successfully/,
  check: (work) => [...aria2Command(work), '--check-integrity=true', '--hash-check-only=true', work.torrentFile],
};

/** `starling sim scenario`. `flags`: for Node. */
export function simulate(scenario: string, args: readonly string[], flags: readonly string[]): readonly string[] {
  return [process.execPath, ...flags, STARLING, 'sim', 'scenario', scenario, ...args];
}

function starlingCommand(command: string, work: Work): string[] {
  return [process.execPath, STARLING, command, work.torrentFile, '--dir', work.dir];
}

function listenAt(listen: Endpoint): string[] {
  return ['--bind', listen.host, '--port', String(listen.port)];
}

function aria2Command(work: Work): string[] {
  return [
    'aria2c',
    '--no-conf=true',
    `--dir=${work.dir}`,
    `--interface=${work.listen.host}`,
    `--listen-port=${work.listen.port}`,
    '--disable-ipv6=true',
    '--enable-dht=false',
    '--bt-enable-lpd=false',
    '--bt-max-peers=0',
    '--bt-exclude-tracker=*',
    '--file-allocation=none',
    '--summary-interval=0',
    '--console-log-level=notice',
    '--enable-color=false',
  ];
}
