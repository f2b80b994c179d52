// What one peer asked us for: which requests are taken, rejected or faults (CONFORMANCE 28-32, 42), and when the next block is read.
//
// A request waits here, then its block is read, then sent. With the fast extension each gets exactly one answer: the block or a reject.
// Blocks are read only as fast as the peer takes them: at most about a second of its rate is read or unsent at a time.

import type { Context } from '../context.ts';
import type { Instant, Payload } from '../contract.ts';
import {
  ALLOWED_FAST_SERVES_PER_PIECE_MAX,
  BLOCK_LENGTH_BYTES,
  INCOMING_REQUESTS_MAX,
  REQUESTS_WHILE_CHOKED_MAX,
  UPLOAD_QUEUE_BYTES_MAX,
} from '../limits.ts';
import type { Torrent } from '../torrent/torrent.ts';
import type { WireFault } from '../wire/fault.ts';
import type { Peer } from './peer.ts';
import { RowQueue } from './row-queue.ts';

/** Read ahead of a peer whose rate is not known yet. */
const QUEUE_BYTES_MIN = 4 * BLOCK_LENGTH_BYTES;

const PIECE = 0;
const BEGIN = 1;
const LENGTH = 2;

export class UploadQueue extends RowQueue {
  readonly #ctx: Context;
  readonly #peer: Peer;
  #readingBytes = 0;
  #requestsWhileChoked = 0;
  /** When a request was last taken. */
  askedAt: Instant = 0;
  /** Pieces that this peer may fetch while choked, and how often it did, in blocks. */
  #allowedFast: Map<number, number> | null = null;

  constructor(ctx: Context, peer: Peer) {
    super(3);
    this.#ctx = ctx;
    this.#peer = peer;
  }

  /** Something waits, or is being read. */
  get busy(): boolean {
    return this.length > 0 || this.#readingBytes > 0;
  }

  /** A copy of what waits, oldest first. */
  waiting(): { readonly piece: number; readonly beginBytes: number; readonly lengthBytes: number }[] {
    return Array.from({ length: this.length }, (_, i) => ({
      piece: this.get(i, PIECE),
      beginBytes: this.get(i, BEGIN),
      lengthBytes: this.get(i, LENGTH),
    }));
  }

  allowFast(pieces: readonly number[]): void {
    this.#allowedFast = new Map(pieces.map((piece) => [piece, 0]));
  }

