// The built program on a real terminal, over a real swarm on loopback: what a person does with a torrent from adding to removing it.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mountHanging } from '../client/support.ts';
import { KEYS, type Screen } from './screen.ts';
import { configFile, downloadedDigest, makeHome, makeSwarm, startUi } from './swarm.ts';

const MIB = 1024 * 1024;

/** Opens the explorer, which begins in the home's folder, and waits for the preview of the torrent. */
async function previewTorrent(screen: Screen): Promise<void> {
  await screen.shows(/no torrents yet/);
  screen.type('o');
  await screen.shows(/album\.torrent/);
  // `..`, then folders, then the torrent as the last.
  screen.type('G');
  await screen.shows(/Name +album/);
}

async function leaveUi(screen: Screen): Promise<void> {
  screen.type('q');
  expect(await screen.ended).toBe(0);
  expect(screen.alternate).toBe(false);
  expect(screen.modes).toEqual({ bracketedPasteMode: false, mouse: false, wraparoundMode: true });
}

describe('terminal UI', () => {
  test('download: added by the explorer with a preview, watched until it is complete and true, left with 0', async () => {
    const swarm = await makeSwarm({ 'one.bin': 3 * MIB, 'disc/two.bin': 2 * MIB + 17, 'disc/skipped.bin': MIB });
    const screen = startUi(swarm);
    await previewTorrent(screen);
    const preview = screen.text();
    expect(preview).toMatch(/Size +6\.0 MiB in 3 files/);
    expect(preview).toMatch(/Trackers +http:\/\/127\.0\.0\.1:\d+\/announce/);
    expect(preview).toMatch(/Private +no/);
    expect(preview).toMatch(/Pieces +\d+ of \d+\.\d KiB/);
    // Into the files; skip the one that is called so.
    screen.type(KEYS.enter);
    await screen.shows(/Enter adds/);
    while (!/\[ \] +skipped\.bin/.test(screen.text())) {
      const row = screen.lines().find((line) => line.includes('skipped.bin')) ?? '';
      expect(row).toContain('[x]');
      screen.type('g', ...stepsTo(screen, 'skipped.bin'), ' ');
      await screen.shows(/\[ \] +skipped\.bin/);
    }
    expect(screen.text()).toMatch(/Taken +5\.0 MiB in 2 files/);
    screen.type(KEYS.enter);
    await screen.shows(/added album: 2 files/);
    await screen.shows(/album .*100\.0 %.*seeding/);
    screen.type('2');
    await screen.shows(/skipped\.bin .*skip/);
    expect(screen.text()).toMatch(/two\.bin .*100\.0 %/);
    await leaveUi(screen);
    expect(downloadedDigest(swarm, 'one.bin')).toBe(swarm.digests.get('one.bin'));
    expect(downloadedDigest(swarm, 'disc/two.bin')).toBe(swarm.digests.get('disc/two.bin'));
  });

  test('download: pause, resume, re-check, priorities, and removal with the data', async () => {
    const swarm = await makeSwarm({ 'one.bin': 4 * MIB, 'two.bin': 2 * MIB }, { uploadLimit: '2MiB' });
    const screen = startUi(swarm);
    await previewTorrent(screen);
    screen.type(KEYS.enter);
    await screen.shows(/Enter adds/);
    screen.type(KEYS.enter);
    await screen.shows(/album .*[1-9]\d*\.\d % .*\/s.*downloading/);
    screen.type('p');
    await screen.shows(/paused album/);
    await screen.shows(/album .* paused/);
    screen.type('2');
    await screen.shows(/\[x\] +one\.bin .*normal/);
    screen.type('+');
    await screen.shows(/one\.bin .*high/);
    screen.type(' ');
    await screen.shows(/\[ \] +one\.bin .*skip/);
    screen.type(' ');
    await screen.shows(/\[x\] +one\.bin .*normal/);
    screen.type('r');
    await screen.shows(/resumed album/);
    screen.type('3');
    await screen.shows(/127\.0\.0\.1:\d+ .*100\.0 %/);
    screen.type('1');
    await screen.shows(/album .*100\.0 %.*seeding/);
    screen.type('c');
    await screen.shows(/checking all data of album again/);
    await screen.shows(/album .*100\.0 %.*seeding/);
    expect(downloadedDigest(swarm, 'one.bin')).toBe(swarm.digests.get('one.bin'));
    screen.type('d');
    await screen.shows(/Remove the torrent\?/);
    screen.type(KEYS.escape);
    await screen.shows((now) => !/Remove the torrent/.test(now.text()));
    expect(existsSync(join(swarm.downloads, 'album', 'one.bin'))).toBe(true);
    screen.type('d', '3', KEYS.enter);
    await screen.shows(/removed album and its data/);
    await screen.shows(/no torrents yet/);
    expect(existsSync(join(swarm.downloads, 'album', 'one.bin'))).toBe(false);
    await leaveUi(screen);
  });

  test('restart: what was downloaded is there again, paused as it was', async () => {
    const swarm = await makeSwarm({ 'one.bin': MIB });
    const first = startUi(swarm, {}, [swarm.torrent]);
    await first.shows(/Name +album/);
    first.type(KEYS.enter);
    await first.shows(/Enter adds/);
    first.type(KEYS.enter);
    await first.shows(/album .*100\.0 %.*seeding/);
    first.type('p');
    await first.shows(/paused album/);
    await leaveUi(first);
    const second = startUi(swarm);
    await second.shows(/album .*100\.0 %.*paused/);
    await leaveUi(second);
  });

  test('name: escape sequences, wide and right-to-left characters keep the columns and reach no terminal', async () => {
    const name = 'évil\u001b]0;owned\u0007\u009b31m 日本語の🦀\u202etxt\u200b.d';
    const swarm = await makeSwarm({ 'ファイル\u202e.bin': 70_000, 'plain.bin': 10 }, { name });
    const screen = startUi(swarm);
    await screen.shows(/no torrents yet/);
    screen.type('o');
    await screen.shows(/album\.torrent/);
    screen.type('G');
    await screen.shows(/Name +évil/);
    screen.type(KEYS.enter);
    await screen.shows(/Enter adds/);
    screen.type(KEYS.enter);
    await screen.shows(/évil.*100\.0 %.*seeding/);
    screen.type('2');
    await screen.shows(/plain\.bin/);
    const y = screen.find('évil').y;
    const head = screen.find('State');
    expect(
      screen
        .cells(y)
        .slice(head.x, head.x + 7)
        .map((cell) => cell.text)
        .join(''),
    ).toBe('seeding');
    const size = screen.find('Priority');
    for (const file of ['plain.bin', 'ファイル']) {
      const line = screen.cells(screen.find(file).y);
      expect(
        line
          .slice(size.x, size.x + 6)
          .map((cell) => cell.text)
          .join(''),
      ).toBe('normal');
    }
    expect(screen.output).not.toContain('\u001b]0');
    // oxlint-disable-next-line no-control-regex
    expect(screen.output).not.toMatch(/[\u0007\u0080-\u009f\u200b\u202a-\u202e\u2066-\u2069]/);
    await leaveUi(screen);
  });

  test('configuration: what is wrong is named with line and key; a change is seen without a restart', async () => {
    const home = makeHome('theme = "drak"\nunits = "bytes"\n');
    const screen = startUi(home);
    await screen.shows(/config\.toml:4: theme: /);
    await screen.shows(/↓ 0 B\/s/);

    writeFileSync(configFile(home), 'units = "bits"\nbind = "127.0.0.1"\nlisten_ports = "0"\n');
    await screen.shows(/↓ 0 b\/s/);

    // No TOML while somebody writes it: what held before holds.
    writeFileSync(configFile(home), 'units = [');
    await screen.shows(/config\.toml:1: units: /);
    expect(screen.text()).toMatch(/↓ 0 b\/s/);
    await leaveUi(screen);
  });

  test('a key is answered, and the program left with 0, while the disk of the downloads answers nothing', async () => {
    const home = makeHome();
    mountHanging(home.downloads);
    const screen = startUi(home);
    await screen.shows(/no torrents yet/);
    screen.type('?');
    await screen.shows(/any other key closes this/);
    screen.type(KEYS.escape);
    await screen.shows((shown) => !/any other key closes this/.test(shown.text()));
    await leaveUi(screen);
  });
});

/** Downs from the first row of the preview's files to the row with `name`. */
function stepsTo(screen: Screen, name: string): string[] {
  const lines = screen.lines();
  const first = lines.findIndex((line) => /\[[x -]\] [▾▸]/.test(line));
  const wanted = lines.findIndex((line) => line.includes(name));
  return Array.from({ length: wanted - first }, () => KEYS.down);
}
