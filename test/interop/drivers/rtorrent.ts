// rtorrent without its screen, through XML-RPC over a local SCGI socket. It wants a torrent with an announce URL.

import { connect } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatEndpoint, waitUntilListening } from '../support/loopback.ts';
import { poll, requireProgram, start } from '../support/processes.ts';
import type { ClientDriver } from './client.ts';

export const rtorrent: ClientDriver = {
  name: 'rtorrent',
  dials: true,
  createsEmptyFiles: true,
  async start(options) {
    requireProgram('rtorrent', 'rtorrent');
    const socketPath = join(options.stateDir, 'scgi');
    const configuration = join(options.stateDir, 'rtorrent.rc');
    writeFileSync(
      configuration,
      [
        'system.daemon.set = true',
        `session.path.set = ${options.stateDir}`,
        `directory.default.set = ${options.dir}`,
        `network.bind_address.set = ${options.listen.host}`,
        `network.port_range.set = ${options.listen.port}-${options.listen.port}`,
        'network.port_random.set = no',
        'dht.mode.set = disable',
        'protocol.pex.set = no',
        'trackers.use_udp.set = yes',
        'pieces.hash.on_completion.set = no',
        `network.scgi.open_local = ${socketPath}`,
        '',
      ].join('\n'),
    );
    const child = start('rtorrent', 'rtorrent', ['-n', '-o', `import=${configuration}`], {
      cwd: options.stateDir,
      env: { TERM: 'xterm' },
    });
    const call = (method: string, ...parameters: readonly string[]) => callRtorrent(socketPath, method, parameters);
    await poll('rtorrent answers', 20_000, async () => {
      if (child.exit !== null) throw child.failure('ended');
      return call('system.pid').catch(() => null);
    });
    await call('load.start_verbose', '', options.torrentFile);
    const infoHash = await poll('rtorrent loads the torrent', 10_000, async () => {
      return /<string>([0-9A-F]{40})<\/string>/.exec(await call('download_list', ''))?.[1] ?? null;
    });
    const complete = async (timeoutMs: number) => {
      await poll('rtorrent is complete', timeoutMs, async () => {
        if (child.exit !== null) throw child.failure('ended');
        return integer(await call('d.complete', infoHash)) === 1 && integer(await call('d.hashing', infoHash)) === 0
          ? true
          : null;
      });
    };
    if (options.role === 'seed') await complete(30_000);
    await waitUntilListening(options.listen, child);
    await poll('rtorrent has started the torrent', 20_000, async () => {
      return integer(await call('d.is_active', infoHash)) === 1 ? true : null;
    });
    for (const peer of options.dial) await call('add_peer', infoHash, formatEndpoint(peer));
    return { name: 'rtorrent', listen: options.listen, pid: child.pid, complete, stop: () => child.stop() };
  },
};

function integer(reply: string): number {
  const digits = /<i[48]>(-?\d+)<\/i[48]>/.exec(reply)?.[1];
  if (digits === undefined) throw new Error(`rtorrent answered ${reply}`);
  return Number(digits);
}

/** One XML-RPC call with string parameters; returns the reply's XML. */
function callRtorrent(socketPath: string, method: string, parameters: readonly string[]): Promise<string> {
  const values = parameters.map((text) => `<param><value><string>${escapeXml(text)}</string></value></param>`);
  const body = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${values.join('')}</params></methodCall>`;
  const headers = `CONTENT_LENGTH\0${Buffer.byteLength(body)}\0SCGI\x001\0`;
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect(socketPath);
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (text: string) => {
      reply += text;
    });
    socket.on('end', () => {
      if (reply.includes('<fault>')) reject(new Error(`rtorrent, ${method}: ${reply}`));
      else resolve(reply);
    });
    socket.end(`${headers.length}:${headers},${body}`);
  });
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
