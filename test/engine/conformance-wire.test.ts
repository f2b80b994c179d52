// CONFORMANCE 19-37 as far as they are the connection's: the torrent seeds (upload side) or downloads (download side) by BEP 3 alone.
// Lengths and framing are shown in wire-reader.test.ts, the fast extension in conformance-fast.test.ts.

import { describe, expect, test } from 'vitest';
import { BLOCK, type Frame, handshake, Lab, makeTorrent, message, u32, uint32 } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 11 * BLOCK + 1, pieceLength: 2 * BLOCK });
const PIECES = 6;
const [CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE, BITFIELD, REQUEST, PIECE, CANCEL] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
];

const request = (piece: number, begin: number, length: number) =>
  message(REQUEST, ...u32(piece), ...u32(begin), ...u32(length));
const has = (lab: Lab, conn: number, id: number) => lab.frames(conn).some((frame) => frame.id === id);
const blocks = (frames: readonly Frame[]) => frames.filter((frame) => frame.id === PIECE);

function seeding(settings = {}): Lab {
  return new Lab({ metainfo, disk: data, settings });
}

/** A leecher without the fast extension that is unchoked. */
function unchoked(lab: Lab): number {
  const conn = lab.peer({ fast: false });
  lab.say(conn, message(INTERESTED));
  expect(has(lab, conn, UNCHOKE)).toBe(true);
  return conn;
}

describe('conformance 19: keep-alive', () => {
  test('conformance 19: one is sent after 100 s of silence, none earlier', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({});
    lab.frames(conn);
    for (let i = 0; i < 9; i += 1) {
      lab.pass(10);
      lab.say(conn, u32(0));
    }
    expect(lab.frames(conn)).toEqual([]);
    lab.pass(12);
    expect(lab.frames(conn).map((frame) => frame.id)).toEqual([-1]);
  });

  test('conformance 19: a peer that is silent for two and a half minutes is closed, one that sends keep-alives is not', () => {
    const lab = new Lab({ metainfo });
    const silent = lab.peer({ id: 'silent' });
    const alive = lab.peer({ id: 'alive' });
    for (let i = 0; i < 3; i += 1) {
      lab.pass(49);
      expect(lab.closed.has(silent)).toBe(false);
      lab.say(alive, u32(0));
    }
    lab.pass(6);
    expect(lab.closed.has(silent)).toBe(true);
    expect(lab.closed.has(alive)).toBe(false);
  });
});

describe('conformance 22: unknown messages', () => {
  test('conformance 22: an unknown id is skipped, what follows is read', () => {
    const lab = seeding();
    const conn = lab.peer({ fast: false });
    lab.say(conn, message(99, 1, 2, 3), message(INTERESTED));
    expect(lab.status.peers[0]?.peerInterested).toBe(true);
  });
});

describe('conformance 23-27: what the peer has', () => {
  test('conformance 23: a bitfield that comes again, or late, is news: nothing is lost by it', () => {
    for (const fast of [false, true]) {
      const lab = new Lab({ metainfo });
      const conn = lab.peer({ fast, has: Uint8Array.of(0b1000_0000) });
      lab.say(conn, message(INTERESTED), message(BITFIELD, 0b0100_0000));
      expect(lab.closed.has(conn)).toBe(false);
      expect(lab.status.peers[0]?.pieces).toBe(2);
      lab.disconnected(conn);
    }
  });

  test.each([
    ['extension handshake', message(20, 0, ...new TextEncoder().encode('de'))],
    ['port', message(9, 1, 2)],
    ['keep-alive', u32(0)],
  ])(
    'conformance 23: a bitfield may follow what says nothing of pieces (%s; Transmission and aria2 do so)',
    (_, first) => {
      for (const fast of [false, true]) {
        const lab = new Lab({ metainfo });
        const conn = lab.incoming();
        lab.say(
          conn,
          handshake(metainfo.infoHash, 'p', { fast, extensions: true }),
          first,
          message(BITFIELD, 0b1000_0000),
        );
        expect(lab.closed.has(conn)).toBe(false);
        expect(lab.status.peers[0]?.pieces).toBe(1);
      }
    },
  );

  test.each([[[]], [[0, 0]]])('conformance 24: a bitfield of another length closes (%j for 6 pieces)', (bits) => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false });
    lab.say(conn, message(BITFIELD, ...(bits as number[])));
    expect(lab.closed.get(conn)).toContain('bitfieldLength');
  });

  test.each([0b10, 0b01])('conformance 25: a spare bit closes (%i)', (bits) => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false });
    lab.say(conn, message(BITFIELD, bits as number));
    expect(lab.closed.get(conn)).toContain('spareBits');
  });

  test('conformance 27: have of the last piece counts, of the next closes', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false });
    lab.say(conn, message(HAVE, ...u32(PIECES - 1)), message(HAVE, ...u32(PIECES - 1)));
    expect(lab.status.peers[0]?.pieces).toBe(1);
    lab.say(conn, message(HAVE, ...u32(PIECES)));
    expect(lab.closed.get(conn)).toContain('haveRange');
  });
});

