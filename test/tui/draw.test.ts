// Frames: of any state on any size, with what they must say.

// oxlint-disable no-control-regex

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Detail } from '../../client/control/protocol.ts';
import type { Canvas } from '../../client/tui/canvas.ts';
import { cellWidth } from '../../client/tui/cells.ts';
import { drawFrame } from '../../client/tui/draw.ts';
import { BINDINGS } from '../../client/tui/keys.ts';
import { hostileText } from './hostile-text.ts';
import { peerRow, torrentRow, Ui } from './support.ts';

const KEY = torrentRow(0).key;

function shown(ui: Ui): string {
  const canvas = drawFrame(ui.state);
  return Array.from({ length: canvas.height }, (_, y) => canvas.line(y).trimEnd()).join('\n');
}

function details(text: string): Detail[] {
  const pieces = Uint8Array.from({ length: 100 }, (_, at) => at % 4);
  const peers = Array.from({ length: 40 }, (_, conn) =>
    peerRow(conn, { client: text, seed: conn % 2 === 0, snubbed: true }),
  );
  const file = { path: [text, text], lengthBytes: 10, haveBytes: 3, priority: 4 as const, pad: false };
  const tracker = {
    tier: 0,
    url: text,
    status: 'failed' as const,
    nextAnnounceAt: 99_000,
    lastError: text,
    seeds: 1,
    leechers: null,
  };
  return [
    {
      page: 'overview',
      key: KEY,
      comment: text,
      createdBy: text,
      pieceLengthBytes: 16_384,
      pieces,
      availability: pieces,
    },
    { page: 'files', key: KEY, files: [file, file] },
    { page: 'peers', key: KEY, peers },
    { page: 'trackers', key: KEY, trackers: [tracker] },
    { page: 'log', key: KEY, lines: [{ at: 1, level: 'error', text }] },
  ];
}

const DIALOGS: readonly (readonly string[])[] = [
  [],
  ['?'],
  ['d'],
  ['O'],
  ['t'],
  ['a'],
  ['/'],
  ['z'],
  ['tab', 'z'],
  ['q'],
];

