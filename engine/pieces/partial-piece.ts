// A piece that has been begun: what each of its blocks is waiting for, who sent what, and the blocks received so far.
//
//   free ──request──► requested ──arrival──► received
//     ◄──────last requester gone────┘
// A block received is here as payload, or, after a pause or restart, on the disk (payload null).

import type { Payload } from '../contract.ts';
import type { Geometry } from '../geometry.ts';
import type { KnownPeer } from '../peers/peer-book.ts';

const BLOCK_FREE = 0;
export const BLOCK_REQUESTED = 1;
export const BLOCK_RECEIVED = 2;

/** Where a received block stands on its way to the disk: only in memory, written, being synced, durable. */
export const IN_MEMORY = 0;
export const ON_DISK_WRITTEN = 1;
export const ON_DISK_SYNCING = 2;
export const ON_DISK_DURABLE = 3;

// What one block's number holds, from its low end.
const STATE_MASK = 3;
const WHERE_SHIFT = 2;
const WHERE_MASK = 3;
const REQUESTERS_SHIFT = 4;
const ONE_REQUESTER = 1 << REQUESTERS_SHIFT;

/** How many blocks of begun pieces are free: mostly none, and then no piece need be looked at for one. */
export interface FreeBlocks {
  count: number;
}

export class PartialPiece {
  readonly piece: number;
  readonly blockCount: number;
  /** A number a block: its state, where it stands on its way to the disk, and how many peers' queues hold it. */
  readonly #blocks: number[];
  /** Received blocks; null where not received, or where the block is on the disk only. */
  readonly payloads: (Payload | null)[];
  /** Who sent each received block; null: it came from the disk. */
  readonly contributors: (KnownPeer | null)[];
  /** Set: only this peer, on parole, is asked for blocks of this piece. */
  exclusiveTo: KnownPeer | null = null;
  /** Counts the pieces begun before this one: the order of picking. */
  readonly sequence: number;
  /** Its received blocks are being written: they are lent, and none is taken back meanwhile. */
  flushing = false;
  freeCount = 0;
  receivedCount = 0;
  /** No block before this one is free. */
  #firstFree = 0;
  readonly #free: FreeBlocks;

  /** `free`: of all pieces that are begun; its blocks count there as long as it is one of them. */
  constructor(piece: number, blockCount: number, sequence: number, free: FreeBlocks) {
    this.piece = piece;
    this.blockCount = blockCount;
    this.sequence = sequence;
    this.#free = free;
    this.#countFree(blockCount);
    this.#blocks = listOf(0, blockCount);
    this.payloads = listOf(null, blockCount);
    this.contributors = listOf(null, blockCount);
  }

  /** BLOCK_FREE, BLOCK_REQUESTED or BLOCK_RECEIVED. */
  state(block: number): number {
    return (this.#blocks[block] as number) & STATE_MASK;
  }

  /** One of IN_MEMORY … ON_DISK_DURABLE; resume data may claim the durable ones. */
  whereIs(block: number): number {
    return ((this.#blocks[block] as number) >>> WHERE_SHIFT) & WHERE_MASK;
  }

  setWhere(block: number, where: number): void {
    this.#blocks[block] = ((this.#blocks[block] as number) & ~(WHERE_MASK << WHERE_SHIFT)) | (where << WHERE_SHIFT);
  }

  /** How many peers' queues hold the block. */
  requesters(block: number): number {
    return (this.#blocks[block] as number) >>> REQUESTERS_SHIFT;
  }

  /** One queue holds it no longer. The state stays (see `release`). */
  dropRequester(block: number): void {
    this.#blocks[block] = (this.#blocks[block] as number) - ONE_REQUESTER;
  }

  get complete(): boolean {
    return this.receivedCount === this.blockCount;
  }

  /** Nothing received and nothing asked for: it might as well not have been begun. */
  get untouched(): boolean {
    return this.freeCount === this.blockCount;
  }

  /** The first free block, or −1. */
  nextFree(): number {
    if (this.freeCount === 0) return -1;
    while (this.state(this.#firstFree) !== BLOCK_FREE) this.#firstFree += 1;
    return this.#firstFree;
  }

  request(block: number): void {
    if (this.state(block) === BLOCK_FREE) {
      this.#setState(block, BLOCK_REQUESTED);
      this.#countFree(-1);
    }
    this.#blocks[block] = (this.#blocks[block] as number) + ONE_REQUESTER;
  }

  /** One requester gives up. Returns true when the block became free by it. */
  release(block: number): boolean {
    this.dropRequester(block);
    if (this.requesters(block) > 0 || this.state(block) !== BLOCK_REQUESTED) return false;
    this.#setFree(block);
    return true;
  }

  /** The block is here. Whoever else was asked for it is still counted in `requesters`. */
  receive(block: number, payload: Payload | null, contributor: KnownPeer | null): void {
    if (this.state(block) === BLOCK_FREE) this.#countFree(-1);
    this.#setState(block, BLOCK_RECEIVED);
    this.receivedCount += 1;
    this.payloads[block] = payload;
    this.contributors[block] = contributor;
    if (payload === null) this.setWhere(block, ON_DISK_DURABLE);
  }

  /** Forgets a received block, which must be asked for again. Returns its payload, which goes back to the pool. */
  discard(block: number): Payload | null {
    const payload = this.payloads[block] as Payload | null;
    this.payloads[block] = null;
    this.contributors[block] = null;
    this.setWhere(block, IN_MEMORY);
    this.receivedCount -= 1;
    if (this.requesters(block) === 0) this.#setFree(block);
    else this.#setState(block, BLOCK_REQUESTED);
    return payload;
  }

  /** Bytes of its blocks that are in memory. */
  heldBytes(geometry: Geometry): number {
    let bytes = 0;
    this.payloads.forEach((payload, block) => {
      if (payload !== null) bytes += geometry.blockLength(this.piece, block);
    });
    return bytes;
  }

  #setFree(block: number): void {
    this.#setState(block, BLOCK_FREE);
    this.#countFree(1);
    if (block < this.#firstFree) this.#firstFree = block;
  }

  #countFree(change: number): void {
    this.freeCount += change;
    this.#free.count += change;
  }

  #setState(block: number, state: number): void {
    this.#blocks[block] = ((this.#blocks[block] as number) & ~STATE_MASK) | state;
  }
}

function listOf<T>(value: T, count: number): T[] {
  const list: T[] = [];
  for (let i = 0; i < count; i += 1) list.push(value);
  return list;
}
