// Whom to dial next: those who are of use to one who wants something, and to one who only gives.

import { describe, expect, test } from 'vitest';
import { Bitfield } from '../../engine/bitfield.ts';
import { type KnownPeer, PeerBook } from '../../engine/peers/peer-book.ts';

const PIECES = 8;
const SECOND = 1e6;

/** Peers of a book, heard of in this order. */
function heard(book: PeerBook, count: number): KnownPeer[] {
  return Array.from({ length: count }, (_, i) => book.heardOf({ host: `10.9.0.${i}`, port: 6881 }) as KnownPeer);
}

function withPieces(count: number): Bitfield {
  const bits = new Bitfield(PIECES);
  for (let piece = 0; piece < count; piece += 1) bits.set(piece);
  return bits;
}

/** The order in which they would be dialled, were none of the dials to succeed and none to be tried again. */
function order(book: PeerBook, peers: readonly KnownPeer[], seeding: boolean): number[] {
  const found: number[] = [];
  for (let peer = book.best(60 * SECOND, seeding); peer !== null; peer = book.best(60 * SECOND, seeding)) {
    found.push(peers.indexOf(peer));
    peer.conn = found.length;
  }
  return found;
}

describe('peer book', () => {
  test('who wants something dials the peer that gave most, though it refused once, and of two alike the one that did not', () => {
    const book = new PeerBook();
    const peers = heard(book, 5);
    const [refused, fast, full, useless] = peers as [KnownPeer, KnownPeer, KnownPeer, KnownPeer, KnownPeer];
    book.dialFailed(refused, 0, true);
    fast.downloadBps = 100_000;
    book.dialFailed(fast, 0, true);
    full.bitfield = withPieces(PIECES);
    useless.adjustTrust(-1);
    expect(order(book, peers, false)).toEqual([1, 2, 4, 0, 3]);
  });

  test('a seed dials those it never met before those that left it with nearly everything or did not answer, and no seed', () => {
    const book = new PeerBook();
    const peers = heard(book, 5);
    const [served, half, silent, seed] = peers as [KnownPeer, KnownPeer, KnownPeer, KnownPeer, KnownPeer];
    served.bitfield = withPieces(PIECES - 1);
    served.downloadBps = 100_000;
    half.bitfield = withPieces(PIECES / 2);
    book.dialFailed(silent, 0, true);
    seed.seed = true;
    seed.bitfield = withPieces(PIECES);
    expect(order(book, peers, true)).toEqual([4, 1, 0, 2]);
  });

  test('who broke the protocol is left alone for two minutes, and each time for twice as long', () => {
    const book = new PeerBook();
    const [peer] = heard(book, 1) as [KnownPeer];
    for (const minutes of [2, 4, 8, 16]) {
      peer.brokeProtocol(0);
      expect(book.best(minutes * 60 * SECOND - 1, false)).toBe(null);
      expect(book.best(minutes * 60 * SECOND, false)).toBe(peer);
    }
  });
});
