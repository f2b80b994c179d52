// opentracker, HTTP and UDP on one port. Debian's build tracks only the info-hashes of a whitelist, and goes
// on as `nobody` when root starts it: the workspace is open to all for that.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Endpoint, formatEndpoint, waitUntilListening } from '../support/loopback.ts';
import { requireProgram, start } from '../support/processes.ts';

export interface RunningTracker {
  readonly httpUrl: string;
  readonly udpUrl: string;
  stop(): Promise<void>;
}

/** How many seeds the tracker counts, by its HTTP scrape (BEP 48). `infoHash`: lower-case hex. */
export async function countSeeds(tracker: RunningTracker, infoHash: string): Promise<number> {
  const escaped = infoHash.replace(/../g, '%$&');
  const response = await fetch(`${tracker.httpUrl.replace('/announce', '/scrape')}?info_hash=${escaped}`);
  const reply = Buffer.from(await response.arrayBuffer()).toString('latin1');
  return Number(/8:completei(\d+)e/.exec(reply)?.[1] ?? 0);
}

/** `infoHash`: lower-case hex. `stateDir`: an empty folder. Resolves when it accepts connections. */
export async function startOpentracker(listen: Endpoint, stateDir: string, infoHash: string): Promise<RunningTracker> {
  requireProgram('opentracker', 'opentracker');
  const whitelist = join(stateDir, 'whitelist');
  writeFileSync(whitelist, `${infoHash}\n`);
  const port = String(listen.port);
  const args = ['-i', listen.host, '-p', port, '-P', port, '-w', whitelist];
  const child = start('opentracker', 'opentracker', args, { cwd: stateDir });
  await waitUntilListening(listen, child);
  return {
    httpUrl: `http://${formatEndpoint(listen)}/announce`,
    udpUrl: `udp://${formatEndpoint(listen)}/announce`,
    stop: () => child.stop(),
  };
}
