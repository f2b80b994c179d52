// transmission-daemon through its JSON RPC. It ignores loopback addresses that a tracker names and has no command to add a peer: the other
// side dials it. Version 3.00 creates no empty files.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Endpoint, formatEndpoint, freePort, waitUntilListening } from '../support/loopback.ts';
import { poll, requireProgram, run, start } from '../support/processes.ts';
import type { ClientDriver } from './client.ts';

/** `status` of a torrent in transmission's RPC. */
const STATUS_SEEDING = 6;

export const transmission: ClientDriver = {
  name: 'transmission',
  dials: false,
  createsEmptyFiles: false,
  async start(options) {
    requireProgram('transmission-daemon', 'transmission-daemon');
    const rpc = { host: options.listen.host, port: await freePort(options.listen.host) };
    writeFileSync(
      join(options.stateDir, 'settings.json'),
      JSON.stringify({
        'bind-address-ipv4': options.listen.host,
        'peer-port': options.listen.port,
        'peer-port-random-on-start': false,
        'port-forwarding-enabled': false,
        'rpc-enabled': true,
        'rpc-bind-address': rpc.host,
        'rpc-port': rpc.port,
        'rpc-authentication-required': false,
        'rpc-whitelist-enabled': false,
        'rpc-host-whitelist-enabled': false,
        'dht-enabled': false,
        'lpd-enabled': false,
        'utp-enabled': false,
        'rename-partial-files': false,
        'download-dir': options.dir,
        'message-level': 2,
      }),
    );
    const child = start('transmission', 'transmission-daemon', ['--foreground', '--config-dir', options.stateDir], {
      cwd: options.stateDir,
    });
    const session = new Session(rpc);
    await poll('transmission answers', 20_000, async () => {
      if (child.exit !== null) throw child.failure('ended');
      return session.call('session-get', {}).catch(() => null);
    });
    await session.call('torrent-add', {
      ...(options.torrentFile.startsWith('magnet:')
        ? { filename: options.torrentFile }
        : { metainfo: readFileSync(options.torrentFile).toString('base64') }),
      'download-dir': options.dir,
    });
    const complete = async (timeoutMs: number) => {
      await poll('transmission is complete', timeoutMs, async () => {
        if (child.exit !== null) throw child.failure('ended');
        const reply = await session.call('torrent-get', {
          fields: ['status', 'leftUntilDone', 'metadataPercentComplete'],
        });
        const [torrent] = (reply as { torrents: TorrentState[] }).torrents;
        const known = torrent?.metadataPercentComplete === 1;
        return known && torrent.status === STATUS_SEEDING && torrent.leftUntilDone === 0 ? true : null;
      });
    };
    if (options.role === 'seed') await complete(30_000);
    await waitUntilListening(options.listen, child);
    return { name: 'transmission', listen: options.listen, pid: child.pid, complete, stop: () => child.stop() };
  },
};

/** Makes a torrent with transmission-create. */
export function createWithTransmission(options: {
  readonly path: string;
  readonly output: string;
  readonly pieceLengthBytes: number;
  readonly trackers: readonly string[];
}): void {
  requireProgram('transmission-create', 'transmission-cli');
  const trackers = options.trackers.flatMap((url) => ['--tracker', url]);
  const pieceKiB = String(options.pieceLengthBytes / 1024);
  const args = ['--outfile', options.output, '--piecesize', pieceKiB, ...trackers, options.path];
  run('transmission-create', args);
}

/** The info-hash as transmission-show reads it, lower-case hex. */
export function infoHashByTransmission(torrentFile: string): string {
  requireProgram('transmission-show', 'transmission-cli');
  const shown = run('transmission-show', [torrentFile]);
  const hash = /Hash: ([0-9a-f]{40})/.exec(shown)?.[1];
  if (hash === undefined) throw new Error(`transmission-show shows no hash: ${shown}`);
  return hash;
}

interface TorrentState {
  readonly status: number;
  readonly leftUntilDone: number;
  /** Below 1 while a magnet link is all that is known. */
  readonly metadataPercentComplete: number;
}

class Session {
  readonly #url: string;
  #id = '';

  constructor(endpoint: Endpoint) {
    this.#url = `http://${formatEndpoint(endpoint)}/transmission/rpc`;
  }

  async call(method: string, callArguments: object): Promise<unknown> {
    const body = JSON.stringify({ method, arguments: callArguments });
    const ask = () => fetch(this.#url, { method: 'POST', body, headers: { 'X-Transmission-Session-Id': this.#id } });
    let response = await ask();
    if (response.status === 409) {
      this.#id = response.headers.get('X-Transmission-Session-Id') ?? '';
      response = await ask();
    }
    const reply = (await response.json()) as { result: string; arguments: unknown };
    if (reply.result !== 'success') throw new Error(`transmission, ${method}: ${reply.result}`);
    return reply.arguments;
  }
}
