// The downloading process beside its UI: it leaves in good order however the UI goes, and its end is noticed.

import { fork, spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Core } from '../../../client/control/core.ts';
import type { Told } from '../../../client/control/protocol.ts';
import { makeShare } from '../share.ts';
import { addRequest, makeFolders, rowOf, startClient, until, TIMEOUT_MS } from './client.ts';

const ENTRY = 'dist/core-process.js';

/** The downloading process with the test as its UI. */
async function startProcess(folders: ReturnType<typeof makeFolders>) {
  const options = JSON.stringify({ stateFolder: folders.state, configFile: folders.config });
  const child = fork(ENTRY, [options], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const told: Told[] = [];
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve) => {
    child.on('message', (message: Told) => {
      told.push(message);
      if (message.kind === 'ready') resolve();
    });
  });
  return { child, told, ended };
}

describe('process', { timeout: TIMEOUT_MS }, () => {
  test('it leaves in good order when the UI is gone (the channel ends)', async () => {
    const folders = makeFolders();
    const { child, ended } = await startProcess(folders);
    child.disconnect();
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(existsSync(join(folders.state, 'lock'))).toBe(false);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'it leaves in good order on %s, also when it comes twice',
    async (signal) => {
      const folders = makeFolders();
      const { child, ended } = await startProcess(folders);
      child.kill(signal);
      child.kill(signal);
      expect(await ended).toEqual({ code: 0, signal: null });
      expect(existsSync(join(folders.state, 'lock'))).toBe(false);
    },
  );

  test('nothing is pushed while nothing changes', async () => {
    const folders = makeFolders();
    const { child, told } = await startProcess(folders);
    const add = addRequest(makeShare(100_000, [], 'x').torrent, folders.downloads);
    child.send({ id: 1, request: add });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const before = told.length;
    expect(told.findLast((message) => message.kind === 'rows')?.changed[0]).toMatchObject({ state: 'downloading' });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(told.slice(before).filter(({ kind }) => kind !== 'totals')).toEqual([]);
  });

  test('its death is noticed with its last words, open requests fail, and it can be started again', async () => {
    const { core, notices } = await startClient(makeFolders());
    // It cannot answer before it dies.
    process.kill(core.pid as number, 'SIGSTOP');
    const open = core.request({ call: 'watch', key: null, page: 'log' });
    process.kill(core.pid as number, 'SIGKILL');
    await expect(open).rejects.toThrow('the downloading process ended by SIGKILL');
    await until(core, () => core.life === 'ended').catch(() => undefined);
    expect(core.ending).toBe('the downloading process ended by SIGKILL');
    await expect(core.request({ call: 'leave' })).rejects.toThrow('ended by SIGKILL');
    core.start();
    await until(core, () => core.life === 'running');
    expect(notices).toEqual([]);
  });

  test('our own bug ends it with a line that says where the journal is', async () => {
    const folders = makeFolders();
    const planted = `setTimeout(() => { throw new Error('planted'); }, 3000)`;
    process.env['NODE_OPTIONS'] = `--import="data:text/javascript,${encodeURIComponent(planted)}"`;
    const core = new Core({ stateFolder: folders.state, configFile: folders.config });
    core.start();
    delete process.env['NODE_OPTIONS'];
    await until(core, () => false).catch(() => undefined);
    expect(core.ending).toMatch(
      /our own bug ended the downloading process: planted; the journal of this run is \S+\.journal/,
    );
    expect(readdirSync(folders.state).some((name) => /^bug-.*\.journal$/.test(name))).toBe(true);
  });

  test('a client whose UI is killed with -9 leaves, and the next one starts', async () => {
    const folders = makeFolders();
    const script = `
      const { Core } = await import(${JSON.stringify(join(process.cwd(), 'client/control/core.ts'))});
      const core = new Core(${JSON.stringify({ stateFolder: folders.state, configFile: folders.config })});
      core.listen(() => core.life === 'running' && console.log('running'));
      core.start();
    `;
    const file = join(folders.downloads, 'ui.ts');
    writeFileSync(file, script);
    const ui = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => ui.stdout.once('data', resolve));
    ui.kill('SIGKILL');
    const { core } = await startClient(folders).catch(() => ({ core: null }));
    if (core === null) throw new Error('the next one did not start');
    // The first may still be leaving: then the second says so, and is started again.
    for (let tries = 0; core.life === 'ended' && tries < 50; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      core.start();
      await until(core, () => core.life !== 'starting').catch(() => undefined);
    }
    expect(core.life).toBe('running');
    expect(rowOf(core)).toBe(undefined);
  });
});
