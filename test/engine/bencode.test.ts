import bencode from 'bencode';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BencodeOptions, decodeBencode, decodeBencodePrefix } from '../../engine/bencode/decode.ts';
import type { BencodeValue } from '../../engine/bencode/value.ts';
import { BENCODE_DEPTH_MAX, METAINFO_BYTES_MAX } from '../../engine/limits.ts';
import { countOf, encodeTree, type Tree, treeOf } from './bencode-tree.ts';

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function decoded(text: string, options?: BencodeOptions): BencodeValue {
  const result = decodeBencode(bytesOf(text), options);
  if (!result.ok) throw new Error(result.detail);
  return result.value;
}

function faultOf(text: string, options?: BencodeOptions): string {
  const result = decodeBencode(bytesOf(text), options);
  return result.ok ? 'accepted' : `${result.error} ${result.offset}`;
}

const LIBRARY_CANONICAL = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary-ascii', maxLength: 8 }), tie('value'), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
})).value;

/** What the package's decoder answers: numbers, bytes, arrays, objects. */
function plainOf(value: BencodeValue): unknown {
  if (value.kind === 'list') return Array.from(value.items() ?? [], plainOf);
  if (value.kind !== 'dictionary') return value.integer() ?? value.bytes();
  const pairs = Array.from(value.entries() ?? []);
  return Object.fromEntries(pairs.map(([key, inner]) => [Buffer.from(key).toString('latin1'), plainOf(inner)]));
}

test('bencode: reads what the package wrote as the package does (canonical input)', () => {
  fc.assert(
    fc.property(LIBRARY_CANONICAL, (value) => {
      fc.pre(!JSON.stringify(value).includes('__proto__'));
      const bytes = bencode.encode(value as never);
      const result = decodeBencode(bytes);
      if (!result.ok) throw new Error(result.detail);
      expect(plainOf(result.value)).toEqual(bencode.decode(bytes));
      expect(encodeTree(treeOf(result.value))).toEqual(Buffer.from(bytes));
    }),
  );
});