  requested(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    const torrent = this.#torrent;
    const { geometry } = torrent.metainfo;
    if (
      piece >= geometry.pieceCount ||
      lengthBytes === 0 ||
      lengthBytes > BLOCK_LENGTH_BYTES ||
      beginBytes + lengthBytes > geometry.pieceLength(piece)
    ) {
      return 'requestRange';
    }
    if (this.#peer.amChoking && !this.#mayFetchChoked(piece)) {
      this.#requestsWhileChoked += 1;
      this.#reject(piece, beginBytes, lengthBytes);
      return this.#requestsWhileChoked > REQUESTS_WHILE_CHOKED_MAX ? 'requestsWhileChoked' : null;
    }
    if (!torrent.picker.written.has(piece) || this.length >= INCOMING_REQUESTS_MAX) {
      this.#reject(piece, beginBytes, lengthBytes);
      return null;
    }
    this.#set(this.append(), piece, beginBytes, lengthBytes);
    this.askedAt = this.#ctx.now;
    if (!this.#peer.amChoking) torrent.choker.asked(this.#peer);
    this.serve();
    return null;
  }

  /** One answer is still owed with the fast extension: the reject. A block that is being read is sent all the same. */
  cancelled(piece: number, beginBytes: number, lengthBytes: number): void {
    for (let i = 0; i < this.length; i += 1) {
      if (this.get(i, PIECE) !== piece || this.get(i, BEGIN) !== beginBytes || this.get(i, LENGTH) !== lengthBytes)
        continue;
      this.remove(i);
      this.#reject(piece, beginBytes, lengthBytes);
      return;
    }
  }

  /** We choke: everything that waits is dropped; with the fast extension each is rejected, but for what is allowed. */
  choked(): void {
    const kept = this.#allowedFast;
    let left = 0;
    for (let i = 0; i < this.length; i += 1) {
      const piece = this.get(i, PIECE);
      const beginBytes = this.get(i, BEGIN);
      const lengthBytes = this.get(i, LENGTH);
      if (this.#peer.fast && kept?.has(piece)) {
        this.#set(left, piece, beginBytes, lengthBytes);
        left += 1;
      } else this.#reject(piece, beginBytes, lengthBytes);
    }
    this.truncate(left);
  }

  /** We unchoke: requests that crossed the choke are forgiven. */
  unchoked(): void {
    this.#requestsWhileChoked = 0;
  }

  /** Reads what the peer can take now. */
  serve(): void {
    while (this.serveOne());
  }

  /** Reads one block if there is one, the peer can take it and the rate limits allow it. */
  serveOne(): boolean {
    if (this.length === 0 || !this.#peer.up) return false;
    const queued = this.#readingBytes + this.#peer.unsentBytes;
    const queueMax = Math.min(UPLOAD_QUEUE_BYTES_MAX, Math.max(QUEUE_BYTES_MIN, this.#peer.upload.bytesPerSecond));
    if (queued >= queueMax) return false;
    const torrent = this.#torrent;
    if (!torrent.uploadLimit.allows()) return false;
    const piece = this.get(0, PIECE);
    const beginBytes = this.get(0, BEGIN);
    const lengthBytes = this.get(0, LENGTH);
    this.remove(0);
    torrent.uploadLimit.spend(lengthBytes);
    this.#readingBytes += lengthBytes;
    const job = this.#ctx.jobs.open('readBlock', this.#peer, piece, beginBytes, lengthBytes);
    this.#ctx.outbox.readBlock(job, torrent.id, piece, beginBytes, lengthBytes);
    return true;
  }

  /** The disk answered; null: it failed. */
  blockRead(piece: number, beginBytes: number, lengthBytes: number, block: Payload | null): void {
    const peer = this.#peer;
    this.#readingBytes -= lengthBytes;
    if (!peer.up) return;
    if (block === null) {
      this.#ctx.outbox.event('diskFailed', this.#torrent.id, 0, piece);
      this.#reject(piece, beginBytes, lengthBytes);
    } else if (!peer.amChoking || peer.fast) {
      peer.sendBlock(piece, beginBytes, lengthBytes, block);
      peer.exchanged();
      peer.upload.add(lengthBytes);
      this.#torrent.upload.add(lengthBytes);
      this.#ctx.outbox.event('blockSent', this.#torrent.id, peer.conn, piece);
    }
    this.serve();
  }

  #set(row: number, piece: number, beginBytes: number, lengthBytes: number): void {
    this.set(row, PIECE, piece);
    this.set(row, BEGIN, beginBytes);
    this.set(row, LENGTH, lengthBytes);
  }

  #mayFetchChoked(piece: number): boolean {
    const served = this.#allowedFast?.get(piece);
    if (served === undefined) return false;
    const blocks = Math.min(
      ALLOWED_FAST_SERVES_PER_PIECE_MAX * this.#torrent.metainfo.geometry.blocksPerPiece,
      1 << 16,
    );
    if (served >= blocks) return false;
    this.#allowedFast?.set(piece, served + 1);
    return true;
  }

  #reject(piece: number, beginBytes: number, lengthBytes: number): void {
    if (!this.#peer.fast) return;
    this.#peer.sendReject(piece, beginBytes, lengthBytes);
    this.#ctx.outbox.event('uploadRejected', this.#torrent.id, this.#peer.conn, piece);
  }

  get #torrent(): Torrent {
    return this.#peer.torrent as Torrent;
  }
}
