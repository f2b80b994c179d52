// Text and figures for people.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBytes, formatDuration, formatPercent } from '../../client/units.ts';
import { printable } from '#harness';
import { jsonLine } from '#harness/untrusted-text';

// oxlint-disable-next-line no-control-regex
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

describe('text', () => {
  test('untrusted text: nothing that a terminal obeys comes through (any text)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        for (const character of printable(text)) {
          const code = character.codePointAt(0) as number;
          expect(code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e)).toBe(false);
        }
        expect(printable(text).length).toBeLessThanOrEqual(513);
      }),
    );
    expect(printable('\x1b]0;owned\x07 a\u202eb ünï')).toBe('\ufffd]0;owned\ufffd a\ufffdb ünï');
  });

  test('json line: says the same text, and nothing that a terminal obeys comes through (any text)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = jsonLine({ text });
        expect(JSON.parse(line).text).toBe(text);
        expect(OBEYED.test(line.slice(0, -1))).toBe(false);
      }),
      { examples: [['\x1b]0;owned\x07\x9b31m\u202etxt\u2028']] },
    );
  });

  test('percent: 100 only when it is true, and never more', () => {
    expect(formatPercent(0, 0)).toBe('100.0');
    expect(formatPercent(0, 3)).toBe('0.0');
    expect(formatPercent(999_999_999, 1_000_000_000)).toBe('99.9');
    expect(formatPercent(2 ** 52 - 1, 2 ** 52)).toBe('99.9');
    expect(formatPercent(2 ** 52, 2 ** 52)).toBe('100.0');
    expect(formatPercent(5, 4)).toBe('100.0');
  });

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [200 * 1024 ** 2, '200 MiB'],
  ])('bytes: %d', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test.each([
    [0.2, '1s'],
    [59, '59s'],
    [60, '1m 0s'],
    [3600, '1h 0m'],
    [90_061, '1d 1h'],
  ])('duration: %d s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
