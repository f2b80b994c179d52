// BEP 16: a seed that shows each peer one piece at a time.

import { expect, test } from 'vitest';
import { BLOCK, Lab, makeTorrent, message, u32, uint32 } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 8 * BLOCK, pieceLength: BLOCK });
const INTERESTED = message(2);
const have = (piece: number) => message(4, ...u32(piece));

function superSeed(): Lab {
  return new Lab({ metainfo, disk: data, settings: { superSeeding: true } });
}

/** Pieces that the engine told of since it was last asked; nothing else that would give it away was said. */
function shown(lab: Lab, conn: number): number[] {
  const frames = lab.frames(conn);
  // Neither a bitfield nor HAVE_ALL.
  expect(frames.filter(({ id }) => id === 5 || id === 14)).toEqual([]);
  return frames.filter(({ id }) => id === 4).map(({ body }) => uint32(body, 0));
}

test('super-seeding: a peer is told of nothing, then of one piece (with the fast extension and without)', () => {
  for (const fast of [true, false]) {
    const lab = superSeed();
    expect([fast, shown(lab, lab.peer({ fast })).length]).toEqual([fast, 1]);
  }
});

test('super-seeding: every peer is shown another piece while there are enough', () => {
  const lab = superSeed();
  const pieces = Array.from({ length: 8 }, (_, at) => shown(lab, lab.peer({ id: `peer ${at}` }))[0]);
  expect(new Set(pieces).size).toBe(8);
});

test('super-seeding: the next piece is shown once somebody else has the last one, not when it arrived', () => {
  const lab = superSeed();
  const conn = lab.peer({ id: 'one' });
  const other = lab.peer({ id: 'two' });
  const [piece] = shown(lab, conn) as [number];
  const [otherPiece] = shown(lab, other) as [number];
  lab.say(conn, have(piece));
  expect(shown(lab, conn)).toEqual([]);
  lab.say(other, have(piece));
  const [next, ...more] = shown(lab, conn);
  expect(more).toEqual([]);
  expect([piece, otherPiece]).not.toContain(next);
  expect(shown(lab, other)).toEqual([]);
});

test('super-seeding: one that cannot pass its piece on is shown the next (alone, or after a minute)', () => {
  const lab = superSeed();
  const conn = lab.peer({ id: 'one' });
  const [piece] = shown(lab, conn) as [number];
  lab.say(conn, have(piece));
  expect(shown(lab, conn)).toHaveLength(1);
  lab.peer({ id: 'two' });
  lab.pass(58);
  expect(shown(lab, conn)).toEqual([]);
  lab.pass(3);
  expect(shown(lab, conn)).toHaveLength(1);
});

test('super-seeding: nothing is shown that the peer has, and a lone peer gets every piece', () => {
  const lab = superSeed();
  const conn = lab.peer({ has: Uint8Array.of(0b1111_1110) });
  lab.say(conn, INTERESTED);
  expect(shown(lab, conn)).toEqual([7]);
  const second = superSeed();
  const other = second.peer();
  const got = new Set<number>();
  for (let turn = 0; turn < 8; turn += 1)
    for (const piece of shown(second, other)) {
      got.add(piece);
      second.say(other, have(piece));
    }
  expect(got.size).toBe(8);
});

test('super-seeding: a leecher tells of nothing less by it (it has no piece to hide)', () => {
  const lab = new Lab({ metainfo, settings: { superSeeding: true } });
  const conn = lab.peer();
  expect(lab.frames(conn).map(({ id }) => id)).toEqual([15]);
});

test('super-seeding: a leecher tells a peer that only uploads of a piece it was shown', () => {
  const lab = new Lab({ metainfo });
  const seed = lab.peer({ extensions: true });
  lab.say(seed, message(20, 0, ...new TextEncoder().encode('d11:upload_onlyi1ee')), have(3), message(1));
  const [request] = lab.requests(seed) as [[number, number, number]];
  lab.give(seed, data, request);
  expect(lab.frames(seed).filter(({ id, body }) => id === 4 && uint32(body, 0) === 3)).toHaveLength(1);
});
