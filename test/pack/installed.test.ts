// The published package as a new user meets it: the tarball of `npm pack`, installed alone, for the machine's Node and for the one that
// this checkout develops with.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digests, MIB, singleFile, writeContent } from '../interop/support/content.ts';
import { type Child, stopIn } from '../interop/support/processes.ts';
import { Workspace } from '../interop/support/workspace.ts';
import { KEYS } from '../pty/screen.ts';
import { Installed, pack, readPacked, runtimes, type Tarball } from './installed.ts';

/** What a user's disk and trust are asked for; measured: 37 packages, 15 MiB, of which the WebRTC binary takes 9. */
const PACKAGES_MAX = 40;
const INSTALLED_MIB_MAX = 20;
const SIZE_BYTES = 3 * MIB + 5;

const workspace = new Workspace();
const manifest = readFileSync('package.json', 'utf8');
let tarball: Tarball;

beforeAll(async () => {
  tarball = await pack(workspace.folder('tarball'));
});
afterAll(() => workspace.close());

describe('tarball', () => {
  test('tarball: holds the program, its page and its licences, and nothing of development', () => {
    const allowed =
      /^package\/(package\.json|README\.md|CHANGELOG\.md|LICENSE|bin\/starling\.js|dist\/[a-z0-9-]+\.(js|json)|dist\/workerd\.capnp|dist\/THIRD-PARTY-LICENSES\.txt)$/;
    expect(tarball.files.filter((file) => !allowed.test(file))).toEqual([]);
    const dist = ['main.js', 'run-thread.js', 'run-in-workerd.js', 'workerd.capnp', 'report-pages.json'];
    for (const needed of ['README.md', 'CHANGELOG.md', 'bin/starling.js', ...dist.map((name) => `dist/${name}`)])
      expect(tarball.files).toContain(`package/${needed}`);
  });

  test('tarball: its package.json runs no script and asks for no package of development; the checkout keeps its own', () => {
    const published = JSON.parse(readPacked(tarball, 'package/package.json'));
    const own = JSON.parse(manifest);
    for (const key of ['scripts', 'devDependencies', 'optionalDependencies', 'overrides', 'imports', 'allowScripts'])
      expect(published).not.toHaveProperty(key);
    for (const key of ['name', 'version', 'engines', 'bin', 'dependencies', 'peerDependenciesMeta'])
      expect(published[key]).toEqual(own[key]);
    expect(readFileSync('package.json', 'utf8')).toBe(manifest);
  });

  test('tarball: every package whose code is in the bundle has its licence there', () => {
    const licences = readPacked(tarball, 'package/dist/THIRD-PARTY-LICENSES.txt');
    for (const name of ['bencode', 'bittorrent-tracker', 'commander', 'seedrandom', 'ws'])
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: (MIT|ISC)$`, 'm'));
  });
});

test('installed: the machine and the checkout give two versions of Node to try', () => {
  expect(runtimes().map(({ version }) => version.split('.')[0])).toHaveLength(2);
});

describe.each(runtimes())('installed ($version)', (runtime) => {
  let installed: Installed;
  let said: string;

  beforeAll(async () => {
    ({ installed, said } = await Installed.install(tarball, runtime, join(workspace.dir, runtime.version)));
  });
  afterAll(() => stopIn(join(workspace.dir, runtime.version)));

  test('installed: npm warns of nothing, and what it installed is small', () => {
    expect(said).not.toMatch(/warn|deprecated|EBADENGINE|allow-scripts/i);
    const { packages, mib } = installed.size();
    console.log(`${runtime.version}: ${packages} packages, ${mib.toFixed(1)} MiB`);
    expect(packages).toBeGreaterThan(1);
    expect(packages).toBeLessThanOrEqual(PACKAGES_MAX);
    expect(mib).toBeLessThanOrEqual(INSTALLED_MIB_MAX);
  });

  test('installed: says its version and its usage', async () => {
    expect((await installed.run('--version')).trim()).toBe(JSON.parse(manifest).version);
    expect(await installed.run('--help')).toContain('Usage: starling');
    expect(await installed.run('sim', '--help')).toContain('Usage: starling sim');
  });

  test('installed: create, tracker, seed and get share a file; the log is readable; the journal replays', async () => {
    const share = join(installed.folder, 'share');
    const source = writeContent(share, singleFile('content.bin', SIZE_BYTES), runtime.version);
    const tracker = installed.starling('tracker', '--port', '0');
    const [url] = await tracker.waitFor(/^http:\S+$/m);
    const torrent = join(installed.folder, 'content.torrent');
    await installed.run('create', source, '-o', torrent, '--tracker', url);
    expect(await installed.run('info', torrent)).toContain('content.bin');
    const seed = startTransfer('seed', torrent, share);
    await seed.waitFor(/seeding|complete/);
    const target = join(installed.folder, 'target');
    const journal = join(installed.folder, 'get.journal');
    const get = startTransfer('get', torrent, target, '--exit', '--record', journal);
    await get.succeeded(60_000);
    // The formatter of the log is a package that is loaded with the first line.
    expect(get.output).toMatch(/INFO.*: listening on port \d+/);
    expect(await digests(join(target, 'content.bin'))).toEqual(await digests(source));
    expect(await installed.run('verify', torrent, '--dir', target)).toContain('pieces are good');
    expect(await installed.run('sim', 'replay', journal)).toMatch(/as recorded|same|every output/i);
    await Promise.all([seed.stop(), tracker.stop()]);
  });

  test('installed: a simulated run with its report; the command that it names is the installed one', async () => {
    const page = join(installed.folder, 'run.html');
    expect(await installed.run('sim', 'scenario', 'parole', '--seed', '7', '--report', page)).toMatch(/ ok\b/);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('starling sim scenario parole --seed 7');
    expect(html).not.toContain('npm run');
  });

  test('installed: a sweep of two seeds on worker threads, with its index of reports', async () => {
    const folder = join(installed.folder, 'reports');
    const said = await installed.run('sim', 'sweep', 'end-game', '--seeds', '2', '--threads', '2', '--report', folder);
    expect(said).toMatch(/2 (runs|of 2|ok)/);
    expect(readFileSync(join(folder, 'index.html'), 'utf8')).toContain('end-game');
  });

  test.each([['sweep', 'end-game', '--seeds', '1'], ['worker']])(
    'installed: --redis says in one line which packages to install (%s)',
    async (...command) => {
      const child = installed.starling('sim', ...command, '--redis', 'redis://127.0.0.1:1');
      expect((await child.ended(30_000)).code).toBe(2);
      expect(child.output).toMatch(/^starling sim: --redis needs .* `npm install bullmq@6 ioredis@5`.*\n$/);
    },
  );

  test.each([
    ['scenario', 'parole'],
    ['sweep', 'end-game'],
    ['worker', '--redis', 'redis://127.0.0.1:1'],
  ])('installed: --runtime workerd says in one line which package to install (%s)', async (...command) => {
    const child = installed.starling('sim', ...command, '--runtime', 'workerd');
    expect((await child.ended(30_000)).code).toBe(2);
    expect(child.output).toMatch(/^starling sim: --runtime workerd needs .* `npm install workerd@1`.*\n$/);
  });

  test('installed: the terminal UI starts, downloads a torrent that it was given, and leaves with `q` and 0', async () => {
    const share = join(installed.folder, 'ui-share');
    const source = writeContent(share, singleFile('shown.bin', SIZE_BYTES), `ui ${runtime.version}`);
    const tracker = installed.starling('tracker', '--port', '0');
    const [url] = await tracker.waitFor(/^http:\S+$/m);
    const torrent = join(installed.folder, 'shown.torrent');
    await installed.run('create', source, '-o', torrent, '--tracker', url);
    const seed = startTransfer('seed', torrent, share);
    await seed.waitFor(/seeding|complete/);
    const screen = installed.terminal('tui', torrent);
    try {
      await screen.shows(/Pieces +\d+ of 16\.0 KiB/);
      screen.type(KEYS.enter);
      await screen.shows(/Enter adds/);
      screen.type(KEYS.enter);
      await screen.shows(/shown\.bin +3\.0 MiB 100\.0 %.* seeding/);
      screen.type('q');
      expect(await screen.ended).toBe(0);
    } finally {
      screen.kill();
    }
    expect(await digests(join(installed.folder, 'Downloads', 'shown.bin'))).toEqual(await digests(source));
    await Promise.all([seed.stop(), tracker.stop()]);
  });

  function startTransfer(command: 'get' | 'seed', torrent: string, dir: string, ...more: readonly string[]): Child {
    const network = ['--bind', '127.0.0.1', '--port', '0', '--log-level', 'info'];
    const state = ['--state', join(installed.folder, `${command}-state`)];
    return installed.starling(command, torrent, '--dir', dir, ...network, ...state, ...more);
  }
});
