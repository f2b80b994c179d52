// Download memory: 16 KiB blocks, made by the driver, reused here. Counts what received blocks hold until they are written, so that
// nothing new is begun while the disk is behind.

import type { Payload } from '../contract.ts';
import { BLOCK_LENGTH_BYTES, DOWNLOAD_BUFFER_BYTES_MAX } from '../limits.ts';

export class BlockPool {
  /** Bytes of blocks received and not yet written. */
  heldBytes = 0;
  readonly #allocate: () => Uint8Array;
  readonly #free: Uint8Array[] = [];

  constructor(allocate: () => Uint8Array) {
    this.#allocate = allocate;
  }

  /** No new piece is begun while this holds. */
  get full(): boolean {
    return this.heldBytes >= DOWNLOAD_BUFFER_BYTES_MAX;
  }

  /** 16 KiB to fill; the caller owns it until `giveBack`. */
  take(): Uint8Array {
    return this.#free.pop() ?? this.#allocate();
  }

  /** A block is kept: it counts until `drop`. */
  hold(lengthBytes: number): void {
    this.heldBytes += lengthBytes;
  }

  /** A held block is done with; `null`: there was none. */
  drop(block: Payload | null, lengthBytes: number): void {
    if (block === null) return;
    this.heldBytes -= lengthBytes;
    this.giveBack(block);
  }

  /** Memory of a block that was taken and not held. A shorter view (the last block of a torrent) is left to the collector. */
  giveBack(block: Payload): void {
    if (typeof block !== 'number' && block.length === BLOCK_LENGTH_BYTES) this.#free.push(block);
  }
}
