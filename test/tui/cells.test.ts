// Text as cells: nothing that a terminal obeys comes out, and every string takes the cells that it says.

// oxlint-disable no-control-regex, no-misleading-character-class

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellWidth, clip, clipStart, clusters, fit, wrap } from '../../client/tui/cells.ts';
import { hostileText } from './hostile-text.ts';

const OBEYED =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\u{e0000}-\u{e0fff}]/u;

describe('cells', () => {
  test.each([
    ['plain', 5],
    ['日本', 4],
    ['e\u0301', 1],
    ['🦀', 2],
    ['👩‍👩‍👧', 6],
    ['❤️', 1],
    ['\u001b[31mx', 6],
    ['', 0],
  ])('width: %j takes %d cells', (text, cells) => {
    expect(cellWidth(text)).toBe(cells);
  });

  test('safety: no control, direction control or zero-width character is left (property)', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const shown = clusters(text)
          .map((cluster) => cluster.text)
          .join('');
        expect(shown).not.toMatch(OBEYED);
        expect(shown.isWellFormed()).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('fitting: exactly the cells that are there, from either side (property)', () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 0, max: 40 }), (text, cells) => {
        expect(cellWidth(fit(text, cells))).toBe(cells);
        expect(cellWidth(fit(text, cells, 'right'))).toBe(cells);
        expect(cellWidth(clip(text, cells))).toBeLessThanOrEqual(cells);
        expect(cellWidth(clipStart(text, cells))).toBeLessThanOrEqual(cells);
      }),
      { numRuns: 2000 },
    );
  });

  test('fitting: what fits stays, what does not ends in an ellipsis', () => {
    expect(clip('abc', 3)).toBe('abc');
    expect(clip('abcd', 3)).toBe('ab…');
    expect(clip('日本語', 4)).toBe('日…');
    expect(clipStart('/home/somebody', 6)).toBe('…ebody');
    expect(fit('x', 3, 'right')).toBe('  x');
  });

  test('marks: two on a letter stay, more are dropped, and none stands alone', () => {
    expect(clusters('x\u0300\u0301\u0302\u0303').map((cluster) => cluster.text)).toEqual(['x\u0300\u0301']);
    expect(clusters('\u0301').map((cluster) => cluster.text)).toEqual(['\ufffd']);
  });

  test('wrapping: no line is too wide and no word is lost (property)', () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 2, max: 30 }), (text, cells) => {
        const lines = wrap(text, cells);
        for (const line of lines) expect(cellWidth(line)).toBeLessThanOrEqual(cells);
        const solid = (shown: string) => shown.replaceAll(' ', '');
        expect(solid(lines.join(''))).toBe(
          solid(
            clusters(text)
              .map((cluster) => cluster.text)
              .join(''),
          ),
        );
      }),
    );
  });
});
