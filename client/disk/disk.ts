// Carries out the engine's disk and hash jobs for every torrent. Each job is answered once through `DiskAnswers`.
//
// Always: `blockRead` may be answered at once, every other job later; what the engine lends (blocks) is used until the answer only;
// a block that is longer than its place in the piece is cut to it.

import { BLOCK_LENGTH_BYTES, type DiskFault, type JobId, type Payload, type TorrentId } from '#engine';
import { PieceHasher } from '../hash/piece-hasher.ts';
import { Checker } from './checker.ts';
import { diskFault } from './disk-fault.ts';
import { ExtentCache } from './extent-cache.ts';
import type { Storage } from './storage.ts';
import { WriteQueue } from './write-queue.ts';

export interface DiskAnswers {
  blockRead(job: JobId, block: Uint8Array | null): void;
  pieceHashed(job: JobId, digest: Uint8Array | null): void;
  blocksHashed(job: JobId, digests: Uint8Array | null): void;
  blocksWritten(job: JobId, fault: DiskFault | null): void;
  synced(job: JobId, fault: DiskFault | null): void;
  piecesChecked(job: JobId, digests: readonly (Uint8Array | null)[]): void;
}

interface OpenTorrent {
  readonly storage: Storage;
  readonly writes: WriteQueue;
}

export class Disk {
  readonly #answers: DiskAnswers;
  readonly #torrents = new Map<TorrentId, OpenTorrent>();
  readonly #extents = new ExtentCache();
  readonly #hasher = new PieceHasher();
  readonly #checker = new Checker();

  constructor(answers: DiskAnswers) {
    this.#answers = answers;
  }

  open(torrent: TorrentId, storage: Storage): void {
    this.#torrents.set(torrent, { storage, writes: new WriteQueue(storage) });
    this.#checker.open(torrent, storage);
  }

  forget(torrent: TorrentId): void {
    this.#torrents.get(torrent)?.storage.close();
    this.#torrents.delete(torrent);
    this.#extents.forget(torrent);
    this.#checker.forget(torrent);
  }

  readBlock(job: JobId, torrent: TorrentId, piece: number, beginBytes: number, lengthBytes: number): void {
    const { storage } = this.#open(torrent);
    this.#extents.read(torrent, storage, piece, beginBytes, lengthBytes, (block) =>
      this.#answers.blockRead(job, block),
    );
  }

  /** A block that `readBlock` gave has left. */
  release(block: Uint8Array): void {
    this.#extents.release(block);
  }

  hashPiece(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#collect(torrent, piece, blocks).then(
      (bytes) => this.#hasher.hashPiece(bytes, (digest) => this.#answers.pieceHashed(job, digest)),
      () => this.#answers.pieceHashed(job, null),
    );
  }

  hashBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    this.#collect(torrent, piece, blocks).then(
      (bytes) => this.#hasher.hashBlocks(bytes, (digests) => this.#answers.blocksHashed(job, digests)),
      () => this.#answers.blocksHashed(job, null),
    );
  }

  writeBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void {
    const { storage, writes } = this.#open(torrent);
    const { geometry } = storage;
    let runsLeft = 1;
    let fault: DiskFault | null = null;
    const finished = (runFault: DiskFault | null) => {
      fault ??= runFault;
      runsLeft -= 1;
      if (runsLeft > 0) return;
      this.#extents.invalidate(torrent, storage, piece);
      this.#answers.blocksWritten(job, fault);
    };
    for (let block = 0; block < blocks.length; block += 1) {
      const first = block;
      const run: Uint8Array[] = [];
      for (let bytes = blocks[block]; bytes instanceof Uint8Array; bytes = blocks[block]) {
        run.push(cutTo(bytes, geometry.blockLength(piece, block)));
        block += 1;
      }
      if (run.length === 0) continue;
      runsLeft += 1;
      writes.write(geometry.pieceOffset(piece) + first * BLOCK_LENGTH_BYTES, run, finished);
    }
    queueMicrotask(() => finished(null));
  }

  sync(job: JobId, torrent: TorrentId): void {
    const { storage } = this.#open(torrent);
    storage.sync().then(
      () => this.#answers.synced(job, null),
      (error: unknown) => this.#answers.synced(job, diskFault(error)),
    );
  }

  checkPieces(job: JobId, torrent: TorrentId, first: number, count: number): void {
    this.#checker.check(torrent, first, count, (digests) => this.#answers.piecesChecked(job, digests));
  }

  async close(): Promise<void> {
    for (const { storage } of this.#torrents.values()) storage.close();
    this.#torrents.clear();
    await Promise.all([this.#checker.close(), this.#hasher.close()]);
  }

  #open(torrent: TorrentId): OpenTorrent {
    return this.#torrents.get(torrent) as OpenTorrent;
  }

  /** Every block of a piece as bytes, the missing ones read from the disk. */
  async #collect(torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): Promise<Uint8Array[]> {
    const { storage } = this.#open(torrent);
    const { geometry } = storage;
    const bytes = blocks.map((block, index) => {
      const lengthBytes = geometry.blockLength(piece, index);
      return block instanceof Uint8Array ? cutTo(block, lengthBytes) : new Uint8Array(lengthBytes);
    });
    for (const [index, block] of blocks.entries()) {
      if (block instanceof Uint8Array) continue;
      const offset = geometry.pieceOffset(piece) + index * BLOCK_LENGTH_BYTES;
      await storage.read(offset, bytes[index] as Uint8Array);
    }
    return bytes;
  }
}

function cutTo(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  return bytes.length === lengthBytes ? bytes : bytes.subarray(0, lengthBytes);
}
