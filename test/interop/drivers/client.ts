// What every driver of a BitTorrent client offers to the tests. A driver knows its client's switches and traps; a test knows none of them.

import type { Endpoint } from '../support/loopback.ts';

export interface ClientOptions {
  /** A path; a magnet link where the role is `leech`. */
  readonly torrentFile: string;
  /** Holds the complete files (`seed`) or receives them (`leech`), below it the torrent's own name. */
  readonly dir: string;
  /** An empty folder for the client's own files. */
  readonly stateDir: string;
  readonly role: 'seed' | 'leech';
  /** Where it listens, and where its outgoing connections come from. */
  readonly listen: Endpoint;
  /** Peers to connect to; only for a driver that `dials`. */
  readonly dial: readonly Endpoint[];
  /** False: the torrent's trackers are not asked, where the client can be told so. */
  readonly trackers: boolean;
}

export interface RunningClient {
  readonly name: string;
  readonly listen: Endpoint;
  /** Process to measure. */
  readonly pid: number;
  /** Resolves when every byte is on the disk; rejects when the client ends before that or the time is over. */
  complete(timeoutMs: number): Promise<void>;
  /** Leaves as the client does when it is asked to; resolves when no process is left. */
  stop(): Promise<void>;
}

export interface ClientDriver {
  readonly name: string;
  /** It can be told the address of a peer. One that cannot must be dialled, or meets peers through a tracker. */
  readonly dials: boolean;
  /** False: it leaves out files of length 0. */
  readonly createsEmptyFiles: boolean;
  /** Resolves when it listens and, as a seed, has checked its data. */
  start(options: ClientOptions): Promise<RunningClient>;
}
