// A swarm on loopback for the UI: a tracker, a seed that announces itself there, a torrent of several files, and a home of its own.

import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { createMetainfo, parseMetainfo } from '#engine';
import { onTestFinished } from 'vitest';
import { pieceHashesOf } from '../client/share.ts';
import { start, temporaryFolder } from '../client/support.ts';
import { Screen, type ScreenOptions } from './screen.ts';

export interface Swarm {
  /** Holds `source`, and the `.torrent` file. */
  readonly folder: string;
  readonly torrent: string;
  readonly name: string;
  /** Where the UI downloads to unless told otherwise. */
  readonly downloads: string;
  readonly environment: Readonly<Record<string, string>>;
  /** SHA-256 of each file, by its path below the torrent's folder. */
  readonly digests: ReadonlyMap<string, string>;
}

const PIECE_LENGTH_BYTES = 65_536;
const CONFIG = 'bind = "127.0.0.1"\nlisten_ports = "0"\n';

export interface SwarmOptions {
  readonly name?: string;
  /** More lines of the configuration. */
  readonly config?: string;
  /** Of each seed. */
  readonly uploadLimit?: string;
  readonly seeds?: number;
  /** How long its processes may live. */
  readonly lifeMs?: number;
  /** One that other torrents have too. */
  readonly home?: ReturnType<typeof makeHome>;
}

/** `files`: lengths by path below the torrent's folder. */
export async function makeSwarm(
  files: Readonly<Record<string, number>>,
  {
    name = 'album',
    config = '',
    uploadLimit = '0',
    seeds = 1,
    lifeMs = 180_000,
    home = makeHome(config),
  }: SwarmOptions = {},
): Promise<Swarm> {
  home.tracker ??= startTracker(lifeMs);
  const url = await home.tracker;
  const contents = Object.entries(files).map(([path, length]) => {
    return { path, content: contentOf(path, length) };
  });
  const digests = new Map(contents.map(({ path, content }) => [path, sha256(content)]));
  const whole = Buffer.concat(contents.map(({ content }) => content));
  const bytes = createMetainfo({
    name,
    files: contents.map(({ path, content }) => ({ path: path.split('/'), lengthBytes: content.length })),
    pieceLengthBytes: PIECE_LENGTH_BYTES,
    pieceHashes: pieceHashesOf(whole, PIECE_LENGTH_BYTES),
    announceTiers: [[url]],
    private: false,
    comment: null,
    createdBy: null,
    creationDate: null,
  });
  const parsed = parseMetainfo(bytes);
  if (!parsed.ok) throw new Error(parsed.detail);
  const source = join(home.folder, 'source');
  // Under the names that are safe on a disk.
  parsed.value.files.forEach((file, at) => {
    const path = join(source, ...file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents[at]?.content ?? new Uint8Array());
  });
  const torrent = join(home.folder, `album${home.torrents === 0 ? '' : home.torrents}.torrent`);
  home.torrents += 1;
  writeFileSync(torrent, bytes);
  const startSeed = async (_seed: unknown, at: number) => {
    const network = ['--bind', '127.0.0.1', '--port', '0', '--upload-limit', uploadLimit];
    const state = join(home.folder, `${basename(torrent)}-seed-${at}`);
    const seed = start(
      ['seed', torrent, '--dir', source, ...network, '--state', state, '--json'],
      {},
      { timeoutMs: lifeMs },
    );
    killedAfterwards(seed);
    await seed.prints(/"event":"completed"/);
  };
  await Promise.all(Array.from({ length: seeds }, startSeed));
  return { ...home, torrent, name, digests };
}

/** Folders for a UI that finds nothing of the machine's user. */
export function makeHome(config = '') {
  const folder = temporaryFolder();
  const downloads = join(folder, 'downloads');
  const environment = {
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_STATE_HOME: join(folder, 'state'),
  };
  mkdirSync(join(folder, 'config', 'starling'), { recursive: true });
  mkdirSync(downloads);
  writeFileSync(configFile({ folder }), `download_folder = "${downloads}"\n${CONFIG}${config}`);
  return { folder, downloads, environment, torrents: 0, tracker: null as Promise<string> | null };
}

async function startTracker(lifeMs: number): Promise<string> {
  const tracker = start(['tracker', '--port', '0'], {}, { timeoutMs: lifeMs });
  killedAfterwards(tracker);
  const [, url] = await tracker.prints(/(http:\/\/\S+)\n/);
  return url as string;
}

export function configFile({ folder }: { readonly folder: string }): string {
  return join(folder, 'config', 'starling', 'config.toml');
}

/** The built program on a terminal, in the home's folder; killed with the test. */
export function startUi(
  { folder, environment }: Pick<Swarm, 'folder' | 'environment'>,
  { environment: more, ...options }: ScreenOptions = {},
  args: readonly string[] = [],
): Screen {
  const screen = new Screen([resolve('bin/starling.js'), ...args], {
    folder,
    environment: { ...environment, ...more },
    ...options,
  });
  onTestFinished(() => screen.kill());
  return screen;
}

/** Bytes that do not repeat, the same in every run. */
function contentOf(path: string, length: number): Uint8Array {
  const start = createHash('md5').update(path).digest();
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), start).update(Buffer.alloc(length));
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Of a file that was downloaded. */
export function downloadedDigest({ downloads, name }: Swarm, path: string): string {
  return sha256(readFileSync(join(downloads, name, path)));
}

function killedAfterwards({ child }: ReturnType<typeof start>): void {
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
}
