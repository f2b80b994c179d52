// Hashes received pieces on a thread of its own: without SHA instructions one core hashes some 480 MB/s, and the engine's thread has
// the connections to serve meanwhile. One thread, because a second one took its core from the sending peer: slower, and 16 MB more.
//
// The blocks are copied into shared staging slots by `Buffer.copy` (5 GB/s, measured). Blocks that lie in shared memory from the start
// would spare that copy, but then each write of received bytes into them runs at 1.2 GB/s instead of 5: `TypedArray.set` copies shared
// memory word by word, atomically.
// Always: a job is answered once and never at once; what is staged is bounded; the jobs of a thread that died are hashed here.

import { createHash, hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { SHA1_LENGTH_BYTES } from '#engine';
import { workerUrl } from '../worker-url.ts';
import { SLOT_BYTES, type HashAnswer, type HashOrder } from './hash-order.ts';

/** One being hashed, the others waiting, so that the thread is never idle while the engine's thread is busy. */
const SLOTS = 4;

interface Job {
  readonly number: number;
  readonly blocks: readonly Uint8Array[];
  /** The first block that was not staged yet. */
  next: number;
  readonly done: (digest: Uint8Array) => void;
}

export class PieceHasher {
  readonly #staging = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #slots = Array.from({ length: SLOTS }, (_, slot) =>
    Buffer.from(this.#staging, slot * SLOT_BYTES, SLOT_BYTES),
  );
  #freeSlots: number[] = this.#slots.map((_, slot) => slot);
  #thread: Worker | null = null;
  /** By number, until answered; bounded, as the queue is, by the engine's download buffer. */
  readonly #jobs = new Map<number, Job>();
  /** Jobs not wholly staged yet, in the order asked. */
  #queue: Job[] = [];
  #jobCount = 0;
  #pumpScheduled = false;

  /** SHA-1 of `blocks` one after the other: 20 bytes. Borrowed until `done`. */
  hashPiece(blocks: readonly Uint8Array[], done: (digest: Uint8Array) => void): void {
    this.#jobCount = (this.#jobCount + 1) % 2 ** 31;
    const job: Job = { number: this.#jobCount, blocks, next: 0, done };
    this.#jobs.set(job.number, job);
    this.#queue.push(job);
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    // All that one drain asks for goes into the same slots: small pieces cost no message each.
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  /** SHA-1 of each of `blocks`: 20 bytes a block. Borrowed until `done`. Asked for after a failed piece only, so it is hashed here. */
  hashBlocks(blocks: readonly Uint8Array[], done: (digests: Uint8Array) => void): void {
    const digests = new Uint8Array(blocks.length * SHA1_LENGTH_BYTES);
    const step = (index: number) => {
      const block = blocks[index];
      if (block === undefined) done(digests);
      else {
        digests.set(hash('sha1', block, 'buffer'), index * SHA1_LENGTH_BYTES);
        setImmediate(step, index + 1);
      }
    };
    setImmediate(step, 0);
  }

  /** Ends the thread; what was asked and not answered is dropped. */
  async close(): Promise<void> {
    this.#queue = [];
    this.#jobs.clear();
    const thread = this.#thread;
    this.#thread = null;
    await thread?.terminate();
  }

  #pump(): void {
    while (this.#queue.length > 0) {
      const slot = this.#freeSlots.pop();
      if (slot === undefined) return;
      const order: HashOrder = { slot, parts: this.#stage(this.#slots[slot] as Buffer) };
      this.#thread ??= this.#start();
      this.#thread.postMessage(order);
    }
  }

  /** Copies as much of the queue as fits; what was copied, as the thread is told. */
  #stage(staged: Buffer): Int32Array {
    const parts: number[] = [];
    let used = 0;
    for (let job = this.#queue[0]; job !== undefined; job = this.#queue[0]) {
      const from = used;
      for (let block = job.blocks[job.next]; block !== undefined; block = job.blocks[job.next]) {
        if (used + block.length > SLOT_BYTES) break;
        used += Buffer.from(block.buffer, block.byteOffset, block.length).copy(staged, used);
        job.next += 1;
      }
      const last = job.next === job.blocks.length;
      if (used > from || last) parts.push(job.number, used - from, last ? 1 : 0);
      if (!last) break;
      this.#queue.shift();
    }
    return Int32Array.from(parts);
  }

  #start(): Worker {
    const thread = new Worker(workerUrl('hash-thread'), { workerData: this.#staging });
    thread.on('message', (answer: HashAnswer) => this.#answered(answer));
    thread.on('error', () => undefined);
    thread.on('exit', () => this.#died(thread));
    thread.unref();
    return thread;
  }

  #answered({ slot, jobs, digests }: HashAnswer): void {
    this.#freeSlots.push(slot);
    this.#pump();
    jobs.forEach((number, index) => {
      const job = this.#jobs.get(number);
      this.#jobs.delete(number);
      job?.done(digests.subarray(index * SHA1_LENGTH_BYTES, (index + 1) * SHA1_LENGTH_BYTES));
    });
  }

  /** The next job starts another thread. */
  #died(thread: Worker): void {
    if (this.#thread !== thread) return;
    const jobs = [...this.#jobs.values()];
    this.#thread = null;
    this.#jobs.clear();
    this.#queue = [];
    this.#freeSlots = this.#slots.map((_, slot) => slot);
    for (const { blocks, done } of jobs) {
      const digest = createHash('sha1');
      for (const block of blocks) digest.update(block);
      done(digest.digest());
    }
  }
}
