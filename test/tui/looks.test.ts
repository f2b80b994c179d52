// Colours, figures and maps.

// oxlint-disable no-control-regex

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRate, percent, rate, ratio, size, timeLeft, typedRate } from '../../client/tui/format.ts';
import { barRows } from '../../client/tui/graph.ts';
import { History } from '../../client/tui/history.ts';
import { cellsOf } from '../../client/tui/piece-map.ts';
import { colourDepth, makeTheme, THEME_NAMES } from '../../client/tui/theme.ts';
import { LOOK, torrentRow } from './support.ts';

const BINARY = { bits: false, binary: true };

describe('theme', () => {
  test('colours: none with NO_COLOR, else what the terminal says that it can', () => {
    expect(colourDepth({ NO_COLOR: '1', COLORTERM: 'truecolor' })).toBe(0);
    expect(colourDepth({ NO_COLOR: '', TERM: 'xterm-256color' })).toBe(256);
    expect(colourDepth({ COLORTERM: 'truecolor', TERM: 'xterm' })).toBe(16_777_216);
    expect(colourDepth({ TERM: 'linux' })).toBe(16);
    expect(colourDepth({ TERM: 'dumb' })).toBe(0);
  });

  test.each(THEME_NAMES)('colours: without them %s tells what is selected by attributes', (theme) => {
    const { sgr } = makeTheme({ ...LOOK, theme }, 0);
    for (const sequence of Object.values(sgr)) expect(sequence).toMatch(/^\u001b\[0(;[1247])*m$/);
    expect(sgr.selected).not.toBe(sgr.text);
    expect(sgr.resting).not.toBe(sgr.text);
    expect(sgr.bad).not.toBe(sgr.text);
  });

  test("colours: the user's own count, `default` is the terminal's", () => {
    const own = makeTheme({ ...LOOK, foreground: '#010203', background: 'default', accent: 'bright-red' }, 16_777_216);
    expect(own.sgr.text).toBe('\u001b[0;38;2;1;2;3m');
    expect(own.sgr.accent).toBe('\u001b[0;91m');
    expect(makeTheme({ ...LOOK, background: '#ff0000' }, 256).sgr.text).toContain(';48;5;196');
    expect(makeTheme(LOOK, 16).sgr.text).toBe('\u001b[0;37;40m');
    expect(makeTheme({ ...LOOK, background: '#000000', foreground: '#ffffff' }, 16).sgr.text).toBe('\u001b[0;97;40m');
  });
});

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 1023, '1.0 MiB'],
    [99.96 * 1024, '99 KiB'],
    [1024 ** 4 * 3.24, '3.2 TiB'],
  ])('sizes: %d bytes are %s', (bytes, text) => {
    expect(size(bytes, BINARY)).toBe(text);
  });

  test('sizes: never more than eight cells, rates never more than ten (property)', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 2 ** 53, noNaN: true }),
        fc.boolean(),
        fc.boolean(),
        (bytes, bits, binary) => {
          expect(size(bytes, { bits, binary }).length).toBeLessThanOrEqual(8);
          expect(rate(bytes, { bits, binary }).length).toBeLessThanOrEqual(10);
        },
      ),
    );
  });

  test('rates: in bits and in steps of a thousand', () => {
    expect(rate(125_000, { bits: true, binary: false })).toBe('1.0 Mb/s');
    expect(rate(125_000, { bits: false, binary: false })).toBe('125 kB/s');
  });

  test('rates: what a form begins with is exactly the limit that is set (property)', () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (bps, bits) => {
        expect(parseRate(typedRate(bps, { bits, binary: true }))).toBe(bps);
      }),
    );
    expect(typedRate(512_000, BINARY)).toBe('500KiB');
    expect(typedRate(1_000_000, { bits: true, binary: true })).toBe('8000kbit');
    expect(parseRate('')).toBe(0);
    expect(parseRate('1.5 MB/s')).toBe(1_500_000);
    expect(parseRate('8 Mbit/s')).toBe(1_000_000);
    expect(parseRate('1 MiBps')).toBe(1_048_576);
    expect(parseRate('-1')).toBe(null);
    expect(parseRate('1 parsec')).toBe(null);
  });

  test('torrents: percent of what is looked at while checking; a ratio of nothing is none', () => {
    expect(percent(torrentRow(0, { state: 'checking', checkedPieces: 50 }))).toBe('50.0 %');
    expect(ratio(torrentRow(0))).toBe('');
    expect(ratio(torrentRow(1, { downloadedBytes: 1000, uploadedBytes: 1999 }))).toBe('1.99');
    expect(timeLeft(torrentRow(0, { downloadBps: 1, wantedBytes: 10 ** 9 }))).toBe('>99d');
  });
});

describe('maps', () => {
  test('pieces: a cell is full only where all its pieces are (property)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ max: 3, minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 400 }),
        (pieces, cells) => {
          const map = cellsOf(pieces, cells);
          expect(map).toHaveLength(cells);
          expect(map.every((state) => state === 3)).toBe(pieces.every((state) => state === 3));
          expect(map.every((state) => state === 0)).toBe(pieces.every((state) => state === 0));
        },
      ),
    );
  });

  test('bars: the largest fills the height, what is not zero shows', () => {
    expect(barRows([0, 1, 50, 100], 100, 2)).toEqual(['   █', ' ▁██']);
    expect(barRows([0, 0], 0, 1)).toEqual(['  ']);
  });

  test('history: the newest sample is the last, what is removed is forgotten', () => {
    const history = new History();
    const row = torrentRow(0);
    for (let at = 1; at <= 700; at += 1) history.sample(new Map([[row.key, { ...row, downloadBps: at }]]));
    expect(history.last(row.key, 'down', 3)).toEqual([698, 699, 700]);
    expect(history.last(row.key, 'down', 700)[0]).toBe(0);
    history.sample(new Map());
    expect(history.last(row.key, 'down', 1)).toEqual([0]);
  });
});
