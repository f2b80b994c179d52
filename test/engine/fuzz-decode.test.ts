// Bytes mutated from valid ones: whatever reads files and messages answers with a value or a fault, never throws, and what it accepts keeps
// its laws. Work and memory are asserted as counts in proportion to the input.

import { createHash } from 'node:crypto';
import bencode from 'bencode';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBencode, decodeBencodePrefix } from '../../engine/bencode/decode.ts';
import { PATH_COMPONENT_BYTES_MAX } from '../../engine/limits.ts';
import { createMetainfo } from '../../engine/metainfo/create.ts';
import type { Metainfo } from '../../engine/metainfo/metainfo.ts';
import { parseMetainfo } from '../../engine/metainfo/parse.ts';
import { decodeResume, encodeResume } from '../../engine/resume/resume-codec.ts';
import { countOf, encodeTree, treeOf } from './bencode-tree.ts';

const SINGLE = createMetainfo({
  name: 'single.bin',
  files: [{ path: [], lengthBytes: 40_000 }],
  pieceLengthBytes: 16_384,
  pieceHashes: new Uint8Array(60).fill(0x65),
  announceTiers: [['http://a/announce']],
  private: false,
  comment: 'a comment',
  createdBy: 'x',
  creationDate: 1_700_000_000,
});

const MULTI = createMetainfo({
  name: 'many',
  files: [
    { path: ['a'], lengthBytes: 5 },
    { path: ['d', 'b'], lengthBytes: 0 },
    { path: ['.pad', '3'], lengthBytes: 3, pad: true },
    { path: ['d', 'c.txt'], lengthBytes: 30_000 },
  ],
  pieceLengthBytes: 8,
  pieceHashes: new Uint8Array(3_751 * 20),
  announceTiers: [['http://a/announce', 'udp://b:80'], ['wss://c/']],
  private: true,
  comment: null,
  createdBy: null,
  creationDate: null,
});

const METAINFO = parsed(SINGLE);

const RESUME = encodeResume({
  infoHash: METAINFO.infoHash,
  unsynced: Uint8Array.of(0x20),
  flushed: Uint8Array.of(0x80),
  partials: [{ piece: 1, blocks: Uint8Array.of(0x80) }],
  uploadedBytes: 12_345,
  downloadedBytes: 2 ** 40,
  paused: true,
  sequential: false,
  filePriorities: [4],
  peers: [
    {
      host: '10.0.0.1',
      port: 6881,
      seed: true,
      bitfield: Uint8Array.of(0xe0),
      downloadBps: 1,
      trust: 8,
      banned: false,
    },
    { host: '::1', port: 1, seed: false, bitfield: null, downloadBps: 0, trust: -7, banned: true },
  ],
});

const MESSAGE = Buffer.from('d1:ad2:id4:abcde1:md11:upload_onlyi3ee4:reqqi250e1:v5:x 1.0e');

function parsed(bytes: Uint8Array): Metainfo {
  const result = parseMetainfo(bytes);
  if (!result.ok) throw new Error(result.detail);
  return result.value;
}

type Edit = (bytes: Buffer) => Buffer;

/** Places are fractions of 2³², so that one edit fits inputs of any length. */
const PLACE = fc.integer({ min: 0, max: 2 ** 32 - 1 });

function placeIn(bytes: Buffer, place: number): number {
  return Math.floor((place / 2 ** 32) * (bytes.length + 1));
}

/** Bytes that mean something to bencode, digits most of all. */
const TELLING = fc.constantFrom(...Buffer.from('0123456789:ilde-\0/.'));

const EDIT: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(PLACE, fc.nat(7)).map(([place, bit]) => (bytes: Buffer) => {
    const flipped = Buffer.from(bytes);
    const at = placeIn(bytes, place);
    if (at < bytes.length) flipped[at] = (flipped[at] as number) ^ (1 << bit);
    return flipped;
  }),
  PLACE.map((place) => (bytes: Buffer) => bytes.subarray(0, placeIn(bytes, place))),
  fc
    .tuple(PLACE, fc.array(TELLING, { maxLength: 4 }), fc.nat(4))
    .map(([place, inserted, removed]) => (bytes: Buffer) => {
      const at = placeIn(bytes, place);
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted), bytes.subarray(at + removed)]);
    }),
  fc.tuple(PLACE, PLACE, PLACE).map(([from, to, target]) => (bytes: Buffer) => {
    const [start, end] = [placeIn(bytes, from), placeIn(bytes, to)].toSorted((left, right) => left - right);
    const at = placeIn(bytes, target);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(start, end), bytes.subarray(at)]);
  }),
  fc
    .tuple(fc.nat(40), fc.constantFrom('0', '1', '19', '20', '65', '4294967296', '9007199254740993', '-1', ''))
    .map(([nth, number]) => (bytes: Buffer) => {
      let seen = -1;
      const text = bytes.toString('latin1').replace(/\d+(?=[:e])/g, (digits) => {
        seen += 1;
        return seen === nth ? number : digits;
      });
      return Buffer.from(text, 'latin1');
    }),
);