/** Every row is as wide as the screen, without half of a wide character or anything that a terminal takes for more than text. */
function expectWhole(canvas: Canvas, { columns, height }: { readonly columns: number; readonly height: number }): void {
  expect([canvas.width, canvas.height]).toEqual([columns, height]);
  expect(canvas.texts).toHaveLength(columns * height);
  for (let y = 0; y < height; y += 1) expect(cellWidth(canvas.line(y))).toBe(columns);
  expect(canvas.texts.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
  const { x, y } = canvas.cursor ?? { x: 0, y: 0 };
  expect(x >= 0 && x < columns && y >= 0 && y < height).toBe(true);
}

describe('drawing', () => {
  test('frames: any page and dialog on any size, with any text, stays inside its cells (property)', () => {
    const size = fc.record({ columns: fc.integer({ min: 1, max: 220 }), height: fc.integer({ min: 1, max: 65 }) });
    fc.assert(
      fc.property(size, hostileText, fc.constantFrom(...DIALOGS), fc.nat(4), (screen, name, keys, page) => {
        const ui = new Ui([torrentRow(0, { name, error: name, folder: name }), torrentRow(1)], screen);
        ui.press(String(page + 1));
        ui.happen({ kind: 'detail', detail: details(name)[page] as Detail });
        ui.press(...keys);
        const canvas = drawFrame(ui.state);
        expectWhole(canvas, screen);
        const text = shown(ui);
        if (screen.columns < 60 || screen.height < 20 || keys.length > 0) return;
        expect(text).toContain('2 torrents');
        expect(text).toMatch(/1 overview.*2 files.*3 peers.*4 trackers.*5 log/);
        expect(text).toContain('torrent 1');
        expect(text).toMatch(['Down ', 'Name', 'Address', 'Tracker', 'Message'][page] as string);
      }),
      { numRuns: 300 },
    );
  });

  test('frames: the explorer on any size (property)', () => {
    const preview = {
      name: '日本',
      infoHash: KEY,
      totalBytes: 10,
      pieceLengthBytes: 16_384,
      pieceCount: 1,
      private: true,
      tiers: [['udp://a', 'udp://b']],
      comment: null,
      createdBy: 'x',
      createdAt: 1,
    };
    const file = { path: ['日本', 'a'], lengthBytes: 10, haveBytes: 0, priority: 4 as const, pad: false };
    const offer = {
      kind: 'ready',
      path: '/m/a.torrent',
      bytes: new Uint8Array(),
      preview,
      files: [file],
      closed: new Set<string>(),
    } as const;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 220 }),
        fc.integer({ min: 1, max: 65 }),
        fc.boolean(),
        (columns, height, choose) => {
          const ui = new Ui([], { columns, height });
          ui.happen({ kind: 'pathFound', folder: '/m', look: null, error: null });
          const entries = [{ name: 'a.torrent', kind: 'torrent' as const, lengthBytes: 1, modifiedAt: 0 }];
          ui.happen({ kind: 'folderRead', folder: '/m', entries, error: null });
          ui.happen({ kind: 'torrentRead', offer });
          if (choose) ui.press('enter', 'f');
          expectWhole(drawFrame(ui.state), { columns, height });
          const text = shown(ui);
          if (columns >= 80 && height >= 24) {
            expect(text).toContain('Private   yes');
            expect(text).toContain('udp://a and 1 other');
            expect(text).toContain('Save to /downloads');
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('help: every key is explained whole on 80 columns, and where two columns begin', () => {
    for (const columns of [80, 112]) {
      const ui = new Ui([], { columns, height: 70 });
      ui.press('?');
      for (const { help } of BINDINGS) expect(shown(ui)).toContain(help);
    }
  });

  test.each([80, 50])('messages: what is longer than the line is shown whole (%d columns)', (columns) => {
    const ui = new Ui([torrentRow(0)], { columns, height: 24 });
    const text = `the downloading process ended: its journal is ${'/some/long/path'.repeat(5)}/END`;
    const words = () => shown(ui).replaceAll(/\s+/g, '');
    ui.happen({ kind: 'notice', level: 'error', text });
    expect(words()).toContain(text.replaceAll(' ', ''));
    ui.happen({ kind: 'life', life: 'ended', ending: text });
    expect(words()).toContain(`${text}(Rstartsitagain,qleaves)`.replaceAll(' ', ''));
  });

  test('hints: how to leave and where the other keys are stand on 80 columns', () => {
    const ui = new Ui([torrentRow(0)], { columns: 80, height: 24 });
    expect(drawFrame(ui.state).line(23)).toMatch(/\? keys.*q quit.*d remove/);
    ui.press(' ');
    expect(drawFrame(ui.state).line(23)).toMatch(/p pause.*d remove.*Esc none/);
  });

  test('filter: a page or a folder that shows only some rows says which', () => {
    const ui = new Ui([torrentRow(0)]);
    ui.press('3', '/');
    ui.text('10.0');
    ui.press('enter');
    expect(shown(ui)).toMatch(/5 log .*only “10\.0” · torrent 0/);
    ui.press('1');
    expect(shown(ui)).not.toContain('only “');
    ui.happen({ kind: 'pathFound', folder: '/media', look: null, error: null });
    ui.happen({ kind: 'folderRead', folder: '/media', entries: [], error: null });
    ui.press('/');
    ui.text('iso');
    ui.press('enter');
    expect(shown(ui)).toContain('/media · only “iso”');
  });

  test('percent: 100 is said only when everything wanted is here', () => {
    const ui = new Ui([torrentRow(0, { wantedBytes: 10_000_000, totalBytes: 10_000_000, haveBytes: 9_999_999 })]);
    expect(shown(ui)).toContain('99.9 %');
    expect(shown(ui)).not.toContain('100.0 %');
  });

  test('time left: none while nothing moves, none for what is complete', () => {
    const still = shown(new Ui([torrentRow(0)]));
    expect(still).toContain('∞');
    const moving = shown(new Ui([torrentRow(0, { downloadBps: 10, haveBytes: 0 })]));
    expect(moving).toContain('1m 40s');
    const done = shown(new Ui([torrentRow(0, { state: 'seeding', haveBytes: 1000 })]));
    expect(done).not.toContain('∞');
  });

  test('metadata: a magnet without it shows no size and no percent', () => {
    const row = torrentRow(0, { state: 'metadata', totalBytes: 0, wantedBytes: 0, haveBytes: 0, pieceCount: 0 });
    const text = shown(new Ui([row]));
    expect(text).not.toContain('%');
    expect(text).toContain('size not known yet: no peer is known that could tell');
    expect(shown(new Ui([{ ...row, knownPeers: 2 }]))).not.toContain('no peer is known');
  });

  test('metadata: what only it can tell is named as not known yet, instead of a moment that does not pass', () => {
    const row = torrentRow(0, { state: 'metadata', totalBytes: 0, wantedBytes: 0, haveBytes: 0, pieceCount: 0 });
    const ui = new Ui([row]);
    for (const page of ['1', '2']) {
      ui.press(page);
      expect(shown(ui)).not.toContain('one moment');
      expect(shown(ui)).toContain('not known before the metadata is here');
    }
    ui.press('3');
    expect(shown(ui)).toContain('one moment');
  });

  test('peers: flags stand in their columns, and the legend says what they mean', () => {
    const ui = new Ui([torrentRow(0)], { columns: 140, height: 40 });
    ui.press('3');
    const peer = peerRow(1, { seed: true, amInterested: true, peerChoking: false, onParole: true, source: 'incoming' });
    ui.happen({ kind: 'detail', detail: { page: 'peers', key: KEY, peers: [peer] } });
    expect(shown(ui)).toContain('SD   Pi');
    expect(shown(ui)).toMatch(/S seed · D we download/);
    ui.happen({ kind: 'resize', columns: 80, rows: 24 });
    expect(shown(ui)).toContain('WebRTC');
  });

  test('mouse: heads, rows, tabs and hints can be clicked, and nothing under a dialog', () => {
    const ui = new Ui([torrentRow(0), torrentRow(1)]);
    const canvas = drawFrame(ui.state);
    const at = (text: string) => {
      const y = shown(ui)
        .split('\n')
        .findIndex((line) => line.includes(text));
      return { x: canvas.line(y).indexOf(text), y };
    };
    const clicked = (text: string) => canvas.clicked(at(text).x, at(text).y);
    expect(clicked('Size')).toEqual({ kind: 'sort', table: 'torrents', column: 'size' });
    expect(clicked('torrent 1')).toEqual({ kind: 'select', table: 'torrents', id: torrentRow(1).key });
    expect(clicked('3 peers')).toEqual({ kind: 'open', page: 'peers' });
    expect(clicked('remove')).toEqual({ kind: 'press', key: 'd' });
    expect(canvas.wheeled(5, 3)).toMatchObject({ kind: 'scroll', table: 'torrents' });
    ui.press('d');
    expect(drawFrame(ui.state).clicked(0, 2)).toBe(null);
  });
});
