// qbittorrent-nox through its web API.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatEndpoint, freePort, waitUntilListening } from '../support/loopback.ts';
import { poll, requireProgram, start } from '../support/processes.ts';
import type { ClientDriver } from './client.ts';

/** Within so long of its start it closes its port once and opens it again. */
const REOPENS_MS = 500;
/** States of a torrent that has everything and is not being checked. */
const COMPLETE_STATES = ['uploading', 'stalledUP', 'forcedUP', 'queuedUP'];

export const qbittorrent: ClientDriver = {
  name: 'qbittorrent',
  dials: true,
  createsEmptyFiles: true,
  async start(options) {
    requireProgram('qbittorrent-nox', 'qbittorrent-nox');
    const web = { host: options.listen.host, port: await freePort(options.listen.host) };
    const configurationDir = join(options.stateDir, 'qBittorrent', 'config');
    mkdirSync(configurationDir, { recursive: true });
    writeFileSync(
      join(configurationDir, 'qBittorrent.conf'),
      [
        '[LegalNotice]',
        'Accepted=true',
        '[BitTorrent]',
        `Session\\Port=${options.listen.port}`,
        `Session\\InterfaceAddress=${options.listen.host}`,
        `Session\\DefaultSavePath=${options.dir}`,
        'Session\\BTProtocol=TCP',
        'Session\\DHTEnabled=false',
        'Session\\LSDEnabled=false',
        'Session\\PeXEnabled=false',
        'Session\\MultiConnectionsPerIp=true',
        'Session\\SSRFMitigation=false',
        'Session\\QueueingSystemEnabled=false',
        '[Preferences]',
        `WebUI\\Address=${web.host}`,
        `WebUI\\Port=${web.port}`,
        'WebUI\\LocalHostAuth=false',
        'WebUI\\HostHeaderValidation=false',
        'WebUI\\CSRFProtection=false',
        '[Network]',
        'PortForwardingEnabled=false',
        '',
      ].join('\n'),
    );
    const child = start('qbittorrent', 'qbittorrent-nox', [`--profile=${options.stateDir}`], {
      cwd: options.stateDir,
    });
    const api = `http://${formatEndpoint(web)}/api/v2`;
    await poll('qbittorrent answers', 20_000, async () => {
      if (child.exit !== null) throw child.failure('ended');
      return fetch(`${api}/app/version`).catch(() => null);
    });
    const post = async (path: string, body: FormData | URLSearchParams) => {
      const response = await fetch(`${api}${path}`, { method: 'POST', body });
      const text = await response.text();
      if (!response.ok || text === 'Fails.') throw new Error(`qbittorrent, ${path}: ${response.status} ${text}`);
    };
    const form = new FormData();
    form.set('torrents', new Blob([readFileSync(options.torrentFile)]), 'it.torrent');
    form.set('savepath', options.dir);
    await post('/torrents/add', form);
    const info = async () => {
      if (child.exit !== null) throw child.failure('ended');
      const torrents = (await (await fetch(`${api}/torrents/info`)).json()) as {
        hash: string;
        state: string;
        progress: number;
      }[];
      return torrents[0] ?? null;
    };
    const added = await poll('qbittorrent adds the torrent', 10_000, info);
    const complete = async (timeoutMs: number) => {
      await poll('qbittorrent is complete', timeoutMs, async () => {
        const torrent = await info();
        return torrent?.progress === 1 && COMPLETE_STATES.includes(torrent.state) ? true : null;
      });
    };
    if (options.role === 'seed') await complete(30_000);
    await waitUntilListening(options.listen, child);
    await sleep(REOPENS_MS);
    await waitUntilListening(options.listen, child);
    if (options.dial.length > 0) {
      const peers = options.dial.map(formatEndpoint).join('|');
      await post('/torrents/addPeers', new URLSearchParams({ hashes: added.hash, peers }));
    }
    return { name: 'qbittorrent', listen: options.listen, pid: child.pid, complete, stop: () => child.stop() };
  },
};
