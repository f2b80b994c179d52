import { createHash } from 'node:crypto';
import bencode from 'bencode';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FilePriority } from '../../engine/contract.ts';
import { BANNED_PEERS_MAX, BLOCK_LENGTH_BYTES, KNOWN_PEERS_MAX } from '../../engine/limits.ts';
import { createMetainfo } from '../../engine/metainfo/create.ts';
import type { Metainfo } from '../../engine/metainfo/metainfo.ts';
import { parseMetainfo } from '../../engine/metainfo/parse.ts';
import { decodeResume, encodeResume } from '../../engine/resume/resume-codec.ts';
import type { RememberedPeer, ResumeData } from '../../engine/resume/resume-data.ts';

/** 11 pieces of three blocks, the last piece one byte: every bitfield has spare bits. */
const METAINFO = torrent([10 * 3 * BLOCK_LENGTH_BYTES, 1, 0], 3 * BLOCK_LENGTH_BYTES);

function torrent(lengths: readonly number[], pieceLengthBytes: number): Metainfo {
  const totalBytes = lengths.reduce((sum, length) => sum + length, 0);
  const result = parseMetainfo(
    createMetainfo({
      name: 'resumed',
      files: lengths.map((lengthBytes, index) => ({ path: [`f${index}`], lengthBytes })),
      pieceLengthBytes,
      pieceHashes: new Uint8Array(Math.ceil(totalBytes / pieceLengthBytes) * 20),
      announceTiers: [],
      private: false,
      comment: null,
      createdBy: null,
      creationDate: null,
    }),
  );
  if (!result.ok) throw new Error(result.detail);
  return result.value;
}

const PEER: RememberedPeer = {
  host: '10.0.0.1',
  port: 6881,
  seed: false,
  bitfield: null,
  downloadBps: 0,
  trust: 0,
  banned: false,
};

const PLAIN: ResumeData = {
  infoHash: METAINFO.infoHash,
  unsynced: Uint8Array.of(0b01000000, 0),
  flushed: Uint8Array.of(0b10100000, 0b00100000),
  partials: [{ piece: 1, blocks: Uint8Array.of(0b01000000) }],
  uploadedBytes: 5 * 2 ** 40,
  downloadedBytes: 0,
  paused: false,
  sequential: true,
  filePriorities: [4, 0, 7],
  peers: [PEER],
};

function decoded(bytes: Uint8Array, metainfo = METAINFO): ResumeData {
  const result = decodeResume(bytes, metainfo);
  if (!result.ok) throw new Error(result.detail);
  return result.value;
}

function errorOf(data: ResumeData, metainfo = METAINFO): string {
  const result = decodeResume(encodeResume(data), metainfo);
  return result.ok ? 'accepted' : `${result.error} ${/'(\w+)'/.exec(result.detail)?.[1] ?? ''}`.trim();
}

/** The plain data with fields of the body replaced, under a right checksum. */
function withBody(change: Record<string, unknown>): Uint8Array {
  const outer = bencode.decode(encodeResume(PLAIN)) as { body: Uint8Array };
  const body = bencode.encode({ ...(bencode.decode(outer.body) as object), ...change } as never);
  return bencode.encode({ ...outer, body, checksum: createHash('sha1').update(body).digest() } as never);
}

const BITS = (count: number) =>
  fc.uint8Array({ minLength: Math.ceil(count / 8), maxLength: Math.ceil(count / 8) }).map((bytes) => {
    const spareBits = bytes.length * 8 - count;
    return bytes.map((byte, index) => (index === bytes.length - 1 ? byte & (0xff << spareBits) : byte));
  });

const PEERS: fc.Arbitrary<RememberedPeer[]> = fc.array(
  fc.record({
    host: fc.constantFrom('1.2.3.4', '::1', '2001:db8::ff', 'fe80::1%eth0', '255.255.255.255'),
    port: fc.integer({ min: 1, max: 65_535 }),
    seed: fc.boolean(),
    bitfield: fc.option(BITS(METAINFO.geometry.pieceCount)),
    downloadBps: fc.nat(),
    trust: fc.integer({ min: -7, max: 8 }),
    banned: fc.boolean(),
  }),
  { maxLength: 4 },
);

