// The inputs of a journal as calls of an engine. Fields are read and bounded first; only then the engine is called.

import type {
  AddMagnet,
  AddTorrent,
  AnnounceReply,
  Command,
  Engine,
  Instant,
  OpenedTorrent,
  ScrapeReply,
} from '../contract.ts';
import { Geometry } from '../geometry.ts';
import { BLOCK_LENGTH_BYTES, SHA1_LENGTH_BYTES } from '../limits.ts';
import type { Metainfo, TorrentFile } from '../metainfo/metainfo.ts';
import {
  BLOCK_FAILED,
  BLOCK_OF_BYTES,
  BLOCK_OF_STAMP,
  DISCONNECT_REASONS,
  DISK_FAULTS,
  type EntryKind,
  type EntryReader,
} from './entries.ts';

/** A whole entry of the journal does not say what it must. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

export interface Input {
  /** The connection or job that it is about, −1: none. */
  readonly subject: number;
  /** Calls the engine; gives what it returned as a number, null where it returns nothing. */
  readonly give: (engine: Engine, now: Instant) => number | null;
}

/** Far more than one read of a socket gives. */
const CHUNK_BYTES_MAX = 16 * 1024 * 1024;
const CONN_MAX = 1 << 24;

export class InputReader {
  readonly #reader: EntryReader;
  /** Chunks are put together here; what lies where payload was is of no meaning. */
  #chunk = new Uint8Array(64 * 1024);
  readonly #block = new Uint8Array(BLOCK_LENGTH_BYTES);

  constructor(reader: EntryReader) {
    this.#reader = reader;
  }

  /** Reads the fields of the entry that the reader stands at. Throws `ReplayError`. */
  read(kind: EntryKind): Input {
    const reader = this.#reader;
    switch (kind) {
      case 'add': {
        const options = addTorrent(reader.value());
        return input(-1, (engine, now) => {
          const result = engine.add(now, options);
          return result.ok ? result.value : -1;
        });
      }
      case 'command': {
        const command = reader.value() as Command;
        return input(-1, (engine, now) => (engine.command(now, command).ok ? 0 : -1));
      }
      case 'connected': {
        const conn = this.#conn();
        const outgoing = reader.uint() === 1;
        const address = { host: reader.text(), port: reader.uint() };
        return call(conn, (engine, now) => engine.connected(now, conn, address, outgoing));
      }
      case 'received': {
        const conn = this.#conn();
        const chunk = this.#readChunk();
        return call(conn, (engine, now) => engine.received(now, conn, chunk));
      }
      case 'receivedPayload': {
        const conn = this.#conn();
        const stamp = reader.uint();
        const lengthBytes = reader.uint();
        return call(conn, (engine, now) => engine.receivedPayload(now, conn, stamp, lengthBytes));
      }
      case 'writable': {
        const conn = this.#conn();
        return call(conn, (engine, now) => engine.writable(now, conn));
      }
      case 'disconnected': {
        const conn = this.#conn();
        const why = entryOf(DISCONNECT_REASONS, reader.uint());
        return call(conn, (engine, now) => engine.disconnected(now, conn, why));
      }
      case 'tick':
        return call(-1, (engine, now) => engine.tick(now));
      case 'created':
      case 'drained':
      case 'threw':
        throw new ReplayError(`${kind} is no input`);
      case 'blockRead':
      case 'pieceHashed':
      case 'blocksHashed':
      case 'blocksWritten':
      case 'synced':
      case 'piecesChecked':
      case 'resumeSaved':
      case 'announced':
      case 'torrentOpened':
      case 'scraped':
        return this.#answer(kind, reader.uint());
    }
  }

