// CONFORMANCE 26 and 45-56: the extension protocol and the metadata exchange (BEP 9, 10) on the connections of a torrent that began without
// metadata, and of one that has it.

import { describe, expect, test } from 'vitest';
import { sha1 } from '../../engine/sha1.ts';
import { METADATA_BYTES_MAX, METADATA_SERVED_BURST, METADATA_SERVED_PER_SECOND } from '../../engine/limits.ts';
import { decodeMetadataMessage, encodeMetadataReject } from '../../engine/wire/metadata-message.ts';
import { equalBytes, handshake, Lab, message, u32 } from './lab.ts';
import { data, info, MetadataPeer, metainfo, METADATA_PIECE, spoilt } from './metadata-peer.ts';

const HAVE = 4;
const BITFIELD = 5;
const UNCHOKE = 1;
const INTERESTED = 2;
const HAVE_ALL = 14;
const ALLOWED_FAST = 17;
const EXTENDED = 20;
const PIECES = metainfo.geometry.pieceCount;

const magnet = (options: Partial<ConstructorParameters<typeof Lab>[0]> = {}) =>
  new Lab({ metainfo, magnet: true, ...options });
const whole = () => new Lab({ metainfo, disk: data });

describe('conformance 26: what peers say of pieces before the metadata is known', () => {
  const bits = (...pieces: number[]) => {
    const bytes = new Uint8Array(Math.ceil(PIECES / 8));
    for (const piece of pieces) bytes[piece >> 3] = (bytes[piece >> 3] as number) | (0x80 >> (piece & 7));
    return bytes;
  };

  test.each([
    ['a bitfield', [message(BITFIELD, ...bits(0, 7, PIECES - 1))], 3],
    ['haves alone', [message(HAVE, ...u32(3)), message(HAVE, ...u32(PIECES - 1)), message(HAVE, ...u32(3))], 2],
    ['a bitfield, then haves', [message(BITFIELD, ...bits(0)), message(HAVE, ...u32(1))], 2],
    ['have-all', [message(HAVE_ALL)], PIECES],
    ['have-none', [message(15)], 0],
    ['nothing', [], 0],
    ['have-all, then one is lost', [message(HAVE_ALL), message(EXTENDED, 1, ...u32(5))], PIECES - 1],
    ['a bitfield, one of which is lost', [message(BITFIELD, ...bits(4, 5)), message(EXTENDED, 1, ...u32(5))], 1],
  ])('conformance 26: is kept and applied when it comes (%s)', (_, said, count) => {
    const lab = magnet();
    const conn = lab.incoming();
    const peer = new MetadataPeer(lab, { host: '10.0.0.9', id: 'giver', has: 'none' });
    lab.say(conn, handshake(metainfo.infoHash, 'early', { fast: true, extensions: true }), ...said);
    peer.offer(info.length).giveAll();
    expect(lab.closed.get(conn)).toBeUndefined();
    expect(lab.status.peers.find((each) => each.conn === conn)?.pieces).toBe(count);
    expect(lab.status.peers.find((each) => each.conn === conn)?.amInterested).toBe(count > 0);
  });

  test.each([
    ['a bitfield that is too long', [message(BITFIELD, ...bits(), 0)]],
    ['a bitfield that is too short', [message(BITFIELD, 0)]],
    ['a piece that does not exist', [message(HAVE, ...u32(PIECES + 8))]],
    ['an allowed piece that does not exist', [message(ALLOWED_FAST, ...u32(PIECES))]],
  ])('conformance 26: what was never legal closes when that is known (%s)', (_, said) => {
    const lab = magnet();
    const conn = lab.incoming();
    const peer = new MetadataPeer(lab, { host: '10.0.0.9', id: 'giver', has: 'none' });
    lab.say(conn, handshake(metainfo.infoHash, 'early', { fast: true, extensions: true }), ...said);
    expect(lab.closed.get(conn)).toBeUndefined();
    peer.offer(info.length).giveAll();
    expect(lab.closed.get(conn)).toContain('broke the protocol');
    expect(lab.closed.get(peer.conn)).toBeUndefined();
  });

  test('conformance 26: what is kept is bounded, and who says more gives metadata all the same (piece 2³² − 1)', () => {
    const lab = magnet();
    const peer = new MetadataPeer(lab, { has: 'none' });
    lab.say(peer.conn, message(HAVE, ...u32(2 ** 32 - 1)));
    peer.offer(info.length).giveAll();
    expect(lab.status.pieceCount).toBe(PIECES);
    expect(lab.closed.get(peer.conn)).toContain('met anew');
  });

  test('conformance 26: a peer that came to us and unchoked early is asked for content on the same connection', () => {
    const lab = magnet();
    const peer = new MetadataPeer(lab);
    lab.say(peer.conn, message(UNCHOKE));
    peer.offer(info.length);
    for (const piece of peer.asked()) peer.give(piece);
    expect(lab.closed.size).toBe(0);
    const frames = lab.frames(peer.conn);
    expect(frames.map(({ id }) => id)).toContain(INTERESTED);
    expect(frames.filter(({ id }) => id === 6).length).toBeGreaterThan(0);
  });
});

