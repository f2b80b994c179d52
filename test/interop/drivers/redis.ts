// A Redis server that keeps nothing on the disk.

import { type Endpoint, formatEndpoint, waitUntilListening } from '../support/loopback.ts';
import { type Child, requireProgram, start } from '../support/processes.ts';

export interface RunningRedis {
  readonly url: string;
  readonly child: Child;
}

/** `dir`: an empty folder. Resolves when it accepts connections. */
export async function startRedis(listen: Endpoint, dir: string): Promise<RunningRedis> {
  requireProgram('redis-server', 'redis-server');
  const where = ['--bind', listen.host, '--port', String(listen.port), '--protected-mode', 'no', '--dir', dir];
  const child = start('redis-server', 'redis-server', [...where, '--save', '', '--appendonly', 'no'], { cwd: dir });
  await waitUntilListening(listen, child);
  return { url: `redis://${formatEndpoint(listen)}`, child };
}
