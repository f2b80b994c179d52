import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8, decodeUtf8Lossy, utf8Length } from '../../engine/bencode/utf8.ts';

function oracle(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

test('utf8: equals the platform’s strict decoder (any text)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
      const bytes = new TextEncoder().encode(text);
      expect(decodeUtf8(bytes)).toBe(text);
      expect(decodeUtf8Lossy(bytes)).toBe(text);
    }),
  );
});

test('utf8: equals the platform’s strict decoder (any bytes, many of them lead and continuation bytes)', () => {
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xf0, 0xf4));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 6 }), (list) => {
      const bytes = Uint8Array.from(list);
      expect(decodeUtf8(bytes)).toBe(oracle(bytes));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['an overlong slash in two bytes', [0xc0, 0xaf]],
  ['an overlong slash in three bytes', [0xe0, 0x80, 0xaf]],
  ['an overlong slash in four bytes', [0xf0, 0x80, 0x80, 0xaf]],
  ['an overlong NUL', [0xc0, 0x80]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['a lone continuation', [0x80]],
  ['a cut sequence', [0xf0, 0x9f, 0x98]],
])('utf8: refuses %s, and lossy text shows it without the hidden character', (_, list) => {
  const bytes = Uint8Array.from(list);
  expect(decodeUtf8(bytes)).toBeUndefined();
  expect(decodeUtf8Lossy(bytes)).toBe('\ufffd'.repeat(list.length));
});

test('utf8: length of a code point (both sides of each boundary)', () => {
  const points = [0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff];
  expect(points.map(utf8Length)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
});

test('utf8: text longer than one turn of the decoder, with pairs across the turns (5,000 astral characters)', () => {
  const text = `x${'😀'.repeat(5_000)}`;
  expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text);
});
