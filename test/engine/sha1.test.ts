import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha1 } from '../../engine/sha1.ts';

function oracle(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(bytes).digest());
}

test('sha1: equals the standard’s example (abc)', () => {
  expect(Buffer.from(sha1(Buffer.from('abc'))).toString('hex')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
});

test('sha1: equals node:crypto (every length around the 64-byte boundaries, 0 … 200)', () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, index) => (index * 151) & 0xff);
  for (let length = 0; length <= bytes.length; length += 1) {
    expect(sha1(bytes.subarray(0, length))).toEqual(oracle(bytes.subarray(0, length)));
  }
});

test('sha1: equals node:crypto (any bytes)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
      expect(sha1(bytes)).toEqual(oracle(bytes));
    }),
  );
});

test('sha1: reads a view from its own offset (bytes 3 … 9 of a buffer)', () => {
  const buffer = Uint8Array.of(9, 9, 9, 1, 2, 3, 4, 5, 6, 9);
  expect(sha1(buffer.subarray(3, 9))).toEqual(oracle(Uint8Array.of(1, 2, 3, 4, 5, 6)));
});

test('sha1: equals node:crypto (more than 2²⁴ bytes, so that the bit length passes 27 bits)', () => {
  const bytes = new Uint8Array((1 << 24) + 13).fill(0xa7);
  expect(sha1(bytes)).toEqual(oracle(bytes));
});
