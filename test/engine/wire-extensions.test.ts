import bencode from 'bencode';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALLOWED_FAST_COUNT, EXTENSION_IDS_MAX, METADATA_BYTES_MAX } from '../../engine/limits.ts';
import { allowedFastSet } from '../../engine/wire/allowed-fast.ts';
import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  type ExtensionHandshake,
  mergeExtensionIds,
} from '../../engine/wire/extension-handshake.ts';

const INFO_HASH = new Uint8Array(20).fill(0xaa);
const VECTOR = [1059, 431, 808, 1217, 287, 376, 1188, 353, 508];

const NOTHING: ExtensionHandshake = {
  messages: new Map(),
  port: null,
  client: null,
  reqq: null,
  metadataSizeBytes: null,
  yourIp: null,
  uploadOnly: null,
};

function decoded(content: Parameters<typeof bencode.encode>[0]): ExtensionHandshake {
  const handshake = decodeExtensionHandshake(bencode.encode(content));
  if (handshake === null) throw new Error('the handshake was refused');
  return handshake;
}

test('allowed fast 43: the vector of BEP 6 (80.4.4.200, 1,313 pieces)', () => {
  const set = allowedFastSet('80.4.4.200', INFO_HASH, 1313);
  expect(set.slice(0, VECTOR.length)).toEqual(VECTOR);
  expect(set.length).toBe(ALLOWED_FAST_COUNT);
});

test('allowed fast: one network has one set, however the address is written (last octet, IPv4 inside IPv6)', () => {
  const set = allowedFastSet('80.4.4.200', INFO_HASH, 1313);
  expect(allowedFastSet('80.4.4.1', INFO_HASH, 1313)).toEqual(set);
  expect(allowedFastSet('::ffff:80.4.4.200', INFO_HASH, 1313)).toEqual(set);
  expect(allowedFastSet('80.4.5.200', INFO_HASH, 1313)).not.toEqual(set);
});

test('allowed fast: IPv6 and names have no set', () => {
  expect(allowedFastSet('2001:db8::1', INFO_HASH, 1313)).toEqual([]);
  expect(allowedFastSet('tracker.example', INFO_HASH, 1313)).toEqual([]);
});

test('allowed fast: names each piece once and only pieces that exist (0, 1, 9, 10, 11, 2²¹ pieces)', () => {
  for (const pieceCount of [0, 1, 9, 10, 11, 2 ** 21]) {
    const set = allowedFastSet('10.0.0.1', INFO_HASH, pieceCount);
    expect(new Set(set).size).toBe(Math.min(pieceCount, ALLOWED_FAST_COUNT));
    expect(set.length).toBe(new Set(set).size);
    expect(set.every((piece) => piece >= 0 && piece < pieceCount)).toBe(true);
  }
});

test('extension handshake: what was encoded is decoded (any fields)', () => {
  const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
  const handshakes: fc.Arbitrary<ExtensionHandshake> = fc.record({
    messages: fc
      .array(fc.tuple(fc.string({ maxLength: 20 }), fc.nat(255)), { maxLength: 10 })
      .map((entries) => new Map(entries)),
    port: orNull(fc.integer({ min: 1, max: 65_535 })),
    client: orNull(fc.string({ unit: 'binary', maxLength: 30 })),
    reqq: orNull(fc.integer({ min: 1, max: 10_000 })),
    metadataSizeBytes: orNull(fc.integer({ min: 1, max: METADATA_BYTES_MAX })),
    yourIp: orNull(fc.constantFrom('1.2.3.4', '::1', '2001:db8::1')),
    uploadOnly: orNull(fc.boolean()),
  });
  fc.assert(
    fc.property(handshakes, (handshake) => {
      expect(decodeExtensionHandshake(encodeExtensionHandshake(handshake))).toEqual(handshake);
    }),
  );
});

test('extension handshake 46: `m` is additive, 0 disables, a name again replaces, unknown keys are ignored', () => {
  const ids = new Map<string, number>();
  mergeExtensionIds(ids, decoded({ m: { ut_pex: 1, ut_metadata: 2 }, zzz: ['any', { thing: 1 }] }).messages);
  mergeExtensionIds(ids, decoded({ m: { ut_pex: 0, lt_donthave: 7 } }).messages);
  mergeExtensionIds(ids, decoded({ m: { ut_metadata: 9 } }).messages);
  expect(ids).toEqual(
    new Map([
      ['ut_metadata', 9],
      ['lt_donthave', 7],
    ]),
  );
});

