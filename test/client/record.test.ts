// Real transfers on loopback, recorded and run again; what a killed or broken program leaves behind.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeShare, startSeed, transferArguments } from './share.ts';
import { mountTmpfs, start, starling, temporaryFolder } from './support.ts';

const MIB = 1024 * 1024;

function startGet(share: Parameters<typeof transferArguments>[1], more: readonly string[], program?: string) {
  const get = start(
    [...transferArguments('get', share), '--no-trackers', '--json', ...more],
    {},
    program === undefined ? {} : { program },
  );
  onTestFinished(() => {
    get.child.kill('SIGKILL');
  });
  return get;
}

/** A copy of the program whose engine breaks a law of its own when piece 5 is written. */
function brokenProgram(): string {
  const folder = temporaryFolder();
  cpSync('dist', join(folder, 'dist'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  cpSync('bin/starling.js', join(folder, 'bin/starling.js'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const path = join(folder, 'dist/engine.js');
  const engine = readFileSync(path, 'utf8');
  const law = /assert\([^;]*, "only a verified piece is written", piece\)/;
  expect(engine).toMatch(law);
  writeFileSync(path, engine.replace(law, 'assert(piece !== 5, "only a verified piece is written", piece)'));
  return join(folder, 'bin/starling.js');
}

describe('record', () => {
  test('record: no passkey of a tracker is in the journal, and it replays with every announce (path, query, password)', async () => {
    const tracker = createServer((_request, response) => {
      response.end('d8:intervali1800e5:peers0:e');
    });
    tracker.listen(0, '127.0.0.1');
    await once(tracker, 'listening');
    onTestFinished(() => {
      tracker.close();
    });
    const { port } = tracker.address() as AddressInfo;
    const urls = ['0123456789abcdef/announce', 'announce?passkey=0123456789abcdef'].map(
      (path) => `http://user:pass0123456789@127.0.0.1:${port}/${path}`,
    );
    const share = makeShare(MIB, urls);
    const journal = join(share.folder, 'up.journal');
    const asked = once(tracker, 'request');
    const seed = await startSeed(share, '--record', journal);
    await asked;
    seed.child.kill('SIGINT');
    await seed.ended;
    const text = readFileSync(journal).toString('latin1');
    // A text's characters are one byte each where they are ASCII.
    expect(text).toContain(`127.0.0.1:${port}/~`);
    expect(text).not.toMatch(/0123456789|pass/);
    const { stdout, code } = await starling('sim', 'replay', journal, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, divergence: null });
    expect(code).toBe(0);
  });

  test('record: a download and its seed are run again with every output equal, their journals hold no content', async () => {
    const share = makeShare(16 * MIB + 4321);
    const [down, up] = ['down.journal', 'up.journal'].map((name) => join(share.folder, name)) as [string, string];
    const seed = await startSeed(share, '--record', up);
    const { code } = await startGet(share, ['--peer', seed.peer, '--exit', '--record', down]).ended;
    expect(code).toBe(0);
    seed.child.kill('SIGINT');
    await seed.ended;
    for (const [path, command] of [
      [down, 'get'],
      [up, 'seed'],
    ] as const) {
      const { stdout, code: replayed } = await starling('sim', 'replay', path, '--json');
      expect(replayed).toBe(0);
      const verdict = JSON.parse(stdout);
      expect(verdict).toMatchObject({ ok: true, divergence: null, broke: null, cut: null, damage: null });
      expect(verdict.about).toMatchObject({ command });
      expect(verdict.inputs).toBeGreaterThan(100);
      expect(verdict.outputs).toBeGreaterThan(1_000);
      // 20 MB for 1 GiB.
      expect(statSync(path).size).toBeLessThan(16 * MIB * 0.02 + 16_384);
    }
    const shown = await starling('sim', 'replay', down, '--at', 'end');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/verdict {3}every output is as recorded/);
    expect(shown.stdout).toMatch(/257 of 257 pieces/);
    const early = await starling('sim', 'replay', down, '--at', '0');
    expect(early.code).toBe(0);
  });

  test('record: a download that was killed leaves a journal up to its last second', async () => {
    const share = makeShare(8 * MIB);
    const path = join(share.folder, 'killed.journal');
    const seed = await startSeed(share, '--upload-limit', '1MB');
    const get = startGet(share, ['--peer', seed.peer, '--record', path]);
    await get.prints(/"event":"checked"/);
    while (statSync(path).size < 4_000) await wait(50);
    get.child.kill('SIGKILL');
    await get.ended;
    const { stdout, code } = await starling('sim', 'replay', path, '--at', 'end', '--json');
    expect(code).toBe(0);
    const { ok, torrents } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(torrents[0].status.state).toBe('downloading');
    expect(torrents[0].peers[0].picks.length).toBeGreaterThan(0);
  });

  test('record: our own bug leaves a journal by itself, which shows it again; without one nothing is left', async () => {
    const share = makeShare(2 * MIB);
    const program = brokenProgram();
    const seed = await startSeed(share);
    const state = join(share.folder, 'get-state');
    const broken = await startGet(share, ['--peer', seed.peer, '--exit'], program).ended;
    expect(broken.code).toBe(1);
    const kept = /the journal of this run is (\S+\.journal): `starling sim replay` shows the run again/.exec(
      broken.stderr,
    );
    expect(kept?.[1]).toMatch(join(state, 'bug-'));
    const path = kept![1]!;
    const again = await start(['sim', 'replay', path, '--json'], {}, { program }).ended;
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({
      ok: false,
      divergence: null,
      broke: 'EngineBug: only a verified piece is written (5)',
    });
    const mended = await starling('sim', 'replay', path);
    expect(mended.code).toBe(1);
    expect(mended.stdout).toMatch(/verdict {3}DIFFERS at \d+\.\d+ s, after input \d+: .*blocksWritten\(job \d+\)/);
    const journals = () => readdirSync(state).filter((name) => name.includes('journal'));
    expect(journals()).toHaveLength(1);
    expect((await startGet(share, ['--peer', seed.peer, '--exit']).ended).code).toBe(0);
    expect(journals()).toHaveLength(1);
  });

  test('record: a disk without room ends the recording and nothing else, and says so once', async () => {
    const share = makeShare(2 * MIB);
    const full = join(share.folder, 'full');
    mkdirSync(full);
    mountTmpfs(full, 1);
    const path = join(full, 'down.journal');
    writeFileSync(path, '');
    expect(() => writeFileSync(join(full, 'rest'), new Uint8Array(2 * MIB))).toThrow(/ENOSPC/);
    const seed = await startSeed(share);
    const { code, stderr } = await startGet(share, ['--peer', seed.peer, '--exit', '--record', path]).ended;
    expect(code).toBe(0);
    expect(stderr.match(/the recording has ended: no space left on device/g)).toHaveLength(1);
  });

  test('record: --no-record keeps none, also when our own bug ends the program', async () => {
    const share = makeShare(2 * MIB);
    const seed = await startSeed(share);
    const more = ['--peer', seed.peer, '--exit', '--no-record'];
    const { code, stderr } = await startGet(share, more, brokenProgram()).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/only a verified piece is written \(5\)/);
    expect(stderr).not.toMatch(/the journal of this run/);
    expect(readdirSync(join(share.folder, 'get-state')).filter((name) => name.includes('journal'))).toEqual([]);
  });

  test('record: a file that cannot be written is one line', async () => {
    const share = makeShare(1);
    const path = join(share.folder, 'no/such/folder.journal');
    const { code, stderr } = await startGet(share, ['--record', path]).ended;
    expect(code).toBe(1);
    expect(stderr).toBe(`starling: ${path}: cannot be written: no such file or directory\n`);
    expect(readdirSync(share.target)).toEqual([]);
  });
});

describe('replay', () => {
  test('replay: a journal of another engine says so, and may be forced', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'life.journal');
    expect((await starling('sim', 'scenario', 'flash-crowd', '--peers', '2', '--record', '2', path)).code).toBe(0);
    expect((await starling('sim', 'replay', path)).code).toBe(0);
    const bytes = readFileSync(path);
    // The length of the build's name stands before it; one of its digits is another then, and the checksum with it.
    const at = bytes.indexOf('build') + 'build'.length + 2;
    bytes[at] = bytes[at] === 0x30 ? 0x31 : 0x30;
    const crc = crc32(bytes.subarray(17, 17 + bytes.readUInt32LE(9)));
    bytes.writeUInt32LE(crc, 13);
    writeFileSync(path, bytes);
    const refused = await starling('sim', 'replay', path);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^\S+life\.journal: recorded by another engine \([0-9a-f]{16}; this is [0-9a-f]{16}\)/,
    );
    const forced = await starling('sim', 'replay', path, '--force');
    expect(forced.code).toBe(0);
    expect(forced.stdout).toMatch(/not this one/);
  });

  test('replay: what is no journal is one line', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'x');
    writeFileSync(path, 'hello');
    expect(await starling('sim', 'replay', path)).toMatchObject({ code: 1, stderr: `${path}: not a journal\n` });
    const missing = await starling('sim', 'replay', join(folder, 'y'));
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(/^starling sim: .*y: .*no such file/);
  });
});
