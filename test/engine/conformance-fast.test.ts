// CONFORMANCE 32, 33, 39-43 and 45-50: the fast extension (BEP 6) and the extension handshake (BEP 10, 21) on a connection.

import { describe, expect, test } from 'vitest';
import { BLOCK, handshake, Lab, makeTorrent, message, u32, uint32 } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 24 * BLOCK, pieceLength: BLOCK });
const CHOKE = 0;
const UNCHOKE = 1;
const INTERESTED = 2;
const NOT_INTERESTED = 3;
const HAVE = 4;
const BITFIELD = 5;
const REQUEST = 6;
const PIECE = 7;
const CANCEL = 8;
const SUGGEST = 13;
const HAVE_ALL = 14;
const HAVE_NONE = 15;
const REJECT = 16;
const ALLOWED_FAST = 17;
const EXTENDED = 20;

const block = (id: number, piece: number, begin = 0, length = BLOCK) =>
  message(id, ...u32(piece), ...u32(begin), ...u32(length));
const extension = (text: string) => message(EXTENDED, 0, ...new TextEncoder().encode(text));
const ids = (lab: Lab, conn: number) => lab.frames(conn).map((frame) => frame.id);
/** The pieces that these frames name, of the messages with this id. */
const named = (lab: Lab, conn: number, id: number) =>
  lab
    .frames(conn)
    .filter((frame) => frame.id === id)
    .map((frame) => uint32(frame.body, 0));

describe('conformance 32: exactly one answer to a request', () => {
  test('conformance 32: every request gets its block or a reject, through cancels, chokes and a full queue', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conn = lab.peer({});
    lab.say(conn, message(INTERESTED));
    expect(ids(lab, conn)).toContain(UNCHOKE);
    lab.holding.add('readBlock');
    let asked = 0;
    const ask = (piece: number) => {
      lab.say(conn, block(REQUEST, piece));
      asked += 1;
    };
    for (let piece = 0; piece < 12; piece += 1) ask(piece);
    lab.say(conn, block(CANCEL, 0), block(CANCEL, 11), block(CANCEL, 11));
    lab.say(conn, message(NOT_INTERESTED));
    for (let piece = 0; piece < 5; piece += 1) ask(piece);
    lab.say(conn, message(INTERESTED));
    for (let i = 0; i < 600; i += 1) ask(i % 24);
    lab.holding.clear();
    const answers = new Map<number, number>();
    const count = () => {
      for (const frame of lab.frames(conn)) answers.set(frame.id, (answers.get(frame.id) ?? 0) + 1);
    };
    for (let i = 0; i < 200; i += 1) {
      lab.release();
      lab.engine.writable(lab.now, conn);
      lab.run();
      count();
    }
    expect((answers.get(PIECE) ?? 0) + (answers.get(REJECT) ?? 0)).toBe(asked);
    expect(answers.get(REJECT)).toBeGreaterThan(100);
  });

  test('conformance 31: a choke rejects what waits, except what is allowed fast', () => {
    const lab = new Lab({ metainfo, disk: data.subarray(0, 12 * BLOCK), onDisk: firstPieces(12) });
    const conn = lab.peer({ host: '80.4.4.200' });
    const allowed = named(lab, conn, ALLOWED_FAST);
    expect(allowed.length).toBe(10);
    lab.say(conn, message(INTERESTED));
    lab.holding.add('readBlock');
    const held = Array.from({ length: 12 }, (_, piece) => piece);
    for (const piece of [0, 1, 2, 3, ...held]) lab.say(conn, block(REQUEST, piece));
    lab.frames(conn);
    lab.say(conn, message(NOT_INTERESTED));
    expect(named(lab, conn, REJECT)).toEqual(held.filter((piece) => !allowed.includes(piece)));
  });

  test('conformance 32: a block that cannot be read is rejected', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conn = lab.peer({});
    lab.say(conn, message(INTERESTED));
    lab.frames(conn);
    lab.readFails = true;
    lab.say(conn, block(REQUEST, 3));
    expect(named(lab, conn, REJECT)).toEqual([3]);
  });

  test('conformance 33: with the fast extension a block never asked for closes', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all' });
    lab.give(conn, data, [0, 0, BLOCK]);
    expect(lab.closed.get(conn)).toContain('pieceUnasked');
  });

  test('conformance 33: a block that was answered and comes again closes', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, message(UNCHOKE));
    const [asked] = lab.requests(conn);
    lab.give(conn, data, asked as [number, number, number]);
    expect(lab.closed.has(conn)).toBe(false);
    lab.give(conn, data, asked as [number, number, number]);
    expect(lab.closed.get(conn)).toContain('pieceUnasked');
  });

  test('conformance 33: so does one that comes a second time after its cancel (end-game)', () => {
    const two = makeTorrent({ totalBytes: 2 * BLOCK, pieceLength: 2 * BLOCK });
    const lab = new Lab({ metainfo: two.metainfo });
    const first = lab.peer({ id: 'first', has: 'all' });
    const second = lab.peer({ id: 'second', has: 'all' });
    lab.say(first, message(UNCHOKE));
    lab.say(second, message(UNCHOKE));
    const [asked] = lab.requests(second) as [[number, number, number]];
    lab.give(first, two.data, asked);
    expect(ids(lab, second)).toContain(CANCEL);
    lab.give(second, two.data, asked);
    expect(lab.closed.has(second)).toBe(false);
    expect(lab.status.wastedBytes).toBe(BLOCK);
    lab.give(second, two.data, asked);
    expect(lab.closed.get(second)).toContain('pieceUnasked');
  });
});

