// Folders, layouts and processes for the client's tests.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Geometry, type TorrentFile } from '#engine';
import { afterAll, onTestFinished } from 'vitest';
import { OpenFiles } from '../../client/disk/open-files.ts';
import { Storage } from '../../client/disk/storage.ts';

const made: string[] = [];
const opened: Storage[] = [];

afterAll(() => {
  for (const storage of opened.splice(0)) storage.close();
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, removed after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'starling-'));
  made.push(folder);
  return folder;
}

/** A storage that is closed after the test file. */
export async function openStorage(
  folder: string,
  torrent: ReturnType<typeof layout>,
  openFiles = new OpenFiles(),
): Promise<Storage> {
  const storage = await Storage.open(folder, torrent, openFiles);
  opened.push(storage);
  return storage;
}

/** Files of a torrent by their lengths; a negative length is a pad file. */
export function layout(pieceLengthBytes: number, lengths: readonly number[]) {
  const files: TorrentFile[] = lengths.map((length, index) => ({
    path: length < 0 ? ['t', '.pad', `${index}`] : ['t', `d${index % 2}`, `f${index}`],
    lengthBytes: Math.abs(length),
    pad: length < 0,
  }));
  return {
    files,
    geometry: new Geometry(
      pieceLengthBytes,
      files.map((file) => file.lengthBytes),
    ),
  };
}

/** The whole run of bytes of a torrent: pseudo-random, zeros in pad files. */
export function contentOf({ files, geometry }: ReturnType<typeof layout>, seed = 1): Uint8Array {
  const content = new Uint8Array(geometry.totalBytes);
  let state = seed;
  for (let at = 0; at < content.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    content[at] = state >>> 16;
  }
  files.forEach((file, index) => {
    const begin = geometry.fileOffset(index);
    if (file.pad) content.fill(0, begin, begin + file.lengthBytes);
  });
  return content;
}

/** Writes what a complete download would leave. */
export function writeContent(folder: string, torrent: ReturnType<typeof layout>, content: Uint8Array): void {
  torrent.files.forEach((file, index) => {
    if (file.pad) return;
    const path = join(folder, ...file.path);
    mkdirSync(dirname(path), { recursive: true });
    const begin = torrent.geometry.fileOffset(index);
    writeFileSync(path, content.subarray(begin, begin + file.lengthBytes));
  });
}

export function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(bytes).digest());
}

/** Runs a program of the system to its end; throws when it fails. */
export function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args);
}

/** Puts a small file system of `sizeMiB` on the folder, until the test ends. */
export function mountTmpfs(folder: string, sizeMiB: number): void {
  run('mount', '-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'starling-test', folder);
  onTestFinished(() => run('umount', '-l', folder));
}

/** Puts a file system on `folder` whose server never says a word, until the test ends: every call for it waits. */
export function mountHanging(folder: string): void {
  const server = openSync('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
  const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'starling-test', folder], {
    stdio: ['ignore', 'ignore', 'inherit', server],
  });
  if (mounted.status !== 0) throw new Error('FUSE cannot be mounted');
  onTestFinished(() => {
    closeSync(server);
    run('umount', '-l', folder);
  });
}

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  /** Another build. */
  readonly program?: string;
  /** What runs it, such as `ip netns exec NAME`. */
  readonly through?: readonly string[];
  readonly timeoutMs?: number;
}

/** A running `starling`, killed for certain after three minutes, or the time given. */
export function start(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  { program = 'bin/starling.js', through = [], timeoutMs = 180_000 }: StartOptions = {},
) {
  const [command, ...rest] = [...through, process.execPath, program, ...args];
  const child = spawn(command as string, rest, {
    env: { ...process.env, ...environment },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  const waiting: { readonly pattern: RegExp; readonly resolve: (match: RegExpExecArray) => void }[] = [];
  const look = () => {
    for (const { pattern, resolve } of waiting) {
      const match = pattern.exec(stdout);
      if (match !== null) resolve(match);
    }
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Run>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  /** The first match in stdout; rejects when the process ends without it. */
  const prints = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      waiting.push({ pattern, resolve });
      look();
      void ended.then((run) => reject(new Error(`ended without ${pattern}: ${JSON.stringify(run)}`)));
    });
  return { child, ended, prints };
}

/** Runs `starling` to its end. */
export function starling(...args: readonly string[]): Promise<Run> {
  return start(args).ended;
}
