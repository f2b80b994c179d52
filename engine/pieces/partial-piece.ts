// A piece that has been begun: what each of its blocks is waiting for, who sent what, and the blocks received so far.
//
//   free ──request──► requested ──arrival──► received
//     ◄──────last requester gone────┘
// A block received is here as payload, or, after a pause or restart, on the disk (payload null).

import type { Instant, Payload } from '../contract.ts';
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

export class PartialPiece {
  readonly piece: number;
  readonly blockCount: number;
  readonly states: Uint8Array;
  /** How many peers' queues hold each block. */
  readonly requesters: Uint8Array;
  /** When each block was last asked for. */
  readonly requestedAt: Float64Array;
  /** Received blocks; null where not received, or where the block is on the disk only. */
  readonly payloads: (Payload | null)[];
  /** Who sent each received block; null: it came from the disk. */
  readonly contributors: (KnownPeer | null)[];
  /** One of IN_MEMORY … ON_DISK_DURABLE a block; resume data may claim the durable ones. */
  readonly onDisk: Uint8Array;
  /** Set: only this peer, on parole, is asked for blocks of this piece. */
  exclusiveTo: KnownPeer | null = null;
  /** Counts the pieces begun before this one: the order of picking. */
  readonly sequence: number;
  /** Its received blocks are being written: they are lent, and none is taken back meanwhile. */
  flushing = false;
  freeCount: number;
  receivedCount = 0;
  /** No block before this one is free. */
  #firstFree = 0;

  constructor(piece: number, blockCount: number, sequence: number) {
    this.piece = piece;
    this.blockCount = blockCount;
    this.sequence = sequence;
    this.freeCount = blockCount;
    this.states = new Uint8Array(blockCount);
    this.requesters = new Uint8Array(blockCount);
    this.onDisk = new Uint8Array(blockCount);
    this.requestedAt = new Float64Array(blockCount);
    this.payloads = nulls(blockCount);
    this.contributors = nulls(blockCount);
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
    while (this.states[this.#firstFree] !== BLOCK_FREE) this.#firstFree += 1;
    return this.#firstFree;
  }

  request(block: number, now: Instant): void {
    this.requestedAt[block] = now;
    if (this.states[block] === BLOCK_FREE) {
      this.states[block] = BLOCK_REQUESTED;
      this.freeCount -= 1;
    }
    this.requesters[block] = (this.requesters[block] as number) + 1;
  }

  /** One requester gives up. Returns true when the block became free by it. */
  release(block: number): boolean {
    const left = (this.requesters[block] as number) - 1;
    this.requesters[block] = left;
    if (left > 0 || this.states[block] !== BLOCK_REQUESTED) return false;
    this.#setFree(block);
    return true;
  }

  /** The block is here. Whoever else was asked for it is still counted in `requesters`. */
  receive(block: number, payload: Payload | null, contributor: KnownPeer | null): void {
    if (this.states[block] === BLOCK_FREE) this.freeCount -= 1;
    this.states[block] = BLOCK_RECEIVED;
    this.receivedCount += 1;
    this.payloads[block] = payload;
    this.contributors[block] = contributor;
    if (payload === null) this.onDisk[block] = ON_DISK_DURABLE;
  }

  /** Forgets a received block, which must be asked for again. Returns its payload, which goes back to the pool. */
  discard(block: number): Payload | null {
    const payload = this.payloads[block] as Payload | null;
    this.payloads[block] = null;
    this.contributors[block] = null;
    this.onDisk[block] = IN_MEMORY;
    this.receivedCount -= 1;
    if (this.requesters[block] === 0) this.#setFree(block);
    else this.states[block] = BLOCK_REQUESTED;
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
    this.states[block] = BLOCK_FREE;
    this.freeCount += 1;
    if (block < this.#firstFree) this.#firstFree = block;
  }
}

function nulls(count: number): null[] {
  const list: null[] = [];
  for (let i = 0; i < count; i += 1) list.push(null);
  return list;
}
