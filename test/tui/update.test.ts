// What keys, clicks, pastes and pushes do to the state, and what is asked of the downloading process for them.

import { describe, expect, test } from 'vitest';
import { drawFrame } from '../../client/tui/draw.ts';
import type { Preview } from '../../client/tui/state.ts';
import { peerRow, torrentRow, Ui } from './support.ts';

const KEY = torrentRow(0).key;
const LINK = 'magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567';

function withFiles(): Ui {
  const ui = new Ui([torrentRow(0)]);
  const file = (path: readonly string[], pad = false) => ({
    path,
    lengthBytes: 10,
    haveBytes: 0,
    priority: 4 as const,
    pad,
  });
  ui.press('2');
  const files = [file(['t', 'a']), file(['t', '.pad', '6'], true), file(['t', 'd', 'b']), file(['t', 'd', 'c'])];
  ui.happen({ kind: 'detail', detail: { page: 'files', key: KEY, files } });
  return ui;
}

describe('keys', () => {
  test.each([
    ['p', { call: 'pause', key: KEY }],
    ['r', { call: 'resume', key: KEY }],
    ['c', { call: 'recheck', key: KEY }],
    ['n', { call: 'announce', key: KEY }],
    ['e', { call: 'sequential', key: KEY, on: true }],
    ['J', { call: 'move', key: KEY, to: 1 }],
  ])('keys: %s asks for what it means, and says so at once', (key, request) => {
    const ui = new Ui([torrentRow(0), torrentRow(1)]);
    ui.press(key);
    expect(ui.requests).toEqual([request]);
    expect(ui.state.message?.text).toContain('torrent 0');
  });

  test('keys: a place beyond the end of the queue is not asked for', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.press('J', 'K');
    expect(ui.requests).toEqual([]);
    expect(ui.state.message).toMatchObject({ level: 'warn' });
  });

  test('keys: without a torrent, and without a meaning, they say so', () => {
    const ui = new Ui();
    ui.press('p');
    expect(ui.state.message?.text).toBe('no torrent is selected');
    ui.press('ctrl-x');
    expect(ui.state.message?.text).toContain('no such key');
  });

  test('keys: removal is asked first, and Escape changes nothing', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.press('d', 'enter');
    expect([ui.requests, ui.state.dialog]).toEqual([[], null]);
    ui.press('d', '3', 'escape');
    expect(ui.requests).toEqual([]);
    ui.press('d', 'down', 'enter');
    expect(ui.requests).toEqual([{ call: 'remove', key: KEY, withData: false }]);
    ui.press('d', '3', 'enter');
    expect(ui.requests[1]).toEqual({ call: 'remove', key: KEY, withData: true });
  });

  test('keys: while a question stands, its torrent may move or go', () => {
    const ui = new Ui([torrentRow(0), torrentRow(1)]);
    ui.press('d', '2');
    ui.rows([torrentRow(1)]);
    ui.press('enter');
    expect(ui.requests).toEqual([{ call: 'remove', key: KEY, withData: false }]);
  });

  test('keys: the help scrolls no further than its last line, and comes back at once', () => {
    const ui = new Ui([], { columns: 80, height: 24 });
    const lastLine = () => drawFrame(ui.state).line(22);
    ui.press('?', ...Array.from({ length: 30 }, () => 'pagedown'));
    const end = lastLine();
    expect(end).toContain('twice: at once');
    ui.press('up');
    expect(lastLine()).not.toBe(end);
    ui.happen({ kind: 'resize', columns: 80, rows: 60 });
    ui.happen({ kind: 'resize', columns: 80, rows: 24 });
    ui.press('down');
    expect(lastLine()).toBe(end);
  });

  test('keys: q leaves once; Ctrl-C twice leaves at once', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.press('ctrl-c', 'p');
    expect(ui.effects.at(-1)).toEqual({ kind: 'leave', atOnce: false });
    expect(ui.state.leaving).toBe(true);
    ui.press('ctrl-c');
    expect(ui.effects.at(-1)).toEqual({ kind: 'leave', atOnce: true });
    expect(ui.requests).toEqual([]);
  });
});