const EDITS = fc.array(EDIT, { minLength: 1, maxLength: 4 });

/** Mutations of the sources; lengths at most double with each edit. */
function mutated(...sources: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...sources), EDITS)
    .map(([source, edits]) => edits.reduce<Buffer>((bytes, edit) => edit(bytes), Buffer.from(source)));
}

const RUNS = { numRuns: 3_000 };

test('fuzz: bencode never throws, and what it accepts is the one encoding of what it says', () => {
  let accepted = 0;
  fc.assert(
    fc.property(mutated(SINGLE, RESUME, MESSAGE), (bytes) => {
      const result = decodeBencode(bytes);
      if (!result.ok) {
        expect(result.offset).toBeLessThanOrEqual(bytes.length);
        return;
      }
      accepted += 1;
      const tree = treeOf(result.value);
      expect(encodeTree(tree).equals(bytes)).toBe(true);
      expect(countOf(tree)).toBeLessThanOrEqual(bytes.length / 2);
    }),
    RUNS,
  );
  expect(accepted).toBeGreaterThan(0);
});

test('fuzz: a lenient prefix never throws and never reads past its end', () => {
  fc.assert(
    fc.property(mutated(MESSAGE), fc.uint8Array({ maxLength: 10 }), (bytes, after) => {
      const options = { lenientKeyOrder: true };
      const result = decodeBencodePrefix(bytes, options);
      if (!result.ok) return;
      expect(encodeTree(treeOf(result.value)).equals(bytes.subarray(0, result.end))).toBe(true);
      const longer = decodeBencodePrefix(Buffer.concat([bytes.subarray(0, result.end), after]), options);
      expect(longer).toMatchObject({ ok: true, end: result.end });
    }),
    RUNS,
  );
});

function expectLaws(metainfo: Metainfo, inputBytes: number): void {
  const { geometry, files } = metainfo;
  expect(metainfo.pieceHashes.length).toBe(geometry.pieceCount * 20);
  expect(geometry.totalBytes).toBe(files.reduce((sum, file) => sum + file.lengthBytes, 0));
  expect(Number.isSafeInteger(geometry.totalBytes)).toBe(true);
  expect(metainfo.infoHash).toEqual(new Uint8Array(createHash('sha1').update(metainfo.infoBytes).digest()));
  expect(new Set(files.map((file) => file.path.join('/').toLowerCase())).size).toBe(files.length);
  expect(files.length * 10).toBeLessThanOrEqual(inputBytes);
  for (const component of files.flatMap((file) => file.path)) {
    expect(component).toMatch(/^[^/\\\0]+$/);
    expect(component).not.toMatch(/^\.{1,2}$/);
    expect(Buffer.byteLength(component)).toBeLessThanOrEqual(PATH_COMPONENT_BYTES_MAX);
  }
}

test('fuzz: metainfo never throws, and what it accepts keeps every law', () => {
  let accepted = 0;
  fc.assert(
    fc.property(mutated(SINGLE, MULTI), (bytes) => {
      const result = parseMetainfo(bytes);
      if (!result.ok) {
        expect(result.detail).not.toBe('');
        return;
      }
      accepted += 1;
      expectLaws(result.value, bytes.length);
    }),
    RUNS,
  );
  expect(accepted).toBeGreaterThan(0);
});

/** A file around this body whose checksum is right, so that the fields are reached. */
function sealed(body: Uint8Array): Uint8Array {
  const outer = bencode.decode(RESUME) as Record<string, unknown>;
  return bencode.encode({ ...outer, body, checksum: createHash('sha1').update(body).digest() } as never);
}

const BODY = (bencode.decode(RESUME) as { body: Uint8Array }).body;

test('fuzz: resume data never throws, and an altered file says what was saved or nothing', () => {
  fc.assert(
    fc.property(mutated(RESUME), (bytes) => {
      const result = decodeResume(bytes, METAINFO);
      if (result.ok) expect(result).toEqual(decodeResume(RESUME, METAINFO));
      else expect(result.detail).not.toBe('');
    }),
    RUNS,
  );
});

test('fuzz: resume data under a right checksum never throws, and what it accepts fits the torrent', () => {
  let accepted = 0;
  fc.assert(
    fc.property(mutated(BODY), (body) => {
      const result = decodeResume(sealed(body), METAINFO);
      if (!result.ok) return;
      accepted += 1;
      const data = result.value;
      expect(data.flushed.length).toBe(1);
      expect((data.flushed[0] as number) & 0x1f).toBe(0);
      for (const { piece, blocks } of data.partials) {
        expect(piece).toBeLessThan(METAINFO.geometry.pieceCount);
        expect((data.flushed[0] as number) & (0x80 >> piece)).toBe(0);
        expect((blocks[0] as number) & 0x7f).toBe(0);
      }
      expect(data.peers.length * 20).toBeLessThanOrEqual(body.length);
      expect(decodeResume(encodeResume(data), METAINFO)).toEqual(result);
    }),
    RUNS,
  );
  expect(accepted).toBeGreaterThan(0);
});
