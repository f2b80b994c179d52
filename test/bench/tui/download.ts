// What an open terminal UI costs a download: the same gigabyte from a libtorrent seed into the downloading process, on memory-backed disk,
// once without a UI and once under one that shows the torrent's piece map and rates.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Core } from '../../../client/control/core.ts';
import { createWithLibtorrent, libtorrent } from '../../interop/drivers/libtorrent.ts';
import { digests, MIB, singleFile, writeContent } from '../../interop/support/content.ts';
import { type Endpoint, freshEndpoint } from '../../interop/support/loopback.ts';
import { Workspace } from '../../interop/support/workspace.ts';
import { Screen } from '../../pty/screen.ts';
import { median } from '../measure.ts';
import { formatTable } from '../table.ts';

const TIMEOUT_MS = 300_000;

interface Home {
  readonly folder: string;
  readonly state: string;
  readonly config: string;
  readonly downloads: string;
  readonly listen: Endpoint;
}

/** A table of medians over `runs` interleaved runs: MB/s from the first byte of payload, and the share that the UI leaves. */
export async function benchUiDownload(sizeMiB: number, runs: number): Promise<string> {
  const work = new Workspace();
  try {
    const content = work.folder('content');
    const root = writeContent(content, singleFile('bench.bin', sizeMiB * MIB), 'bench');
    const torrent = join(work.dir, 'bench.torrent');
    createWithLibtorrent({ path: root, output: torrent, pieceLengthBytes: MIB, trackers: [], hybrid: false });
    const expected = (await digests(root))[''] as string;
    const seconds = { without: [] as number[], with: [] as number[] };
    for (let round = 0; round < runs; round += 1) {
      seconds.without.push(await download(torrent, content, expected, withoutUi));
      seconds.with.push(await download(torrent, content, expected, withUi));
    }
    const rate = (times: readonly number[]) => (sizeMiB * MIB) / median(times) / 1e6;
    const [without, open] = [rate(seconds.without), rate(seconds.with)];
    return formatTable(
      [`download of ${sizeMiB} MiB`, 'MB/s', 'ratio'],
      [
        ['the downloading process alone', without.toFixed(0), '1.00'],
        ['with the UI open', open.toFixed(0), (open / without).toFixed(2)],
      ],
    );
  } finally {
    await work.close();
  }
}

/** Runs the client, and calls `ready` when the torrent that it has is to be resumed and its port is open; ends it after that. */
type Client = (home: Home, ready: () => Promise<void>) => Promise<void>;

async function download(torrent: string, content: string, expected: string, client: Client): Promise<number> {
  const work = new Workspace();
  try {
    const home = await makeHome(work, torrent);
    const options = { torrentFile: torrent, dir: content, role: 'seed', dial: [], trackers: false } as const;
    const seed = work.track(
      await libtorrent.start({ ...options, listen: await freshEndpoint(), stateDir: work.folder('seed') }),
    );
    let seconds = Number.NaN;
    await client(home, async () => {
      seed.dial(home.listen);
      seconds = await seed.uploadSeconds(TIMEOUT_MS);
    });
    const actual = (await digests(join(home.downloads, 'bench.bin')))[''];
    if (actual !== expected) throw new Error('other bytes were downloaded');
    return seconds;
  } finally {
    await work.close();
  }
}

/** A client that has the torrent, paused. */
async function makeHome(work: Workspace, torrent: string): Promise<Home> {
  const folder = work.folder('home');
  const listen = await freshEndpoint();
  const home: Home = {
    folder,
    listen,
    state: join(folder, 'state', 'starling'),
    config: join(folder, 'config', 'starling', 'config.toml'),
    downloads: join(folder, 'downloads'),
  };
  mkdirSync(join(folder, 'config', 'starling'), { recursive: true });
  mkdirSync(home.downloads);
  writeFileSync(home.config, `bind = "${listen.host}"\nlisten_ports = ${listen.port}\n`);
  const core = await started(home);
  const source = new Uint8Array(readFileSync(torrent));
  await core.request({
    call: 'add',
    source,
    folder: home.downloads,
    priorities: null,
    paused: true,
    sequential: false,
  });
  await core.leave();
  return home;
}

async function started({ state, config }: Home): Promise<Core> {
  const core = new Core({ stateFolder: state, configFile: config });
  await new Promise<void>((done, failed) => {
    core.listen(() => {
      if (core.life === 'ended') failed(new Error(core.ending ?? 'the downloading process ended'));
      else if (core.life === 'running') done();
    });
    core.start();
  });
  return core;
}

const withoutUi: Client = async (home, ready) => {
  const core = await started(home);
  try {
    const [key] = [...core.rows.keys()];
    if (key === undefined) throw new Error('the torrent was not kept');
    await core.request({ call: 'resume', key });
    await ready();
  } finally {
    await core.leave();
  }
};

const withUi: Client = async ({ folder }, ready) => {
  const screen = new Screen([resolve('bin/starling.js'), 'tui'], {
    columns: 140,
    rows: 50,
    folder,
    lifeMs: TIMEOUT_MS,
    environment: { HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), XDG_STATE_HOME: join(folder, 'state') },
  });
  try {
    await screen.shows(/bench\.bin.*paused/);
    screen.type('r');
    await screen.shows(/bench\.bin.*downloading/);
    await ready();
    screen.type('q');
    await screen.ended;
  } finally {
    screen.kill();
  }
};
