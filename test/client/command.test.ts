// The command line as users meet it: exit codes, the one line of a failure, and the round trips of create, info and verify.

import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { start, starling, temporaryFolder } from './support.ts';

/** A folder with files of many kinds, and its torrent. */
async function makeTorrent(...more: readonly string[]) {
  const folder = temporaryFolder();
  const content = join(folder, 'content');
  mkdirSync(join(content, 'sub', 'deeper'), { recursive: true });
  writeFileSync(join(content, 'a.bin'), Buffer.alloc(50_000, 'a'));
  writeFileSync(join(content, 'empty'), '');
  writeFileSync(join(content, 'sub', 'one'), 'x');
  writeFileSync(join(content, 'sub', 'deeper', 'ünïcode'), Buffer.alloc(16_384, 'b'));
  symlinkSync('/etc/passwd', join(content, 'link'));
  const torrent = join(folder, 'c.torrent');
  const created = await starling('create', content, '-o', torrent, '--piece-length', '16KiB', ...more);
  expect(created).toMatchObject({ code: 0, stderr: '' });
  return { folder, content, torrent };
}

describe('command', () => {
  test.each([[], ['get'], ['seed'], ['verify'], ['create'], ['info'], ['tracker']])(
    'command: --help shows the usage and exits 0 (%s)',
    async (...command) => {
      const run = await starling(...command.filter((word) => typeof word === 'string'), '--help');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.stdout).toContain('Usage: starling');
    },
  );

  test.each([
    [['nonsense']],
    [['get']],
    [['get', 'a.torrent']],
    [['get', 'a.torrent', '--dir', '.', '--nonsense']],
    [['get', 'a.torrent', 'b.torrent', '--dir', '.']],
    [['get', 'a.torrent', '--dir', '.', '--port', '65536']],
    [['get', 'a.torrent', '--dir', '.', '--port', 'x']],
    [['get', 'a.torrent', '--dir', '.', '--peer', '127.0.0.1']],
    [['get', 'a.torrent', '--dir', '.', '--bind', 'localhost']],
    [['get', 'a.torrent', '--dir', '.', '--download-limit', 'fast']],
    [['get', 'a.torrent', '--dir', '.', '--log-level', 'loud']],
    [['seed', 'a.torrent', '--dir', '.', '--exit']],
    [['create', '.']],
    [['create', '.', '-o', 'x', '--piece-length', '20000']],
    [['create', '.', '-o', 'x', '--tracker', 'ftp://x/']],
    [['info']],
    [['verify', 'a.torrent']],
  ])('command: a usage error exits 2 (%j)', async (args) => {
    const run = await starling(...args);
    expect(run.code).toBe(2);
    expect(run.stderr).not.toBe('');
    expect(run.stdout).toBe('');
  });

  test('command: create, info and verify agree (several files, an empty one, a symbolic link left out)', async () => {
    const trackers = ['http://127.0.0.1:1/announce', 'udp://127.0.0.1:1'];
    const { folder, torrent } = await makeTorrent(
      '--tracker',
      trackers[0] as string,
      '--tracker',
      trackers[1] as string,
      '--private',
      '--comment',
      'hi\x1b[31m',
    );
    const info = await starling('info', torrent, '--json');
    expect(JSON.parse(info.stdout)).toMatchObject({
      name: 'content',
      totalBytes: 66_385,
      pieceLengthBytes: 16_384,
      pieceCount: 5,
      private: true,
      trackers: [[trackers[0]], [trackers[1]]],
      comment: 'hi\x1b[31m',
      files: [
        { path: 'content/a.bin', lengthBytes: 50_000 },
        { path: 'content/empty', lengthBytes: 0 },
        { path: 'content/sub/deeper/ünïcode', lengthBytes: 16_384 },
        { path: 'content/sub/one', lengthBytes: 1 },
      ],
    });
    const shown = await starling('info', torrent);
    expect(shown.stdout).toContain(JSON.parse(info.stdout).infoHash);
    expect(shown.stdout).not.toContain('\x1b');
    expect(await starling('verify', torrent, '--dir', folder)).toMatchObject({ code: 0, stderr: '' });
  });

  test.each(['one byte', 'missing', 'truncated', 'longer'])(
    'command: verify names what is damaged (%s)',
    async (damage) => {
      const { folder, content, torrent } = await makeTorrent();
      const path = join(content, 'a.bin');
      const bytes = readFileSync(path);
      if (damage === 'missing') rmSync(path);
      if (damage === 'truncated') truncateSync(path, 49_999);
      if (damage === 'longer') writeFileSync(path, Buffer.concat([bytes, Buffer.from('tail')]));
      if (damage === 'one byte') {
        bytes[20_000] = 0;
        writeFileSync(path, bytes);
      }
      const run = await starling('verify', torrent, '--dir', folder, '--json');
      const badPieces = { 'one byte': [1], missing: [0, 1, 2, 3], truncated: [3], longer: [] }[damage] as number[];
      expect(JSON.parse(run.stdout)).toMatchObject({ ok: badPieces.length === 0, badPieces });
      expect(run.code).toBe(badPieces.length === 0 ? 0 : 1);
      if (badPieces.length === 0) return;
      expect(run.stderr.trimEnd().split('\n').length).toBe(1);
      expect(run.stderr).toContain(folder);
    },
  );

  test('command: a failure is one line that names the file and the reason, and exits 1', async () => {
    const { folder, content, torrent } = await makeTorrent();
    const rubbish = join(folder, 'rubbish.torrent');
    writeFileSync(rubbish, 'd4:infoi1ee');
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'odd'));
    writeFileSync(join(folder, 'odd', 'a\u202eb'), 'x');
    const state = ['--state', join(folder, 'state')];
    const cases: [string[], RegExp][] = [
      [
        ['create', join(folder, 'odd'), '-o', join(folder, 'x')],
        /odd: cannot be shared: other systems cannot store the name odd/,
      ],
      [['info', join(folder, 'none.torrent')], /none\.torrent: no such file or directory/],
      [['info', folder], /is a directory/],
      [['info', rubbish], /rubbish\.torrent: not a usable torrent/],
      [['verify', torrent, '--dir', join(folder, 'nowhere')], /nowhere: no such file or directory/],
      [['seed', torrent, '--dir', join(folder, 'nowhere'), ...state], /nowhere: no such file or directory/],
      [['get', torrent, '--dir', join(folder, 'file', 'below'), ...state], /below: not a directory/],
      [
        ['get', torrent, '--dir', join(folder, 'got'), '--bind', '203.0.113.7', ...state],
        /203\.0\.113\.7: cannot listen: no such address/,
      ],
      [['get', torrent, '--dir', join(folder, 'got'), '--peer', 'peer.invalid:1', ...state], /peer\.invalid:1: name/],
      [
        ['seed', torrent, '--dir', content, '--bind', '127.0.0.1', ...state],
        /cannot be seeded: only 0 of 5 pieces are good/,
      ],
      [['create', join(folder, 'none'), '-o', join(folder, 'x')], /none: no such file or directory/],
      [['create', join(folder, 'file'), '-o', join(folder, 'x')], /file: holds no bytes to share/],
      [['create', content, '-o', join(folder, 'no', 'x')], /x: no such file or directory/],
    ];
    for (const [args, reason] of cases) {
      const run = await starling(...args);
      expect([args[0], run.code, run.stderr]).toEqual([args[0], 1, expect.stringMatching(reason)]);
      expect(run.stderr.trimEnd().split('\n').length).toBe(1);
    }
    expect(existsSync(join(content, 'content'))).toBe(false);
  });

  test('command: tracker says where it listens, and leaves on SIGTERM', async () => {
    const tracker = start(['tracker', '--port', '0']);
    const [, url] = await tracker.prints(/(http:\/\/127\.0\.0\.1:\d+\/announce)\n/);
    const reply = await fetch(`${url}?info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=1&left=0&compact=1`);
    expect(await reply.text()).toMatch(/^d8:complete/);
    tracker.child.kill('SIGTERM');
    expect(await tracker.ended).toMatchObject({ code: 0 });
  });
});
