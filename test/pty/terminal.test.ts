// The built program and the terminal that it is on: sizes, colours, the mouse, and that the terminal is always given back.

// oxlint-disable no-control-regex

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KEYS, Screen } from './screen.ts';
import { configFile, makeHome, startUi } from './swarm.ts';

const GIVEN_BACK = { bracketedPasteMode: false, mouse: false, wraparoundMode: true };

/** The UI over a scripted core, for what a real swarm does not do. */
function startScripted(script: object, options: ConstructorParameters<typeof Screen>[1] = {}): Screen {
  const screen = new Screen([resolve('test/bench/tui/tui-process.ts'), JSON.stringify(script)], options);
  onTestFinished(() => screen.kill());
  return screen;
}

function expectGivenBack(screen: Screen): void {
  expect(screen.alternate).toBe(false);
  expect(screen.modes).toEqual(GIVEN_BACK);
  expect(screen.output).toMatch(/\u001b\[\?25h[^]*\u001b\[\?1049l[^\u001b]*$/);
}

function childrenOf(pid: number): number[] {
  const listed = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return listed.trim().split(/\s+/).filter(Boolean).map(Number);
}

describe('terminal', () => {
  test('sizes: every page on every size, resized while it runs, without a stray line', async () => {
    const screen = startScripted({ torrents: 300, peers: 120, moving: 20 }, { columns: 200, rows: 60 });
    await screen.shows(/Starling.*300 torrents/);
    for (const [columns, rows] of [
      [80, 24],
      [200, 60],
      [120, 40],
      [60, 20],
      [30, 10],
      [12, 3],
      [1, 1],
      [80, 24],
    ] as const) {
      screen.resize(columns, rows);
      screen.type('1', '2', '3', '4', '5', '?', '.', 'z', 'z');
      if (columns < 40) continue;
      await screen.shows((now) => now.lines()[0]?.includes('300 torrents') === true && /1 ov.* 5 log/.test(now.text()));
      await screen.shows((now) => /\? keys/.test(now.lines().at(-1) ?? ''));
    }
    screen.type('q');
    expect(await screen.ended).toBe(0);
    expectGivenBack(screen);
  });

  test('colours: none with NO_COLOR, and what is selected is reversed', async () => {
    const home = makeHome();
    const screen = startUi(home, { environment: { NO_COLOR: '1', COLORTERM: 'truecolor' } });
    await screen.shows(/\? keys/);
    const cells = Array.from({ length: 30 }, (_, y) => screen.cells(y)).flat();
    expect(cells.every((cell) => cell.foreground === null && cell.background === null)).toBe(true);
    expect(screen.cells(0)[2]?.inverse).toBe(true);
    screen.type('q');
    expect(await screen.ended).toBe(0);
  });

  test("colours: the theme's and the user's own, changed without a restart, kept while the file is no TOML", async () => {
    const home = makeHome('theme = "nord"\naccent = "#ff8000"\n');
    const screen = startUi(home, { environment: { COLORTERM: 'truecolor' }, columns: 180 });
    await screen.shows(/\? keys/);
    const key = () => {
      const { x, y } = screen.find('? keys');
      return screen.cells(y)[x];
    };
    expect(key()?.foreground).toEqual({ rgb: true, value: 0xff8000 });
    expect(key()?.background).toEqual({ rgb: true, value: 0x2e3440 });
    const file = configFile(home);
    const written = readFileSync(file, 'utf8');
    writeFileSync(file, `${written}theme = [`);
    await screen.shows(/config\.toml:\d+: theme: .*nothing of the file counts/);
    writeFileSync(file, written.replace('#ff8000', '#00ff80'));
    screen.type(KEYS.escape);
    await screen.shows((now) => /\? keys/.test(now.text()) && key()?.foreground?.value === 0x00ff80);
    // The background of the theme that is the default.
    expect(screen.output.includes('48;2;23;28;36')).toBe(false);
    screen.type('q');
    expect(await screen.ended).toBe(0);
  });

  test('mouse: tabs, heads, rows and the wheel', async () => {
    const screen = startScripted({ torrents: 40, peers: 60, moving: 0 });
    await screen.shows(/40 torrents/);
    await screen.shows(/\b1 .*Debian 0[^]*3 peers/);
    const tab = screen.find('3 peers');
    screen.click(tab.x, tab.y);
    await screen.shows(/Address/);
    const head = screen.find('Address');
    screen.click(head.x, head.y);
    await screen.shows(/Address▲/);
    screen.click(head.x, head.y);
    await screen.shows(/Address▼/);
    const row = screen.find('Wikipedia 2');
    screen.click(row.x, row.y);
    await screen.shows((now) => now.lines()[now.find('1 overview').y]?.includes('Wikipedia 2') === true);
    screen.wheel('down', 5, 3);
    await screen.shows((now) => now.lines()[now.find('1 overview').y]?.includes('Debian 12') === false);
    await screen.shows((now) => now.lines()[now.find('1 overview').y]?.includes('Big Buck Bunny 5') === true);
    screen.type('q');
    expect(await screen.ended).toBe(0);
    expectGivenBack(screen);
  });

  test('marks: several torrents are paused and removed at once, asked first with their number', async () => {
    const screen = startUi(makeHome());
    await screen.shows(/port \d+/);
    for (const digit of ['1', '2', '3']) {
      screen.paste(`magnet:?xt=urn:btih:${digit.repeat(40)}&dn=number-${digit}`);
      await screen.shows(/Link or path/);
      screen.type(KEYS.enter);
      await screen.shows(new RegExp(`number-${digit} .*metadata`));
    }
    screen.type('g', ' ', ' ');
    await screen.shows(/3 torrents, 2 marked/);
    await screen.shows(/● number-1[^]*● number-2/);
    screen.type('p');
    await screen.shows(/Pause 2 torrents\?[^]*number-1, number-2/);
    screen.type('2', KEYS.enter);
    await screen.shows(/paused 2 torrents/);
    await screen.shows(/number-1 .* paused[^]*number-2 .* paused[^]*number-3 .* metadata/);
    screen.type('*', 'd');
    await screen.shows(/Remove 3 torrents\?/);
    screen.type('2', KEYS.enter);
    await screen.shows(/removed 3 torrents, their data is kept/);
    await screen.shows(/no torrents yet/);
    screen.type('q');
    expect(await screen.ended).toBe(0);
  });

  test('leaving: Ctrl-C says that it leaves and exits 0, with the terminal given back', async () => {
    const screen = startUi(makeHome());
    await screen.shows(/no torrents yet/);
    screen.type(KEYS.ctrlC);
    expect(await screen.ended).toBe(0);
    expect(screen.output).toContain('leaving');
    expectGivenBack(screen);
  });

  test('leaving: Ctrl-C twice exits 130 at once', async () => {
    const screen = startUi(makeHome());
    await screen.shows(/no torrents yet/);
    screen.type(KEYS.ctrlC + KEYS.ctrlC);
    expect(await screen.ended).toBe(130);
    expectGivenBack(screen);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    'leaving: %s exits 0 with the terminal given back',
    async (signal) => {
      const screen = startUi(makeHome());
      await screen.shows(/no torrents yet/);
      process.kill(screen.pid, signal);
      expect(await screen.ended).toBe(0);
      expectGivenBack(screen);
    },
  );

  test('leaving: where no key can come any more, as from a terminal that is gone, it leaves in good order', async () => {
    const { environment } = makeHome();
    const script = 'read terminal; exec "$0" bin/starling.js <"$terminal"';
    const screen = new Screen(['-c', script, process.execPath], { node: 'sh', environment });
    onTestFinished(() => screen.kill());
    // The second, since a process begun after it would hold it open.
    const keys = new Screen(['-c', 'tty; sleep 100'], { node: 'sh' });
    onTestFinished(() => keys.kill());
    await keys.shows(/\/dev\/\S+/);
    screen.type(`${keys.lines()[0]}\r`);
    await screen.shows(/port \d+/);
    keys.kill();
    expect(await screen.ended).toBe(0);
    expectGivenBack(screen);
  });

  test('downloading process: when it dies the UI says so, starts it again when asked, and leaves with 0', async () => {
    const screen = startUi(makeHome());
    await screen.shows(/port \d+/);
    const [core] = childrenOf(screen.pid);
    process.kill(core as number, 'SIGKILL');
    await screen.shows(/ended by SIGKILL.*R starts it again/);
    screen.type('R');
    await screen.shows((now) => /port \d+/.test(now.text()) && !/R starts it again/.test(now.text()));
    expect(childrenOf(screen.pid)[0]).not.toBe(core);
    screen.type('q');
    expect(await screen.ended).toBe(0);
    expectGivenBack(screen);
  });

  test('downloading process: it ends when the UI is killed', async () => {
    const screen = startUi(makeHome());
    await screen.shows(/port \d+/);
    const [core] = childrenOf(screen.pid);
    screen.kill();
    await screen.ended;
    await expect.poll(() => isAlive(core as number), { timeout: 20_000 }).toBe(false);
  });

  test('state folder: a second UI says who has it, and exits 1 with the terminal given back', async () => {
    const home = makeHome();
    const first = startUi(home);
    await first.shows(/port \d+/);
    const second = startUi(home);
    expect(await second.ended).toBe(1);
    expectGivenBack(second);
    expect(second.text()).toMatch(/starling: .*state/);
    first.type('q');
    expect(await first.ended).toBe(0);
  });

  test('our own bug: the terminal is given back and the bug is named', async () => {
    const screen = startScripted({ torrents: 3, peers: 1, moving: 0, broken: true });
    expect(await screen.ended).toBe(1);
    expectGivenBack(screen);
    expect(screen.text()).toContain('TypeError');
  });

  test.each(['tui', 'some.torrent', 'magnet:?xt=urn:btih:0'])('without a terminal: it says so (%s)', (word) => {
    const run = () => execFileSync(process.execPath, ['bin/starling.js', word], { stdio: 'pipe', encoding: 'utf8' });
    expect(run).toThrow(/the terminal UI needs a terminal/);
  });

  test('suspended: Ctrl-Z gives the terminal back, and what continues draws anew', async () => {
    const screen = startScripted({ torrents: 3, peers: 1, moving: 0 });
    await screen.shows(/3 torrents/);
    screen.type('\u001a');
    await screen.shows((now) => !now.alternate);
    // Nobody waits here as a shell would; on its own it goes on, and with a shell the signal continues it.
    process.kill(screen.pid, 'SIGCONT');
    await screen.shows((now) => now.alternate && /3 torrents/.test(now.text()));
    screen.type('q');
    expect(await screen.ended).toBe(0);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