test.each([
  ['i-0e', 'integerForm 0'],
  ['i03e', 'integerForm 0'],
  ['i-03e', 'integerForm 0'],
  ['i00e', 'integerForm 0'],
  ['i-e', 'integerForm 0'],
  ['ie', 'integerForm 0'],
  ['i+1e', 'integerForm 0'],
  ['i1.5e', 'integerForm 0'],
  ['i1e3e', 'trailingBytes 3'],
  ['i 1e', 'integerForm 0'],
  ['i--1e', 'integerForm 0'],
  ['li1xe', 'integerForm 1'],
])('bencode: rejects malformed integers (CONFORMANCE 1: %s)', (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

test.each([
  ['', 'truncated 0'],
  ['i', 'truncated 0'],
  ['i-', 'truncated 0'],
  ['i12', 'truncated 0'],
  ['1', 'truncated 0'],
  ['1:', 'truncated 0'],
  ['4:abc', 'truncated 0'],
  ['l', 'truncated 1'],
  ['li1e', 'truncated 4'],
  ['d', 'truncated 1'],
  ['d1:a', 'truncated 4'],
  ['d1:ai1e', 'truncated 7'],
  ['d1', 'truncated 1'],
])('bencode: rejects truncated input (CONFORMANCE 1: "%s")', (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

test.each([
  ['-3:abc', 'unexpectedByte 0'],
  ['l-3:abce', 'unexpectedByte 1'],
  ['01:a', 'lengthForm 0'],
  ['00:', 'lengthForm 0'],
  ['3abc', 'lengthForm 0'],
  ['1 :a', 'lengthForm 0'],
  ['4294967297:a', 'truncated 0'],
  ['99999999999999999999999999999999:a', 'truncated 0'],
  [':a', 'unexpectedByte 0'],
])('bencode: rejects wrong string lengths (CONFORMANCE 1: %s)', (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

test.each([
  ['i1ei2e', 'trailingBytes 3'],
  ['0:\n', 'trailingBytes 2'],
  ['lee', 'trailingBytes 2'],
  ['e', 'unexpectedByte 0'],
  ['x', 'unexpectedByte 0'],
  ['lxe', 'unexpectedByte 1'],
])('bencode: rejects trailing and stray bytes (CONFORMANCE 1: %s)', (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

test('bencode: rejects nesting past the bound (CONFORMANCE 1: 64 lists, 65 lists, dictionaries, a million lists)', () => {
  const nested = (depth: number) => 'l'.repeat(depth) + 'e'.repeat(depth);
  expect(faultOf(nested(BENCODE_DEPTH_MAX))).toBe('accepted');
  expect(faultOf(nested(BENCODE_DEPTH_MAX + 1))).toBe(`tooDeep ${BENCODE_DEPTH_MAX}`);
  expect(faultOf(nested(1_000_000))).toBe(`tooDeep ${BENCODE_DEPTH_MAX}`);
  expect(faultOf('d0:'.repeat(BENCODE_DEPTH_MAX + 1))).toBe(`tooDeep ${3 * BENCODE_DEPTH_MAX}`);
});

test('bencode: refuses what is larger than any file that is read (one byte over)', () => {
  const bytes = new Uint8Array(METAINFO_BYTES_MAX + 1);
  expect(decodeBencode(bytes)).toMatchObject({ ok: false, error: 'tooLong' });
});

test.each([
  ['di1ei2ee', 'keyNotString 1'],
  ['dlei1ee', 'keyNotString 1'],
  ['d1:ae', 'missingValue 4'],
  ['d1:bi1e1:ai2ee', 'keyOrder 7'],
  ['d2:aai1e1:ai2ee', 'keyOrder 8'],
  ['d1:\xffi1e1:\x80i2ee', 'keyOrder 7'],
  ['d1:ai1e1:ai2ee', 'duplicateKey 7'],
  ['d1:ad1:ci1e1:bi1eee', 'keyOrder 11'],
  ['d0:i1e1:ai1e1:bi1ee', 'accepted'],
  ['d1:ai1e2:aai1ee', 'accepted'],
  ['d1:ad1:zi1ee1:bi1ee', 'accepted'],
])('bencode: dictionary keys are strings, sorted as raw bytes, unique (CONFORMANCE 2: %s)', (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

test('bencode: a __proto__ key is data, never a prototype (CONFORMANCE 2)', () => {
  const value = decoded('d9:__proto__d3:toyi1eee');
  expect(value.get('__proto__')?.get('toy')?.integer()).toBe(1);
  expect(value.get('toy')).toBeUndefined();
  expect(value.get('toString')).toBeUndefined();
  expect(({} as Record<string, unknown>)['toy']).toBeUndefined();
});

test('bencode: lenient key order takes any order, the first of equal keys, and nothing else wrong', () => {
  const lenient = { lenientKeyOrder: true };
  const value = decoded('d1:bi1e1:ai2e1:bi3ee', lenient);
  expect(value.get('b')?.integer()).toBe(1);
  expect(value.get('a')?.integer()).toBe(2);
  expect(faultOf('d1:b03:abce', lenient)).toBe('lengthForm 4');
  expect(faultOf('di1ei1ee', lenient)).toBe('keyNotString 1');
});

test.each([
  ['i0e', 0],
  ['i-1e', -1],
  ['i4294967296e', 4_294_967_296],
  ['i9007199254740991e', Number.MAX_SAFE_INTEGER],
  ['i-9007199254740991e', Number.MIN_SAFE_INTEGER],
  ['i9007199254740992e', undefined],
  ['i9007199254740993e', undefined],
  ['i-9007199254740992e', undefined],
  ['i123456789012345678901234567890e', undefined],
])('bencode: an integer is exact or not answered, never silently wrong (CONFORMANCE 1: %s)', (text, integer) => {
  expect(decoded(text).integer()).toBe(integer);
});

test('bencode: each value knows its raw span (a dictionary inside a dictionary)', () => {
  const source = 'd1:al1:xe4:infod1:ki7eee';
  const info = decoded(source).get('info');
  expect([info?.start, info?.end]).toEqual([source.indexOf('d1:k'), source.length - 1]);
  expect(Buffer.from(info?.raw() ?? []).toString()).toBe('d1:ki7ee');
});

test('bencode: a prefix leaves what follows a dictionary (BEP 9)', () => {
  const message = bytesOf('d8:msg_typei1e5:piecei0eePAYLOAD');
  const result = decodeBencodePrefix(message);
  expect(result).toMatchObject({ ok: true, end: message.length - 'PAYLOAD'.length });
  expect(decodeBencodePrefix(bytesOf('d8:msg_type'))).toMatchObject({ ok: false, error: 'truncated' });
});

test('bencode: accessors of another type answer undefined', () => {
  const text = decoded('1:a');
  const list = decoded('le');
  const integer = decoded('i1e');
  expect([text.integer(), text.items(), text.entries(), text.get('a')]).toEqual(Array(4).fill(undefined));
  expect([list.integer(), list.bytes(), list.text(), list.entries(), list.get('a')]).toEqual(Array(5).fill(undefined));
  expect([integer.bytes(), integer.lossyText(), integer.items(), integer.get('a')]).toEqual(Array(4).fill(undefined));
  expect([text.kind, list.kind, integer.kind, decoded('de').kind]).toEqual(['string', 'list', 'integer', 'dictionary']);
});

test('bencode: a lookup takes whole keys only (prefixes, and keys that look like lengths)', () => {
  const value = decoded('d1:1i1e2:1:i2e4:1:1:i3e4:infoi4ee');
  expect(['1', '1:', '1:1:', 'info'].map((key) => value.get(key)?.integer())).toEqual([1, 2, 3, 4]);
  expect(['', 'i', 'inf', 'infos', ':', '1:1'].map((key) => value.get(key))).toEqual(Array(6).fill(undefined));
});

test('bencode: text is valid UTF-8 or undefined, lossy text always there', () => {
  expect(decoded('2:\xc3\xa9').text()).toBe('é');
  expect(decoded('2:\xc3(').text()).toBeUndefined();
  expect(decoded('2:\xc3(').lossyText()).toBe('\ufffd(');
});

const TREE: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.uint8Array({ maxLength: 30 }),
    fc.array(tie('tree'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(fc.uint8Array({ maxLength: 3 }), tie('tree')), {
        maxLength: 5,
        selector: ([key]) => Buffer.from(key).toString('hex'),
      })
      .map((pairs) => ({ pairs: pairs.toSorted(([left], [right]) => Buffer.compare(left, right)) })),
  ),
})).tree;

test('bencode: decoding and encoding are inverse (any tree, binary keys, integers beyond 2⁶⁴)', () => {
  fc.assert(
    fc.property(TREE, (tree) => {
      const bytes = encodeTree(tree);
      const result = decodeBencode(bytes);
      if (!result.ok) throw new Error(result.detail);
      expect(encodeTree(treeOf(result.value))).toEqual(bytes);
      expect(countOf(treeOf(result.value))).toBe(countOf(tree));
    }),
  );
});

test('bencode: every proper prefix of a value is truncated (any tree)', () => {
  fc.assert(
    fc.property(TREE, fc.nat(), (tree, cut) => {
      const bytes = encodeTree(tree);
      const result = decodeBencode(bytes.subarray(0, cut % bytes.length));
      expect(result).toMatchObject({ ok: false, error: 'truncated' });
    }),
  );
});

test.each([
  ['empty strings', '0:'],
  ['empty lists', 'le'],
  ['empty dictionaries', 'de'],
  ['integers', 'i0e'],
])('bencode: memory stays in proportion to the input (4 MiB of %s)', (_, item) => {
  const bytes = bytesOf(`l${item.repeat((4 * 1024 * 1024) / item.length)}e`);
  const tables = tableBytesDuring(() => expect(decodeBencode(bytes).ok).toBe(true));
  expect(Math.max(...tables)).toBeGreaterThan(bytes.length);
  expect(Math.max(...tables)).toBeLessThanOrEqual(6 * bytes.length + 12 * BENCODE_DEPTH_MAX);
  expect(tables.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(19 * bytes.length);
});

/** The size of each table that `run` makes: the platform's own arrays, counted. */
function tableBytesDuring(run: () => void): number[] {
  const sizes: number[] = [];
  const Plain = globalThis.Uint32Array;
  globalThis.Uint32Array = new Proxy(Plain, {
    construct(target, lengths: [number]) {
      const table = new target(...lengths);
      sizes.push(table.byteLength);
      return table;
    },
  });
  try {
    run();
  } finally {
    globalThis.Uint32Array = Plain;
  }
  return sizes;
}
