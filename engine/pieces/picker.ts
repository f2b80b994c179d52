// Which blocks a peer is asked for next, in the order of the notes:
//   1. free blocks of partial pieces, sequentially, until the peer's target is filled;
//   2. new pieces (rarest first, ties by chance; or in order, when sequential), whose free blocks are taken and which join the partial ones;
//   3. end-game, once no block is free and no wanted piece is missing: requested blocks that are not in this peer's own queue.
// One that is snubbed gets free blocks alone, or those who never answer would take turns at the last blocks, and whoever does answer would
// hardly be asked.
// File priorities and sequential mode change the order of pieces, never these rules. A peer on parole gets whole pieces to itself.
//
// The states of a piece are disjoint:
//   missing ──► partial ──► hashing ──► have ──► written ──► flushed
//      ◄──────────┴────(hash failed)──┘
// have: the hash passed; written: peers may be told and served; flushed: durable, resume data may claim it.

import { assert } from '../bug.ts';
import type { Instant, RandomStream } from '../contract.ts';
import type { Geometry } from '../geometry.ts';
import type { PickRule } from '../inspection.ts';
import { insertAt, remove } from '../lists.ts';
import type { Reasons } from '../reasons.ts';
import type { KnownPeer } from '../peers/peer-book.ts';
import { Bitfield } from '../bitfield.ts';
import { BLOCK_RECEIVED, BLOCK_REQUESTED, type FreeBlocks, PartialPiece } from './partial-piece.ts';
import { PieceRows } from './piece-rows.ts';
import { RarityOrder } from './rarity-order.ts';

export const PIECE_MISSING = 0;
const PIECE_PARTIAL = 1;
export const PIECE_HASHING = 2;
const PIECE_HAVE = 3;
export const PIECE_WRITTEN = 4;
export const PIECE_FLUSHED = 5;

export const PRIORITY_NORMAL = 4;
const PRIORITY_LEVELS = 8;

/** Peers that may be asked for the same block in end-game: enough that a slow one never holds up the end, few enough that
 *  duplicates stay a small part of the file. */
const END_GAME_REQUESTERS_MAX = 3;

/** What the picker must know of the peer that is asked. */
export interface AskedPeer {
  readonly known: KnownPeer;
  /** It has the piece and, where it chokes us, allows it (BEP 6). */
  mayAsk(piece: number): boolean;
  /** Pieces that it has and we want. */
  readonly wantedCount: number;
  /** Blocks that it is asked for and has not sent. */
  readonly outstanding: number;
  /** It has not answered for too long. */
  readonly snubbed: boolean;
  /** The block is in its queue already. */
  isAskedFor(key: number): boolean;
}

export interface PickOptions {
  readonly now: Instant;
  /** False: no new piece is begun, because memory is short. */
  readonly mayBegin: boolean;
  /** Only pieces that nobody else touches (parole). */
  readonly whole: boolean;
  /** In end-game these blocks come from whom they were asked of, and in time: asking somebody else for them would only bring them twice. */
  readonly onTheWay: { has(key: number): boolean };
}

export class Picker {
  // What every message touches stands first, side by side, as in `Peer`.
  /** In the order of picking: priority, then age. */
  readonly partials: PartialPiece[] = [];
  readonly #free: FreeBlocks = { count: 0 };
  readonly #partialOf = new Map<number, PartialPiece>();
  /** Copies: among connected peers, those apart that joined as seeds (see `#seeds`). */
  readonly #rows: PieceRows;
  readonly #orders: (RarityOrder | null)[] = Array.from({ length: PRIORITY_LEVELS }, () => null);
  readonly geometry: Geometry;
  /** Wanted pieces that are missing: they stand in the order of their priority. */
  #missingCount = 0;
  /** Set once nothing is left to begin; cleared when a block is free again. */
  endGame = false;
  /** Pieces that are wanted (priority > 0) and not yet written. */
  wantedLeft: number;
  #sequential = false;
  readonly #reasons: Reasons | null;
  /** What may be told to peers and served: written or flushed. */
  readonly written: Bitfield;
  /** Bytes of the pieces that are wanted, and of them those that are written. */
  wantedBytes: number;
  haveBytes = 0;

  readonly #random: RandomStream;
  readonly #countCopies: boolean;
  #seeds = 0;
  #sequence = 0;
  /** No missing piece stands before this one. */
  #firstMissing = 0;

