// A client for tests: folders of its own, a downloading process on loopback, and a swarm for it.

import { readFileSync, writeFileSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Core } from '../../../client/control/core.ts';
import type { AddRequest, TorrentRow } from '../../../client/control/protocol.ts';
import { makeShare, startSeed, type Share } from '../share.ts';
import { start, temporaryFolder } from '../support.ts';

/** Of each test: processes start slowly on a machine that has other work. */
export const TIMEOUT_MS = 300_000;

export interface Folders {
  readonly state: string;
  readonly config: string;
  readonly downloads: string;
}

/** Folders for one client; it listens on loopback, on any port. `more`: lines of the configuration. */
export function makeFolders(more = ''): Folders {
  const folder = temporaryFolder();
  const folders = {
    state: join(folder, 'state'),
    config: join(folder, 'config', 'config.toml'),
    downloads: join(folder, 'downloads'),
  };
  mkdirSync(join(folder, 'config'));
  mkdirSync(folders.downloads);
  const keys = [`bind = "127.0.0.1"`, `listen_ports = 0`, `download_folder = ${JSON.stringify(folders.downloads)}`];
  writeFileSync(folders.config, `${keys.join('\n')}\n${more}\n`);
  return folders;
}

/** A running client, ended with the test. */
export async function startClient({ state, config }: Folders) {
  const core = new Core({ stateFolder: state, configFile: config });
  const notices: string[] = [];
  core.listen((change) => {
    if (change.kind === 'notice') notices.push(change.text);
  });
  core.start();
  onTestFinished(() => core.leave());
  await until(core, () => core.life !== 'starting');
  return { core, notices };
}

/** Resolves when `holds` is true after a push; rejects when it is not within `timeoutMs`, or the process has ended before. */
export function until(core: Core, holds: () => boolean, timeoutMs = 120_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null) => {
      clearTimeout(timer);
      end();
      if (error === null) resolve();
      else reject(error);
    };
    const shown = () => JSON.stringify([...core.rows.values()].slice(0, 5));
    const timer = setTimeout(
      () => settle(new Error(`not within ${timeoutMs} ms: ${String(holds)}: ${shown()}`)),
      timeoutMs,
    );
    const look = () => {
      if (holds()) settle(null);
      else if (core.life === 'ended') settle(new Error(`ended: ${core.ending}`));
    };
    const end = core.listen(look);
    look();
  });
}

/** The row of the only torrent, or of that with this name. */
export function rowOf(core: Core, name?: string): TorrentRow | undefined {
  return [...core.rows.values()].find((row) => name === undefined || row.name === name);
}

export function addRequest(torrent: string, folder: string, more: Partial<AddRequest> = {}): AddRequest {
  const source = new Uint8Array(readFileSync(torrent));
  return { call: 'add', source, folder, priorities: null, paused: false, sequential: false, ...more };
}

/** A tracker, and a share that names it with a seed that it knows. */
export async function startSwarm(lengthBytes: number, ...seedOptions: readonly string[]): Promise<Share> {
  const url = await startTracker();
  const share = makeShare(lengthBytes, [url]);
  await startSeed(share, ...seedOptions);
  return share;
}

async function startTracker(): Promise<string> {
  const tracker = start(['tracker', '--port', '0']);
  onTestFinished(() => {
    tracker.child.kill('SIGKILL');
  });
  const [, url] = await tracker.prints(/(http:\/\/\S+)\n/);
  return url as string;
}
