// The journal as bytes: what is written comes back, a cut end is left out, damage is named, and nothing crashes the reader.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JournalError, JournalReader, type JournalValue, JournalWriter } from '#harness/journal';
import { Bytes } from './journal-bytes.ts';

const HEADER = { build: 'b', about: { command: 'get', seed: 7 } };
const FRAME_HEADER_BYTES = 8;
const PREFIX_BYTES = 9;

type Field =
  | { readonly uint: number }
  | { readonly bytes: Uint8Array }
  | { readonly text: string }
  | { readonly value: JournalValue };
interface Entry {
  readonly kind: number;
  readonly later: number;
  readonly fields: readonly Field[];
}

const uint = fc.oneof(fc.nat(300), fc.maxSafeNat());
const value: fc.Arbitrary<JournalValue> = fc.letrec<{ value: JournalValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ uint }),
  fc.record({ bytes: fc.uint8Array({ maxLength: 200 }) }),
  fc.record({ text: fc.string({ unit: 'binary' }) }),
  fc.record({ value }),
);
const entries = fc.array(fc.record({ kind: fc.nat(40), later: fc.nat(5_000_000), fields: fc.array(field) }));

function written(list: readonly Entry[], flushEvery = Infinity): Uint8Array {
  const file = new Bytes();
  const writer = new JournalWriter(file.write, HEADER);
  let at = 0;
  list.forEach(({ kind, later, fields }, index) => {
    at += later;
    writer.begin(kind, at);
    for (const item of fields) {
      if ('uint' in item) writer.uint(item.uint);
      else if ('bytes' in item) writer.bytes(item.bytes);
      else if ('text' in item) writer.text(item.text);
      else writer.value(item.value);
    }
    if (index % flushEvery === flushEvery - 1) writer.flush();
  });
  writer.flush();
  return file.bytes;
}

/** Reads the next entry as one like `like`. */
function readBack(reader: JournalReader, like: Entry, before: number): Entry {
  const fields = like.fields.map((item): Field => {
    if ('uint' in item) return { uint: reader.uint() };
    if ('bytes' in item) return { bytes: reader.bytes().slice() };
    return 'text' in item ? { text: reader.text() } : { value: reader.value() };
  });
  return { kind: reader.kind, later: reader.at - before, fields };
}

describe('journal', () => {
  test('journal: what is written comes back, with its times (any entries, any frames)', () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 5 }), (list, flushEvery) => {
        const reader = new JournalReader(written(list, flushEvery));
        expect(reader.header).toEqual(HEADER);
        for (const entry of list) {
          const before = reader.at;
          expect(reader.next()).toBe(true);
          expect(readBack(reader, entry, before)).toEqual(entry);
        }
        expect(reader.next()).toBe(false);
        expect([reader.count, reader.cut, reader.damage]).toEqual([list.length, null, null]);
      }),
    );
  });

  test('journal: an entry takes a byte for its kind and a few for its time', () => {
    const list = Array.from({ length: 10_000 }, (): Entry => ({ kind: 4, later: 100, fields: [{ uint: 3 }] }));
    expect(written(list).length).toBeLessThan(10_000 * 3 + 200);
  });

  test('journal: cut anywhere, the whole frames before stay, and the rest is named (a program that was killed)', () => {
    const list = Array.from({ length: 6 }, (_, kind): Entry => ({ kind, later: 7, fields: [{ uint: kind }] }));
    const bytes = written(list, 2);
    const headerBytes = written([]).length;
    const frameBytes = (bytes.length - headerBytes) / 3;
    for (let length = headerBytes; length < bytes.length; length += 1) {
      const reader = new JournalReader(bytes.subarray(0, length));
      while (reader.next()) reader.uint();
      const frames = Math.floor((length - headerBytes) / frameBytes);
      expect(reader.count).toBe(frames * 2);
      expect(reader.damage).toBeNull();
      const whole = length === headerBytes + frames * frameBytes;
      if (whole) expect(reader.cut).toBeNull();
      else expect(reader.cut).toMatch(/^byte \d+: cut short: the last \d+ bytes are no whole frame$/);
    }
  });

  test('journal: one byte changed anywhere behind the header is found, and nothing behind it is believed', () => {
    const list = Array.from({ length: 6 }, (_, kind): Entry => ({ kind, later: 7, fields: [{ uint: kind }] }));
    const bytes = written(list, 2);
    const headerBytes = written([]).length;
    for (let at = headerBytes; at < bytes.length; at += 1) {
      const reader = new JournalReader(bytes.with(at, bytes[at]! ^ 0x10));
      const kinds: number[] = [];
      while (reader.next()) kinds.push(reader.uint());
      expect(kinds).toEqual(kinds.map((_, index) => index));
      expect(kinds.length).toBeLessThan(6);
      expect(reader.damage ?? reader.cut).toMatch(/^byte \d+: (damaged|cut short): /);
    }
  });

  test.each([
    ['nothing', new Uint8Array(0), 'not a journal'],
    ['another file', new TextEncoder().encode('d8:announce'), 'not a journal'],
    ['another version', written([]).with(8, 9), 'a journal of version 9; this program reads version 1'],
    ['a journal without its header', written([]).subarray(0, PREFIX_BYTES), 'no header: nothing follows'],
    [
      'half a header',
      written([]).subarray(0, 20),
      'no header: byte 9: cut short: the last 11 bytes are no whole frame',
    ],
  ])('journal: %s is refused in one line', (_, bytes, message) => {
    expect(() => new JournalReader(bytes)).toThrow(new JournalError(message));
  });

  test('journal: fields that lie are a JournalError, never a crash or endless memory (any bytes in a whole frame)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.array(fc.constantFrom('uint', 'bytes', 'text', 'value')),
        (payload, asked) => {
          const file = new Bytes();
          const writer = new JournalWriter(file.write, HEADER);
          writer.begin(0, 0);
          for (const byte of payload) writer.uint(byte);
          writer.flush();
          const reader = new JournalReader(file.bytes);
          try {
            while (reader.next()) {
              for (const read of asked) reader[read]();
            }
          } catch (error) {
            expect(error).toBeInstanceOf(JournalError);
          }
          expect(reader.count).toBeLessThanOrEqual(payload.length * 2 + 2);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('journal: values nested without end are refused', () => {
    const file = new Bytes();
    const writer = new JournalWriter(file.write, HEADER);
    writer.begin(0, 0);
    for (let depth = 0; depth < 100_000; depth += 1) {
      writer.uint(8);
      writer.uint(1);
    }
    writer.flush();
    const reader = new JournalReader(file.bytes);
    expect(reader.next()).toBe(true);
    expect(() => reader.value()).toThrow(/nested deeper/);
  });

  test('journal: a frame header is eight bytes before its payload', () => {
    const bytes = written([{ kind: 1, later: 2, fields: [] }]);
    const frame = bytes.subarray(written([]).length);
    expect([...frame.subarray(0, 4)]).toEqual([frame.length - FRAME_HEADER_BYTES, 0, 0, 0]);
    expect([...frame.subarray(FRAME_HEADER_BYTES)]).toEqual([1, 2]);
  });
});