  /** `reasons`: where it is told why blocks were picked. */
  constructor(
    geometry: Geometry,
    order: 'rarestFirst' | 'random',
    random: RandomStream,
    reasons: Reasons | null = null,
  ) {
    this.geometry = geometry;
    this.#random = random;
    this.#reasons = reasons;
    this.#countCopies = order === 'rarestFirst';
    this.written = new Bitfield(geometry.pieceCount);
    this.#rows = new PieceRows(geometry.pieceCount, PRIORITY_NORMAL);
    this.wantedLeft = geometry.pieceCount;
    this.wantedBytes = geometry.totalBytes;
    for (let piece = 0; piece < geometry.pieceCount; piece += 1) this.#enterOrder(piece);
  }

  /** One of the PIECE_ constants. */
  state(piece: number): number {
    return this.#rows.state(piece);
  }

  // ── what peers have ──

  /** Copies of a piece among connected peers. */
  availability(piece: number): number {
    return this.#rows.copies(piece) + this.#seeds;
  }

  peerGot(piece: number): void {
    if (this.#rows.rank(piece) === -1) this.#rows.addCopy(piece);
    else this.#orderOf(piece)?.increment(piece);
  }

  /** A peer came with these pieces; one that has all of them costs O(1). */
  peerJoined(bits: Bitfield): void {
    if (bits.full) this.#seeds += 1;
    else for (let piece = 0; piece < bits.length; piece += 1) if (bits.has(piece)) this.peerGot(piece);
  }

  /** `joinedAsSeed`: it was full when it joined. */
  peerLeft(bits: Bitfield, joinedAsSeed: boolean): void {
    if (joinedAsSeed) this.#seeds -= 1;
    else for (let piece = 0; piece < bits.length; piece += 1) if (bits.has(piece)) this.peerLost(piece);
  }

  peerLost(piece: number): void {
    if (this.#rows.rank(piece) === -1) this.#rows.removeCopy(piece);
    else this.#orderOf(piece)?.decrement(piece);
  }

  // ── what we want ──

  priority(piece: number): number {
    return this.#rows.priority(piece);
  }

  setPriority(piece: number, priority: number): void {
    const before = this.priority(piece);
    if (before === priority) return;
    const missing = this.state(piece) === PIECE_MISSING;
    if (missing) this.#leaveOrder(piece);
    this.#rows.setPriority(piece, priority);
    if (missing) this.#enterOrder(piece);
    if ((before === 0) !== (priority === 0)) this.#wishChanged(piece, priority === 0 ? -1 : 1);
    this.partials.sort((a, b) => this.#before(a, b));
    this.updateEndGame();
  }

  /** Pieces in order, instead of rarest first. */
  get sequential(): boolean {
    return this.#sequential;
  }

  set sequential(on: boolean) {
    this.#sequential = on;
    this.partials.sort((a, b) => this.#before(a, b));
  }

  /** We lack the piece and want it. */
  wants(piece: number): boolean {
    return this.state(piece) < PIECE_HAVE && this.priority(piece) !== 0;
  }

  partial(piece: number): PartialPiece | undefined {
    return this.#partialOf.get(piece);
  }

  // ── picking ──

  /** Appends to `keys` up to `count` blocks to ask `peer` for, already marked as requested. */
  pick(peer: AskedPeer, count: number, how: PickOptions, keys: number[]): void {
    const { mayBegin, whole } = how;
    const target = keys.length + count;
    for (let i = 0; this.#free.count > 0 && i < this.partials.length && keys.length < target; i += 1) {
      const partial = this.partials[i] as PartialPiece;
      if (partial.freeCount === 0 || this.priority(partial.piece) === 0 || !peer.mayAsk(partial.piece)) continue;
      if (whole ? !this.#mayTakeWhole(partial, peer.known) : partial.exclusiveTo !== null) continue;
      if (whole) partial.exclusiveTo = peer.known;
      const first = keys.length;
      this.#takeFree(partial, target, keys);
      this.#reasons?.picked(this, peer, whole ? 'parole' : 'partial', how.now, keys, first);
    }
    while (mayBegin && this.#missingCount > 0 && keys.length < target && this.#mayHaveMissing(peer)) {
      const piece = this.sequential ? this.#firstInOrder(peer) : this.#rarest(peer);
      if (piece === -1) break;
      this.#reasons?.choosing(this, peer, piece);
      const partial = this.begin(piece);
      if (whole) partial.exclusiveTo = peer.known;
      const first = keys.length;
      this.#takeFree(partial, target, keys);
      this.#reasons?.picked(this, peer, whole ? 'parole' : this.#newPieceRule, how.now, keys, first);
    }
    this.updateEndGame();
    const idle = keys.length === 0 && peer.outstanding === 0 && !peer.snubbed;
    if (this.endGame && !whole && idle) this.#pickRequested(peer, how, keys);
  }

  /** Puts a piece that is missing among the partial ones. */
  begin(piece: number): PartialPiece {
    assert(this.state(piece) === PIECE_MISSING, 'only a missing piece is begun', piece);
    this.#leaveOrder(piece);
    this.#rows.setState(piece, PIECE_PARTIAL);
    const partial = new PartialPiece(piece, this.geometry.blockCount(piece), this.#sequence, this.#free);
    this.#sequence += 1;
    this.#partialOf.set(piece, partial);
    let at = this.partials.length;
    while (at > 0 && this.#before(partial, this.partials[at - 1] as PartialPiece) < 0) at -= 1;
    insertAt(this.partials, at, partial);
    return partial;
  }

  /** One block of a peer's queue is no longer expected from it. Free again when nobody else was asked. */
  release(key: number): void {
    const piece = Math.floor(key / this.geometry.blocksPerPiece);
    const partial = this.#partialOf.get(piece);
    if (partial === undefined || !partial.release(key - piece * this.geometry.blocksPerPiece)) return;
    this.endGame = false;
    this.forgetUntouched(partial);
  }

  /** A piece of which nothing was received or asked for goes back among the missing, where rarity decides anew. */
  forgetUntouched(partial: PartialPiece): void {
    if (!partial.untouched) return;
    this.#removePartial(partial);
    this.#setMissing(partial.piece);
  }

  // ── the way of a piece ──

  /** Every block is here; peers may no longer be asked. */
  hashing(partial: PartialPiece): void {
    assert(partial.complete, 'only a complete piece is hashed', partial.piece);
    this.#removePartial(partial);
    this.#rows.setState(partial.piece, PIECE_HASHING);
    this.updateEndGame();
  }

  hashPassed(piece: number): void {
    this.#rows.setState(piece, PIECE_HAVE);
  }

  /** The hash failed, or its blocks could not be read: every block is to be asked for again. */
  hashFailed(piece: number): void {
    this.#setMissing(piece);
    this.endGame = false;
  }

  pieceWritten(piece: number): void {
    assert(this.state(piece) === PIECE_HAVE, 'only a verified piece is written', piece);
    this.#rows.setState(piece, PIECE_WRITTEN);
    this.#setWritten(piece);
  }

  /** A written piece may not be on the disk after all. */
  lost(piece: number): void {
    assert(this.state(piece) === PIECE_WRITTEN, 'only a written piece is lost', piece);
    this.written.clear(piece);
    this.#noLongerWritten(piece);
    this.#setMissing(piece);
  }

  pieceFlushed(piece: number): void {
    assert(this.state(piece) === PIECE_WRITTEN, 'only a written piece is flushed', piece);
    this.#rows.setState(piece, PIECE_FLUSHED);
  }

  /** Resume data says that the piece is on the disk. */
  restored(piece: number): void {
    this.found(piece);
    this.#rows.setState(piece, PIECE_FLUSHED);
  }

  /** A check says that the piece is on the disk, if perhaps not durably. */
  found(piece: number): void {
    assert(this.state(piece) === PIECE_MISSING, 'only a missing piece is found', piece);
    this.#leaveOrder(piece);
    this.#rows.setState(piece, PIECE_WRITTEN);
    this.#setWritten(piece);
  }

  /** Nothing is had any more: before a check of everything. No piece may be partial, hashing or unwritten. */
  forgetAll(): void {
    for (let piece = 0; piece < this.geometry.pieceCount; piece += 1) {
      if (this.state(piece) === PIECE_MISSING) continue;
      assert(this.state(piece) >= PIECE_WRITTEN, 'a piece is still on its way', piece);
      this.#noLongerWritten(piece);
      this.#setMissing(piece);
    }
    this.written.clearAll();
    this.endGame = false;
  }

  /** Enters end-game when no block is free and no wanted piece is missing, leaves it when one is. */
  updateEndGame(): void {
    this.endGame = this.partials.length > 0 && this.#nothingFree();
  }

  // ── inside ──

  #setWritten(piece: number): void {
    this.written.set(piece);
    if (this.priority(piece) === 0) return;
    this.wantedLeft -= 1;
    this.haveBytes += this.geometry.pieceLength(piece);
  }

  #noLongerWritten(piece: number): void {
    if (this.priority(piece) === 0) return;
    this.wantedLeft += 1;
    this.haveBytes -= this.geometry.pieceLength(piece);
  }

  /** `sign`: 1 = it is wanted now, −1 = no longer. */
  #wishChanged(piece: number, sign: 1 | -1): void {
    const lengthBytes = sign * this.geometry.pieceLength(piece);
    this.wantedBytes += lengthBytes;
    if (this.state(piece) < PIECE_WRITTEN) this.wantedLeft += sign;
    else this.haveBytes += lengthBytes;
  }

  #nothingFree(): boolean {
    if (this.#missingCount > 0) return false;
    if (this.#free.count === 0) return true;
    for (const partial of this.partials) if (partial.freeCount > 0 && this.priority(partial.piece) !== 0) return false;
    return true;
  }

  #before(a: PartialPiece, b: PartialPiece): number {
    const byPriority = this.priority(b.piece) - this.priority(a.piece);
    if (byPriority !== 0) return byPriority;
    return this.sequential ? a.piece - b.piece : a.sequence - b.sequence;
  }

  #takeFree(partial: PartialPiece, target: number, keys: number[]): void {
    const base = partial.piece * this.geometry.blocksPerPiece;
    while (keys.length < target) {
      const block = partial.nextFree();
      if (block === -1) return;
      partial.request(block);
      keys.push(base + block);
    }
  }

  /** Its own, or one of which every block is free: nobody else touches it. */
  #mayTakeWhole(partial: PartialPiece, known: KnownPeer): boolean {
    return partial.exclusiveTo === known || (partial.exclusiveTo === null && partial.untouched);
  }

  /** One block that others were asked for and that is late, the last of those with the fewest requesters: an idle peer takes another once
   *  it came. The last, because the first stands in its sender's socket already, where no cancel reaches it. */
  #pickRequested(peer: AskedPeer, { now, onTheWay }: PickOptions, keys: number[]): void {
    for (let requesters = 1; requesters < END_GAME_REQUESTERS_MAX; requesters += 1) {
      for (let i = this.partials.length - 1; i >= 0; i -= 1) {
        const partial = this.partials[i] as PartialPiece;
        if (partial.exclusiveTo !== null || this.priority(partial.piece) === 0 || !peer.mayAsk(partial.piece)) continue;
        const base = partial.piece * this.geometry.blocksPerPiece;
        for (let block = partial.blockCount - 1; block >= 0; block -= 1) {
          if (partial.state(block) !== BLOCK_REQUESTED || partial.requesters(block) !== requesters) continue;
          if (onTheWay.has(base + block) || peer.isAskedFor(base + block)) continue;
          partial.request(block);
          keys.push(base + block);
          this.#reasons?.picked(this, peer, 'endGame', now, keys, keys.length - 1);
          return;
        }
      }
    }
  }

  get #newPieceRule(): PickRule {
    if (this.sequential) return 'sequential';
    return this.#countCopies ? 'rarestFirst' : 'random';
  }