/** A map of the disk with the first pieces only. */
function firstPieces(count: number): Uint8Array {
  return new Uint8Array(data.length).fill(1, 0, count * BLOCK);
}

describe('conformance 39: what we have is said once, right after the handshake', () => {
  test.each([
    ['nothing, fast', undefined, true, [HAVE_NONE]],
    ['everything, fast', data, true, [HAVE_ALL]],
    ['nothing, not fast', undefined, false, []],
    ['everything, not fast', data, false, [BITFIELD]],
  ])('conformance 39: %s', (_, disk, fast, expected) => {
    const lab = new Lab({ metainfo, ...(disk ? { disk } : {}) });
    const conn = lab.incoming();
    lab.say(conn, handshake(metainfo.infoHash, 'p', { fast: fast as boolean }));
    expect(ids(lab, conn)).toEqual(expected);
  });

  test('conformance 39: a part is said as a bitfield', () => {
    const lab = new Lab({ metainfo, disk: data.subarray(0, 3 * BLOCK), onDisk: firstPieces(3) });
    const conn = lab.incoming();
    lab.say(conn, handshake(metainfo.infoHash, 'p', { fast: true }));
    expect(lab.frames(conn)).toEqual([{ id: BITFIELD, body: Uint8Array.of(0b1110_0000, 0, 0) }]);
  });

  test.each([
    [HAVE_ALL, HAVE_NONE, 24],
    [HAVE_NONE, HAVE_ALL, 24],
    [HAVE_NONE, HAVE_NONE, 0],
    [UNCHOKE, HAVE_ALL, 24],
  ])('conformance 39: from a peer message %i, then %i is borne: it has %i pieces', (first, second, pieces) => {
    const lab = new Lab({ metainfo });
    const conn = lab.incoming();
    lab.say(conn, handshake(metainfo.infoHash, 'p', { fast: true }));
    lab.say(conn, message(first), message(second));
    expect(lab.closed.has(conn)).toBe(false);
    expect(lab.status.peers[0]?.pieces).toBe(pieces);
    lab.disconnected(conn);
  });

  test.each([
    [SUGGEST, u32(0)],
    [HAVE_ALL, []],
    [HAVE_NONE, []],
    [REJECT, [...u32(0), ...u32(0), ...u32(BLOCK)]],
    [ALLOWED_FAST, u32(0)],
  ])('conformance 40: message %i without the bit closes', (id, body) => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ fast: false });
    lab.say(conn, message(id, ...(body as number[])));
    expect(lab.closed.get(conn)).toContain('fastNotEnabled');
  });

  test('conformance 41: a reject of what was never asked for closes, a second reject too', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ id: 'a', has: 'all' });
    lab.say(conn, message(UNCHOKE));
    const [asked] = lab.requests(conn) as [[number, number, number]];
    lab.say(conn, message(REJECT, ...asked.flatMap(u32)));
    expect(lab.closed.has(conn)).toBe(false);
    lab.requests(conn);
    const other = lab.peer({ id: 'b', has: 'all' });
    lab.say(other, block(REJECT, 0));
    expect(lab.closed.get(other)).toContain('rejectUnasked');
  });

  test('conformance 41: who rejects everything is asked a few times a second, not at every round trip', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, message(UNCHOKE));
    let asked = 0;
    for (let second = 0; second < 10; second += 1) {
      for (let trip = 0; trip < 50; trip += 1) {
        for (const request of lab.requests(conn)) {
          asked += 1;
          lab.say(conn, message(REJECT, ...request.flatMap(u32)));
        }
      }
      lab.pass(1);
    }
    expect(lab.closed.has(conn)).toBe(false);
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(40);
  });
});