describe('conformance 28-31: requests from a peer', () => {
  test.each([
    [PIECES - 1, 0, BLOCK, true],
    [PIECES - 1, BLOCK, 1, true],
    [0, BLOCK - 1, BLOCK, true],
    [0, 2 * BLOCK - 1, 1, true],
    [0, 0, 0, false],
    [0, 0, BLOCK + 1, false],
    [0, BLOCK + 1, BLOCK, false],
    [0, 2 * BLOCK, 1, false],
    [PIECES - 1, BLOCK, 2, false],
    [PIECES, 0, 1, false],
    [0xffff_ffff, 0, BLOCK, false],
    [0, 0xffff_ffff, BLOCK, false],
  ])('conformance 28: piece %i, begin %i, length %i is served: %s', (piece, begin, length, legal) => {
    const lab = seeding();
    const conn = unchoked(lab);
    lab.say(conn, request(piece, begin, length));
    expect(lab.closed.has(conn)).toBe(!legal);
    const sent = blocks(lab.frames(conn));
    expect(sent.length).toBe(legal ? 1 : 0);
    const at = piece * 2 * BLOCK + begin;
    if (legal) expect(sent[0]?.body.subarray(8)).toEqual(data.subarray(at, at + length));
  });

  test('conformance 28: a piece that we lack is not served', () => {
    const lab = new Lab({ metainfo });
    const conn = unchoked(lab);
    lab.say(conn, request(0, 0, BLOCK));
    expect(lab.frames(conn)).toEqual([]);
    expect(lab.closed.has(conn)).toBe(false);
  });

  test('conformance 30: a request while choked gets nothing; who keeps on is closed', () => {
    const lab = seeding();
    const conn = lab.peer({ fast: false });
    lab.frames(conn);
    for (let i = 0; i < 300; i += 1) lab.say(conn, request(0, 0, BLOCK));
    expect(lab.closed.has(conn)).toBe(false);
    expect(lab.frames(conn)).toEqual([]);
    lab.say(conn, request(0, 0, BLOCK));
    expect(lab.closed.get(conn)).toContain('requestsWhileChoked');
  });

  test('conformance 30: requests that cross a choke are forgiven with the next unchoke (40 at each of 10 chokes)', () => {
    const lab = seeding();
    const conn = unchoked(lab);
    for (let choke = 0; choke < 10; choke += 1) {
      lab.say(conn, message(NOT_INTERESTED));
      for (let i = 0; i < 40; i += 1) lab.say(conn, request(0, 0, BLOCK));
      lab.say(conn, message(INTERESTED));
    }
    expect(lab.closed.has(conn)).toBe(false);
  });

  test('conformance 31: a choke without the fast extension drops what waits, read or not', () => {
    const lab = seeding();
    const conn = unchoked(lab);
    lab.holding.add('readBlock');
    for (let i = 0; i < 20; i += 1) lab.say(conn, request(0, 0, BLOCK));
    expect(lab.held.length).toBe(4);
    lab.say(conn, message(NOT_INTERESTED));
    lab.release();
    expect(lab.held.length).toBe(0);
    expect(lab.frames(conn).map((frame) => frame.id)).toEqual([CHOKE]);
  });
});

