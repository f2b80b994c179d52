// The book of WebRTC introductions on a virtual clock, without a connection.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INTRODUCTION_US, introducedPeer } from '#engine';
import { Introductions, type LinkId, type ReceivedOffer } from '../../client/webrtc/introductions.ts';

const SECOND = 1_000_000;
const TORRENT = 3;

function idOf(character: string): Uint8Array {
  return new TextEncoder().encode(character.repeat(20));
}

const OWN = idOf('m');

/** A book, and what it said. */
class Book {
  now = 0;
  readonly introduced: string[] = [];
  readonly finished: LinkId[] = [];
  readonly answered: { readonly link: LinkId; readonly offer: ReceivedOffer }[] = [];
  readonly dropped: LinkId[] = [];
  readonly failed: { readonly conn: number; readonly why: string }[] = [];
  readonly own: Uint8Array;
  readonly book = new Introductions({
    introduced: (_torrent, peerId) => this.introduced.push(introducedPeer(peerId).host),
    finish: (link) => this.finished.push(link),
    answer: (link, offer) => this.answered.push({ link, offer }),
    drop: (link) => this.dropped.push(link),
    failed: (conn, why) => this.failed.push({ conn, why }),
  });

  constructor(own = OWN) {
    this.own = own;
  }

  offer(offerId: string, torrent = TORRENT): LinkId {
    const link = this.book.newLink();
    this.book.offerMade(this.now, { torrent, ownId: this.own, offerId, link });
    return link;
  }

  answerCame(offerId: string, peerId: Uint8Array, torrent = TORRENT): void {
    this.book.answerReceived(this.now, { torrent, peerId, offerId, sdp: 'answer' });
  }

  offerCame(peerId: Uint8Array, offerId = 'theirs', torrent = TORRENT): void {
    this.book.offerReceived(this.now, {
      torrent,
      peerId,
      ownId: this.own,
      url: 'ws://t',
      offerId,
      sdp: 'offer',
    });
  }

  dial(conn: number, peerId: Uint8Array, torrent = TORRENT): void {
    this.book.dialled(this.now, conn, torrent, introducedPeer(peerId).host);
  }

  pass(us: number): void {
    this.now += us;
    this.book.tick(this.now);
  }
}

