// The built program on a terminal: one line that is redrawn in place, true to the download, and left tidy.

// oxlint-disable no-control-regex

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeShare, startSeed, transferArguments } from './share.ts';
import { redrawnLines, startOnTerminal, withoutControls } from './terminal.ts';

const MIB = 1024 * 1024;
const LEAVING_MAX_MS = 5_000;
// C0 and C1 controls, DEL, direction controls, line separators.
const OBEYED_BY_TERMINALS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const HOSTILE_NAME = 'evil\u001b]0;owned\u0007\u009b31m\u202etxt\u2028.bin';
const PERCENT = /(\d+\.\d) ?%/;

/** A download slow enough to be watched, on a terminal. */
async function startGet(columns: number, lengthBytes: number, ...more: readonly string[]) {
  const share = makeShare(lengthBytes);
  const { peer } = await startSeed(share);
  const args = [...transferArguments('get', share), '--peer', peer, '--download-limit', '1MiB', ...more];
  return { share, terminal: startOnTerminal(args, { columns }) };
}

function percentOf(line: string): number {
  return Number(PERCENT.exec(line)?.[1]);
}

const LONG_LINE =
  /^(\[[#.]+\] )? *\d+\.\d %  down \S+ (B|[KM]iB)\/s  up \S+ (B|[KM]iB)\/s  \d+ peers?(  \d+\S* left)?(  \w+)?$/;
/** As long as nothing moves the long line fits here too. */
const SHORT_LINE = /^\d+\.\d% ↓\S+\/s ↑\S+\/s \d+ peers?( \d\S*( left)?)?$|^ *\d+\.\d %  down 0 B\/s  up 0 B\/s  /;

describe('terminal', () => {
  test.each([
    [80, LONG_LINE],
    [40, SHORT_LINE],
  ])('terminal: redraws one line with percent, rates, peers and time left (%d columns)', async (columns, form) => {
    const { terminal } = await startGet(columns, 3 * MIB, '--exit');
    const { code, output } = await terminal.ended;
    expect(code, output).toBe(0);
    const lines = redrawnLines(output).filter((line) => !/checked|checking|here|complete|stopped/.test(line));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      expect(line.length).toBeLessThan(columns);
      expect(line).toMatch(form);
    }
    expect(lines.filter((line) => / 1 peer .*\ds( left|$)/.test(line)).length).toBeGreaterThan(0);
    // Nothing hides the cursor or leaves colours on, and the shell's prompt gets a line of its own.
    expect(withoutControls(output)).not.toMatch(OBEYED_BY_TERMINALS);
    expect(output).toMatch(/stopped: 100\.0 % here[^\r\n]*\r\n(\r\u001b\[K)?$/);
  });

  test('terminal: percent only grows, and says 100 only when all is here and verified', async () => {
    const { terminal } = await startGet(80, 3 * MIB, '--sequential', '--exit');
    const { output } = await terminal.ended;
    const complete = output.indexOf('complete: 3.0 MiB verified');
    expect(complete).toBeGreaterThan(0);
    const before = redrawnLines(output.slice(0, complete))
      .filter((line) => line.includes('down'))
      .map(percentOf);
    expect(before.length).toBeGreaterThan(2);
    expect(before.filter((percent) => !(percent < 100))).toEqual([]);
    expect([...before].sort((a, b) => a - b)).toEqual(before);
  });

  test('terminal: a resize while running redraws to the new width (80, 40, 12, 100 columns)', async () => {
    const { terminal } = await startGet(80, 8 * MIB);
    let seen = await terminal.shows(/% {2}down /);
    const widths: [number, RegExp][] = [
      [40, /\r\u001b\[K(?:\d+\.\d% ↓| +\d+\.\d % {2}down 0 B\/s)/],
      [12, /\r\u001b\[K[\d.%↓ ]{1,9}\r/],
      [100, /\r\u001b\[K\[[#.]{20}\] +\d+\.\d % {2}down /],
    ];
    for (const [columns, form] of widths) {
      terminal.resize(columns);
      seen = await terminal.shows(form, seen);
    }
    terminal.type('\u0003');
    const { code, output } = await terminal.ended;
    expect(code, output).toBe(0);
    // The folded upper row of the 80-column line was cleared when the terminal had 40.
    expect(output).toMatch(/\r\u001b\[1A\u001b\[J\r\u001b\[K *\d/);
    expect(withoutControls(output)).not.toMatch(OBEYED_BY_TERMINALS);
  });

  test.each([[[]], [['--json']], [['--log-level', 'trace']]])(
    'terminal: a torrent whose name holds escape sequences cannot give orders to the terminal (%j)',
    async (more) => {
      const share = makeShare(MIB, [], HOSTILE_NAME);
      const { peer } = await startSeed(share);
      const args = [...transferArguments('get', share), '--peer', peer, '--exit', ...more];
      const { code, output } = await startOnTerminal(args, { columns: 80 }).ended;
      expect(code, output).toBe(0);
      expect(output).toContain('evil');
      expect(withoutControls(output)).not.toMatch(OBEYED_BY_TERMINALS);
      expect(output).not.toContain('\u001b[31mtxt');
    },
  );

  test.each([[['info']], [['info', '--json']], [['verify', '--json']]])(
    'terminal: a hostile name gives no orders through other commands either (%j)',
    async ([command = '', ...more]) => {
      const { torrent, source } = makeShare(MIB, [], HOSTILE_NAME);
      const folder = command === 'verify' ? ['--dir', source] : [];
      const { code, output } = await startOnTerminal([command, torrent, ...folder, ...more], { columns: 80 }).ended;
      expect(code, output).toBe(0);
      expect(output).toContain('evil');
      expect(withoutControls(output)).not.toMatch(OBEYED_BY_TERMINALS);
    },
  );

  test('terminal: Ctrl-C leaves within 5 s with 0, on a line of its own, and saves what is here', async () => {
    const { share, terminal } = await startGet(80, 8 * MIB);
    await terminal.shows(/[1-9]\d*\.\d % {2}down /);
    const typed = performance.now();
    terminal.type('\u0003');
    const { code, output } = await terminal.ended;
    expect(performance.now() - typed).toBeLessThan(LEAVING_MAX_MS);
    expect(code, output).toBe(0);
    expect(output).toMatch(/leaving[^\r\n]*\r\n/);
    expect(output).toMatch(/stopped: \d+\.\d % here[^\r\n]*\r\n(\r\u001b\[K)?$/);
    expect(readdirSync(join(share.folder, 'get-state'))).toHaveLength(1);
  });

  test('terminal: Ctrl-C before the end of a download with --exit is no success', async () => {
    const { share, terminal } = await startGet(80, 8 * MIB, '--exit');
    await terminal.shows(/[1-9]\d*\.\d % {2}down /);
    terminal.type('\u0003');
    const { code, output } = await terminal.ended;
    expect(code, output).toBe(1);
    expect(output.trimEnd().split('\r\n').at(-1)).toContain(
      `starling: ${share.target}: interrupted before everything was here`,
    );
  });

  test('terminal: log lines and the redrawn line never share a row', async () => {
    const { terminal } = await startGet(80, 2 * MIB, '--exit', '--log-level', 'debug');
    const { output } = await terminal.ended;
    const logged = output.split('\r\n').filter((row) => /(INFO|DEBUG)/.test(row));
    expect(logged.length).toBeGreaterThan(3);
    for (const row of logged) {
      const shown = row.split('\r\u001b[K').at(-1) as string;
      expect(shown).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\]/);
    }
  });

  test.each([
    ['colours the log', {}, true],
    ['no colour codes with NO_COLOR', { NO_COLOR: '1' }, false],
    ['NO_COLOR that is empty counts as unset', { NO_COLOR: '' }, true],
  ])('terminal: %s', async (_name, environment, coloured) => {
    const args = [...transferArguments('seed', makeShare(100_000)), '--log-level', 'info'];
    const terminal = startOnTerminal(args, { columns: 80, environment });
    await terminal.shows(/seeding/);
    terminal.type('\u0003');
    const { code, output } = await terminal.ended;
    expect(code, output).toBe(0);
    expect(output).toContain('listening on port');
    expect(/\u001b\[[\d;]*m/.test(output)).toBe(coloured);
  });

  test('terminal: one that cannot clear a line gets plain lines (TERM=dumb)', async () => {
    const share = makeShare(2 * MIB);
    const { peer } = await startSeed(share);
    const args = [...transferArguments('get', share), '--peer', peer, '--download-limit', '1MiB', '--exit'];
    const { code, output } = await startOnTerminal(args, { columns: 80, environment: { TERM: 'dumb' } }).ended;
    expect(code, output).toBe(0);
    expect(output).not.toContain('\u001b');
  });
});
