// One client for one state folder. Who holds the lock listens on a socket in the folder, which the system closes when the process ends,
// however it ends: what a killed one leaves is a name that nobody answers at, and is replaced.
//
// A stale name is replaced under a second lock file, so that of two clients that find it at once only one does.

import { mkdir, open, realpath, rm, stat, type FileHandle } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, Failure, reasonOf } from '../failure.ts';

/** Socket names are short: 108 bytes on Linux, 104 elsewhere, with the final zero. */
const SOCKET_PATH_BYTES_MAX = 100;
const ATTEMPTS = 50;
const PAUSE_MS = 100;
/** Replacing takes milliseconds: whoever began it so long ago was killed in between. */
const REPLACING_MS_MAX = 10_000;

export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock of `folder`, which is made where it is missing. Throws `Failure` when another client holds it. */
export async function lockFolder(folder: string): Promise<Lock> {
  try {
    await mkdir(folder, { recursive: true });
    const place = await socketPlace(await realpath(folder));
    return await take(folder, place);
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(`${folder}: ${reasonOf(error)}`);
  }
}

interface Place {
  readonly path: string;
  /** Where a stale name is replaced; null where the system keeps no names of the dead. */
  readonly replacing: string | null;
  /** Kept open as long as the path goes through it. */
  readonly handle: FileHandle | null;
}

async function socketPlace(folder: string): Promise<Place> {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  if (process.platform === 'win32') return { path: `\\\\.\\pipe\\starling-${name}`, replacing: null, handle: null };
  const replacing = join(folder, 'lock.replacing');
  const path = join(folder, 'lock');
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return { path, replacing, handle: null };
  if (process.platform !== 'linux') return { path: join(tmpdir(), `starling-${name}`), replacing, handle: null };
  const handle = await open(folder, 'r');
  return { path: `/proc/self/fd/${handle.fd}/lock`, replacing, handle };
}

async function take(folder: string, { path, replacing, handle }: Place): Promise<Lock> {
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const server = await listenOn(path);
      if (server !== null) return held(server, handle);
      const holder = await whoListens(path);
      if (holder !== null)
        throw new Failure(
          `${folder}: another Starling${holder} uses this state folder: leave it first, or use another`,
        );
      if (replacing === null || !(await removeStale(path, replacing))) await delay(PAUSE_MS);
    }
  } catch (error) {
    await handle?.close();
    throw error;
  }
  await handle?.close();
  throw new Failure(`${folder}: the lock cannot be taken: remove ${path} if no Starling is running`);
}

function held(server: Server, handle: FileHandle | null): Lock {
  server.unref();
  return {
    release: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await handle?.close();
    },
  };
}

/** Null: the name is taken. */
function listenOn(path: string): Promise<Server | null> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (errorCode(error) === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

/** ` (process 123)` where somebody listens, null where nobody does. */
function whoListens(path: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(path);
    const done = () => {
      clearTimeout(timer);
      resolve(/^\d+$/.test(said) ? ` (process ${said})` : '');
    };
    // One that is stopped still holds the lock.
    const timer = setTimeout(() => {
      socket.destroy();
      resolve('');
    }, 1_000);
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text.slice(0, 20);
    });
    socket.once('end', done);
    socket.once('error', (error) => {
      clearTimeout(timer);
      const code = errorCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(null);
      else if (code === 'ECONNRESET') resolve('');
      else reject(error);
    });
  });
}

/** Removes the name that a dead process left. False: somebody else is at it. */
async function removeStale(path: string, replacing: string): Promise<boolean> {
  try {
    await (await open(replacing, 'wx', 0o600)).close();
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const begun = await stat(replacing).catch(() => null);
    if (begun !== null && Date.now() - begun.mtimeMs > REPLACING_MS_MAX) await rm(replacing, { force: true });
    return false;
  }
  try {
    if ((await whoListens(path)) === null) await rm(path, { force: true });
  } finally {
    await rm(replacing, { force: true });
  }
  return true;
}
