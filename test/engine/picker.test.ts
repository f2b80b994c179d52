// The picker and its order of rarity against naive oracles.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '#harness';
import { Bitfield } from '../../engine/bitfield.ts';
import { Geometry } from '../../engine/geometry.ts';
import { KnownPeer } from '../../engine/peers/peer-book.ts';
import { PIECE_MISSING, Picker } from '../../engine/pieces/picker.ts';
import { BLOCK } from './lab.ts';

const PIECES = 12;
const BLOCKS_PER_PIECE = 3;
const geometry = new Geometry(BLOCKS_PER_PIECE * BLOCK, [PIECES * BLOCKS_PER_PIECE * BLOCK - 1]);

function picker(seed = 'picker', order: 'rarestFirst' | 'random' = 'rarestFirst'): Picker {
  return new Picker(geometry, order, new Random(seed));
}

function bitsOf(pieces: Iterable<number>): Bitfield {
  const bits = new Bitfield(PIECES);
  for (const piece of pieces) bits.set(piece);
  return bits;
}

function asker(mayAsk: (piece: number) => boolean = () => true, queue: number[] = []) {
  const outstanding = queue.length;
  const isAskedFor = (key: number) => queue.includes(key);
  return { known: new KnownPeer('k', null), mayAsk, outstanding, snubbed: false, isAskedFor };
}

/** What is picked where every request that is out is late. */
function pick(
  from: Picker,
  count: number,
  peer = asker(),
  how: { mayBegin?: boolean; whole?: boolean; onTheWay?: ReadonlySet<number> } = {},
): number[] {
  const keys: number[] = [];
  const wantedCount = Array.from({ length: PIECES }, (_, at) => at).filter(
    (piece) => peer.mayAsk(piece) && from.wants(piece),
  ).length;
  from.pick(
    { ...peer, wantedCount },
    count,
    { now: 1, onTheWay: new Set(), mayBegin: true, whole: false, ...how },
    keys,
  );
  from.checkInvariants();
  return keys;
}

const pieceOf = (key: number) => Math.floor(key / BLOCKS_PER_PIECE);

