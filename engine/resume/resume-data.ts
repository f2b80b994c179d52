// What survives a restart. It speaks of flushed pieces and blocks only: whatever stands here was on the disk before it was written.

import type { PeerAddress, FilePriority } from '../contract.ts';

export interface RememberedPeer extends PeerAddress {
  /** It had every piece, or said `upload_only`. */
  readonly seed: boolean;
  /** Its bitfield when it was last seen, high bit first, ⌈pieceCount / 8⌉ bytes: for ranking and rarity, never for a request. */
  readonly bitfield: Uint8Array | null;
  /** What it gave us per second when last connected. */
  readonly downloadBps: number;
  /** −7 … 8, below zero after failed pieces. */
  readonly trust: number;
  readonly banned: boolean;
}

export interface ResumeData {
  readonly infoHash: Uint8Array;
  /** High bit first, ⌈pieceCount / 8⌉ bytes, spare bits zero. */
  readonly flushed: Uint8Array;
  /** Pieces that were written, or not looked at yet, but not made durable: hashed at the next start. Same form; none is flushed. */
  readonly unsynced: Uint8Array;
  /** Blocks of unfinished pieces that are on the disk. `blocks`: high bit first, ⌈blockCount / 8⌉ bytes. */
  readonly partials: readonly { readonly piece: number; readonly blocks: Uint8Array }[];
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  readonly paused: boolean;
  readonly sequential: boolean;
  /** One a file. */
  readonly filePriorities: readonly FilePriority[];
  readonly peers: readonly RememberedPeer[];
}
