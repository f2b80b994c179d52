// One node's disk: takes time, fills up, fails, lies, and forgets at a crash what was not synced.
//
// Operations are served one after another; each takes effect and is answered at its end. What a crash interrupts is never answered: a
// write in progress leaves some first blocks (torn), a save of resume data leaves the old one. Contents live in a Store for each torrent.
// Every fault that strikes is told to the client, by its kind; a fault point of the run strikes like one that was drawn.

import type { DiskFault, JobId, Payload, ResumeData, Stamp } from '#engine';
import type { Random } from '#harness';
import type { FaultKind } from './faults/fault-log.ts';
import type { FaultEffect, FaultSite } from './faults/fault-point.ts';
import type { Store } from './store.ts';
import { corrupted, digestOf } from './torrent-contents.ts';

export interface DiskOptions {
  readonly bytesPerS: number;
  /** Fixed cost of an operation. */
  readonly latencyUs: number;
  readonly capacityBytes: number;
  /** Operations that fail, per million: as a whole, or after a first part of them (a check reads short, a write is torn). */
  readonly failedReadsPerMillion: number;
  readonly shortReadsPerMillion: number;
  readonly failedWritesPerMillion: number;
  readonly tornWritesPerMillion: number;
  /** A sync that fails loses some of what it was for, as the kernel drops pages that it could not write. */
  readonly failedSyncsPerMillion: number;
  readonly failedSavesPerMillion: number;
  /** Blocks that a read gives wrongly once, that a write stores wrongly for good, or in another block's place, per million. */
  readonly corruptReadsPerMillion: number;
  readonly corruptWritesPerMillion: number;
  readonly misdirectedWritesPerMillion: number;
  /** Unsynced blocks that survive a crash all the same, per million. */
  readonly crashKeepsPerMillion: number;
}

export const DEFAULT_DISK: DiskOptions = {
  bytesPerS: 200e6,
  latencyUs: 100,
  capacityBytes: Infinity,
  failedReadsPerMillion: 0,
  shortReadsPerMillion: 0,
  failedWritesPerMillion: 0,
  tornWritesPerMillion: 0,
  failedSyncsPerMillion: 0,
  failedSavesPerMillion: 0,
  corruptReadsPerMillion: 0,
  corruptWritesPerMillion: 0,
  misdirectedWritesPerMillion: 0,
  crashKeepsPerMillion: 0,
};

/** Where a disk's answers go: the inputs of the engine, by the same names. */
export interface DiskClient {
  /** An operation is about to end: what the run's fault point does to it, null = nothing. After `crash` the client crashes the disk at
   *  the same instant, and the operation counts as under way until then. */
  faultAt(site: FaultSite): FaultEffect | null;
  struck(kind: FaultKind): void;
  blockRead(job: JobId, block: Stamp | null): void;
  pieceHashed(job: JobId, store: Store, piece: number, digest: Uint8Array | null): void;
  blocksHashed(job: JobId, digests: Uint8Array | null): void;
  blocksWritten(job: JobId, fault: DiskFault | null): void;
  synced(job: JobId, fault: DiskFault | null): void;
  piecesChecked(job: JobId, store: Store, first: number, digests: readonly (Uint8Array | null)[]): void;
  resumeSaved(job: JobId, store: Store, data: ResumeData, fault: DiskFault | null): void;
  torrentOpened(job: JobId, store: Store, fault: DiskFault | null): void;
}

type Blocks = readonly (Payload | null)[];
type OperationKind =
  | 'readBlock'
  | 'hashPiece'
  | 'hashBlocks'
  | 'writeBlocks'
  | 'sync'
  | 'checkPieces'
  | 'saveResume'
  | 'keepMetadata';

/** One operation under way; the objects are used again. */
interface Operation {
  kind: OperationKind;
  job: JobId;
  store: Store;
  /** Piece, block or write count, by kind. */
  a: number;
  b: number;
  blocks: Blocks;
  resume: ResumeData | null;
  open: boolean;
}

