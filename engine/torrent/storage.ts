// The way of a piece from its last block to the disk, and what the resume data may claim of it:
//   complete ─► hashed ─► (blocks compared, if it failed before) ─► written ─► told to peers ─► synced ─► claimed = flushed
// Nothing is claimed before it was synced, and a piece is flushed only once the claim itself is on the disk: a crash at any moment
// loses no flushed piece. What was written and not yet synced is named too, every few seconds, as worth a look after a crash.
// A full disk keeps the verified piece in memory and tries again until there is room.

import { assert } from '../bug.ts';
import type { Context } from '../context.ts';
import type { DiskFault, Instant } from '../contract.ts';
import { SHA1_LENGTH_BYTES } from '../limits.ts';
import type { PartialPiece } from '../pieces/partial-piece.ts';
import { IN_MEMORY, ON_DISK_DURABLE, ON_DISK_SYNCING, ON_DISK_WRITTEN } from '../pieces/partial-piece.ts';
import { Blame, contributorsOf } from './blame.ts';
import { PIECE_HASHING } from '../pieces/picker.ts';
import type { Torrent } from './torrent.ts';

const FULL_RETRY_US = 10_000_000;
/** What was written is named at least this often, so that a crash costs a look at it and no more. */
const SAVE_INTERVAL_US = 5_000_000;
const SAVE_BYTES = 16 * 1024 * 1024;

export class Storage {
  corruptBytes = 0;
  readonly blame = new Blame();
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  /** Complete pieces being hashed, compared or written. */
  readonly #pieces = new Map<number, PartialPiece>();
  /** Verified pieces that found no room. */
  readonly #waiting: number[] = [];
  #retryAt: Instant | null = null;
  /** Writes of unfinished pieces that are not answered. */
  #partialWrites = 0;
  /** The blocks that they hold. */
  readonly #lent = new Map<number, readonly boolean[]>();
  /** Written; being synced (null: no sync is under way); durable; being claimed (null: no save is under way). */
  #unsynced: number[] = [];
  #syncing: number[] | null = null;
  #durable: number[] = [];
  #claiming: number[] | null = null;
  #syncAgain = false;
  #saveAgain = false;
  /** Written, and named in no resume data that was saved. */
  #unsavedBytes = 0;
  #nextSyncAt: Instant = 0;
  #nextSaveAt: Instant = 0;

  constructor(ctx: Context, torrent: Torrent) {
    this.#ctx = ctx;
    this.#torrent = torrent;
  }

  /** Nothing is on its way to the disk. */
  get idle(): boolean {
    return this.#pieces.size === 0 && this.#partialWrites === 0;
  }

  /** The disk had no room and is tried again. */
  get full(): boolean {
    return this.#retryAt !== null;
  }

  /** A sync or a save is not answered yet. */
  get settling(): boolean {
    return this.#syncing !== null || this.#claiming !== null;
  }

  /** Bytes of complete pieces that are not written yet. */
  get heldBytes(): number {
    let bytes = 0;
    for (const partial of this.#pieces.values()) bytes += partial.heldBytes(this.#torrent.metainfo.geometry);
    return bytes;
  }

  // ── hash ──

  pieceComplete(partial: PartialPiece): void {
    if (partial.flushing) return;
    const { piece } = partial;
    this.#torrent.picker.hashing(partial);
    this.#pieces.set(piece, partial);
    this.#ctx.outbox.event('pieceCompleted', this.#torrent.id, piece, 0);
    const job = this.#ctx.jobs.open('hashPiece', this.#torrent, piece, 0, 0);
    this.#ctx.outbox.hashPiece(job, this.#torrent.id, piece, partial.payloads);
  }

  pieceHashed(piece: number, digest: Uint8Array | null): void {
    const partial = this.#take(piece);
    if (digest === null) {
      this.#ctx.outbox.event('diskFailed', this.#torrent.id, 0, piece);
      this.#giveUp(partial);
    } else if (this.#torrent.digestMatches(piece, digest)) this.#passed(partial);
    else this.#failed(partial);
  }

  #passed(partial: PartialPiece): void {
    const { piece } = partial;
    this.#torrent.picker.hashPassed(piece);
    this.#ctx.outbox.event('pieceVerified', this.#torrent.id, piece, 0);
    const contributors = contributorsOf(partial.contributors);
    for (const peer of contributors) {
      peer?.adjustTrust(1);
      if (peer !== null && contributors.size === 1 && peer.onParole) this.#torrent.endParole(peer, piece);
    }
    this.#torrent.swarm.pieceNoLongerWanted(piece);
    if (this.blame.remembers(piece)) this.#digestBlocks(partial);
    else this.#write(partial);
  }

  #failed(partial: PartialPiece): void {
    const { piece } = partial;
    const contributors = contributorsOf(partial.contributors);
    this.corruptBytes += this.#torrent.metainfo.geometry.pieceLength(piece);
    this.#ctx.outbox.event('pieceFailed', this.#torrent.id, piece, contributors.size);
    const [only] = contributors;
    if (contributors.size === 1 && only) {
      this.#torrent.ban(only, piece);
      this.#giveUp(partial);
      return;
    }
    for (const peer of contributors) {
      if (peer === null) continue;
      peer.adjustTrust(-2);
      this.#torrent.startParole(peer);
    }
    if (contributors.size === 1) this.#giveUp(partial);
    else this.#digestBlocks(partial);
  }