describe('conformance 45-48: the extension protocol', () => {
  test('conformance 45: without the bit nothing of it is sent or heard', () => {
    const lab = magnet();
    const conn = lab.peer({ extensions: false });
    lab.say(conn, message(EXTENDED, 0, ...new TextEncoder().encode('d1:md11:ut_metadatai3ee13:metadata_sizei100ee')));
    expect(lab.frames(conn).some(({ id }) => id === EXTENDED)).toBe(false);
    expect(lab.status.metadata?.sources).toBe(0);
  });

  test('conformance 46: each side is sent the ids that it named itself, and 0 disables', () => {
    const lab = whole();
    const peer = new MetadataPeer(lab, { messageId: 200, has: 'none' }).offer(null);
    peer.request(0);
    expect(peer.heard().map(({ type, piece }) => [type, piece])).toEqual([[1, 0]]);
    expect(peer.engineId).not.toBe(200);
    peer.handshake({ m: { ut_metadata: 0 } });
    peer.request(0);
    expect(lab.frames(peer.conn)).toEqual([]);
  });

  test('conformance 46: `m` is additive: a handshake that names something else takes nothing away', () => {
    const lab = magnet();
    const peer = new MetadataPeer(lab).offer(info.length);
    peer.handshake({ m: { ut_pex: 1 }, nonsense: ['x'] });
    expect(lab.status.metadata?.sources).toBe(1);
    peer.handshake({ m: { ut_metadata: 0 } });
    expect(lab.status.metadata?.sources).toBe(0);
  });

  test('conformance 47: a second handshake may offer what the first did not (the peer has got the metadata itself)', () => {
    const lab = magnet();
    const peer = new MetadataPeer(lab).offer(null);
    expect(peer.asked()).toEqual([]);
    peer.offer(info.length).giveAll();
    expect(lab.status.pieceCount).toBe(PIECES);
  });

  test('conformance 47: we say again what we have once we have it', () => {
    const lab = magnet();
    const other = new MetadataPeer(lab, { id: 'other', host: '10.0.0.3', has: 'none' }).offer(null);
    other.heard();
    expect(other.said['metadata_size']).toBeUndefined();
    new MetadataPeer(lab).offer(info.length).giveAll();
    other.heard();
    expect(other.said['metadata_size']).toBe(info.length);
    other.request(0);
    expect(equalBytes(other.heard()[0]?.data as Uint8Array, info.subarray(0, METADATA_PIECE))).toBe(true);
  });

  test('conformance 48: an unknown extended id is ignored', () => {
    const lab = magnet();
    const peer = new MetadataPeer(lab).offer(info.length);
    lab.say(peer.conn, message(EXTENDED, 99, 1, 2, 3));
    expect(lab.closed.size).toBe(0);
  });
});