const NO_BLOCKS: Blocks = [];
const SITES: { readonly [K in OperationKind]: FaultSite } = {
  readBlock: 'read',
  hashPiece: 'hash',
  hashBlocks: 'hash',
  writeBlocks: 'write',
  sync: 'sync',
  checkPieces: 'check',
  saveResume: 'save',
  keepMetadata: 'save',
};

export class SimDisk {
  /** Changed at will by a scenario: faults begin and end, room appears. */
  options: DiskOptions;
  /** Blocks that were read for peers and are not what the torrent wants: whoever got one has reason to ban. */
  wrongReadCount = 0;
  readonly #clock: { readonly now: number };
  readonly #random: Random;
  readonly #client: DiskClient;
  /** An event of this kind with an operation's number, given by who owns many disks. */
  readonly #arm: (at: number, operation: number) => void;
  readonly #operations: Operation[] = [];
  readonly #free: number[] = [];
  #busyUntil = 0;
  #usedBytes = 0;

  constructor(
    options: DiskOptions,
    clock: { readonly now: number },
    random: Random,
    client: DiskClient,
    arm: (at: number, operation: number) => void,
  ) {
    this.options = options;
    this.#clock = clock;
    this.#random = random;
    this.#client = client;
    this.#arm = arm;
  }

  readBlock(job: JobId, store: Store, piece: number, beginBytes: number, lengthBytes: number): void {
    this.#begin('readBlock', job, store, lengthBytes, store.contents.indexOf(piece, Math.floor(beginBytes / 16_384)));
  }

  hashPiece(job: JobId, store: Store, piece: number, blocks: Blocks): void {
    this.#begin('hashPiece', job, store, 0, piece, 0, blocks);
  }

  hashBlocks(job: JobId, store: Store, piece: number, blocks: Blocks): void {
    this.#begin('hashBlocks', job, store, 0, piece, 0, blocks);
  }

  writeBlocks(job: JobId, store: Store, piece: number, blocks: Blocks): void {
    let bytes = 0;
    for (let block = 0; block < blocks.length; block += 1)
      if (blocks[block] !== null) bytes += store.contents.geometry.blockLength(piece, block);
    this.#begin('writeBlocks', job, store, bytes, piece, 0, blocks);
  }

  sync(job: JobId, store: Store): void {
    this.#begin('sync', job, store, 0, store.writeCount);
  }

  checkPieces(job: JobId, store: Store, first: number, count: number): void {
    this.#begin('checkPieces', job, store, count * store.contents.geometry.pieceLengthBytes, first, count);
  }

  saveResume(job: JobId, store: Store, data: ResumeData): void {
    this.#begin('saveResume', job, store, 0, 0, 0, NO_BLOCKS, data);
  }

  /** Metadata that peers gave is kept for good; then it is looked what is there of the torrent. */
  keepMetadata(job: JobId, store: Store): void {
    this.#begin('keepMetadata', job, store, 0, 0);
  }

  /** Power is lost: nothing under way is answered, unsynced writes of these stores are gone. */
  crash(stores: Iterable<Store>): void {
    for (const operation of this.#operations) {
      if (operation.open && operation.kind === 'writeBlocks') {
        this.#client.struck('tornWrite');
        this.#write(operation, this.#random.below(operation.blocks.length + 1));
      }
      operation.open = false;
    }
    for (const store of stores) this.#lose(store, () => this.#random.chance(this.options.crashKeepsPerMillion));
    this.#busyUntil = this.#clock.now;
  }

  /** One block that is written gives back something else from now on, until it is written again. */
  rot(store: Store): void {
    const { contents } = store;
    const first = this.#random.below(Math.max(1, contents.blockCount));
    for (let step = 0; step < contents.blockCount; step += 1) {
      const index = (first + step) % contents.blockCount;
      const stamp = store.read(index);
      if (stamp === 0) continue;
      this.#client.struck('bitRot');
      store.damage(index, corrupted(stamp, 4));
      return;
    }
  }