describe('marks', () => {
  const three = () => new Ui([torrentRow(0), torrentRow(1), torrentRow(2)]);
  const keys = (...places: readonly number[]) => places.map((at) => torrentRow(at).key);

  test('marks: Space marks and goes on; the next pause is about all marked ones, asked with their number, once', () => {
    const ui = three();
    ui.press(' ', ' ');
    expect([...ui.state.marked]).toEqual(keys(0, 1));
    expect(drawFrame(ui.state).line(0)).toContain('3 torrents, 2 marked');
    expect(drawFrame(ui.state).line(2)).toContain('● torrent 0');
    ui.press('p');
    expect(ui.state.dialog).toMatchObject({ title: 'Pause 2 torrents?', about: 'torrent 0, torrent 1' });
    ui.press('enter');
    expect(ui.requests).toEqual([]);
    ui.press('p', '2', 'enter');
    expect(ui.requests).toEqual(keys(0, 1).map((key) => ({ call: 'pause', key })));
    expect(ui.effects.filter(({ kind }) => kind === 'ask').at(-1)).toMatchObject({ done: 'paused 2 torrents' });
    expect(ui.state.marked.size).toBe(0);
  });

  test.each([
    ['r', ['down'], { call: 'resume' }],
    ['c', ['down'], { call: 'recheck' }],
    ['n', ['down'], { call: 'announce' }],
    ['d', ['2'], { call: 'remove', withData: false }],
    ['d', ['3'], { call: 'remove', withData: true }],
  ] as const)('marks: %s and %j act on them in the order of the list', (key, choice, request) => {
    const ui = three();
    ui.press('G', ' ', 'g', ' ', key, ...choice, 'enter');
    expect(ui.requests).toEqual(keys(0, 2).map((one) => ({ ...request, key: one })));
  });

  test('marks: * marks what the filter shows and takes those marks away; Escape takes away all', () => {
    const ui = three();
    ui.press(' ', '/', '2', 'enter', '*');
    expect([...ui.state.marked]).toEqual(keys(0, 2));
    ui.press('*');
    expect([...ui.state.marked]).toEqual(keys(0));
    ui.press('escape');
    expect(ui.state.views.torrents).toHaveLength(3);
    expect(ui.state.marked.size).toBe(1);
    ui.press('escape');
    expect(ui.state.marked.size).toBe(0);
  });

  test('marks: one that is gone is no longer counted, and other keys are about the selected torrent', () => {
    const ui = three();
    ui.press(' ', ' ', 'e');
    expect(ui.requests).toEqual([{ call: 'sequential', key: torrentRow(2).key, on: true }]);
    ui.rows([torrentRow(1), torrentRow(2)]);
    expect([...ui.state.marked]).toEqual(keys(1));
  });
});

describe('answers', () => {
  test('answers: an error is shown, a message fades', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.happen({ kind: 'answered', done: null, error: 'no room', key: null });
    expect(ui.state.message).toMatchObject({ text: 'no room', level: 'error' });
    ui.happen({ kind: 'tick', now: 60_000 });
    expect(ui.state.message).toBe(null);
  });

  test('answers: what was added is selected, also where its row comes later', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.happen({ kind: 'answered', done: 'added', error: null, key: torrentRow(5).key });
    ui.rows([torrentRow(0), torrentRow(5)]);
    expect(ui.state.tables.torrents.selected).toBe(torrentRow(5).key);
    expect(ui.watched).toMatchObject({ key: torrentRow(5).key });
  });

  test('notices: what has become complete is named once, what was complete before is not', () => {
    const ui = new Ui([torrentRow(0), torrentRow(1, { completedAt: 5 })]);
    expect(ui.state.message).toBe(null);
    ui.rows([torrentRow(0, { completedAt: 9 }), torrentRow(1, { completedAt: 5 }), torrentRow(2, { completedAt: 7 })]);
    expect(ui.state.message).toMatchObject({ text: 'torrent 0 is complete', level: 'info' });
    ui.happen({ kind: 'tick', now: 60_000 });
    ui.rows([torrentRow(0, { completedAt: 9 })]);
    expect(ui.state.message).toBe(null);
  });

  test('notices: they wait for each other, and are bounded', () => {
    const ui = new Ui();
    for (let at = 0; at < 100; at += 1) ui.happen({ kind: 'notice', level: 'warn', text: `notice ${at}` });
    expect(ui.state.message?.text).toBe('notice 0');
    expect(ui.state.notices.length).toBeLessThan(30);
    ui.happen({ kind: 'tick', now: 60_000 });
    expect(ui.state.message?.text).toMatch(/notice \d+/);
  });

  test('pages: the one that is shown is watched, of the torrent that is selected', () => {
    const ui = new Ui([torrentRow(0), torrentRow(1)]);
    expect(ui.watched).toEqual({ call: 'watch', key: KEY, page: 'overview' });
    ui.press('down', '3');
    expect(ui.watched).toEqual({ call: 'watch', key: torrentRow(1).key, page: 'peers' });
    ui.press('L');
    expect(ui.watched).toEqual({ call: 'watch', key: '', page: 'log' });
    ui.happen({ kind: 'life', life: 'ended', ending: 'gone' });
    ui.press('R');
    expect(ui.effects.at(-1)).toEqual({ kind: 'restart' });
    const before = ui.effects.length;
    ui.happen({ kind: 'life', life: 'starting', ending: null });
    expect(ui.effects.length).toBe(before + 1);
  });
});

