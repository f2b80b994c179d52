// Where a session listens, when its address or its ports are changed.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { DEFAULT_SETTINGS } from '#engine';
import { Random } from '#harness/random';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ResumeStore } from '../../client/resume-store.ts';
import { Session } from '../../client/session.ts';
import { temporaryFolder } from './support.ts';

const NO_SUCH_ADDRESS = '203.0.113.9';

function makeSession(bind: string | null): Session {
  const session = new Session({
    settings: DEFAULT_SETTINGS,
    random: new Random('rebinding'),
    record: (engine) => engine,
    bind,
    iceServers: () => [],
    resumeStore: new ResumeStore(temporaryFolder()),
    onEvent: () => undefined,
    onClose: () => undefined,
    afterDrain: () => undefined,
  });
  onTestFinished(() => session.close());
  return session;
}

/** `connect`, or the code of the failure. */
async function dial(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  return Promise.race([
    once(socket, 'connect').then(() => 'connect'),
    once(socket, 'error').then(([error]) => (error as NodeJS.ErrnoException).code ?? ''),
  ]).catch((error: NodeJS.ErrnoException) => error.code ?? '');
}

/** A port that is free at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe('rebinding', () => {
  test('the same port is had again at another address that holds the old one', async () => {
    const session = makeSession('127.0.0.1');
    const { port } = await session.listen([0]);
    session.rebind(null);
    expect(await session.listen([port])).toEqual({ port, refusal: null });
    expect(await dial(port)).toBe('connect');
  });

  test('an address that cannot be had leaves nobody listening at the old one', async () => {
    const session = makeSession('127.0.0.1');
    const { port } = await session.listen([0]);
    session.rebind(NO_SUCH_ADDRESS);
    await expect(session.listen([port])).rejects.toThrow(`${NO_SUCH_ADDRESS}: cannot listen`);
    expect(await dial(port)).toBe('ECONNREFUSED');
  });

  test('of two changes at once the last holds, and each has its port', async () => {
    const session = makeSession('127.0.0.1');
    const [first, second] = [await freePort(), await freePort()];
    const listening = [session.listen([first]), session.listen([second]), session.listen([second])];
    expect(await Promise.all(listening)).toEqual([first, second, second].map((port) => ({ port, refusal: null })));
    expect(await dial(first)).toBe('ECONNREFUSED');
    expect(await dial(second)).toBe('connect');
  });

  test('who is closed meanwhile does not listen', async () => {
    const session = makeSession('127.0.0.1');
    const port = await freePort();
    const listening = session.listen([port]).catch(() => undefined);
    await session.close();
    await listening;
    expect(await dial(port)).toBe('ECONNREFUSED');
  });
});
