// Writes .torrent files (BEP 3, 12, 27, 47): version 1, canonical, so that every client computes the same info-hash.
// Reading and hashing the content is the caller's; what `createMetainfo` writes, `parseMetainfo` reads back.

import type { Metainfo } from './metainfo.ts';
import bencode from 'bencode';

/** A file of the new torrent. */
export interface CreateFile {
  /** Components below the torrent's folder; empty for the one file of a single-file torrent, which is stored under `name`. */
  readonly path: readonly string[];
  readonly lengthBytes: number;
  /** Zeros up to where the next file shall begin (BEP 47). */
  readonly pad?: boolean;
}

export interface CreateMetainfo {
  readonly name: string;
  /** In the order in which their bytes were hashed. One with an empty path makes a single-file torrent. */
  readonly files: readonly CreateFile[];
  readonly pieceLengthBytes: number;
  /** 20 bytes a piece, in order. */
  readonly pieceHashes: Uint8Array;
  /** BEP 12; empty: no tracker. */
  readonly announceTiers: readonly (readonly string[])[];
  /** BEP 27: peers only from the trackers. */
  readonly private: boolean;
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** Seconds since 1970. */
  readonly creationDate: number | null;
}

/** The bytes of the .torrent file, owned by the caller. What is asked for is written as it stands, unchecked: read it back to check it. */
export function createMetainfo(options: CreateMetainfo): Uint8Array {
  const urls = options.announceTiers.flat();
  return bencode.encode({
    announce: urls[0],
    'announce-list': urls.length > 1 ? options.announceTiers : undefined,
    comment: options.comment ?? undefined,
    'created by': options.createdBy ?? undefined,
    'creation date': options.creationDate ?? undefined,
    info: {
      ...contentOf(options.files),
      name: options.name,
      'piece length': options.pieceLengthBytes,
      pieces: options.pieceHashes,
      private: options.private ? 1 : undefined,
    },
  });
}

function contentOf(files: readonly CreateFile[]) {
  const [only] = files;
  if (files.length === 1 && only?.path.length === 0) return { length: only.lengthBytes };
  return {
    files: files.map((file) => ({
      attr: file.pad ? 'p' : undefined,
      length: file.lengthBytes,
      path: file.path,
    })),
  };
}

const CHOSEN_PIECE_LENGTH_BYTES_MIN = 16 * 1024;
const CHOSEN_PIECE_LENGTH_BYTES_MAX = 16 * 1024 * 1024;
/** Between this and half of it, where the bounds allow: few enough for a small .torrent, enough to share early. */
const CHOSEN_PIECE_COUNT_MAX = 2_000;

/** A piece length for this much content: a power of two from 16 KiB to 16 MiB that gives some 1,000 to 2,000 pieces. */
export function choosePieceLength(totalBytes: number): number {
  let pieceLengthBytes = CHOSEN_PIECE_LENGTH_BYTES_MIN;
  while (pieceLengthBytes < CHOSEN_PIECE_LENGTH_BYTES_MAX && totalBytes > pieceLengthBytes * CHOSEN_PIECE_COUNT_MAX) {
    pieceLengthBytes *= 2;
  }
  return pieceLengthBytes;
}

/** A .torrent file around an `info` dictionary, which stands in it byte for byte: what was received from peers is never encoded anew, or
 *  its hash might be another. `infoBytes`: as `Metainfo.infoBytes`. The result is the caller's. */
export function wrapInfo({ infoBytes, announceTiers }: Pick<Metainfo, 'infoBytes' | 'announceTiers'>): Uint8Array {
  const head = bencode.encode({
    announce: announceTiers[0]?.[0],
    'announce-list': announceTiers.flat().length > 1 ? announceTiers : undefined,
    info: 0,
  });
  const before = head.length - PLACEHOLDER_AND_END_BYTES;
  const file = new Uint8Array(before + infoBytes.length + 1);
  file.set(head.subarray(0, before));
  file.set(infoBytes, before);
  file[file.length - 1] = head[head.length - 1] as number;
  return file;
}

/** `i0ee`: what stands in the place of `info`, and the end of the file. */
const PLACEHOLDER_AND_END_BYTES = 4;