describe('tables', () => {
  test('peers: a click on a head sorts, one on a row selects, the wheel scrolls', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.press('3');
    const peers = Array.from({ length: 40 }, (_, conn) => peerRow(conn, { downloadBps: conn }));
    ui.happen({ kind: 'detail', detail: { page: 'peers', key: KEY, peers } });
    ui.happen({ kind: 'sort', table: 'peers', column: 'down' });
    expect(ui.state.views.peers[0]?.downloadBps).toBe(39);
    ui.happen({ kind: 'select', table: 'peers', id: '30' });
    expect(ui.state.tables.peers.selected).toBe('30');
    ui.happen({ kind: 'scroll', table: 'peers', by: 3 });
    expect(ui.state.tables.peers.selected).toBe('27');
  });

  test('filter: rows are filtered while one types; Enter keeps it, Escape shows all again', () => {
    const ui = new Ui([torrentRow(0), torrentRow(1), torrentRow(11)]);
    ui.press('/');
    ui.text('rent 1');
    expect(ui.state.views.torrents.map((row) => row.name)).toEqual(['torrent 1', 'torrent 11']);
    ui.press('enter');
    expect(ui.state.dialog).toBe(null);
    ui.press('escape');
    expect(ui.state.views.torrents).toHaveLength(3);
  });

  test('log: at its end it follows new lines, elsewhere it stays', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.press('5');
    const lines = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ at, level: 'info' as const, text: `line ${at}` }));
    const push = (count: number) =>
      ui.happen({ kind: 'detail', detail: { page: 'log', key: KEY, lines: lines(count) } });
    push(50);
    push(60);
    expect(ui.state.tables.log.index).toBe(59);
    ui.press('up', 'up');
    push(70);
    expect(ui.state.tables.log.index).toBe(57);
  });
});

describe('files', () => {
  test('files: priorities go to all files below a folder, pad files are not shown', () => {
    const ui = withFiles();
    expect(ui.state.views.files.map((row) => row.name)).toEqual(['t', 'a', 'd', 'b', 'c']);
    ui.press('down', 'down', '+');
    expect(ui.requests).toEqual([{ call: 'priority', key: KEY, files: [2, 3], priority: 7 }]);
    ui.press(' ');
    expect(ui.requests[1]).toMatchObject({ files: [2, 3], priority: 0 });
  });

  test('files: left closes a folder, then goes to the one above; Enter opens it again', () => {
    const ui = withFiles();
    ui.press('G', 'left', 'left');
    expect(ui.state.views.files.map((row) => row.name)).toEqual(['t', 'a', 'd']);
    ui.press('left');
    expect(ui.state.tables.files.index).toBe(0);
    ui.press('G', 'enter');
    expect(ui.state.views.files).toHaveLength(5);
  });
});