describe('picker', () => {
  test('picker: the piece begun next is one that fewest have, of the highest priority (any joins, haves, leaves, wishes)', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('join' as const), pieces: fc.uniqueArray(fc.nat(PIECES - 1)) }),
      fc.record({ kind: fc.constant('leave' as const), which: fc.nat(20) }),
      fc.record({ kind: fc.constant('have' as const), which: fc.nat(20), piece: fc.nat(PIECES - 1) }),
      fc.record({ kind: fc.constant('wish' as const), piece: fc.nat(PIECES - 1), priority: fc.nat(7) }),
      fc.record({ kind: fc.constant('pick' as const) }),
      fc.record({ kind: fc.constant('drop' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.nat(), (steps, seed) => {
        const real = picker(String(seed));
        const peers: { bits: Bitfield; full: boolean }[] = [];
        const taken: number[] = [];
        const copies = (piece: number) => peers.filter((peer) => peer.bits.has(piece)).length;
        for (const next of steps) {
          if (next.kind === 'join') {
            const bits = bitsOf(next.pieces);
            peers.push({ bits, full: bits.full });
            real.peerJoined(bits);
          } else if (next.kind === 'leave' && peers.length > 0) {
            const [gone] = peers.splice(next.which % peers.length, 1) as [{ bits: Bitfield; full: boolean }];
            real.peerLeft(gone.bits, gone.full);
          } else if (next.kind === 'have' && peers.length > 0) {
            if (peers[next.which % peers.length]?.bits.set(next.piece)) real.peerGot(next.piece);
          } else if (next.kind === 'wish') real.setPriority(next.piece, next.priority);
          else if (next.kind === 'drop' && taken.length > 0)
            for (const key of taken.splice(0, BLOCKS_PER_PIECE)) real.release(key);
          else if (next.kind === 'pick') {
            const missing = Array.from({ length: PIECES }, (_, piece) => piece).filter(
              (piece) => real.state(piece) === PIECE_MISSING && real.priority(piece) > 0,
            );
            const free = real.partials.filter((partial) => partial.freeCount > 0 && real.priority(partial.piece) > 0);
            const keys = pick(real, BLOCKS_PER_PIECE);
            if (free.length === 0 && missing.length > 0 && !real.endGame) {
              const best = Math.max(...missing.map((piece) => real.priority(piece)));
              const rarest = Math.min(...missing.filter((piece) => real.priority(piece) === best).map(copies));
              const begun = pieceOf(keys[0] as number);
              expect([real.priority(begun), copies(begun)]).toEqual([best, rarest]);
            }
            taken.push(...keys);
          }
          real.checkInvariants();
          for (let piece = 0; piece < PIECES; piece += 1) expect(real.availability(piece)).toBe(copies(piece));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('picker: free blocks of begun pieces come first, in order, then new pieces', () => {
    const real = picker();
    const first = pick(real, 1);
    const rest = pick(real, 3);
    const begun = pieceOf(first[0] as number) * BLOCKS_PER_PIECE;
    expect(first).toEqual([begun]);
    expect(rest.slice(0, 2)).toEqual([begun + 1, begun + 2]);
    expect((rest[2] as number) % BLOCKS_PER_PIECE).toBe(0);
    expect(pieceOf(rest[2] as number)).not.toBe(pieceOf(begun));
  });

  test('picker: in sequential mode pieces are begun in order; a priority goes before it', () => {
    const real = picker();
    real.sequential = true;
    expect(pick(real, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    real.setPriority(9, 7);
    expect(pick(real, 4)).toEqual([27, 28, 29, 6]);
  });

  test('picker: what is skipped is not begun, and its free blocks are not asked for', () => {
    const real = picker();
    for (let piece = 1; piece < PIECES; piece += 1) real.setPriority(piece, 0);
    expect(real.wantedLeft).toBe(1);
    expect(pick(real, 1)).toEqual([0]);
    real.setPriority(0, 0);
    expect(pick(real, 9)).toEqual([]);
    expect(real.wantedLeft).toBe(0);
  });

  test('picker: nothing new is begun while memory is short, and nothing that the peer lacks', () => {
    const real = picker();
    expect(pick(real, 9, asker(), { mayBegin: false })).toEqual([]);
    expect(
      pick(
        real,
        9,
        asker((piece) => piece === 4),
      ),
    ).toEqual([12, 13, 14]);
    real.checkInvariants();
  });

  test('picker: ties are broken by chance (40 seeds begin with more than five different pieces)', () => {
    const begun = new Set(Array.from({ length: 40 }, (_, seed) => pieceOf(pick(picker(String(seed)), 1)[0] as number)));
    expect(begun.size).toBeGreaterThan(5);
  });

  test('picker: end-game asks nobody for what is about to come from another', () => {
    const real = picker();
    const all = pick(real, PIECES * BLOCKS_PER_PIECE);
    const [last] = pick(real, 1);
    expect(pick(real, 1, asker(), { onTheWay: new Set(all) })).toEqual([]);
    const others = all.filter((key) => key !== last);
    expect(pick(real, 1, asker(), { onTheWay: new Set(others.slice(1)) })).toEqual([others[0]]);
  });

  test('picker: end-game begins when no block is free, asks for requested blocks once a peer, and ends with a free one', () => {
    const real = picker();
    const all = pick(real, PIECES * BLOCKS_PER_PIECE);
    expect(new Set(all).size).toBe(PIECES * BLOCKS_PER_PIECE);
    expect(real.endGame).toBe(true);
    expect(
      pick(
        real,
        5,
        asker(() => true, all),
      ),
    ).toEqual([]);
    const again = pick(real, 5);
    expect(again.length).toBeGreaterThan(0);
    expect(new Set(again).size).toBe(again.length);
    expect(all).toEqual(expect.arrayContaining(again));
    real.release(again[0] as number);
    expect(real.endGame).toBe(true);
    real.release(all.find((key) => !again.includes(key)) as number);
    expect(real.endGame).toBe(false);
  });

  test('picker: a peer on parole gets a whole piece that nobody else touches, and nobody else gets it', () => {
    const real = picker();
    real.sequential = true;
    expect(pick(real, 1)).toEqual([0]);
    const suspect = asker();
    expect(pick(real, 2, suspect, { whole: true })).toEqual([3, 4]);
    expect(pick(real, 3)).toEqual([1, 2, 6]);
    expect(pick(real, 1, suspect, { whole: true })).toEqual([5]);
  });

  test('picker: in random order every missing piece is begun once, in no order of rarity (peers come and go meanwhile)', () => {
    const firsts = new Set<number>();
    for (let seed = 0; seed < 60; seed += 1) {
      const real = picker(String(seed), 'random');
      // Piece 0 is the rarest, and more peers come and go between the picks.
      real.peerJoined(bitsOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
      const begun: number[] = [];
      for (let turn = 0; turn < PIECES; turn += 1) {
        begun.push(pieceOf(pick(real, BLOCKS_PER_PIECE)[0] as number));
        real.peerGot(turn);
        if (turn % 3 === 2) real.peerLost(turn - 1);
        real.checkInvariants();
      }
      expect(begun.toSorted((one, other) => one - other)).toEqual(Array.from({ length: PIECES }, (_, piece) => piece));
      firsts.add(begun[0] as number);
    }
    expect(firsts.size).toBeGreaterThan(6);
  });
});
