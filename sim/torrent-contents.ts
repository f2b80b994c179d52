// A torrent that exists only as numbers: what its blocks hold, what they hash to, and the metainfo that says so.
//
// The content of a block is a stamp, 1 … 2³² − 1, another one for every block; 0 is a block that was never written. A piece hashes to 20
// bytes mixed from its stamps: equal stamps give equal digests and a changed one another, which is all that SHA-1 is asked for here.

import {
  createMetainfo,
  Geometry,
  type Metainfo,
  parseInfo,
  parseMetainfo,
  SHA1_LENGTH_BYTES,
  type Stamp,
} from '#engine';
import type { Random } from '#harness';

const KIB = 1024;
const MIB = 1024 * KIB;

export interface ContentsOptions {
  readonly sizeMiB?: number;
  readonly pieceKiB?: number;
  /** Bytes of each file instead of one file of `sizeMiB`; may be 0. */
  readonly fileLengths?: readonly number[];
  /** Which of the files are pad files (BEP 47); none where it is left out. */
  readonly pads?: readonly boolean[];
  /** Tiers of tracker URLs. */
  readonly announceTiers?: readonly (readonly string[])[];
  readonly name?: string;
  /** The metadata exists as bytes that hash to the info-hash, so that peers can give it to each other: with so much in it that says nothing.
   *  Left out: it does not. */
  readonly metadataPadBytes?: number;
}

export class TorrentContents {
  readonly metainfo: Metainfo;
  readonly geometry: Geometry;
  readonly #key: number;

  constructor(random: Random, options: ContentsOptions) {
    const lengths = options.fileLengths ?? [(options.sizeMiB ?? 1) * MIB];
    const pieceLengthBytes = (options.pieceKiB ?? 256) * KIB;
    const name = options.name ?? 'contents';
    this.geometry = new Geometry(pieceLengthBytes, lengths);
    this.#key = random.uint32();
    const pieceHashes = new Uint8Array(this.geometry.pieceCount * SHA1_LENGTH_BYTES);
    for (let piece = 0; piece < this.geometry.pieceCount; piece += 1)
      pieceHashes.set(digestOf(this.stampsOf(piece)), piece * SHA1_LENGTH_BYTES);
    const multiFile = lengths.length > 1;
    const plain: Metainfo = {
      infoHash: Uint8Array.from({ length: SHA1_LENGTH_BYTES }, () => random.below(256)),
      name,
      multiFile,
      files: lengths.map((lengthBytes, file) => ({
        path: multiFile ? [name, `file-${file}`] : [name],
        lengthBytes,
        pad: options.pads?.[file] ?? false,
      })),
      geometry: this.geometry,
      pieceHashes,
      private: false,
      announceTiers: options.announceTiers ?? [],
      comment: null,
      createdBy: null,
      creationDate: null,
      infoBytes: new Uint8Array(0),
    };
    const { metadataPadBytes } = options;
    this.metainfo = metadataPadBytes === undefined ? plain : withInfo(plain, randomBytes(random, metadataPadBytes));
  }

  /** Blocks of the whole torrent. */
  get blockCount(): number {
    const { geometry } = this;
    const last = geometry.pieceCount - 1;
    return last < 0 ? 0 : last * geometry.blocksPerPiece + geometry.blockCount(last);
  }

  /** Place of a block among all of the torrent. */
  indexOf(piece: number, block: number): number {
    return piece * this.geometry.blocksPerPiece + block;
  }

  /** The piece that the block at this place belongs to. */
  pieceOf(index: number): number {
    return Math.floor(index / this.geometry.blocksPerPiece);
  }

  /** What a block truly holds. `index`: its place among all. */
  stamp(index: number): Stamp {
    // Each step is a bijection of 32 bits, so no two blocks of a torrent hold the same.
    const mixed = Math.imul((Math.imul(index + 1, 0x9e3779b1) ^ this.#key) >>> 0, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) >>> 0 || 0x5bd1e995;
  }

  stampsOf(piece: number): Stamp[] {
    return Array.from({ length: this.geometry.blockCount(piece) }, (_, block) =>
      this.stamp(this.indexOf(piece, block)),
    );
  }

  /** The torrent's hash of a piece, 20 bytes of the metainfo. */
  hashOf(piece: number): Uint8Array {
    return this.metainfo.pieceHashes.subarray(piece * SHA1_LENGTH_BYTES, (piece + 1) * SHA1_LENGTH_BYTES);
  }
}

function randomBytes(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.below(256));
}

/** The same torrent with an `info` dictionary as bytes, and the info-hash that they have. `padding` stands in it under a key of its own. */
function withInfo(metainfo: Metainfo, padding: Uint8Array): Metainfo {
  const { name, files, geometry, pieceHashes, announceTiers, multiFile } = metainfo;
  const file = createMetainfo({
    name,
    files: files.map(({ path, lengthBytes, pad }) => ({ path: multiFile ? path.slice(1) : [], lengthBytes, pad })),
    pieceLengthBytes: geometry.pieceLengthBytes,
    pieceHashes,
    announceTiers: [],
    private: false,
    comment: null,
    createdBy: null,
    creationDate: null,
  });
  const parsed = parseMetainfo(file);
  if (!parsed.ok) throw new Error(parsed.detail);
  const { infoBytes } = parsed.value;
  const key = Uint8Array.from(`9:x padding${padding.length}:`, (character) => character.charCodeAt(0));
  const padded = new Uint8Array(infoBytes.length + key.length + padding.length);
  padded.set(infoBytes);
  padded.set(key, infoBytes.length - 1);
  padded.set(padding, infoBytes.length - 1 + key.length);
  padded[padded.length - 1] = infoBytes[infoBytes.length - 1] as number;
  const read = parseInfo(padded, announceTiers);
  if (!read.ok) throw new Error(read.detail);
  return read.value;
}

/** Another content than `stamp`, never 0; the same `variant` gives the same. */
export function corrupted(stamp: Stamp, variant = 1): Stamp {
  return (stamp ^ (0x40000000 + variant)) >>> 0 || 1;
}

/** 20 bytes that stand for the SHA-1 of blocks with these contents, in order. */
export function digestOf(stamps: readonly Stamp[]): Uint8Array {
  let low = 0x12345678;
  let high = 0x6789abcd | 0;
  for (const stamp of stamps) {
    low = Math.imul(low ^ stamp, 0x2c1b3c6d);
    low ^= low >>> 13;
    high = Math.imul(high + stamp, 0x297a2d39) ^ low;
    high ^= high >>> 15;
  }
  const digest = new Uint8Array(SHA1_LENGTH_BYTES);
  for (let at = 0; at < SHA1_LENGTH_BYTES; at += 1) {
    if (at % 4 === 0) {
      low = Math.imul(low ^ high ^ at, 0x45d9f3b);
      low ^= low >>> 16;
      high = Math.imul(high ^ low, 0x5bd1e995);
    }
    digest[at] = low >>> ((at % 4) * 8);
  }
  return digest;
}