const RESUME: fc.Arbitrary<ResumeData> = fc
  .record({
    unsynced: BITS(METAINFO.geometry.pieceCount),
    flushed: BITS(METAINFO.geometry.pieceCount),
    partials: fc.uniqueArray(fc.record({ piece: fc.nat(10), blocks: BITS(3) }), {
      selector: (partial) => partial.piece,
    }),
    uploadedBytes: fc.maxSafeNat(),
    downloadedBytes: fc.maxSafeNat(),
    paused: fc.boolean(),
    sequential: fc.boolean(),
    filePriorities: fc.tuple(fc.nat(7), fc.nat(7), fc.nat(7)),
    peers: PEERS,
  })
  .map((data) => ({
    ...data,
    infoHash: METAINFO.infoHash,
    unsynced: data.unsynced.map((byte, i) => byte & ~(data.flushed[i] as number)),
    filePriorities: data.filePriorities as FilePriority[],
    partials: data.partials
      .filter(({ piece }) => ((data.flushed[piece >> 3] as number) & (0x80 >> (piece & 7))) === 0)
      .map(({ piece, blocks }) => ({ piece, blocks: piece === 10 ? blocks.map((byte) => byte & 0x80) : blocks }))
      .toSorted((left, right) => left.piece - right.piece),
  }));

test('resume: what is written is read back (any state)', () => {
  fc.assert(
    fc.property(RESUME, (data) => {
      expect(decoded(encodeResume(data))).toEqual({ ...data, infoHash: new Uint8Array(METAINFO.infoHash) });
    }),
  );
});

test('resume: the bytes depend on the state alone (partial pieces in another order, rates with fractions)', () => {
  const partials = [1, 3].map((piece) => ({ piece, blocks: Uint8Array.of(0x80) }));
  const plain = { ...PLAIN, partials, peers: [{ ...PEER, downloadBps: 7 }] };
  const same = { ...plain, partials: partials.toReversed(), peers: [{ ...PEER, downloadBps: 7.9 }] };
  expect(encodeResume(same)).toEqual(encodeResume(plain));
  expect(decoded(encodeResume(same)).partials).toEqual(partials);
});

test('resume: the result owns its bytes (the source is overwritten)', () => {
  const bytes = encodeResume({ ...PLAIN, peers: [{ ...PEER, bitfield: Uint8Array.of(0xff, 0xe0) }] });
  const data = decoded(bytes);
  const before = structuredClone(data);
  bytes.fill(0xff);
  expect(data).toEqual(before);
});

test('resume: a torn or altered file is recognised (every length, every byte)', () => {
  const bytes = encodeResume(PLAIN);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeResume(bytes.subarray(0, length), METAINFO)).toMatchObject({ ok: false, error: 'damaged' });
  }
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = bytes.slice();
    altered[at] = (altered[at] as number) ^ 1;
    expect(decodeResume(altered, METAINFO).ok).toBe(false);
  }
});

test('resume: a file whose tail is zeros is recognised (a torn write)', () => {
  const bytes = encodeResume(PLAIN);
  bytes.fill(0, bytes.length >> 1);
  expect(decodeResume(bytes, METAINFO)).toMatchObject({ ok: false, error: 'damaged' });
});

test('resume: another version, another format and another torrent have their own errors', () => {
  const outer = bencode.decode(encodeResume(PLAIN)) as Record<string, unknown>;
  const encoded = (change: Record<string, unknown>) => bencode.encode({ ...outer, ...change } as never);
  expect(decodeResume(encoded({ version: 2 }), METAINFO)).toMatchObject({ ok: false, error: 'version' });
  expect(decodeResume(encoded({ format: 'other' }), METAINFO)).toMatchObject({ ok: false, error: 'damaged' });
  expect(errorOf({ ...PLAIN, infoHash: new Uint8Array(20) })).toBe('infoHash');
  expect(decodeResume(encodeResume(PLAIN), torrent([5], 1))).toMatchObject({ ok: false, error: 'infoHash' });
});

test.each([
  ['one byte short', [0xff]],
  ['one byte over', [0xff, 0xe0, 0]],
  ['the first spare bit', [0xff, 0x10]],
  ['the last spare bit', [0xff, 0x01]],
])('resume: flushed is a bitfield of the torrent’s pieces (%s)', (_, list) => {
  expect(errorOf({ ...PLAIN, partials: [], flushed: Uint8Array.from(list) })).toBe('field flushed');
  const peers = [{ ...PEER, bitfield: Uint8Array.from(list) }];
  expect(errorOf({ ...PLAIN, peers })).toBe('field bitfield');
});

test.each([
  ['the last piece', 10, [0x80], 'accepted'],
  ['one piece over', 11, [0x80], 'field piece'],
  ['before the first', -1, [0x80], 'field piece'],
  ['a flushed piece', 2, [0x80], 'field piece'],
  ['all blocks', 1, [0xe0], 'accepted'],
  ['a block too many', 1, [0xf0], 'field blocks'],
  ['a second block in the one-byte piece', 10, [0x40], 'field blocks'],
  ['a byte too many', 1, [0x80, 0], 'field blocks'],
  ['no byte', 1, [], 'field blocks'],
])('resume: partial blocks fit the geometry and are never of flushed pieces (%s)', (_, piece, blocks, expected) => {
  const flushed = Uint8Array.of(0b00100000, 0);
  expect(
    errorOf({ ...PLAIN, flushed, unsynced: new Uint8Array(2), partials: [{ piece, blocks: Uint8Array.from(blocks) }] }),
  ).toBe(expected);
});

