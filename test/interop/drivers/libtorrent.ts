// libtorrent (python3-libtorrent) through `libtorrent-peer.py`, which speaks JSON lines.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Endpoint, formatEndpoint } from '../support/loopback.ts';
import { run, start } from '../support/processes.ts';
import type { ClientDriver, ClientOptions, RunningClient } from './client.ts';

// The module is built for Debian's own interpreter, not for another python3 in the PATH.
const PYTHON = '/usr/bin/python3';
const PEER_SCRIPT = fileURLToPath(new URL('libtorrent-peer.py', import.meta.url));
const METAINFO_SCRIPT = fileURLToPath(new URL('libtorrent-metainfo.py', import.meta.url));

interface RunningLibtorrent extends RunningClient {
  /** Connects to one more peer. */
  dial(peer: Endpoint): void;
  /** Seconds from the first byte of payload that it sent to the end of the connection that took it. */
  uploadSeconds(timeoutMs: number): Promise<number>;
  /** Stops it; the bytes of payload that it sent in its life. */
  stopAndCount(): Promise<number>;
}

interface LibtorrentOptions extends ClientOptions {
  /** Bytes per second that the torrent may upload; 0 = unlimited. */
  readonly uploadBps?: number;
}

export const libtorrent = {
  name: 'libtorrent',
  dials: true,
  createsEmptyFiles: true,
  async start(options: LibtorrentOptions): Promise<RunningLibtorrent> {
    requireLibtorrent();
    const child = start(
      'libtorrent',
      PYTHON,
      [
        PEER_SCRIPT,
        JSON.stringify({
          torrent: options.torrentFile,
          dir: options.dir,
          listen: formatEndpoint(options.listen),
          dial: options.dial,
          trackers: options.trackers,
          uploadBps: options.uploadBps ?? 0,
        }),
      ],
      { cwd: options.stateDir },
    );
    await child.waitFor(options.role === 'seed' ? /"event": "complete"/ : /"event": "listening"/);
    return {
      name: 'libtorrent',
      listen: options.listen,
      pid: child.pid,
      async complete(timeoutMs) {
        await child.waitFor(/"event": "complete"/, timeoutMs);
      },
      dial: (peer) => child.write(JSON.stringify(peer)),
      async uploadSeconds(timeoutMs) {
        const match = await child.waitFor(
          /"event": "uploading", "time": ([\d.]+)[^]*?"event": "disconnected", "time": ([\d.]+)/,
          timeoutMs,
        );
        return Number(match[2]) - Number(match[1]);
      },
      async stopAndCount() {
        await child.stop();
        const match = await child.waitFor(/"event": "stopped", "time": [\d.]+, "uploaded": (\d+)/);
        return Number(match[1]);
      },
      stop: () => child.stop(),
    };
  },
} satisfies ClientDriver;

export interface LibtorrentReading {
  /** Lower-case hex of the v1 info-hash. */
  readonly infoHash: string;
  readonly name: string;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly totalBytes: number;
  readonly files: readonly { readonly path: string; readonly lengthBytes: number }[];
  readonly trackers: readonly string[];
  readonly private: boolean;
}

/** How libtorrent reads a torrent. */
export function readWithLibtorrent(torrentFile: string): LibtorrentReading {
  return JSON.parse(metainfoScript({ read: torrentFile })) as LibtorrentReading;
}

/** Makes a torrent with libtorrent's create_torrent. `hybrid`: v1 and v2 in one, with pad files. */
export function createWithLibtorrent(options: {
  readonly path: string;
  readonly output: string;
  readonly pieceLengthBytes: number;
  readonly trackers: readonly string[];
  readonly hybrid: boolean;
}): void {
  metainfoScript(options);
}

function metainfoScript(request: object): string {
  requireLibtorrent();
  return run(PYTHON, [METAINFO_SCRIPT, JSON.stringify(request)]);
}

let found = false;

function requireLibtorrent(): void {
  if (found) return;
  if (spawnSync(PYTHON, ['-c', 'import libtorrent']).status !== 0) {
    throw new Error(`${PYTHON} has no module libtorrent: apt-get install python3-libtorrent`);
  }
  found = true;
}
