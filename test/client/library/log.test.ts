// The log file of the client: JSON lines that can be searched by torrent and by what happened.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { TorrentKey } from '../../../client/control/protocol.ts';
import { makeShare } from '../share.ts';
import { addRequest, makeFolders, rowOf, startClient, startSwarm, until, TIMEOUT_MS } from './client.ts';

const TRACE = 10;
const INFO = 30;

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly event?: string;
  readonly kind?: string;
  readonly torrent?: TorrentKey | number;
}

/** Every module that is loaded with the one at `path`, and the packages that they import. */
function loadedWith(path: string, seen = new Set<string>()): Set<string> {
  seen.add(path);
  for (const [, name] of readFileSync(path, 'utf8').matchAll(/^(?:import|export)\s[^'"]*?["']([^'"]+)["']/gms)) {
    const module = (name as string).startsWith('.') ? join(path, '..', name as string) : (name as string);
    if (seen.has(module)) continue;
    if (module === name) seen.add(module);
    else loadedWith(module, seen);
  }
  return seen;
}

describe('log file', { timeout: TIMEOUT_MS }, () => {
  test.each([
    ['trace', TRACE],
    ['info', INFO],
  ])(
    'every line says which torrent and what happened, from the level on that is configured (%s)',
    async (level, least) => {
      const share = await startSwarm(200_000);
      const folders = makeFolders();
      const file = join(folders.state, '..', 'log');
      const more = `log_file = ${JSON.stringify(file)}\nlog_level = "${level}"\n`;
      const { core } = await startClient({ ...folders, config: makeFolders(more).config });
      const key = await core.request(addRequest(share.torrent, folders.downloads));
      await until(core, () => rowOf(core)?.state === 'seeding');
      await expect(core.request({ call: 'relocate', key: key as TorrentKey, folder: '/nowhere' })).rejects.toThrow();
      await core.leave();
      const lines = readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      expect(Math.min(...lines.map((line) => line.level))).toBe(least);
      for (const line of lines) expect(line.event ?? line.kind, line.msg).toBeTypeOf('string');
      for (const event of ['torrentAdded', 'downloadCompleted'])
        expect(lines.filter((line) => line.event === event)).toMatchObject([{ torrent: key, level: INFO }]);
      expect(lines.some((line) => line.event === 'blockReceived' && line.torrent === key)).toBe(level === 'trace');
      expect(lines.find((line) => line.kind === 'client')?.msg).toMatch(/listening on port/);
    },
  );

  test('file and level apply at once when they change', async () => {
    const folders = makeFolders();
    const file = join(folders.state, '..', 'log');
    const { core } = await startClient(folders);
    const written = readFileSync(folders.config, 'utf8');
    writeFileSync(folders.config, `${written}\nlog_file = ${JSON.stringify(file)}\nlog_level = "debug"\n`);
    await vi.waitFor(() => expect(existsSync(file)).toBe(true), 20_000);
    const key = await core.request(addRequest(makeShare(40_000).torrent, folders.downloads));
    await vi.waitFor(
      () => expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`"stateChanged","torrent":"${key}"`)),
      20_000,
    );
    await core.leave();
  });

  test('a client that keeps no log does not load what writes one', () => {
    const loaded = loadedWith('dist/core-process.js');
    expect([...loaded].filter((name) => /pino/.test(name))).toEqual([]);
    expect([...loaded].length).toBeGreaterThan(5);
  });
});