test('resume: a partial piece stands there once', () => {
  const partial = { piece: 1, blocks: Uint8Array.of(0x80) };
  expect(errorOf({ ...PLAIN, partials: [partial, partial] })).toBe('field piece');
});

test.each([
  ['a negative rate', { downloadBps: -1 }, 'field rate'],
  ['trust −7', { trust: -7 }, 'accepted'],
  ['trust −8', { trust: -8 }, 'field trust'],
  ['trust 9', { trust: 9 }, 'field trust'],
])('resume: remembered peers are checked (%s)', (_, change, expected) => {
  expect(errorOf({ ...PLAIN, peers: [{ ...PEER, ...change }] })).toBe(expected);
});

test.each([
  ['an empty host', { host: '' }],
  ['a name', { host: 'peer.example' }],
  ['a host with a control character', { host: '1.2.3.4\u001b' }],
  ['port 0', { port: 0 }],
  ['port 65536', { port: 65_536 }],
])('resume: a peer without a numeric address is not written, and refused when read (%s)', (_, change) => {
  const data = decoded(
    encodeResume({
      ...PLAIN,
      peers: [
        { ...PEER, ...change },
        { ...PEER, port: 65_535 },
      ],
    }),
  );
  expect(data.peers).toEqual([{ ...PEER, port: 65_535 }]);
  const item = { banned: 0, host: '1.2.3.4', port: 1, rate: 0, seed: 0, trust: 0 };
  expect(decodeResume(withBody({ peers: [item] }), METAINFO).ok).toBe(true);
  expect(decodeResume(withBody({ peers: [{ ...item, ...change }] }), METAINFO)).toMatchObject({ error: 'field' });
});

test.each([
  ['uploaded', -1],
  ['downloaded', -1],
  ['uploaded', 'x'],
  ['unsynced', undefined],
  ['paused', -1],
  ['sequential', []],
  ['priorities', new Uint8Array([4, 4])],
  ['priorities', new Uint8Array([4, 4, 4, 4])],
  ['priorities', new Uint8Array([4, 4, 8])],
  ['flushed', undefined],
  ['partials', 5],
  ['partials', ['x']],
  ['partials', undefined],
  ['peers', {}],
  ['peers', [[]]],
])('resume: a wrong field is named, never believed (%s = %j)', (key, value) => {
  const result = decodeResume(withBody({ [key]: value }), METAINFO);
  expect(result).toMatchObject({ ok: false, error: 'field' });
});

test('resume: remembered peers are bounded on both ways', () => {
  const most = KNOWN_PEERS_MAX + BANNED_PEERS_MAX;
  const peers = Array.from({ length: most + 1 }, (_, index) => ({ ...PEER, port: index + 1 }));
  const data = decoded(encodeResume({ ...PLAIN, peers }));
  expect(data.peers).toEqual(peers.slice(0, most));
  const encoded = Array.from({ length: most + 1 }, () => ({ host: '1.2.3.4' }));
  expect(decodeResume(withBody({ peers: encoded }), METAINFO)).toMatchObject({ ok: false, error: 'field' });
});

test('resume: bitfields of peers beyond 4 MiB are left out, the peers kept (a torrent of two million pieces)', () => {
  const metainfo = torrent([2_000_000], 1);
  const bitfield = new Uint8Array(250_000).fill(0xff);
  const peers = Array.from({ length: 20 }, (_, index) => ({ ...PEER, port: index + 1, bitfield }));
  const flushed = new Uint8Array(250_000);
  const bytes = encodeResume({
    ...PLAIN,
    infoHash: metainfo.infoHash,
    flushed,
    unsynced: flushed,
    partials: [],
    filePriorities: [4],
    peers,
  });
  const { peers: read } = decoded(bytes, metainfo);
  expect(read.map((peer) => peer.port)).toEqual(peers.map((peer) => peer.port));
  expect(read.map((peer) => peer.bitfield !== null)).toEqual(peers.map((_, index) => index < 16));
});

test('resume: a torrent without content has empty bitfields', () => {
  const metainfo = torrent([0], 16_384);
  const data = {
    ...PLAIN,
    infoHash: metainfo.infoHash,
    flushed: new Uint8Array(),
    unsynced: new Uint8Array(),
    partials: [],
    filePriorities: [4 as const],
  };
  expect(errorOf(data, metainfo)).toBe('accepted');
});

test('resume: a piece is flushed or unsynced, never both', () => {
  const flushed = Uint8Array.of(0b10000000, 0);
  expect(errorOf({ ...PLAIN, partials: [], flushed, unsynced: flushed })).toBe('field unsynced');
});
