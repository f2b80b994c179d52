// The kinds of entries in a journal of an engine, and what a journal must offer to write and read them (`harness/journal` does).
//
// The fields of each kind stand beside its name, in docs/JOURNAL.md too. A change of any of them is a new version of the journal.

import type { DisconnectReason, DiskFault, Instant } from '../contract.ts';

export const ENTRY_KINDS = [
  /** A new engine: seed (text), settings (value). */
  'created',
  /** options (value); of a torrent without metadata its `magnet` in the place of `metainfo`. */
  'add',
  /** command (value). */
  'command',
  /** conn, outgoing (0, 1), host (text), port. */
  'connected',
  /** conn, length of the chunk, then by turns bytes that are kept and how many of payload are left out, until the chunk is full. */
  'received',
  /** conn, stamp, length. */
  'receivedPayload',
  /** conn. */
  'writable',
  /** conn, reason (its place in DISCONNECT_REASONS). */
  'disconnected',
  /** job, 0 = failed | 1, length | 2, stamp. */
  'blockRead',
  /** job, digest (bytes; empty = a block could not be read). */
  'pieceHashed',
  /** job, digests (bytes; empty = a block could not be read). */
  'blocksHashed',
  /** job, fault (its place in DISK_FAULTS). */
  'blocksWritten',
  'synced',
  /** job, count, each digest (bytes; empty = missing). */
  'piecesChecked',
  /** job, fault. */
  'resumeSaved',
  /** job, reply (value). */
  'announced',
  'tick',
  /** Outputs since the last drain: marks (two bytes each, see OutputMarks), digest of all outputs so far. */
  'drained',
  /** The engine broke one of its own laws in the input before: message (text). */
  'threw',
  /** job, opened (value). */
  'torrentOpened',
  /** job, reply (value). */
  'scraped',
] as const;

export type EntryKind = (typeof ENTRY_KINDS)[number];

/** A kind as the number that stands in the journal. */
export const ENTRY = Object.fromEntries(ENTRY_KINDS.map((kind, index) => [kind, index])) as Record<EntryKind, number>;

export const DISCONNECT_REASONS: readonly DisconnectReason[] = ['refused', 'timeout', 'reset', 'ended', 'unreachable'];
export const DISK_FAULTS: readonly (DiskFault | null)[] = [null, 'full', 'missing', 'denied', 'failed'];
/** Of a block that was read. */
export const BLOCK_FAILED = 0;
export const BLOCK_OF_BYTES = 1;
export const BLOCK_OF_STAMP = 2;

/** Takes entries, field by field, until the next `begin`. */
export interface EntryWriter {
  begin(kind: number, at: Instant): void;
  /** A whole number, 0 or more. */
  uint(value: number): void;
  /** `source[start … end)`, borrowed for the call. */
  bytes(source: Uint8Array, start?: number, end?: number): void;
  text(text: string): void;
  /** Numbers, texts, bytes, lists and records. */
  value(value: unknown): void;
}

/** Gives entries back in the same order; its fields throw where the journal does not hold them. */
export interface EntryReader {
  readonly kind: number;
  readonly at: Instant;
  next(): boolean;
  uint(): number;
  bytes(): Uint8Array;
  text(): string;
  value(): unknown;
}
