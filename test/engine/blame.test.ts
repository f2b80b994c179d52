// Who is named by the blocks of a piece that failed and then passed.

import { expect, test } from 'vitest';
import { KnownPeer } from '../../engine/peers/peer-book.ts';
import { Blame } from '../../engine/torrent/blame.ts';

const DIGEST_BYTES = 20;
const digests = (...blocks: number[]) => Uint8Array.from(blocks.flatMap((block) => Array(DIGEST_BYTES).fill(block)));
const block = new Uint8Array(1);

test('blame: the sender of a block that differs is guilty, the others of the piece are cleared', () => {
  const [liar, honest] = [new KnownPeer('liar', null), new KnownPeer('honest', null)];
  const blame = new Blame();
  blame.remember(0, digests(9, 2), [liar, honest]);
  const { guilty, cleared } = blame.judge(0, digests(1, 2), [block, block]);
  expect([...guilty]).toEqual([liar]);
  expect([...cleared]).toEqual([honest]);
});

test('blame: a block that was read from the disk again proves nothing against its sender, and clears nobody', () => {
  const [one, other] = [new KnownPeer('one', null), new KnownPeer('other', null)];
  const blame = new Blame();
  blame.remember(0, digests(1, 9), [one, other]);
  // The disk gave block 0 as 7 for this, though not for the hash that passed.
  const { guilty, cleared } = blame.judge(0, digests(7, 2), [null, block]);
  expect([...guilty]).toEqual([other]);
  expect([...cleared]).toEqual([]);
  expect(one.suspicions).toBe(0);
});
