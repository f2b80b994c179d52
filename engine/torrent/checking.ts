// Hashing what is on the disk: which pieces, in runs of large sequential reads, a few runs ahead so that reading and hashing overlap.

import type { Context } from '../context.ts';
import type { Torrent } from './torrent.ts';

/** Bytes asked for in one job, and jobs outstanding: bounded memory in the driver, and work for two threads. */
const RUN_BYTES = 32 * 1024 * 1024;
const RUNS_OUTSTANDING = 4;

export class Checking {
  checkedPieces = 0;
  goodPieces = 0;
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  /** 1 where a piece is still to be asked for. */
  readonly #pending: Uint8Array;
  readonly #total: number;
  #next = 0;
  #outstanding = 0;

  /** `pending`: one byte a piece, moved here. */
  constructor(ctx: Context, torrent: Torrent, pending: Uint8Array) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#pending = pending;
    this.#total = pending.reduce((sum, bit) => sum + bit, 0);
    ctx.outbox.event('checkStarted', torrent.id, this.#total, 0);
  }

  get done(): boolean {
    return this.#outstanding === 0 && this.#next >= this.#pending.length;
  }

  get idle(): boolean {
    return this.#outstanding === 0;
  }

  /** The piece was not asked for yet. */
  isPending(piece: number): boolean {
    return piece >= this.#next && this.#pending[piece] === 1;
  }

  /** Keeps the driver busy. */
  pump(): void {
    const { pieceLengthBytes } = this.#torrent.metainfo.geometry;
    const piecesPerRun = Math.max(1, Math.floor(RUN_BYTES / pieceLengthBytes));
    while (this.#outstanding < RUNS_OUTSTANDING) {
      while (this.#next < this.#pending.length && this.#pending[this.#next] === 0) this.#next += 1;
      if (this.#next >= this.#pending.length) return;
      const first = this.#next;
      while (
        this.#next < this.#pending.length &&
        this.#pending[this.#next] === 1 &&
        this.#next - first < piecesPerRun
      ) {
        this.#next += 1;
      }
      this.#outstanding += 1;
      const job = this.#ctx.jobs.open('checkPieces', this.#torrent, first, this.#next - first, 0);
      this.#ctx.outbox.checkPieces(job, this.#torrent.id, first, this.#next - first);
    }
  }

  answered(first: number, digests: readonly (Uint8Array | null)[]): void {
    this.#outstanding -= 1;
    digests.forEach((digest, i) => {
      this.checkedPieces += 1;
      if (digest === null || !this.#torrent.digestMatches(first + i, digest)) return;
      this.goodPieces += 1;
      this.#torrent.picker.found(first + i);
      this.#torrent.storage.found(first + i);
    });
  }

  finished(): void {
    this.#ctx.outbox.event('checkFinished', this.#torrent.id, this.goodPieces, this.#total);
  }
}