describe('conformance 51-56: metadata', () => {
  test('conformance 51: pieces are 16 KiB but the last, each with the size of the whole', () => {
    const lab = whole();
    const peer = new MetadataPeer(lab, { has: 'none' }).offer(null);
    for (const piece of [0, 1, 2]) peer.request(piece);
    const given = peer.heard();
    expect(given.map((each) => [each.type, each.piece, each.totalSize, each.data.length])).toEqual([
      [1, 0, info.length, METADATA_PIECE],
      [1, 1, info.length, METADATA_PIECE],
      [1, 2, info.length, info.length - 2 * METADATA_PIECE],
    ]);
    expect(equalBytes(Buffer.concat(given.map((each) => each.data)), info)).toBe(true);
    expect(peer.said['metadata_size']).toBe(info.length);
  });

  test('conformance 51: a piece of another length is not taken, and asked for elsewhere', () => {
    const lab = magnet();
    const short = new MetadataPeer(lab, { id: 'short' }).offer(info.length);
    const [piece] = short.asked() as [number];
    short.say({ msg_type: 1, piece, total_size: info.length }, info.subarray(0, METADATA_PIECE - 1));
    expect(lab.count('metadataMalformed')).toBe(1);
    const good = new MetadataPeer(lab, { id: 'good', host: '10.0.0.3' }).offer(info.length);
    good.giveAll();
    expect(lab.status.pieceCount).toBe(PIECES);
    expect(short.asked()).toEqual([]);
  });

  test('conformance 52: without metadata each request is rejected (msg_type 2, whatever the example of BEP 9 encodes)', () => {
    const lab = magnet();
    const peer = new MetadataPeer(lab, { has: 'none' }).offer(null);
    peer.request(0);
    expect(peer.heard().map(({ type, piece }) => [type, piece])).toEqual([[2, 0]]);
    expect(lab.closed.size).toBe(0);
    expect(new TextDecoder().decode(encodeMetadataReject(0))).toBe('d8:msg_typei2e5:piecei0ee');
  });

  test('conformance 53: an unknown msg_type is ignored, and so is what cannot be read', () => {
    const lab = magnet();
    const peer = new MetadataPeer(lab).offer(info.length);
    peer.asked();
    for (const content of [{ msg_type: 3, piece: 0 }, { msg_type: -1, piece: 0 }, { piece: 0 }, { msg_type: 1 }])
      peer.say(content);
    lab.say(peer.conn, message(EXTENDED, peer.engineId as number, 0x78));
    lab.say(peer.conn, message(EXTENDED, peer.engineId as number, ...new Uint8Array(5_000).fill(0x6c)));
    expect(lab.closed.size).toBe(0);
    expect(decodeMetadataMessage(new TextEncoder().encode('d8:msg_typei9e5:piecei0ee'))).toBeNull();
    peer.give(0);
    expect(lab.count('metadataReceived')).toBe(1);
  });

  test('conformance 54: what hashes to something else is neither used nor served, and its only sender is banned', () => {
    const lab = magnet();
    const liar = new MetadataPeer(lab, { id: 'liar' }).offer(info.length);
    liar.giveAll(spoilt(1));
    expect(lab.opened).toEqual([]);
    expect(lab.status.pieceCount).toBe(0);
    expect(lab.closed.get(liar.conn)).toContain('bad data');
    const other = new MetadataPeer(lab, { id: 'other', host: '10.0.0.3', has: 'none' }).offer(null);
    other.request(0);
    expect(other.heard().map(({ type }) => type)).toEqual([2]);
  });

  test('conformance 54: what is right is handed over byte for byte', () => {
    const lab = magnet();
    new MetadataPeer(lab).offer(info.length).giveAll();
    expect(lab.opened.length).toBe(1);
    expect(equalBytes(lab.opened[0]?.infoBytes as Uint8Array, info)).toBe(true);
    expect(sha1(info)).toEqual(metainfo.infoHash);
    expect(lab.opened[0]?.announceTiers).toEqual(metainfo.announceTiers);
  });

  test.each([
    ['zero', 0],
    ['negative', -1],
    ['one over the bound', METADATA_BYTES_MAX + 1],
    ['none', null],
  ])('conformance 55: nobody is asked who names no size that can be (%s)', (_, size) => {
    const lab = magnet();
    const peer = new MetadataPeer(lab).offer(size);
    expect(peer.asked()).toEqual([]);
    expect(lab.status.metadata).toEqual({ sizeBytes: null, receivedBytes: 0, sources: 0 });
    expect(lab.closed.size).toBe(0);
  });

  test('conformance 55: a size beyond 2⁵³ is none', () => {
    const lab = magnet();
    const conn = lab.peer({ extensions: true });
    const text = `d1:md11:ut_metadatai3ee13:metadata_sizei${2n ** 60n}ee`;
    lab.say(conn, message(EXTENDED, 0, ...new TextEncoder().encode(text)));
    expect(lab.status.metadata?.sources).toBe(0);
    expect(lab.closed.size).toBe(0);
  });

  test('conformance 55: a size takes memory only as its bytes come (the bound itself)', () => {
    const lab = magnet();
    const peer = new MetadataPeer(lab).offer(METADATA_BYTES_MAX);
    expect(peer.asked().length).toBeGreaterThan(0);
    peer.say({ msg_type: 1, piece: 0 }, new Uint8Array(METADATA_PIECE));
    expect(lab.status.metadata).toEqual({ sizeBytes: METADATA_BYTES_MAX, receivedBytes: METADATA_PIECE, sources: 1 });
  });

  test.each([3, 2 ** 31, -1, Number.MAX_SAFE_INTEGER])(
    'conformance 56: a request out of range is rejected, and the peer stays (piece %i)',
    (piece) => {
      const lab = whole();
      const peer = new MetadataPeer(lab, { has: 'none' }).offer(null);
      peer.request(piece);
      expect(peer.heard().map((each) => [each.type, each.piece])).toEqual([[2, piece]]);
      expect(lab.closed.size).toBe(0);
    },
  );

  test('conformance 56: a flood is served up to a bound, and then at a rate', () => {
    const lab = whole();
    lab.pass(60);
    const peer = new MetadataPeer(lab, { has: 'none' }).offer(null);
    const served = (requests: number) => {
      for (let i = 0; i < requests; i += 1) {
        peer.request(i % 3);
        lab.engine.writable(lab.now, peer.conn);
      }
      return peer.heard().filter(({ type }) => type === 1).length;
    };
    expect(served(3 * METADATA_SERVED_BURST)).toBe(METADATA_SERVED_BURST);
    lab.pass(1);
    expect(served(3 * METADATA_SERVED_PER_SECOND)).toBe(METADATA_SERVED_PER_SECOND);
  });
});
