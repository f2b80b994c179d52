// Blocks that come after they were given up: as good as any other, where they are still missing.

import { describe, expect, test } from 'vitest';
import { BLOCK, Lab, makeTorrent, message } from './lab.ts';

const UNCHOKE = message(1);
const REQUEST = 6;
const CANCEL = 8;

describe('late blocks', () => {
  test.each([1, 4])(
    'late blocks: a peer that takes longer for a block than it is given still brings the file (pieces of %i blocks)',
    (blocks) => {
      const { metainfo, data } = makeTorrent({ totalBytes: 8 * BLOCK, pieceLength: blocks * BLOCK });
      const lab = new Lab({ metainfo, settings: { requestTimeoutMs: 10_000 } });
      const slow = lab.peer({ has: 'all' });
      lab.say(slow, UNCHOKE);
      // It answers every request, in order, one every 15 s.
      const waiting = [...lab.requests(slow)];
      let sent = 0;
      for (; sent < 40 && !lab.status.complete; sent += 1) {
        lab.pass(15);
        waiting.push(...lab.requests(slow));
        const asked = waiting.shift();
        if (asked !== undefined) lab.give(slow, data, asked);
        waiting.push(...lab.requests(slow));
      }
      expect(lab.count('requestTimedOut')).toBeGreaterThan(0);
      expect(lab.status.complete).toBe(true);
      lab.engine.checkInvariants();
    },
  );

  test('late blocks: while its answer is owed a block is not asked for again', () => {
    const { metainfo, data } = makeTorrent({ totalBytes: 8 * BLOCK, pieceLength: 4 * BLOCK });
    const lab = new Lab({ metainfo, settings: { requestTimeoutMs: 60_000 } });
    const slow = lab.peer({ has: 'all', fast: true });
    lab.say(slow, UNCHOKE);
    // It is snubbed between any two of its blocks.
    const waiting = [...lab.requests(slow)];
    let asked = waiting.length;
    for (let sent = 0; sent < 8; sent += 1) {
      lab.pass(12);
      const more = lab.requests(slow);
      asked += more.length;
      waiting.push(...more);
      lab.give(slow, data, waiting.shift()!);
    }
    expect(lab.count('peerSnubbed')).toBeGreaterThan(5);
    expect(lab.status).toMatchObject({ complete: true, wastedBytes: 0 });
    expect(asked).toBe(8);
    lab.engine.checkInvariants();
  });

  test('late blocks: one that came from another meanwhile is counted as waste, and nothing is begun for it', () => {
    const { metainfo, data } = makeTorrent({ totalBytes: 2 * BLOCK, pieceLength: BLOCK });
    const lab = new Lab({ metainfo, settings: { requestTimeoutMs: 10_000 } });
    const slow = lab.peer({ has: 'all' });
    lab.say(slow, UNCHOKE);
    const late = lab.requests(slow).find(([piece]) => piece === 0)!;
    lab.pass(12);
    const other = lab.peer({ id: 'other', has: 'all' });
    lab.say(other, UNCHOKE);
    for (const asked of lab.requests(other)) if (asked[0] === 0) lab.give(other, data, asked);
    expect(lab.status.havePieces).toBe(1);
    lab.give(slow, data, late);
    expect(lab.status.havePieces).toBe(1);
    expect(lab.status.wastedBytes).toBe(BLOCK);
    lab.engine.checkInvariants();
  });

  test('late blocks: the answer to what was given up cancels what was asked for anew', () => {
    const { metainfo, data } = makeTorrent({ totalBytes: 2 * BLOCK, pieceLength: 2 * BLOCK });
    const lab = new Lab({ metainfo, settings: { requestTimeoutMs: 10_000 } });
    const slow = lab.peer({ has: 'all' });
    lab.say(slow, UNCHOKE);
    const first = lab.requests(slow);
    expect(first.map(([, begin]) => begin)).toEqual([0, BLOCK]);
    // Given up after 10 s, and after as long again asked for anew.
    lab.pass(25);
    const anew = lab.frames(slow).filter(({ id }) => id === REQUEST || id === CANCEL);
    expect(anew.map(({ id }) => id)).toEqual([REQUEST]);
    lab.give(slow, data, [0, 0, BLOCK]);
    const then = lab.frames(slow).filter(({ id }) => id === CANCEL);
    expect(then.length).toBe(1);
    expect(lab.status.wastedBytes).toBe(0);
  });
});