describe('conformance 42, 43: allowed fast', () => {
  test('conformance 42: an allowed piece is asked for while choked, others are not; it is not have', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'none' });
    lab.say(conn, message(ALLOWED_FAST, ...u32(7)));
    expect(lab.requests(conn)).toEqual([]);
    expect(lab.status.peers[0]?.pieces).toBe(0);
    lab.say(conn, message(HAVE, ...u32(7)), message(HAVE, ...u32(8)));
    expect(lab.requests(conn)).toEqual([[7, 0, BLOCK]]);
    lab.give(conn, data, [7, 0, BLOCK]);
    expect(lab.status.havePieces).toBe(1);
  });

  test.each([24, 0xffff_ffff])('conformance 42: an allowed piece out of range closes (%i of 24)', (piece) => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({});
    lab.say(conn, message(ALLOWED_FAST, ...u32(piece)));
    expect(lab.closed.get(conn)).toContain('fastRange');
  });

  test('conformance 42: what we allow is served while choked, three times a piece', () => {
    const lab = new Lab({ metainfo, disk: data.subarray(0, 23 * BLOCK), onDisk: firstPieces(23) });
    const conn = lab.peer({ host: '80.4.4.200' });
    const [piece] = named(lab, conn, ALLOWED_FAST).filter((index) => index < 23) as [number];
    for (let i = 0; i < 4; i += 1) lab.say(conn, block(REQUEST, piece));
    expect(ids(lab, conn)).toEqual([PIECE, PIECE, PIECE, REJECT]);
  });

  test('conformance 43: the peer at 80.4.4.200 is granted the set of BEP 6, ten different pieces', () => {
    const lab = new Lab({ metainfo, disk: data.subarray(0, 23 * BLOCK), onDisk: firstPieces(23) });
    const one = lab.peer({ id: 'one', host: '80.4.4.200' });
    const near = lab.peer({ id: 'near', host: '80.4.4.1' });
    const set = named(lab, one, ALLOWED_FAST);
    expect(new Set(set).size).toBe(10);
    expect(named(lab, near, ALLOWED_FAST)).toEqual(set);
  });
});