describe('introductions', () => {
  test('introductions: our offer is answered, dialled and opened', () => {
    const book = new Book();
    const link = book.offer('o');
    book.answerCame('o', idOf('a'));
    expect(book.introduced).toEqual([introducedPeer(idOf('a')).host]);
    expect(book.finished).toEqual([]);
    book.dial(0, idOf('a'));
    expect(book.finished).toEqual([link]);
    expect(book.book.opened(link)).toEqual({ conn: 0, outgoing: true });
    book.pass(1000 * SECOND);
    expect([book.dropped, book.failed]).toEqual([[], []]);
  });

  test('introductions: their offer is dialled, answered and opened', () => {
    const book = new Book();
    book.offerCame(idOf('a'));
    book.dial(0, idOf('a'));
    expect(book.answered).toMatchObject([{ offer: { offerId: 'theirs', sdp: 'offer' } }]);
    expect(book.book.opened(book.answered[0]?.link as number)).toEqual({ conn: 0, outgoing: false });
    expect(book.book.nextTimeout()).toBeNull();
  });

  test('introductions: an offer that nobody answers is dropped after 50 s', () => {
    const book = new Book();
    const link = book.offer('o');
    expect(book.book.nextTimeout()).toBe(50 * SECOND);
    book.pass(50 * SECOND - 1);
    expect(book.dropped).toEqual([]);
    book.pass(1);
    expect(book.dropped).toEqual([link]);
    book.answerCame('o', idOf('a'));
    expect(book.introduced).toEqual([]);
  });

  test('introductions: what the engine does not dial is dropped when it is not fresh any more', () => {
    const book = new Book();
    const link = book.offer('o');
    book.answerCame('o', idOf('a'));
    book.offerCame(idOf('b'));
    book.pass(INTRODUCTION_US);
    expect(book.dropped).toEqual([link]);
    book.dial(0, idOf('a'));
    book.dial(2, idOf('b'));
    expect(book.failed).toEqual([
      { conn: 0, why: 'unreachable' },
      { conn: 2, why: 'unreachable' },
    ]);
  });

  test('introductions: a dial that does not open in time fails, once', () => {
    const book = new Book();
    book.offerCame(idOf('a'));
    book.dial(0, idOf('a'));
    book.pass(20 * SECOND);
    book.book.linkFailed(book.answered[0]?.link as number);
    book.pass(20 * SECOND);
    expect(book.failed).toEqual([{ conn: 0, why: 'timeout' }]);
    expect(book.dropped).toEqual([book.answered[0]?.link]);
    expect(book.book.opened(book.answered[0]?.link as number)).toBeNull();
  });

  test('introductions: an answer counts once, for its torrent, and not from ourselves', () => {
    const book = new Book();
    book.offer('o');
    book.answerCame('o', OWN);
    book.answerCame('o', idOf('a'), TORRENT + 1);
    book.answerCame('other', idOf('a'));
    expect(book.introduced).toEqual([]);
    book.answerCame('o', idOf('a'));
    book.answerCame('o', idOf('b'));
    expect(book.introduced).toEqual([introducedPeer(idOf('a')).host]);
    book.offerCame(OWN);
    expect(book.introduced).toHaveLength(1);
  });

  test('introductions: who answered two of our offers keeps one', () => {
    const book = new Book();
    book.offer('o');
    const second = book.offer('p');
    book.answerCame('o', idOf('a'));
    book.answerCame('p', idOf('a'));
    expect(book.dropped).toEqual([second]);
  });

  test('introductions: two that offer to each other and both answer keep the offer of the higher id', () => {
    const low = new Book(idOf('a'));
    const high = new Book(idOf('z'));
    const lowLink = low.offer('from low');
    const highLink = high.offer('from high');
    low.offerCame(high.own, 'from high');
    high.offerCame(low.own, 'from low');
    low.dial(0, high.own);
    high.dial(0, low.own);
    low.answerCame('from low', high.own);
    high.answerCame('from high', low.own);
    expect(low.dropped).toEqual([lowLink]);
    expect(high.dropped).toEqual([high.answered[0]?.link]);
    expect(low.book.opened(low.answered[0]?.link as number)).toEqual({ conn: 0, outgoing: false });
    expect(high.book.opened(highLink)).toEqual({ conn: 0, outgoing: true });
  });

  test('introductions: leaving drops what waits for the torrent, and nothing of another', () => {
    const book = new Book();
    const link = book.offer('o');
    const other = book.offer('p', TORRENT + 1);
    const answered = book.offer('q');
    book.answerCame('q', idOf('a'));
    book.book.torrentLeft(TORRENT);
    expect(book.dropped).toEqual([link, answered]);
    book.answerCame('p', idOf('a'), TORRENT + 1);
    book.dial(0, idOf('a'), TORRENT + 1);
    expect(book.finished).toEqual([other]);
  });

  test('introductions: offers are bounded by announce and over all', () => {
    const book = new Book();
    expect(book.book.room(200)).toBe(10);
    expect(book.book.room(3)).toBe(3);
    for (let at = 0; at < 35; at += 1) book.offer(`o${at}`);
    expect(book.book.room(200)).toBe(5);
    for (let at = 35; at < 45; at += 1) book.offer(`o${at}`);
    expect(book.book.room(200)).toBe(0);
  });

  test('introductions: a tracker that floods us with offers makes us hold no more than 256', () => {
    const book = new Book();
    for (let at = 0; at < 5_000; at += 1) {
      const peerId = OWN.slice();
      new DataView(peerId.buffer).setUint32(0, at);
      book.offerCame(peerId);
    }
    expect(book.introduced).toHaveLength(256);
  });

  test('introductions: every link ends once and every dial is answered once (any run)', () => {
    const peers = ['a', 'b', 'z'].map(idOf);
    const step = fc.record({
      kind: fc.constantFrom('offer', 'answerCame', 'offerCame', 'dial', 'open', 'fail', 'abort', 'leave', 'pass'),
      peer: fc.nat(2),
      which: fc.nat(30),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const book = new Book();
        const links: LinkId[] = [];
        const ended = new Set<LinkId>();
        const over = new Set<number>();
        let offers = 0;
        let conns = 0;
        for (const { kind, peer, which } of steps) {
          const peerId = peers[peer] as Uint8Array;
          const link = links[which % Math.max(1, links.length)];
          if (kind === 'offer') links.push(book.offer(String(offers++)));
          else if (kind === 'answerCame') book.answerCame(String(which % Math.max(1, offers)), peerId);
          else if (kind === 'offerCame') book.offerCame(peerId);
          else if (kind === 'dial') book.dial(conns++, peerId);
          else if (kind === 'abort') {
            if (which < conns && !over.has(which)) book.book.aborted(which);
            if (which < conns) over.add(which);
          } else if (kind === 'leave') book.book.torrentLeft(TORRENT);
          else if (kind === 'pass') book.pass(which * SECOND);
          else if (link !== undefined && !ended.has(link)) {
            if (kind === 'open') {
              const opened = book.book.opened(link);
              if (opened !== null) {
                ended.add(link);
                over.add(opened.conn);
              }
            } else {
              ended.add(link);
              book.book.linkFailed(link);
            }
          }
          for (const made of book.answered.splice(0)) links.push(made.link);
          for (const dropped of book.dropped.splice(0)) {
            expect(ended.has(dropped)).toBe(false);
            ended.add(dropped);
          }
          for (const { conn } of book.failed.splice(0)) {
            expect(over.has(conn)).toBe(false);
            over.add(conn);
          }
        }
        book.pass(100 * SECOND);
        expect(book.book.nextTimeout()).toBeNull();
        for (const dropped of book.dropped) ended.add(dropped);
        for (const { conn } of book.failed) over.add(conn);
        expect(links.every((link) => ended.has(link))).toBe(true);
        for (let conn = 0; conn < conns; conn += 1) expect(over.has(conn)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
