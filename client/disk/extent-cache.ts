// Serves blocks for upload out of large reads: one extent of up to 1 MiB is read, and its blocks are handed out as views of it.
//
// Always: extents held are bounded by `EXTENT_CACHE_BYTES_MAX`, loads in flight by `LOADS_AT_ONCE`; an extent lies within one piece.
// An extent's memory is used again only when every view of it came back by `release`; one whose views were dropped elsewhere is
// left to the garbage collector. The extent after one that is used is read ahead: within a piece always, across pieces where the piece
// before was read too.

import type { Storage } from './storage.ts';

const EXTENT_LENGTH_BYTES = 1024 * 1024;
const EXTENT_CACHE_BYTES_MAX = 32 * 1024 * 1024;
const LOADS_AT_ONCE = 4;
const FREE_BUFFERS_MAX = 8;
/** Extents of the largest legal piece, so that (torrent, piece, extent) packs into one number. */
const EXTENTS_PER_PIECE = 64;
const PIECES_PER_TORRENT = 1 << 21;

/** Gets the block, or null when it could not be read. */
export type BlockReader = (block: Uint8Array | null) => void;

interface Extent {
  readonly key: number;
  readonly storage: Storage;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Null until its load begins. */
  bytes: Uint8Array | null;
  ready: boolean;
  /** A block of it was asked for: it was not only read ahead. */
  used: boolean;
  /** Views handed out and not yet back. */
  lent: number;
  readonly waiting: { readonly at: number; readonly lengthBytes: number; readonly done: BlockReader }[];
}

export class ExtentCache {
  /** In the order of last use. */
  readonly #extents = new Map<number, Extent>();
  /** By the memory that their views share. */
  readonly #byBuffer = new WeakMap<ArrayBufferLike, Extent>();
  readonly #free: Uint8Array[] = [];
  readonly #loads: Extent[] = [];
  #loading = 0;
  #heldBytes = 0;

  /** Calls `done` at once when the block is in memory, else later. The view stays good until `release`, or for as long as it is held. */
  read(torrent: number, storage: Storage, piece: number, begin: number, lengthBytes: number, done: BlockReader): void {
    const index = Math.floor(begin / EXTENT_LENGTH_BYTES);
    const at = begin - index * EXTENT_LENGTH_BYTES;
    if (at + lengthBytes > EXTENT_LENGTH_BYTES) {
      readAlone(storage, storage.geometry.pieceOffset(piece) + begin, lengthBytes, done);
      return;
    }
    const extent = this.#extent(torrent, storage, piece, index);
    if (!extent.used) {
      extent.used = true;
      this.#readAhead(torrent, storage, piece, index);
    }
    if (extent.ready) lend(extent, at, lengthBytes, done);
    else extent.waiting.push({ at, lengthBytes, done });
  }