test('extension handshake 46: ids are bounded (one name over, in one handshake and over several)', () => {
  const names = (from: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: EXTENSION_IDS_MAX + 1 }, (_, index) => [`name${from + index}`, 1]));
  expect(decoded({ m: names(0) }).messages.size).toBe(EXTENSION_IDS_MAX);
  const ids = new Map<string, number>();
  mergeExtensionIds(ids, decoded({ m: names(0) }).messages);
  mergeExtensionIds(ids, decoded({ m: names(1000) }).messages);
  expect(ids.size).toBe(EXTENSION_IDS_MAX);
  mergeExtensionIds(ids, new Map([[[...ids.keys()][0] as string, 5]]));
  expect([...ids.values()].filter((id) => id === 5).length).toBe(1);
});

test('extension handshake 46: an id is one byte (−1 and 256 are ignored, 0 and 255 are not); names may be anything', () => {
  const { messages } = decoded({ m: { a: -1, b: 256, c: 255, d: 0, e: 'text', ['x'.repeat(65)]: 1 } });
  expect(messages).toEqual(
    new Map([
      ['c', 255],
      ['d', 0],
    ]),
  );
  const hostile = decodeExtensionHandshake(new Uint8Array(Buffer.from('d1:md9:__proto__i3e1:\xffi4eee', 'latin1')));
  expect(hostile?.messages).toEqual(new Map([['__proto__', 3]]));
});

test('extension handshake 47: a repeated one changes only what it names', () => {
  expect(decoded({ upload_only: 1 })).toEqual({ ...NOTHING, uploadOnly: true });
  expect(decoded({})).toEqual(NOTHING);
});

test('extension handshake 49: `reqq` counts from 1 (0, −1 and text count as absent)', () => {
  expect(decoded({ reqq: 1 }).reqq).toBe(1);
  expect(decoded({ reqq: 2 ** 40 }).reqq).toBe(2 ** 40);
  for (const reqq of [0, -1, '250']) expect(decoded({ reqq }).reqq).toBeNull();
});

test('extension handshake 50: `yourip` is 4 or 16 bytes (3, 5, 15 and 17 count as absent)', () => {
  expect(decoded({ yourip: Uint8Array.of(10, 0, 0, 1) }).yourIp).toBe('10.0.0.1');
  expect(decoded({ yourip: Uint8Array.of(0x20, 1, ...new Uint8Array(13), 7) }).yourIp).toBe('2001::7');
  for (const length of [0, 3, 5, 15, 17]) expect(decoded({ yourip: new Uint8Array(length) }).yourIp).toBeNull();
});

test('extension handshake: `upload_only` is said or not (1, 0, absent)', () => {
  expect(decoded({ upload_only: 1 }).uploadOnly).toBe(true);
  expect(decoded({ upload_only: 0 }).uploadOnly).toBe(false);
  expect(decoded({ upload_only: 'yes' }).uploadOnly).toBeNull();
});

test('extension handshake: a port that is none counts as absent (0, 65,536)', () => {
  expect(decoded({ p: 65_535 }).port).toBe(65_535);
  for (const p of [0, 65_536, -1]) expect(decoded({ p }).port).toBeNull();
});

test('extension handshake: the client’s name is cut to 128 bytes and need not be UTF-8', () => {
  expect(decoded({ v: 'x'.repeat(200) }).client).toBe('x'.repeat(128));
  expect(decoded({ v: Uint8Array.of(0x41, 0xff) }).client).toBe('A\ufffd');
});

test('extension handshake: garbage is refused (empty, no dictionary, truncated, trailing bytes, above 64 KiB)', () => {
  const garbage = ['', 'le', 'i1e', 'd1:m', 'de1:x', `d1:v70000:${'x'.repeat(70_000)}e`];
  for (const text of garbage) expect(decodeExtensionHandshake(Buffer.from(text))).toBeNull();
});

test('extension handshake: keys in any order are accepted', () => {
  expect(decodeExtensionHandshake(Buffer.from('d4:reqqi7e1:pi9ee'))).toEqual({ ...NOTHING, reqq: 7, port: 9 });
});
