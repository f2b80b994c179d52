// What a hash thread is told and what it answers. Both ends import it; nothing here runs.

/** Length of one staging slot: what is handed to a thread at a time. */
export const SLOT_BYTES = 1024 * 1024;

/** Numbers of a part in `HashOrder.parts`. */
export const PART_NUMBERS = 3;

/** A slot was filled. */
export interface HashOrder {
  readonly slot: number;
  /** Three numbers a part, which follow each other in the slot: job, length in bytes, and 1 where the job's bytes end with it. */
  readonly parts: Int32Array;
}

/** The slot is free again. */
export interface HashAnswer {
  readonly slot: number;
  /** The jobs that ended, and 20 bytes for each. */
  readonly jobs: readonly number[];
  readonly digests: Uint8Array;
}
