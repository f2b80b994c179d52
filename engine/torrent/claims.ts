// What the resume data of a torrent claims, and what of it is believed at the next start: only what the files on the disk do not
// contradict. What is named as unsynced is hashed; what is not named is not had.

import { Bitfield } from '../bitfield.ts';
import { hasBit } from '../bytes.ts';
import type { AddTorrent } from '../contract.ts';
import type { Geometry } from '../geometry.ts';
import { BLOCK_LENGTH_BYTES } from '../limits.ts';
import type { Metainfo } from '../metainfo/metainfo.ts';
import { isIntroduced } from '../peers/introduced.ts';
import type { PeerBook } from '../peers/peer-book.ts';
import { ON_DISK_DURABLE, type PartialPiece } from '../pieces/partial-piece.ts';
import { PIECE_FLUSHED, PIECE_MISSING, PIECE_WRITTEN, type Picker } from '../pieces/picker.ts';
import type { RememberedPeer, ResumeData } from '../resume/resume-data.ts';

/** What is known of a torrent when it is opened. */
export type FoundOnDisk = Pick<AddTorrent, 'metainfo' | 'resume' | 'fileLengths' | 'check'>;

/** Puts into `picker` what is believed without a look. Returns which pieces are to be hashed (one byte a piece), and the begun pieces. */
export function believe(options: FoundOnDisk, picker: Picker): { pending: Uint8Array; begun: PartialPiece[] } {
  const { metainfo, fileLengths } = options;
  const { geometry } = metainfo;
  const onDisk = piecesOnDisk(metainfo, fileLengths);
  const claims = options.check === 'trust' ? options.resume : null;
  const pending = new Uint8Array(geometry.pieceCount);
  for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
    if (onDisk[piece] === 0) continue;
    if (claims !== null && hasBit(claims.flushed, piece)) picker.restored(piece);
    else if (claims === null || hasBit(claims.unsynced, piece)) pending[piece] = 1;
  }
  const begun: PartialPiece[] = [];
  for (const { piece, blocks } of claims?.partials ?? []) {
    if (pending[piece] === 1 || picker.state(piece) !== PIECE_MISSING) continue;
    const partial = picker.begin(piece);
    for (let block = 0; block < partial.blockCount; block += 1) {
      if (hasBit(blocks, block) && isBlockOnDisk(metainfo, fileLengths, piece, block))
        partial.receive(block, null, null);
    }
    picker.forgetUntouched(partial);
    begun.push(partial);
  }
  return { pending, begun };
}

/** 1 for each piece all of whose bytes the files on the disk are long enough to hold. */
function piecesOnDisk({ geometry, files }: Metainfo, fileLengths: readonly number[]): Uint8Array {
  const onDisk = new Uint8Array(geometry.pieceCount).fill(1);
  files.forEach((file, index) => {
    const present = Math.max(0, fileLengths[index] ?? -1);
    if (file.pad || present >= file.lengthBytes) return;
    const { first, count } = geometry.piecesOfFile(index);
    const cut = Math.floor((geometry.fileOffset(index) + present) / geometry.pieceLengthBytes);
    onDisk.fill(0, Math.max(first, cut), first + count);
  });
  return onDisk;
}

/** The files are long enough to hold the block: of the piece in which a growing file ends, the first blocks are there. */
function isBlockOnDisk(
  { geometry, files }: Metainfo,
  fileLengths: readonly number[],
  piece: number,
  block: number,
): boolean {
  return geometry
    .spans(geometry.pieceOffset(piece) + block * BLOCK_LENGTH_BYTES, geometry.blockLength(piece, block))
    .every(
      ({ file, offsetBytes, lengthBytes }) =>
        files[file]?.pad || offsetBytes + lengthBytes <= (fileLengths[file] ?? -1),
    );
}

/** What may be claimed of the pieces: those flushed, and `claiming`, which are durable and become flushed by this claim. Written pieces
 *  and those that `isPending` (a check has not come to them) are named as worth a look. */
export function claimPieces(
  picker: Picker,
  claiming: readonly number[],
  isPending: (piece: number) => boolean,
): Pick<ResumeData, 'flushed' | 'unsynced' | 'partials'> {
  const { pieceCount } = picker.geometry;
  const flushed = new Bitfield(pieceCount);
  const unsynced = new Bitfield(pieceCount);
  for (const piece of claiming) flushed.set(piece);
  for (let piece = 0; piece < pieceCount; piece += 1) {
    const state = picker.state(piece);
    if (state === PIECE_FLUSHED) flushed.set(piece);
    else if ((state === PIECE_WRITTEN && !flushed.has(piece)) || isPending(piece)) unsynced.set(piece);
  }
  const partials: { piece: number; blocks: Uint8Array }[] = [];
  for (const partial of picker.partials) {
    const { piece, blockCount } = partial;
    let durable: Bitfield | null = null;
    for (let block = 0; block < blockCount; block += 1)
      if (partial.whereIs(block) === ON_DISK_DURABLE) (durable ??= new Bitfield(blockCount)).set(block);
    if (durable !== null) partials.push({ piece, blocks: durable.bytes });
  }
  return { flushed: flushed.bytes, unsynced: unsynced.bytes, partials };
}

/** The peers that can be dialled again. */
export function rememberPeers(book: PeerBook): RememberedPeer[] {
  const remembered: RememberedPeer[] = [];
  for (const { address, seed, bitfield, downloadBps, trust, banned } of book.values()) {
    if (address === null || isIntroduced(address)) continue;
    const { host, port } = address;
    remembered.push({ host, port, seed, bitfield: bitfield?.bytes ?? null, downloadBps, trust, banned });
  }
  return remembered;
}

export function recallPeers(peers: readonly RememberedPeer[], book: PeerBook, geometry: Geometry): void {
  for (const remembered of peers) {
    const known = book.heardOf(remembered, 'remembered');
    if (known === null) continue;
    known.seed = remembered.seed;
    known.downloadBps = remembered.downloadBps;
    known.trust = remembered.trust;
    known.banned ||= remembered.banned;
    if (remembered.bitfield === null) continue;
    const bits = Bitfield.fromWire(remembered.bitfield, geometry.pieceCount);
    if (typeof bits !== 'string') known.bitfield = bits;
  }
}