describe('conformance 45-50: the extension handshake', () => {
  test('conformance 45: it is sent to who has the bit, and to nobody else', () => {
    const lab = new Lab({ metainfo });
    const plain = lab.peer({ id: 'plain' });
    const extended = lab.peer({ id: 'extended', extensions: true });
    expect(ids(lab, plain)).not.toContain(EXTENDED);
    const said = lab.frames(extended).find((frame) => frame.id === EXTENDED);
    const text = new TextDecoder().decode(said?.body.subarray(1));
    expect(said?.body[0]).toBe(0);
    expect(text).toContain('1:pi6881e');
    expect(text).toContain('4:reqqi500e');
    expect(text).toContain('11:upload_onlyi0e');
  });

  test.each(['', 'le', 'i1e', 'd1:v'])('conformance 45: what is no dictionary closes (%j)', (text) => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ extensions: true });
    lab.say(conn, extension(text));
    expect(lab.closed.get(conn)).toContain('extensionHandshake');
  });

  test('conformance 46, 47: it may come again and changes what it names; unknown keys are ignored', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ extensions: true });
    lab.say(conn, extension('d1:md6:foobari3ee1:v5:first1:zi1ee'), extension('d4:reqqi9ee'), extension('de'));
    expect(lab.status.peers[0]?.client).toBe('first');
    lab.say(conn, extension('d1:v6:seconde'));
    expect(lab.status.peers[0]?.client).toBe('second');
  });

  test('conformance 48: an unknown extended id is ignored, also without the bit', () => {
    for (const extensions of [false, true]) {
      const lab = new Lab({ metainfo });
      const conn = lab.peer({ extensions });
      lab.say(conn, message(EXTENDED, 7, 1, 2, 3), message(EXTENDED, 255));
      expect(lab.closed.has(conn)).toBe(false);
    }
  });

  test.each([
    ['d4:reqqi1ee', 1],
    ['d4:reqqi7ee', 7],
    ['d4:reqqi0ee', 24],
    ['d4:reqqi-5ee', 24],
  ])('conformance 49: never more outstanding than reqq says (%s)', (text, most) => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all', extensions: true });
    lab.say(conn, extension(text), message(UNCHOKE));
    const waiting: [number, number, number][] = [];
    let seen = 0;
    for (let i = 0; i < 30; i += 1) {
      waiting.push(...lab.requests(conn));
      seen = Math.max(seen, waiting.length);
      const next = waiting.shift();
      if (next) lab.give(conn, data, next);
      if (i === 15) lab.pass(1);
    }
    expect(lab.status.complete || waiting.length > 0).toBe(true);
    expect(seen).toBeLessThanOrEqual(most);
  });

  test('conformance 50: yourip of any length changes nothing', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ extensions: true });
    lab.say(conn, extension('d6:yourip4:\x01\x02\x03\x04e'), extension('d6:yourip3:abce'));
    expect(lab.closed.has(conn)).toBe(false);
  });

  test('upload only: such a peer counts as a seed, may be asked, and is let go on completion (BEP 21)', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all', extensions: true, id: 'a' });
    const half = lab.peer({ has: Uint8Array.of(255, 255, 0), extensions: true, id: 'half' });
    lab.say(half, extension('d11:upload_onlyi1ee'), message(INTERESTED));
    expect(lab.status.peers.find((peer) => peer.conn === half)?.seed).toBe(true);
    expect(lab.status.peers.find((peer) => peer.conn === half)?.amChoking).toBe(true);
    lab.say(conn, message(UNCHOKE));
    for (let i = 0; i < 30; i += 1) for (const request of lab.requests(conn)) lab.give(conn, data, request);
    expect(lab.status.state).toBe('seeding');
    expect(lab.closed.has(half)).toBe(true);
    expect(lab.count('seedDisconnected')).toBe(2);
  });

  test('upload only: a peer that turns out a seed gives its slot back at once', () => {
    const lab = new Lab({ metainfo, settings: { uploadSlots: 1 } });
    const seed = lab.peer({ extensions: true, id: 'seed' });
    const leecher = lab.peer({ extensions: true, id: 'leecher' });
    lab.say(seed, message(INTERESTED));
    lab.say(leecher, message(INTERESTED));
    expect(lab.status.peers.map((peer) => peer.amChoking)).toEqual([false, true]);
    lab.say(seed, extension('d11:upload_onlyi1ee'));
    expect(lab.status.peers.map((peer) => peer.amChoking)).toEqual([true, false]);
    expect(ids(lab, seed)).toContain(CHOKE);
  });

  test('upload only: we say so when we have all that we want, and take it back', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ extensions: true });
    lab.frames(conn);
    const said = () => new TextDecoder().decode(lab.frames(conn).find((frame) => frame.id === EXTENDED)?.body);
    lab.engine.command(lab.now, { kind: 'filePriority', torrent: lab.torrent, file: 0, priority: 0 });
    lab.run();
    expect(said()).toContain('upload_onlyi1e');
    lab.engine.command(lab.now, { kind: 'filePriority', torrent: lab.torrent, file: 0, priority: 4 });
    lab.run();
    // What cannot have changed is not said again; without `m` and `metadata_size` libtorrent would take both for withdrawn.
    expect(said()).toMatch(/^\0d1:md11:lt_donthavei1e11:ut_metadatai2ee13:metadata_sizei\d+e11:upload_onlyi0ee$/);
  });
});

describe('conformance 44: donthave', () => {
  const DONT_HAVE = message(20, 1, ...u32(0));

  test('conformance 44: with the fast extension rejects are awaited', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all', extensions: true });
    lab.say(conn, message(UNCHOKE as number));
    const asked = lab.requests(conn);
    const outstanding = lab.status.peers[0]?.outstanding;
    lab.say(conn, message(20, 1, ...u32((asked[0] as [number, number, number])[0])));
    expect(lab.status.peers[0]?.pieces).toBe(23);
    expect(lab.status.peers[0]?.outstanding).toBe(outstanding);
    lab.engine.checkInvariants();
  });

  test('conformance 44: without it the requests of the piece are dropped, and asked of others', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all', fast: false, extensions: true });
    lab.say(conn, message(UNCHOKE as number));
    const [asked] = lab.requests(conn) as [[number, number, number]];
    const other = lab.peer({ has: 'all', id: 'other' });
    lab.say(conn, message(20, 1, ...u32(asked[0])));
    lab.say(other, message(UNCHOKE as number));
    expect(lab.requests(other).map(([piece]) => piece)).toContain(asked[0]);
    lab.engine.checkInvariants();
  });

  test('conformance 44: a piece out of range closes, a piece it never had changes nothing', () => {
    const lab = new Lab({ metainfo });
    const none = lab.peer({ has: 'none', extensions: true });
    lab.say(none, DONT_HAVE);
    expect(lab.closed.has(none)).toBe(false);
    lab.say(none, message(20, 1, ...u32(24)));
    expect(lab.closed.get(none)).toContain('haveRange');
  });
});