  #answer(
    kind: Extract<
      EntryKind,
      | 'blockRead'
      | 'pieceHashed'
      | 'blocksHashed'
      | 'blocksWritten'
      | 'synced'
      | 'piecesChecked'
      | 'resumeSaved'
      | 'announced'
      | 'torrentOpened'
      | 'scraped'
    >,
    job: number,
  ): Input {
    const reader = this.#reader;
    switch (kind) {
      case 'blockRead': {
        const block = this.#readBlock();
        return call(job, (engine, now) => engine.blockRead(now, job, block));
      }
      case 'pieceHashed':
      case 'blocksHashed': {
        const digest = this.#digest();
        return call(job, (engine, now) => engine[kind](now, job, digest));
      }
      case 'blocksWritten':
      case 'synced':
      case 'resumeSaved': {
        const fault = entryOf(DISK_FAULTS, reader.uint());
        return call(job, (engine, now) => engine[kind](now, job, fault));
      }
      case 'piecesChecked': {
        const digests: (Uint8Array | null)[] = [];
        for (let left = reader.uint(); left > 0; left -= 1) digests.push(this.#digest());
        return call(job, (engine, now) => engine.piecesChecked(now, job, digests));
      }
      case 'announced': {
        const reply = reader.value() as AnnounceReply;
        return call(job, (engine, now) => engine.announced(now, job, reply));
      }
      case 'torrentOpened': {
        const opened = reader.value() as OpenedTorrent;
        return call(job, (engine, now) => engine.torrentOpened(now, job, opened));
      }
      case 'scraped': {
        const reply = reader.value() as ScrapeReply;
        return call(job, (engine, now) => engine.scraped(now, job, reply));
      }
    }
  }

  #conn(): number {
    const conn = this.#reader.uint();
    if (conn > CONN_MAX) throw new ReplayError(`no connection has the number ${conn}`);
    return conn;
  }

  #digest(): Uint8Array | null {
    const digest = this.#reader.bytes();
    return digest.length === 0 ? null : digest;
  }

  #readBlock(): Uint8Array | number | null {
    const form = this.#reader.uint();
    if (form === BLOCK_FAILED) return null;
    const value = this.#reader.uint();
    if (form === BLOCK_OF_STAMP) return value;
    if (form !== BLOCK_OF_BYTES || value > BLOCK_LENGTH_BYTES) throw new ReplayError(`no block of ${value} bytes`);
    return this.#block.subarray(0, value);
  }

  /** What is kept goes where it was; the rest only takes its room. */
  #readChunk(): Uint8Array {
    const length = this.#reader.uint();
    if (length > CHUNK_BYTES_MAX) throw new ReplayError(`no chunk has ${length} bytes`);
    if (length > this.#chunk.length) this.#chunk = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const kept = this.#reader.bytes();
      if (kept.length > length - at) throw new ReplayError('a chunk holds more than its length');
      this.#chunk.set(kept, at);
      at += kept.length;
      if (at < length) at += this.#reader.uint();
    }
    return this.#chunk.subarray(0, length);
  }
}

function input(subject: number, give: Input['give']): Input {
  return { subject, give };
}

function call(subject: number, give: (engine: Engine, now: Instant) => void): Input {
  return {
    subject,
    give: (engine, now) => {
      give(engine, now);
      return null;
    },
  };
}

function entryOf<T>(list: readonly T[], index: number): T {
  if (index >= list.length) throw new ReplayError(`${index} names none of ${list.length}`);
  return list[index] as T;
}

/** Values of a journal are taken as they are, but for what the geometry is made of: a wrong one would ask for endless memory. */
function addTorrent(value: unknown): AddTorrent | AddMagnet {
  if (typeof value === 'object' && value !== null && 'magnet' in value) {
    const { magnet } = value as Partial<AddMagnet>;
    if (magnet?.infoHash instanceof Uint8Array && Array.isArray(magnet.announceTiers)) return value as AddMagnet;
    throw new ReplayError('add without an info-hash');
  }
  const options = value as AddTorrent & { readonly metainfo: Metainfo & { readonly pieceLengthBytes: number } };
  const files = options?.metainfo?.files as readonly TorrentFile[] | undefined;
  const lengths = Array.isArray(files) ? files.map((file: TorrentFile | null) => file?.lengthBytes) : [];
  const { pieceLengthBytes, pieceHashes } = options?.metainfo ?? {};
  const numbers = [pieceLengthBytes, ...lengths].every((length) => Number.isSafeInteger(length) && Number(length) >= 0);
  if (!numbers || pieceLengthBytes === 0 || !(pieceHashes instanceof Uint8Array))
    throw new ReplayError('add without a torrent');
  const geometry = new Geometry(pieceLengthBytes as number, lengths as number[]);
  if (geometry.pieceCount * SHA1_LENGTH_BYTES !== pieceHashes.length)
    throw new ReplayError(`${pieceHashes.length} bytes of hashes for ${geometry.pieceCount} pieces`);
  return { ...options, metainfo: { ...options.metainfo, geometry } };
}