  #digestBlocks(partial: PartialPiece): void {
    const job = this.#ctx.jobs.open('hashBlocks', this.#torrent, partial.piece, 0, 0);
    this.#ctx.outbox.hashBlocks(job, this.#torrent.id, partial.piece, partial.payloads);
  }

  /** Digests of the blocks of a piece that failed (kept for later) or passed after it had failed (compared). */
  blocksHashed(piece: number, digests: Uint8Array | null): void {
    const partial = this.#take(piece);
    assert(
      digests === null || digests.length === partial.blockCount * SHA1_LENGTH_BYTES,
      'a digest for each block',
      piece,
    );
    if (this.#torrent.picker.state(piece) === PIECE_HASHING) {
      if (digests !== null) this.blame.remember(piece, digests, partial.contributors);
      this.#giveUp(partial);
      return;
    }
    if (digests !== null) {
      const { guilty, cleared } = this.blame.judge(piece, digests, partial.payloads);
      for (const peer of guilty) {
        this.#ctx.outbox.event('blameAssigned', this.#torrent.id, peer.conn, piece);
        this.#torrent.ban(peer, piece);
      }
      for (const peer of cleared) if (peer.onParole) this.#torrent.endParole(peer, piece);
    }
    this.#write(partial);
  }

  /** Every block of the piece is to be asked for again. */
  #giveUp(partial: PartialPiece): void {
    this.#pieces.delete(partial.piece);
    this.#dropPayloads(partial);
    this.#torrent.picker.hashFailed(partial.piece);
    this.#torrent.wake();
    this.#torrent.storageChanged();
  }

  // ── write ──

  #write(partial: PartialPiece): void {
    const { piece } = partial;
    if (partial.payloads.every((_, block) => partial.whereIs(block) !== IN_MEMORY)) {
      this.#written(partial);
      return;
    }
    const job = this.#ctx.jobs.open('writeBlocks', this.#torrent, piece, 0, 0);
    this.#ctx.outbox.writeBlocks(job, this.#torrent.id, piece, partial.payloads);
  }

  /** `partialFlush` 1: blocks of an unfinished piece, written because the torrent pauses. */
  blocksWritten(piece: number, partialFlush: number, fault: DiskFault | null): void {
    if (fault !== null) this.#ctx.outbox.event('diskFailed', this.#torrent.id, 1, piece);
    if (partialFlush === 1) {
      this.#partialWritten(piece, fault);
      return;
    }
    const partial = this.#take(piece);
    if (fault === null) {
      if (this.full && this.#waiting.length === 0) this.#recovered();
      this.#written(partial);
    } else if (fault === 'full' && !this.#torrent.pausing) {
      if (!this.full) this.#ctx.outbox.event('diskFull', this.#torrent.id, 0, 0);
      this.#waiting.push(piece);
      this.#retryAt = this.#ctx.now + FULL_RETRY_US;
    } else {
      this.#torrent.swarm.pieceWantedAgain(piece);
      this.#giveUp(partial);
      this.#torrent.fail(fault);
    }
  }

  /** Tries what found no room once more. */
  retry(): void {
    const pieces = this.#waiting.splice(0);
    this.#retryAt = this.#ctx.now + FULL_RETRY_US;
    for (const piece of pieces) this.#write(this.#take(piece));
  }

  #recovered(): void {
    this.#retryAt = null;
    this.#torrent.wake();
    this.#ctx.outbox.event('diskRecovered', this.#torrent.id, 0, 0);
  }

  #written(partial: PartialPiece): void {
    const { piece } = partial;
    this.#pieces.delete(piece);
    this.#dropPayloads(partial);
    this.#torrent.picker.pieceWritten(piece);
    this.#unsynced.push(piece);
    this.#unsavedBytes += this.#torrent.metainfo.geometry.pieceLength(piece);
    if (this.#unsavedBytes >= SAVE_BYTES) this.save();
    this.#torrent.pieceWritten(piece);
  }

  /** Writes the received blocks of unfinished pieces: a pause loses none, and memory that they hold is free again. */
  flushPartials(): void {
    for (const partial of this.#torrent.picker.partials) {
      if (partial.flushing) continue;
      const blocks = partial.payloads.map((payload, block) => (partial.whereIs(block) === IN_MEMORY ? payload : null));
      if (blocks.every((block) => block === null)) continue;
      partial.flushing = true;
      this.#lent.set(
        partial.piece,
        blocks.map((block) => block !== null),
      );
      this.#partialWrites += 1;
      const job = this.#ctx.jobs.open('writeBlocks', this.#torrent, partial.piece, 1, 0);
      this.#ctx.outbox.writeBlocks(job, this.#torrent.id, partial.piece, blocks);
    }
  }

  #partialWritten(piece: number, fault: DiskFault | null): void {
    this.#partialWrites -= 1;
    const partial = this.#torrent.picker.partial(piece);
    assert(partial !== undefined, 'a partial piece stays while it is flushed', piece);
    const lent = this.#lent.get(piece) as readonly boolean[];
    this.#lent.delete(piece);
    partial.flushing = false;
    for (let block = 0; block < partial.blockCount; block += 1) {
      if (!lent[block]) continue;
      if (fault === null) {
        this.#ctx.blocks.drop(partial.payloads[block] ?? null, this.#blockLength(piece, block));
        partial.payloads[block] = null;
        partial.setWhere(block, ON_DISK_WRITTEN);
        // Read back for the hash, the block vouches for the disk no less than for its sender, whom a bad disk must not get banned.
        partial.contributors[block] = null;
      } else this.#torrent.discard(partial, block);
    }
    this.#torrent.picker.forgetUntouched(partial);
    if (partial.complete) this.pieceComplete(partial);
    this.#torrent.wake();
    this.#torrent.storageChanged();
  }

  // ── make durable, claim ──

  /** The torrent becomes active: what it saves from now on includes what it found. */
  activated(): void {
    this.#nextSyncAt = this.#ctx.now + this.#ctx.settings.resumeIntervalMs * 1_000;
    this.save();
  }

  second(): void {
    const { now } = this.#ctx;
    if (this.#retryAt !== null && this.#waiting.length > 0 && now >= this.#retryAt) this.retry();
    if (this.#unsynced.length > 0 && now >= this.#nextSyncAt) this.sync();
    else if (this.#unsavedBytes > 0 && now >= this.#nextSaveAt) this.save();
  }

  /** The piece was found on the disk by a check: right, but perhaps not durable. */
  found(piece: number): void {
    this.#unsynced.push(piece);
  }

  /** Makes durable what was written so far; then it is claimed. One sync at a time: what was written during it is synced after it. */
  sync(): void {
    if (this.#syncing !== null) {
      this.#syncAgain = true;
      return;
    }
    this.#nextSyncAt = this.#ctx.now + this.#ctx.settings.resumeIntervalMs * 1_000;
    this.#syncing = this.#unsynced;
    this.#unsynced = [];
    this.#partialsMove(ON_DISK_WRITTEN, ON_DISK_SYNCING);
    this.#ctx.outbox.sync(this.#ctx.jobs.open('sync', this.#torrent, 0, 0, 0), this.#torrent.id);
  }

  synced(fault: DiskFault | null): void {
    const pieces = this.#syncing as number[];
    this.#syncing = null;
    if (fault !== null) {
      this.#ctx.outbox.event('diskFailed', this.#torrent.id, 2, 0);
      this.#lose(pieces.concat(this.#unsynced));
      this.#torrent.fail(fault);
    } else {
      this.#partialsMove(ON_DISK_SYNCING, ON_DISK_DURABLE);
      this.#durable.push(...pieces);
      if (!this.#torrent.pausing) this.save();
    }
    if (this.#syncAgain) {
      this.#syncAgain = false;
      if (!this.#torrent.pausing) this.sync();
    }
    this.#torrent.storageChanged();
  }

  /** After a failed sync nobody knows what of the written is on the disk (Linux drops the pages and says so once): it is not had. */
  #lose(pieces: readonly number[]): void {
    this.#unsynced = [];
    for (const piece of pieces) {
      this.#torrent.picker.lost(piece);
      this.#torrent.swarm.pieceWantedAgain(piece);
    }
    for (const partial of [...this.#torrent.picker.partials]) {
      for (let block = 0; block < partial.blockCount; block += 1) {
        const where = partial.whereIs(block);
        if (where === ON_DISK_WRITTEN || where === ON_DISK_SYNCING) this.#torrent.discard(partial, block);
      }
      this.#torrent.picker.forgetUntouched(partial);
    }
  }

  /** Saves what is claimed now. One save at a time: the newest wish is carried out after the one under way. */
  save(): void {
    if (this.#claiming !== null) {
      this.#saveAgain = true;
      return;
    }
    this.#claiming = this.#durable;
    this.#durable = [];
    this.#unsavedBytes = 0;
    this.#nextSaveAt = this.#ctx.now + SAVE_INTERVAL_US;
    const data = this.#torrent.resumeData(this.#claiming);
    this.#ctx.outbox.saveResume(this.#ctx.jobs.open('saveResume', this.#torrent, 0, 0, 0), this.#torrent.id, data);
  }

  /** A save that failed is tried again with the next one: nothing was claimed by it. */
  resumeSaved(fault: DiskFault | null): void {
    const claimed = this.#claiming as number[];
    this.#claiming = null;
    if (fault !== null) {
      this.#ctx.outbox.event('diskFailed', this.#torrent.id, 3, 0);
      this.#durable = claimed.concat(this.#durable);
      this.#unsavedBytes += 1;
    } else {
      this.#ctx.outbox.event('resumeDataSaved', this.#torrent.id, claimed.length, 0);
      for (const piece of claimed) {
        this.#torrent.picker.pieceFlushed(piece);
        this.#ctx.outbox.event('pieceFlushed', this.#torrent.id, piece, 0);
      }
    }
    if (this.#saveAgain) {
      this.#saveAgain = false;
      this.save();
    }
    this.#torrent.storageChanged();
  }

  /** Forgets pieces that wait for room: the torrent gives up on them. */
  abandonWaiting(): void {
    this.#retryAt = null;
    for (const piece of this.#waiting.splice(0)) {
      this.#torrent.swarm.pieceWantedAgain(piece);
      this.#giveUp(this.#take(piece));
    }
  }

  /** Everything is to be checked anew: nothing written is owed a sync. */
  forgetUnsynced(): void {
    this.#unsynced = [];
    this.#durable = [];
  }

  #partialsMove(from: number, to: number): void {
    for (const partial of this.#torrent.picker.partials) {
      for (let block = 0; block < partial.blockCount; block += 1)
        if (partial.whereIs(block) === from) partial.setWhere(block, to);
    }
  }

  #dropPayloads(partial: PartialPiece): void {
    for (let block = 0; block < partial.blockCount; block += 1) {
      this.#ctx.blocks.drop(partial.payloads[block] ?? null, this.#blockLength(partial.piece, block));
      partial.payloads[block] = null;
    }
  }

  #blockLength(piece: number, block: number): number {
    return this.#torrent.metainfo.geometry.blockLength(piece, block);
  }

  #take(piece: number): PartialPiece {
    const partial = this.#pieces.get(piece);
    assert(partial !== undefined, 'an answer about a piece that is not on its way', piece);
    return partial;
  }
}