describe('adding', () => {
  test('paste: a magnet link opens the form with it; Enter adds it to the folder', () => {
    const ui = new Ui();
    ui.paste(`${LINK}\n`);
    ui.press('enter');
    const shared = { priorities: null, paused: false, sequential: false };
    expect(ui.requests).toEqual([{ call: 'add', source: LINK, folder: '/downloads', ...shared }]);
  });

  test('paste: a path opens the explorer at it, an info-hash is a link, other text is named as nothing', () => {
    const ui = new Ui();
    ui.paste("'/media/x.torrent' ");
    expect(ui.effects.at(-1)).toEqual({ kind: 'findPath', path: '/media/x.torrent' });
    ui.paste('file:///media/a%20b.torrent');
    expect(ui.effects.at(-1)).toEqual({ kind: 'findPath', path: '/media/a b.torrent' });
    ui.paste('hello');
    expect(ui.state.message?.text).toContain('no magnet link');
    ui.paste('0123456789abcdef0123456789abcdef01234567');
    ui.press('enter');
    expect(ui.requests[0]).toMatchObject({ source: LINK });
  });

  test('add: a path that leads nowhere is named in the form, which keeps what was typed; the folder goes on to the explorer', () => {
    const ui = new Ui();
    ui.press('a');
    ui.text('/media/x');
    ui.press('tab', 'ctrl-u');
    ui.text('/elsewhere');
    ui.press('enter');
    expect(ui.effects.at(-1)).toEqual({ kind: 'findPath', path: '/media/x' });
    ui.happen({ kind: 'pathFound', folder: '/media/x', look: null, error: '/media/x: no such file or directory' });
    expect(ui.state.dialog).toMatchObject({ kind: 'form', wrong: '/media/x: no such file or directory' });
    ui.press('shift-tab');
    ui.text('.torrent');
    ui.press('enter');
    expect(ui.effects.at(-1)).toEqual({ kind: 'findPath', path: '/media/x.torrent' });
    ui.happen({ kind: 'pathFound', folder: '/media', look: 'x.torrent', error: null });
    expect(ui.state.dialog).toMatchObject({ kind: 'explorer', saveTo: { text: '/elsewhere' } });
  });

  test('limits: rates as people write them; what is no rate is named and nothing is asked', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.press('t');
    ui.text('500KiB');
    ui.press('tab');
    ui.text('8Mbit');
    ui.press('enter');
    expect(ui.requests).toEqual([{ call: 'limits', key: KEY, downloadBps: 512_000, uploadBps: 1_000_000 }]);
    ui.press('T');
    ui.text('fast');
    ui.press('enter');
    expect(ui.state.dialog).toMatchObject({ kind: 'form', wrong: expect.stringContaining('500KiB') });
    expect(ui.requests).toHaveLength(1);
  });

  test('explorer: a torrent is shown before it is added, with the files that are taken and the folder', () => {
    const ui = new Ui();
    ui.happen({ kind: 'pathFound', folder: '/media', look: 'b.torrent', error: null });
    expect(ui.effects.at(-1)).toEqual({ kind: 'readFolder', folder: '/media', hidden: false });
    const entry = (name: string) => ({ name, kind: 'torrent' as const, lengthBytes: 1, modifiedAt: 0 });
    ui.happen({ kind: 'folderRead', folder: '/media', entries: [entry('a.torrent'), entry('b.torrent')], error: null });
    expect(ui.effects.at(-1)).toEqual({ kind: 'readTorrent', path: '/media/b.torrent' });
    const file = (name: string, pad = false) => ({
      path: ['t', name],
      lengthBytes: 1,
      haveBytes: 0,
      priority: 4 as const,
      pad,
    });
    const files = [file('one'), file('pad', true), file('two')];
    const bytes = new Uint8Array([1]);
    const ready = { kind: 'ready', bytes, preview: {} as Preview, files, closed: new Set<string>() } as const;
    ui.happen({ kind: 'torrentRead', offer: { ...ready, path: '/media/a.torrent' } });
    expect(ui.state.views.offer).toEqual([]);
    ui.happen({ kind: 'torrentRead', offer: { ...ready, path: '/media/b.torrent' } });
    ui.press('enter', 'G', ' ', 'P', 'f');
    ui.text('/new');
    ui.press('enter', 'enter');
    const request = {
      call: 'add',
      source: bytes,
      folder: '/downloads/new',
      priorities: [4, 4, 0],
      paused: true,
      sequential: false,
    };
    expect(ui.requests).toEqual([request]);
    expect(ui.state.dialog).toBe(null);
  });

  test('explorer: / shows only files with these words; Escape shows all again, then leaves; a pasted word is typed', () => {
    const ui = new Ui();
    ui.happen({ kind: 'pathFound', folder: '/media', look: null, error: null });
    const entries = ['debian', 'fedora', 'ubuntu'].map((name) => ({
      name: `${name}.torrent`,
      kind: 'torrent' as const,
      lengthBytes: 1,
      modifiedAt: 0,
    }));
    ui.happen({ kind: 'folderRead', folder: '/media', entries, error: null });
    const names = () => ui.state.views.folder.map(({ name }) => name);
    ui.press('/');
    ui.text('UBU');
    expect(names()).toEqual(['ubuntu.torrent']);
    expect(ui.effects.at(-1)).toEqual({ kind: 'readTorrent', path: '/media/ubuntu.torrent' });
    expect(drawFrame(ui.state).line(29)).toContain('show files with: UBU');
    ui.press('ctrl-u');
    ui.paste('fed');
    ui.press('enter', 'j', 'k');
    expect(names()).toEqual(['fedora.torrent']);
    ui.press('escape');
    expect(names()).toHaveLength(3);
    ui.press('escape');
    expect(ui.state.dialog).toBe(null);
  });

  test('explorer: s sorts by the next column, and folders stay before files either way', () => {
    const ui = new Ui([], { columns: 160 });
    ui.happen({ kind: 'pathFound', folder: '/media', look: null, error: null });
    const entries = [
      { name: '..', kind: 'parent', lengthBytes: 0, modifiedAt: 0 },
      { name: 'sub', kind: 'folder', lengthBytes: 9, modifiedAt: 9 },
      { name: 'a.torrent', kind: 'torrent', lengthBytes: 3, modifiedAt: 1 },
      { name: 'b.torrent', kind: 'torrent', lengthBytes: 1, modifiedAt: 3 },
    ] as const;
    ui.happen({ kind: 'folderRead', folder: '/media', entries, error: null });
    const names = () => ui.state.views.folder.map(({ name }) => name).join(' ');
    ui.press('s', 's', 's');
    expect(ui.state.message?.text).toBe('sorted by changed');
    expect(names()).toBe('.. sub b.torrent a.torrent');
    ui.press('S');
    expect(names()).toBe('.. sub a.torrent b.torrent');
    ui.happen({ kind: 'pathFound', folder: '/other', look: null, error: null });
    ui.happen({ kind: 'folderRead', folder: '/other', entries: entries.toReversed(), error: null });
    expect(names()).toBe('.. sub a.torrent b.torrent');
  });

  test('explorer: with a filter, a takes or skips only the files that it shows', () => {
    const ui = new Ui();
    ui.happen({ kind: 'pathFound', folder: '/media', look: null, error: null });
    ui.happen({
      kind: 'folderRead',
      folder: '/media',
      entries: [{ name: 'a.torrent', kind: 'torrent', lengthBytes: 1, modifiedAt: 0 }],
      error: null,
    });
    // Gone on to before it was read.
    ui.press('enter');
    const files = ['one.mkv', 'one.srt', 'two.mkv'].map((name) => {
      return { path: ['t', name], lengthBytes: 1, haveBytes: 0, priority: 4 as const, pad: false };
    });
    const preview = { name: 't' } as Preview;
    const offer = { kind: 'ready', path: '/media/a.torrent', bytes: new Uint8Array(), preview, files } as const;
    ui.happen({ kind: 'torrentRead', offer: { ...offer, closed: new Set() } });
    ui.press('/');
    ui.text('mkv');
    ui.press('enter', 'a');
    const priorities = () => {
      const { dialog } = ui.state;
      return dialog?.kind === 'explorer' && dialog.offer?.kind === 'ready'
        ? dialog.offer.files.map((f) => f.priority)
        : [];
    };
    expect(priorities()).toEqual([0, 4, 0]);
    ui.press('escape', 'a');
    expect(priorities()).toEqual([4, 4, 4]);
  });

  test('explorer: what was gone on to and is no torrent says so, and one goes on choosing', () => {
    const ui = new Ui();
    ui.happen({ kind: 'pathFound', folder: '/media', look: null, error: null });
    const entries = [{ name: 'bad.torrent', kind: 'torrent' as const, lengthBytes: 1, modifiedAt: 0 }];
    ui.happen({ kind: 'folderRead', folder: '/media', entries, error: null });
    ui.press('enter', 'enter');
    expect(ui.state.message?.text).toBe('it is still being read');
    ui.happen({ kind: 'torrentRead', offer: { kind: 'wrong', path: '/media/bad.torrent', reason: 'not a torrent' } });
    expect(ui.state.message).toMatchObject({ text: '/media/bad.torrent: not a torrent', level: 'error' });
    expect(ui.state.dialog).toMatchObject({ stage: 'browse' });
  });

  test('explorer: a file that is no torrent says why, and cannot be added', () => {
    const ui = new Ui();
    ui.happen({ kind: 'pathFound', folder: '/media', look: null, error: null });
    const entries = [{ name: 'bad.torrent', kind: 'torrent' as const, lengthBytes: 1, modifiedAt: 0 }];
    ui.happen({ kind: 'folderRead', folder: '/media', entries, error: null });
    ui.happen({ kind: 'torrentRead', offer: { kind: 'wrong', path: '/media/bad.torrent', reason: 'not a torrent' } });
    ui.press('enter', 'enter');
    expect(ui.requests).toEqual([]);
    expect(ui.state.message?.text).toContain('not a torrent');
  });
});
