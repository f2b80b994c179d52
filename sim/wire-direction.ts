// One direction of one connection as the wire observer knows it: what a node has said, and what it may be held to by that alone.
//
// What was said is heard later: behind the blocks that stood before it in the sender's socket, and after the way. What cannot be known to
// have been heard is held against nobody.

import { Violation } from './invariants.ts';
import type { SimNode } from './sim-node.ts';

/** A block is one number: its piece times this, and its place in the piece. */
export const BLOCKS_MAX = 2 ** 20;

/** A word that was said on a connection. It is heard once the blocks before it are here, and after the way. */
export interface Word {
  /** When it was said, or the last block before it arrived. */
  at: number;
  /** Blocks before it that are still under way. */
  blocksBefore: number;
}

/** What one node said on one connection so far. */
export interface Direction {
  readonly node: SimNode;
  readonly other: SimNode | null;
  readonly conn: number;
  readonly end: number;
  buffer: number[];
  handshake: boolean;
  /** When each request was made whose block has not arrived, and that was not cancelled or rejected: with the
   *  fast extension, which every engine speaks, a choke drops none. */
  readonly asked: Map<number, number>;
  /** Blocks that left and have not arrived: what each is, and how many bytes of it are to come. */
  readonly underWay: { readonly key: number; bytes: number }[];
  unchoking: boolean;
  /** Its last CHOKE; said at −Infinity: it always has. */
  readonly choke: Word;
  /** Its last INTERESTED or NOT INTERESTED. */
  readonly interest: Word;
  /** What it said when its download was complete, or first of all where that is later. */
  readonly completion: Word;
  /** When a block of it last arrived: what it said before that is heard. */
  lastBlockAt: number;
  interested: boolean;
  /** Pieces that it said it has, and those that may be asked of it while it chokes. */
  readonly said: Set<number>;
  saidAll: boolean;
  readonly allowedFast: Set<number>;
}

/** A choke answers, at once, what it drops (BEP 6); what crosses it is answered when it is there, however late. */
const ANSWERS_US = 10_000_000;
/** A choke is heard once the blocks before it are here, and a message has had the time for its way, also if it was lost once. */
const CHOKE_HEARD_US = 5_000_000;

/** `word` is said now. */
export function say(word: Word, { node, underWay }: Direction): void {
  word.at = node.now;
  word.blocksBefore = underWay.length;
}

/** A block of `direction` has arrived: words that stood behind it have one less before them. */
export function blockArrived(direction: Direction): void {
  const { node, choke, interest, completion } = direction;
  direction.lastBlockAt = node.now;
  for (const word of [choke, interest, completion]) {
    if (word.blocksBefore === 0) continue;
    word.blocksBefore -= 1;
    word.at = node.now;
  }
}

/** Asked is only for what the other said it has, and not after its choke was heard; `prompt`: that can be known. */
export function checkMayAsk({ node }: Direction, asked: Direction, piece: number, prompt: boolean): void {
  const who = `node ${node.index} asked for piece ${piece} of node ${asked.node.index}, which`;
  if (!asked.saidAll && !asked.said.has(piece)) throw new Violation(`${who} never had it`);
  if (prompt && !asked.unchoking && isChokeHeard(asked) && !asked.allowedFast.has(piece))
    throw new Violation(`${who} has choked for long`);
}

/** By whom it was said to; where none was said, too. */
export function isChokeHeard({ node, choke }: Direction): boolean {
  return choke.blocksBefore === 0 && node.now - choke.at > CHOKE_HEARD_US;
}

/** `by` has choked for a while: what it was asked for before that was sent or rejected. */
export function checkAnswered(by: Direction, asker: Direction): void {
  if (by.node !== asker.other || !by.node.options.honest || asker.underWay.length > 0) return;
  if (by.node.now - Math.max(by.choke.at, asker.lastBlockAt) < ANSWERS_US) return;
  for (const [key, askedAt] of asker.asked) {
    const piece = Math.floor(key / BLOCKS_MAX);
    const answered = by.underWay.some((block) => block.key === key) || by.allowedFast.has(piece);
    if (askedAt >= by.choke.at || answered) continue;
    throw new Violation(
      `node ${by.node.index} dropped block ${key % BLOCKS_MAX} of piece ${piece} without a word to node ${asker.node.index}`,
    );
  }
}
