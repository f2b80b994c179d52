// The configuration file: defaults, errors with line and key, and changes that apply to a running client.

import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig, watchConfig, type ReadConfig } from '../../../client/config/config-file.ts';
import { commentedFile, KEYS, parseConfig, problemText } from '../../../client/config/config.ts';
import { makeTheme } from '../../../client/tui/theme.ts';
import { starling, start, temporaryFolder } from '../support.ts';
import { makeShare } from '../share.ts';
import { addRequest, makeFolders, rowOf, startClient, until, TIMEOUT_MS } from './client.ts';

/** The problems of a file, as lines. */
function problems(text: string): string[] {
  return parseConfig(text).problems.map((problem) => problemText('c.toml', problem));
}

describe('config', { timeout: TIMEOUT_MS }, () => {
  test('an empty file means the defaults, and so does the commented one, with and without its marks', () => {
    const { config, problems: none } = parseConfig('');
    expect(none).toEqual([]);
    expect(config).toMatchObject({ theme: 'dark', units: 'bytes', active_downloads: 5, download_limit: 0, bind: null });
    expect(config.listen_ports).toEqual([6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889]);
    expect(parseConfig(commentedFile())).toEqual({ config, problems: [], broken: false });
    const bare = commentedFile().replaceAll(/^# (\w+ = )/gm, '$1');
    expect(bare.match(/^\w+ = /gm)?.length).toBe(Object.keys(KEYS).length);
    expect(parseConfig(bare)).toEqual({ config, problems: [], broken: false });
  });

  test('values are read in the forms that people write', () => {
    const text =
      'download_limit = "1.5MB"\nupload_limit = 500\naccent = "bright-cyan"\nforeground = "#A0b0C0"\nlisten_ports = 7000\nbind = "::1"\nlog_file = "~/starling.log"';
    expect(parseConfig(text)).toMatchObject({
      problems: [],
      config: {
        download_limit: 1_500_000,
        upload_limit: 500,
        accent: 'bright-cyan',
        listen_ports: [7000],
        bind: '::1',
      },
    });
    expect(parseConfig(text).config.log_file).toBe(join(homedir(), 'starling.log'));
  });

  test.each(['gray', 'grey', 'bright-red', 'Cyan', '#A0b0C0'])(
    'the colour %s is one in the file and on the screen',
    (name) => {
      const { config, problems: none } = parseConfig(`accent = "${name}"`);
      expect(none).toEqual([]);
      const themed = parseConfig('');
      expect(makeTheme(config, 16_777_216).sgr.accent).not.toBe(makeTheme(themed.config, 16_777_216).sgr.accent);
    },
  );

  test.each(['bright-gray', 'bright-', '#12345', 'pink'])('the colour %s is none in the file', (name) => {
    expect(problems(`accent = "${name}"`)).toHaveLength(1);
  });

  test.each([
    ['\n\naccent = 5', 'c.toml:3: accent: write a text in quotes, not 5: the default is used'],
    [
      'theme = "pink"',
      'c.toml:1: theme: write one of ("dark" | "light" | "solarized" | "nord" | "mono"), not "pink": the default is used',
    ],
    [
      'units = "bits"\nactive_downloads = 1.5',
      'c.toml:2: active_downloads: write a whole number from 0 to 10000, not 1.5: the default is used',
    ],
    [
      'listen_ports = "9-7"',
      'c.toml:1: listen_ports: write a port or a range such as "6881-6889", not "9-7": the default is used',
    ],
    [
      'upload_limit = "fast"',
      'c.toml:1: upload_limit: write bytes per second such as "500KiB" or "1.5MB", 0 = unlimited, not "fast": the default is used',
    ],
    [
      'ice_servers = ["stun:one.example:3478", "http://two.example"]',
      'c.toml:1: ice_servers: write a list such as ["stun:HOST:PORT", "turn:USER:PASSWORD@HOST:PORT"], not ["stun:one.example:3478","http://two.example"]: the default is used',
    ],
    [
      'bind = "localhost"',
      'c.toml:1: bind: write a numeric address of this machine such as "192.0.2.7", or "" for all, not "localhost": the default is used',
    ],
    [
      'download_limit = "99999999999999999999"',
      'c.toml:1: download_limit: write bytes per second such as "500KiB" or "1.5MB", 0 = unlimited, not "99999999999999999999": the default is used',
    ],
    ['# x\ncolour = "red"', 'c.toml:2: colour: there is no such key: it is ignored'],
    ['[appearance]\ntheme = "dark"', 'c.toml:1: appearance: there is no such key: it is ignored'],
    ['theme = "dark"\naccent = \n', 'c.toml:2: accent: invalid value: nothing of the file counts'],
  ])('a wrong line is named with its key, the others count (%j)', (text, problem) => {
    expect(problems(text)).toEqual([problem]);
  });

  test('what is right counts beside what is wrong', () => {
    expect(parseConfig('units = "bits"\naccent = 5').config).toMatchObject({ units: 'bits', accent: 'theme' });
  });

  test('starling config: shows, begins a file once, and names what is wrong', async () => {
    const file = join(temporaryFolder(), 'deep', 'config.toml');
    const begun = await starling('config', '--file', file, '--init');
    expect(begun).toMatchObject({ code: 0, stderr: '' });
    expect(begun.stdout).toMatch(/^# .*config\.toml\ntheme = "dark"\n/);
    expect(readFileSync(file, 'utf8')).toBe(commentedFile());
    const again = await starling('config', '--file', file, '--init');
    expect(again).toMatchObject({ code: 1, stderr: `starling: ${file}: is there already: it was not changed\n` });
    writeFileSync(file, 'accent = 5');
    const wrong = await starling('config', '--file', file, '--json');
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ path: file, config: { accent: 'theme' } });
    expect(wrong.stderr).toContain(`${file}:1: accent: `);
  });

  test("starling config: the file is in the platform's folder", async () => {
    const home = temporaryFolder();
    const { ended } = start(['config'], { XDG_CONFIG_HOME: home });
    expect((await ended).stdout).toContain(`# ${join(home, 'starling', 'config.toml')}\n`);
  });

  test('a running client applies what changes, also where an editor replaces the file, and keeps what it has while it is no TOML', async () => {
    const folders = makeFolders('active_downloads = 1');
    const { core, notices } = await startClient(folders);
    const written = readFileSync(folders.config, 'utf8');
    for (const name of ['a', 'b'])
      await core.request(addRequest(makeShare(50_000, [], name).torrent, folders.downloads));
    await until(core, () => rowOf(core, 'a')?.state === 'downloading' && rowOf(core, 'b')?.state === 'queued');
    const replaced = written.replace('active_downloads = 1', 'active_downloads = 2\ndownload_limit = "7kB"');
    writeFileSync(`${folders.config}~`, replaced);
    renameSync(`${folders.config}~`, folders.config);
    await until(core, () => rowOf(core, 'b')?.state === 'downloading' && core.totals?.downloadLimitBps === 7_000);
    writeFileSync(folders.config, 'active_downloads = [');
    await until(core, () => notices.some((text) => text.includes('config.toml:1: active_downloads: ')));
    expect(rowOf(core, 'b')?.state).toBe('downloading');
    // A limit set in the program holds until the file says another one.
    await core.request({ call: 'limits', key: null, downloadBps: 99, uploadBps: 0 });
    writeFileSync(folders.config, `${replaced}\naccent = "cyan"\n`);
    await until(core, () => core.totals?.downloadLimitBps === 99);
    const port = core.totals?.listenPort;
    writeFileSync(
      folders.config,
      replaced.replace('listen_ports = 0', `listen_ports = "${(port as number) + 1}-${(port as number) + 40}"`),
    );
    await until(core, () => core.totals?.listenPort !== port && core.totals?.listenPort !== null);
  });

  test('what changes between the reading and the watching is seen', async () => {
    const file = join(temporaryFolder(), 'config.toml');
    writeFileSync(file, 'active_downloads = 1');
    const known = readConfig(file);
    writeFileSync(file, 'active_downloads = 2');
    const seen = await new Promise<ReadConfig>((resolve) => {
      onTestFinished(watchConfig(file, known, resolve));
    });
    expect(seen.config.active_downloads).toBe(2);
  });

  test('a change is seen behind a link, as people keep their configuration elsewhere', async () => {
    const [folder, elsewhere] = [temporaryFolder(), temporaryFolder()];
    const [file, real] = [join(folder, 'config.toml'), join(elsewhere, 'starling.toml')];
    writeFileSync(real, 'active_downloads = 1');
    symlinkSync(real, file);
    const changed = new Promise<ReadConfig>((resolve) => {
      onTestFinished(watchConfig(file, readConfig(file), resolve));
    });
    // Not what is looked at as soon as it is watched.
    await delay(500);
    writeFileSync(real, 'active_downloads = 2');
    expect((await changed).config.active_downloads).toBe(2);
  }, 20_000);

  test('a wrong file never stops the client: it is named, and the rest counts', async () => {
    const folders = makeFolders('active_downloads = "many"');
    const { notices } = await startClient(folders);
    expect(notices).toEqual([expect.stringMatching(/config\.toml:4: active_downloads: write a whole number/)]);
  });
});