  /** The time of an operation has come. */
  finish(index: number): void {
    const operation = this.#operations[index] as Operation;
    if (!operation.open) {
      this.#free.push(index);
      return;
    }
    const effect = this.#client.faultAt(SITES[operation.kind]) ?? this.#drawn(operation.kind);
    if (effect === 'crash') return;
    this.#free.push(index);
    operation.open = false;
    const { kind, job, store, a, b } = operation;
    const client = this.#client;
    switch (kind) {
      case 'readBlock':
        return client.blockRead(job, (effect === null && this.#readToSend(store, a)) || null);
      case 'hashPiece':
        return client.pieceHashed(job, store, a, effect === null ? this.#digest(store, a, operation.blocks) : null);
      case 'hashBlocks':
        return client.blocksHashed(job, effect === null ? this.#blockDigests(store, a, operation.blocks) : null);
      case 'writeBlocks':
        return client.blocksWritten(job, this.#tryWrite(operation, effect));
      case 'sync':
        return client.synced(job, this.#trySync(store, a, effect));
      case 'checkPieces':
        return client.piecesChecked(job, store, a, this.#check(store, a, b, effect));
      case 'saveResume': {
        const data = operation.resume as ResumeData;
        if (effect === null) store.resume = data;
        return client.resumeSaved(job, store, data, effect === null ? null : 'failed');
      }
      case 'keepMetadata':
        if (effect === null) store.metadataKept = true;
        return client.torrentOpened(job, store, effect === null ? null : 'failed');
    }
  }

  /** Whether chance makes an operation fail, and how. */
  #drawn(kind: OperationKind): FaultEffect | null {
    const { options } = this;
    switch (kind) {
      case 'readBlock':
      case 'hashPiece':
      case 'hashBlocks':
      case 'checkPieces':
        if (this.#strikes('failedRead', options.failedReadsPerMillion)) return 'fail';
        return this.#strikes('shortRead', options.shortReadsPerMillion) ? 'tear' : null;
      case 'writeBlocks':
        if (this.#strikes('failedWrite', options.failedWritesPerMillion)) return 'fail';
        return this.#strikes('tornWrite', options.tornWritesPerMillion) ? 'tear' : null;
      case 'sync':
        return this.#strikes('failedSync', options.failedSyncsPerMillion) ? 'tear' : null;
      case 'saveResume':
      case 'keepMetadata':
        return this.#strikes('failedSave', options.failedSavesPerMillion) ? 'fail' : null;
    }
  }

  #strikes(kind: FaultKind, perMillion: number): boolean {
    if (!this.#random.chance(perMillion)) return false;
    this.#client.struck(kind);
    return true;
  }

  /** Unsynced writes are gone, but for those that `keeps` says reached the disk all the same. */
  #lose(store: Store, keeps: () => boolean): void {
    const loses = store.findUnsynced(() => true) !== -1;
    this.#usedBytes -= store.writtenBytes();
    store.crash(keeps);
    this.#usedBytes += store.writtenBytes();
    if (loses) this.#client.struck('lostWrites');
  }

  #trySync(store: Store, writeCount: number, effect: FaultEffect | null): DiskFault | null {
    if (effect === null) store.syncUpTo(writeCount);
    else this.#lose(store, () => effect === 'tear' && this.#random.below(2) === 0);
    return effect === null ? null : 'failed';
  }

  /** The digests of so many pieces; null for each that cannot be read. */
  #check(store: Store, first: number, count: number, effect: FaultEffect | null): (Uint8Array | null)[] {
    const readable = effect === null ? count : effect === 'fail' ? 0 : this.#random.below(count);
    return Array.from({ length: count }, (_, piece) =>
      piece < readable ? this.#digest(store, first + piece, NO_BLOCKS) : null,
    );
  }

  #tryWrite(operation: Operation, effect: FaultEffect | null): DiskFault | null {
    if (effect === 'fail') return 'failed';
    const bytes = this.#newBytes(operation);
    if (this.#usedBytes + bytes > this.options.capacityBytes) {
      this.#client.struck('diskFull');
      return 'full';
    }
    const count = operation.blocks.length;
    this.#write(operation, effect === null ? count : this.#random.below(count + 1));
    return effect === null ? null : 'failed';
  }

  /** What a write adds to the space taken: a block that is overwritten adds nothing. */
  #newBytes({ store, a: piece, blocks }: Operation): number {
    const { contents } = store;
    let bytes = 0;
    for (let block = 0; block < blocks.length; block += 1)
      if (blocks[block] !== null && store.written(contents.indexOf(piece, block)) === 0)
        bytes += contents.geometry.blockLength(piece, block);
    return bytes;
  }

  #write({ store, a: piece, blocks }: Operation, count: number): void {
    const { contents } = store;
    for (let block = 0; block < count; block += 1) {
      const stamp = blocks[block] as Stamp | null;
      if (stamp === null) continue;
      const index = contents.indexOf(piece, block);
      const before = store.read(index);
      if (store.written(index) === 0) this.#usedBytes += contents.geometry.blockLength(piece, block);
      store.write(index, stamp);
      if (this.#strikes('corruptWrite', this.options.corruptWritesPerMillion)) store.damage(index, corrupted(stamp, 2));
      if (!this.#strikes('misdirectedWrite', this.options.misdirectedWritesPerMillion)) continue;
      store.damage(index, before);
      store.damage(this.#random.below(contents.blockCount), stamp);
    }
  }

  /** A block for a peer; that it is another than the torrent's is noted. */
  #readToSend(store: Store, index: number): Stamp {
    const stamp = this.#read(store, index);
    if (stamp !== 0 && stamp !== store.contents.stamp(index)) this.wrongReadCount += 1;
    return stamp;
  }

  #read(store: Store, index: number): Stamp {
    const stamp = store.read(index);
    return stamp !== 0 && this.#strikes('corruptRead', this.options.corruptReadsPerMillion)
      ? corrupted(stamp, 3)
      : stamp;
  }

  /** The stamps of a piece, those not given read from the disk; null where one cannot be read. */
  #stamps(store: Store, piece: number, blocks: Blocks): Stamp[] | null {
    const stamps: Stamp[] = [];
    for (let block = 0; block < store.contents.geometry.blockCount(piece); block += 1) {
      const given = blocks[block] as Stamp | null | undefined;
      const stamp = given ?? this.#read(store, store.contents.indexOf(piece, block));
      if (stamp === 0) return null;
      stamps.push(stamp);
    }
    return stamps;
  }

  #digest(store: Store, piece: number, blocks: Blocks): Uint8Array | null {
    const stamps = this.#stamps(store, piece, blocks);
    return stamps === null ? null : digestOf(stamps);
  }

  #blockDigests(store: Store, piece: number, blocks: Blocks): Uint8Array | null {
    const stamps = this.#stamps(store, piece, blocks);
    if (stamps === null) return null;
    const digests = new Uint8Array(stamps.length * 20);
    stamps.forEach((stamp, block) => digests.set(digestOf([stamp]), block * 20));
    return digests;
  }

  #begin(
    kind: OperationKind,
    job: JobId,
    store: Store,
    bytes: number,
    a: number,
    b = 0,
    blocks: Blocks = NO_BLOCKS,
    resume: ResumeData | null = null,
  ): void {
    let index = this.#free.pop();
    if (index === undefined) {
      index = this.#operations.length;
      this.#operations.push({ kind, job, store, a, b, blocks, resume, open: true });
    } else {
      const operation = this.#operations[index] as Operation;
      operation.kind = kind;
      operation.job = job;
      operation.store = store;
      operation.a = a;
      operation.b = b;
      operation.blocks = blocks;
      operation.resume = resume;
      operation.open = true;
    }
    const start = Math.max(this.#busyUntil, this.#clock.now);
    this.#busyUntil = start + this.options.latencyUs + Math.ceil((bytes * 1e6) / this.options.bytesPerS);
    this.#arm(this.#busyUntil, index);
  }
}