  /** False: all that it has and we want is begun. So it is for most of a mesh, and to look through all that is missing for each would take
   *  longer than everything else about it. */
  #mayHaveMissing(peer: AskedPeer): boolean {
    let begun = 0;
    for (const { piece } of this.partials) if (this.priority(piece) !== 0 && peer.mayAsk(piece)) begun += 1;
    return peer.wantedCount > begun;
  }

  #rarest(peer: AskedPeer): number {
    for (let level = PRIORITY_LEVELS - 1; level > 0; level -= 1) {
      const piece = this.#orders[level]?.rarest(peer) ?? -1;
      if (piece !== -1) return piece;
    }
    return -1;
  }

  #firstInOrder(peer: AskedPeer): number {
    while (this.#firstMissing < this.geometry.pieceCount && this.state(this.#firstMissing) !== PIECE_MISSING)
      this.#firstMissing += 1;
    let best = -1;
    for (let piece = this.#firstMissing; piece < this.geometry.pieceCount; piece += 1) {
      if (this.state(piece) !== PIECE_MISSING || this.priority(piece) === 0 || !peer.mayAsk(piece)) continue;
      if (best === -1 || this.priority(piece) > this.priority(best)) best = piece;
    }
    return best;
  }

  #setMissing(piece: number): void {
    this.#rows.setState(piece, PIECE_MISSING);
    this.#enterOrder(piece);
    if (piece < this.#firstMissing) this.#firstMissing = piece;
  }

  #removePartial(partial: PartialPiece): void {
    this.#free.count -= partial.freeCount;
    this.#partialOf.delete(partial.piece);
    remove(this.partials, partial);
  }

  #enterOrder(piece: number): void {
    const order = this.#orderOf(piece);
    if (order === null) return;
    order.insert(piece);
    this.#missingCount += 1;
  }

  #leaveOrder(piece: number): void {
    const order = this.#orderOf(piece);
    if (order === null) return;
    order.remove(piece);
    this.#missingCount -= 1;
  }

  /** The order of the piece's priority; null where it is not wanted. */
  #orderOf(piece: number): RarityOrder | null {
    const level = this.priority(piece);
    if (level === 0) return null;
    let order = this.#orders[level] ?? null;
    if (order === null) {
      order = new RarityOrder(this.#rows, this.#countCopies, this.#random);
      this.#orders[level] = order;
    }
    return order;
  }

  /** Throws `EngineBug` where counts and states disagree. */
  checkInvariants(): void {
    let missing = 0;
    for (const order of this.#orders) {
      order?.checkInvariants();
      missing += order?.size ?? 0;
    }
    assert(this.#missingCount === missing, 'missing pieces are counted', this.#missingCount, missing);
    let wantedLeft = 0;
    let wantedBytes = 0;
    let haveBytes = 0;
    let written = 0;
    let partials = 0;
    for (let piece = 0; piece < this.geometry.pieceCount; piece += 1) {
      const state = this.state(piece);
      if (this.priority(piece) !== 0) {
        wantedBytes += this.geometry.pieceLength(piece);
        if (state < PIECE_WRITTEN) wantedLeft += 1;
        else haveBytes += this.geometry.pieceLength(piece);
      }
      if (state >= PIECE_WRITTEN) written += 1;
      if (state === PIECE_PARTIAL) partials += 1;
      assert(this.written.has(piece) === state >= PIECE_WRITTEN, 'written bitfield agrees with states', piece);
      assert(this.#partialOf.has(piece) === (state === PIECE_PARTIAL), 'partial pieces agree with states', piece);
      const order = this.#orderOf(piece);
      if (order)
        assert(order.contains(piece) === (state === PIECE_MISSING), 'exactly missing pieces are in the order', piece);
    }
    assert(this.wantedLeft === wantedLeft, 'wanted pieces are counted', this.wantedLeft, wantedLeft);
    assert(this.wantedBytes === wantedBytes, 'wanted bytes are counted', this.wantedBytes, wantedBytes);
    assert(this.haveBytes === haveBytes, 'wanted bytes that are here are counted', this.haveBytes, haveBytes);
    assert(this.written.count === written, 'written pieces are counted', this.written.count, written);
    assert(this.partials.length === partials, 'partial pieces are counted', this.partials.length, partials);
    const freeBlocks = this.partials.reduce((sum, { freeCount }) => sum + freeCount, 0);
    assert(this.#free.count === freeBlocks, 'free blocks are counted', this.#free.count, freeBlocks);
    for (const partial of this.partials) {
      let free = 0;
      let received = 0;
      for (let block = 0; block < partial.blockCount; block += 1) {
        if (partial.state(block) === BLOCK_RECEIVED) received += 1;
        else if (partial.state(block) === BLOCK_REQUESTED)
          assert(partial.requesters(block) > 0, 'a requested block has a requester', partial.piece, block);
        else free += 1;
      }
      assert(free === partial.freeCount && received === partial.receivedCount, 'blocks are counted', partial.piece);
    }
  }
}