describe('conformance 33, 34: blocks that come', () => {
  const piece = (index: number, begin: number, length: number) =>
    message(PIECE, ...u32(index), ...u32(begin), ...new Uint8Array(length));

  test('conformance 33: without the fast extension a block after a choke is borne and counts as waste', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false, has: 'all' });
    lab.say(conn, message(UNCHOKE));
    const [asked] = lab.requests(conn);
    lab.say(conn, message(CHOKE));
    lab.give(conn, data, asked as [number, number, number]);
    expect(lab.closed.has(conn)).toBe(false);
    expect(lab.status.wastedBytes).toBe(asked?.[2]);
    expect(lab.status.downloadedBytes).toBe(asked?.[2]);
    expect(lab.count('blockUnasked')).toBe(1);
  });

  test('conformance 33: a flood of blocks that nobody asked for closes (more than 4 MiB)', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false });
    for (let i = 0; i < 256; i += 1) lab.say(conn, piece(0, 0, BLOCK));
    expect(lab.closed.has(conn)).toBe(false);
    lab.say(conn, piece(0, 0, BLOCK));
    expect(lab.closed.get(conn)).toContain('pieceUnasked');
  });

  test('conformance 33: waste of choke races is forgiven with the next unchoke (300 races)', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false });
    for (let i = 0; i < 300; i += 1) lab.say(conn, message(UNCHOKE), message(CHOKE), piece(0, 0, BLOCK));
    expect(lab.closed.has(conn)).toBe(false);
  });

  test.each([
    [PIECES, 0, 1],
    [0, 0, BLOCK + 1],
  ])('conformance 34: piece %i, begin %i, %i bytes closes', (index, begin, length) => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false });
    lab.say(conn, piece(index, begin, length));
    expect(lab.closed.get(conn)).toContain('pieceRange');
  });

  test('conformance 34: a block shorter than was asked for is no answer (last piece, one byte short)', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false, has: Uint8Array.of(0b0000_0100) });
    lab.say(conn, message(UNCHOKE));
    expect(lab.requests(conn)).toEqual([
      [PIECES - 1, 0, BLOCK],
      [PIECES - 1, BLOCK, 1],
    ]);
    lab.say(conn, piece(PIECES - 1, 0, BLOCK - 1));
    expect(lab.count('blockReceived')).toBe(0);
    expect(lab.status.peers[0]?.outstanding).toBe(2);
  });
});

describe('conformance 35, 36: what we say', () => {
  test('conformance 35: we start choking and not interested; nothing is asked for while choked', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false });
    expect(lab.frames(conn)).toEqual([]);
    lab.say(conn, message(HAVE, ...u32(0)));
    expect(lab.frames(conn).map((frame) => frame.id)).toEqual([INTERESTED]);
  });

  test('conformance 35: interest is truthful: until the last wanted piece of the peer has passed its hash', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false, has: Uint8Array.of(0b1000_0000) });
    lab.say(conn, message(UNCHOKE));
    lab.holding.add('hashPiece');
    for (const asked of lab.requests(conn)) lab.give(conn, data, asked);
    expect(has(lab, conn, NOT_INTERESTED)).toBe(false);
    lab.release();
    expect(has(lab, conn, NOT_INTERESTED)).toBe(true);
    lab.say(conn, message(HAVE, ...u32(1)));
    expect(has(lab, conn, INTERESTED)).toBe(true);
  });

  test('conformance 36: have is said when the piece was hashed and written, to everyone, once', () => {
    const lab = new Lab({ metainfo });
    const giver = lab.peer({ id: 'giver', fast: false, has: Uint8Array.of(0b1000_0000) });
    const other = lab.peer({ id: 'other', fast: false });
    lab.say(giver, message(UNCHOKE));
    lab.holding.add('hashPiece').add('writeBlocks');
    for (const asked of lab.requests(giver)) lab.give(giver, data, asked);
    expect(has(lab, other, HAVE)).toBe(false);
    lab.release();
    expect(lab.count('pieceVerified')).toBe(1);
    expect(has(lab, other, HAVE)).toBe(false);
    lab.release();
    expect(lab.frames(other).map((frame) => uint32(frame.body, 0))).toEqual([0]);
  });

  test('conformance 36: a piece whose hash fails is never said', () => {
    const lab = new Lab({ metainfo });
    const liar = lab.peer({ id: 'liar', fast: false, has: Uint8Array.of(0b1000_0000) });
    const other = lab.peer({ id: 'other', fast: false });
    lab.say(liar, message(UNCHOKE));
    for (const asked of lab.requests(liar)) lab.give(liar, new Uint8Array(data.length), asked);
    expect(lab.count('pieceFailed')).toBe(1);
    expect(has(lab, other, HAVE)).toBe(false);
    expect(lab.onDisk).toEqual(new Uint8Array(data.length));
  });

  test('conformance 37: in end-game the duplicates are cancelled with the arrival', () => {
    const lab = new Lab({ metainfo: makeTorrent({ totalBytes: 2 * BLOCK, pieceLength: 2 * BLOCK }).metainfo });
    const first = lab.peer({ id: 'first', fast: false, has: 'all' });
    const second = lab.peer({ id: 'second', fast: false, has: 'all' });
    lab.say(first, message(UNCHOKE));
    lab.say(second, message(UNCHOKE));
    const asked = lab.requests(first);
    expect(asked.length).toBe(2);
    // The last: the first is next to come, and past any cancel.
    expect(lab.requests(second)).toEqual([asked[1]]);
    lab.give(first, data, asked[1] as [number, number, number]);
    const cancels = lab.frames(second).filter((frame) => frame.id === CANCEL);
    expect(cancels.map(({ body }) => [uint32(body, 0), uint32(body, 4), uint32(body, 8)])).toEqual([asked[1]]);
    expect(has(lab, first, CANCEL)).toBe(false);
  });
});
