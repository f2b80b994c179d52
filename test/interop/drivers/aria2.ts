// aria2c. It cannot be told a peer: it is dialled, or asks a tracker. It takes about 2 s to start. It speaks to UDP trackers only with its
// DHT enabled; with no entry point that DHT stays silent.

import { join } from 'node:path';
import { requireProgram, start } from '../support/processes.ts';
import { waitUntilListening } from '../support/loopback.ts';
import type { ClientDriver } from './client.ts';

export const aria2: ClientDriver = {
  name: 'aria2',
  dials: false,
  createsEmptyFiles: true,
  async start(options) {
    requireProgram('aria2c', 'aria2');
    const child = start(
      'aria2',
      'aria2c',
      [
        '--no-conf=true',
        `--dir=${options.dir}`,
        `--interface=${options.listen.host}`,
        `--listen-port=${options.listen.port}`,
        '--disable-ipv6=true',
        `--enable-dht=${options.trackers}`,
        `--dht-listen-port=${options.listen.port}`,
        `--dht-file-path=${join(options.stateDir, 'dht.dat')}`,
        '--bt-enable-lpd=false',
        '--bt-max-peers=0',
        '--file-allocation=none',
        '--check-integrity=true',
        '--summary-interval=1',
        '--console-log-level=notice',
        '--enable-color=false',
        ...(options.trackers ? [] : ['--bt-exclude-tracker=*']),
        // A leecher leaves as soon as it is complete: the only word of completion that aria2c has on its command line.
        ...(options.role === 'seed' ? ['--seed-ratio=0.0'] : ['--seed-time=0']),
        options.torrentFile,
      ],
      { cwd: options.stateDir },
    );
    await waitUntilListening(options.listen, child);
    return {
      name: 'aria2',
      listen: options.listen,
      pid: child.pid,
      complete: (timeoutMs) => child.succeeded(timeoutMs),
      stop: () => child.stop(),
    };
  },
};
