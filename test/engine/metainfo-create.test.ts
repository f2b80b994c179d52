import bencode from 'bencode';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  choosePieceLength,
  type CreateFile,
  type CreateMetainfo,
  createMetainfo,
} from '../../engine/metainfo/create.ts';
import { parseMetainfo } from '../../engine/metainfo/parse.ts';

const PLAIN: CreateMetainfo = {
  name: 'one',
  files: [{ path: [], lengthBytes: 5 }],
  pieceLengthBytes: 16_384,
  pieceHashes: new Uint8Array(20).fill(7),
  announceTiers: [],
  private: false,
  comment: null,
  createdBy: null,
  creationDate: null,
};

/** Names that parsing leaves as they are. */
const NAME = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '日', '😀', '-', '1'), minLength: 1, maxLength: 12 });

const CREATE: fc.Arbitrary<CreateMetainfo> = fc
  .record({
    name: NAME,
    pieceLengthBytes: fc.constantFrom(1, 1_000, 16_384, 1 << 20),
    layout: fc.oneof<fc.Arbitrary<CreateFile[]>[]>(
      fc.nat(5_000).map((lengthBytes) => [{ path: [], lengthBytes, pad: false }]),
      fc.uniqueArray(fc.record({ path: fc.tuple(NAME, NAME), lengthBytes: fc.nat(5_000), pad: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
        selector: (file) => file.path.join('/').normalize('NFD').toLowerCase(),
      }),
    ),
    announceTiers: fc.constantFrom([], [['http://a/']], [['http://a/', 'udp://b:1'], ['wss://c/']]),
    private: fc.boolean(),
    comment: fc.option(fc.string()),
    createdBy: fc.option(fc.string()),
    creationDate: fc.option(fc.nat()),
  })
  .map(({ layout, ...rest }) => {
    const totalBytes = layout.reduce((sum, file) => sum + file.lengthBytes, 0);
    const pieceCount = Math.ceil(totalBytes / rest.pieceLengthBytes);
    return { ...rest, files: layout, pieceHashes: new Uint8Array(pieceCount * 20).fill(pieceCount & 0xff) };
  });

test('create: what is written parses back to the same (any layout)', () => {
  fc.assert(
    fc.property(CREATE, (options) => {
      const result = parseMetainfo(createMetainfo(options));
      if (!result.ok) throw new Error(result.detail);
      const { value } = result;
      expect(value).toMatchObject({
        name: options.name,
        multiFile: options.files[0]?.path.length !== 0,
        private: options.private,
        announceTiers: options.announceTiers,
        comment: options.comment,
        createdBy: options.createdBy,
        creationDate: options.creationDate,
      });
      expect(value.files).toEqual(options.files.map((file) => ({ ...file, path: [options.name, ...file.path] })));
      expect(Buffer.from(value.pieceHashes).equals(options.pieceHashes)).toBe(true);
      expect(value.geometry.pieceLengthBytes).toBe(options.pieceLengthBytes);
    }),
  );
});

test('create: the bytes are canonical (a minimal torrent, by hand)', () => {
  const info = `d6:lengthi5e4:name3:one12:piece lengthi16384e6:pieces20:${'\x07'.repeat(20)}e`;
  expect(Buffer.from(createMetainfo(PLAIN)).toString('latin1')).toBe(`d4:info${info}e`);
});

test('create: one tracker needs no announce-list, several have both (BEP 12)', () => {
  const keysOf = (announceTiers: CreateMetainfo['announceTiers']) =>
    Object.keys(bencode.decode(createMetainfo({ ...PLAIN, announceTiers })) as object);
  expect(keysOf([])).toEqual(['info']);
  expect(keysOf([['http://a/']])).toEqual(['announce', 'info']);
  expect(keysOf([['http://a/'], ['http://b/']])).toEqual(['announce', 'announce-list', 'info']);
});

test('create: a folder of one file stays a folder', () => {
  const bytes = createMetainfo({ ...PLAIN, files: [{ path: ['a'], lengthBytes: 5 }] });
  expect(parseMetainfo(bytes)).toMatchObject({ value: { multiFile: true, files: [{ path: ['one', 'a'] }] } });
});

test.each([
  [0, 16_384],
  [1, 16_384],
  [2_000 * 16_384, 16_384],
  [2_000 * 16_384 + 1, 32_768],
  [5 * 2 ** 30, 4 * 2 ** 20],
  [2_000 * 16 * 2 ** 20, 16 * 2 ** 20],
  [2 ** 50, 16 * 2 ** 20],
])('create: piece length for %i bytes is %i', (totalBytes, expected) => {
  expect(choosePieceLength(totalBytes)).toBe(expected);
});

test('create: the chosen piece length gives 1,000 to 2,000 pieces (any size between the bounds)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000 * 16_384, max: 2_000 * 16 * 2 ** 20 }), (totalBytes) => {
      const pieceLengthBytes = choosePieceLength(totalBytes);
      expect(Number.isInteger(Math.log2(pieceLengthBytes))).toBe(true);
      const pieceCount = Math.ceil(totalBytes / pieceLengthBytes);
      expect(pieceCount).toBeGreaterThanOrEqual(1_000);
      expect(pieceCount).toBeLessThanOrEqual(2_000);
    }),
  );
});