  /** A block from `read` has left the socket's queue. */
  release(block: Uint8Array): void {
    const extent = this.#byBuffer.get(block.buffer);
    if (extent === undefined) return;
    extent.lent -= 1;
    if (extent.lent === 0 && this.#extents.get(extent.key) !== extent) this.#recycle(extent);
  }

  /** Forgets what was read of a piece, because it is written anew. */
  invalidate(torrent: number, storage: Storage, piece: number): void {
    if (this.#extents.size === 0) return;
    const count = Math.ceil(storage.geometry.pieceLength(piece) / EXTENT_LENGTH_BYTES);
    for (let index = 0; index < count; index += 1) {
      const extent = this.#extents.get(keyOf(torrent, piece, index));
      if (extent !== undefined) this.#drop(extent);
    }
  }

  /** Forgets a torrent. */
  forget(torrent: number): void {
    for (const extent of this.#extents.values()) {
      if (Math.floor(extent.key / (PIECES_PER_TORRENT * EXTENTS_PER_PIECE)) === torrent) this.#drop(extent);
    }
  }

  #extent(torrent: number, storage: Storage, piece: number, index: number): Extent {
    const key = keyOf(torrent, piece, index);
    const found = this.#extents.get(key);
    if (found !== undefined) {
      this.#extents.delete(key);
      this.#extents.set(key, found);
      return found;
    }
    const begin = index * EXTENT_LENGTH_BYTES;
    const extent: Extent = {
      key,
      storage,
      offsetBytes: storage.geometry.pieceOffset(piece) + begin,
      lengthBytes: Math.min(EXTENT_LENGTH_BYTES, storage.geometry.pieceLength(piece) - begin),
      bytes: null,
      ready: false,
      used: false,
      lent: 0,
      waiting: [],
    };
    this.#extents.set(key, extent);
    this.#loads.push(extent);
    this.#pump();
    return extent;
  }

  #readAhead(torrent: number, storage: Storage, piece: number, index: number): void {
    const { geometry } = storage;
    const count = Math.ceil(geometry.pieceLength(piece) / EXTENT_LENGTH_BYTES);
    if (index + 1 < count) this.#extent(torrent, storage, piece, index + 1);
    else if (piece + 1 < geometry.pieceCount && this.#extents.has(keyOf(torrent, piece - 1, count - 1))) {
      this.#extent(torrent, storage, piece + 1, 0);
    }
  }

  #pump(): void {
    while (this.#loading < LOADS_AT_ONCE && this.#loads.length > 0) void this.#load(this.#loads.shift() as Extent);
  }

  async #load(extent: Extent): Promise<void> {
    this.#loading += 1;
    const bytes = this.#memory(extent.lengthBytes);
    extent.bytes = bytes;
    this.#byBuffer.set(bytes.buffer, extent);
    if (this.#extents.get(extent.key) === extent) this.#heldBytes += extent.lengthBytes;
    this.#trim();
    const good = await extent.storage.read(extent.offsetBytes, bytes).then(
      () => true,
      () => false,
    );
    this.#loading -= 1;
    extent.ready = good;
    if (!good) this.#drop(extent);
    for (const { at, lengthBytes, done } of extent.waiting.splice(0)) {
      if (good) lend(extent, at, lengthBytes, done);
      else done(null);
    }
    this.#pump();
  }

  #trim(): void {
    for (const extent of this.#extents.values()) {
      if (this.#heldBytes <= EXTENT_CACHE_BYTES_MAX) return;
      if (extent.ready) this.#drop(extent);
    }
  }

  #drop(extent: Extent): void {
    if (this.#extents.get(extent.key) !== extent) return;
    this.#extents.delete(extent.key);
    if (extent.bytes !== null) this.#heldBytes -= extent.lengthBytes;
    if (extent.ready && extent.lent === 0) this.#recycle(extent);
  }

  #recycle(extent: Extent): void {
    const { buffer } = extent.bytes as Uint8Array;
    this.#byBuffer.delete(buffer);
    if (this.#free.length < FREE_BUFFERS_MAX) this.#free.push(new Uint8Array(buffer));
  }

  #memory(lengthBytes: number): Uint8Array {
    const index = this.#free.findIndex((buffer) => buffer.length === lengthBytes);
    if (index >= 0) return this.#free.splice(index, 1)[0] as Uint8Array;
    if (this.#free.length === FREE_BUFFERS_MAX) this.#free.shift();
    return new Uint8Array(lengthBytes);
  }
}

function lend(extent: Extent, at: number, lengthBytes: number, done: BlockReader): void {
  extent.lent += 1;
  done((extent.bytes as Uint8Array).subarray(at, at + lengthBytes));
}

/** For a request across two extents, which no client in the field sends. */
function readAlone(storage: Storage, offsetBytes: number, lengthBytes: number, done: BlockReader): void {
  const bytes = new Uint8Array(lengthBytes);
  storage.read(offsetBytes, bytes).then(
    () => done(bytes),
    () => done(null),
  );
}

function keyOf(torrent: number, piece: number, extent: number): number {
  return (torrent * PIECES_PER_TORRENT + piece) * EXTENTS_PER_PIECE + extent;
}
