// What stands inside a torrent at one instant, down to blocks and requests, and why the last decisions fell as they did: for people who look
// into a run. A snapshot; nothing in it is live.

import type { ConnId, Instant, PeerStatus, TorrentStatus } from './contract.ts';

export interface TorrentInspection {
  readonly status: TorrentStatus;
  /** One a piece. */
  readonly pieces: readonly PieceState[];
  /** Copies of each piece among connected peers. */
  readonly copies: readonly number[];
  /** In the order of picking. */
  readonly partials: readonly PartialInspection[];
  readonly peers: readonly PeerInspection[];
  readonly choker: ChokerInspection;
}

export type PieceState = 'missing' | 'partial' | 'hashing' | 'have' | 'written' | 'flushed';

export interface PartialInspection {
  readonly piece: number;
  /** The peer on parole that has this piece to itself, as its address; null: anybody may be asked. */
  readonly exclusiveTo: string | null;
  /** Its received blocks are being written before it is complete. */
  readonly flushing: boolean;
  readonly blocks: readonly BlockInspection[];
}

export interface BlockInspection {
  readonly state: 'free' | 'requested' | 'received';
  /** Whose queues hold it. */
  readonly askedOf: readonly ConnId[];
  /** Address of who sent it; null: nobody yet, or it was read back from the disk. */
  readonly from: string | null;
}

export interface PeerInspection extends PeerStatus {
  readonly state: 'dialling' | 'handshaking' | 'up' | 'closed';
  /** What it was asked for, oldest first. */
  readonly requests: readonly RequestInspection[];
  /** What it asked for and was not given yet, oldest first. */
  readonly uploads: readonly { readonly piece: number; readonly beginBytes: number; readonly lengthBytes: number }[];
  /** Why it would not be asked for more now; null: it would be, if it has something that is free. */
  readonly notAsked: NotAsked | null;
  /** The last batch of requests, and why these blocks; empty where no reasons are kept (`EngineOptions.explain`) or none was sent. */
  readonly picks: readonly PickReason[];
  /** The choker's last word about it; null where no reasons are kept or it was never looked at. */
  readonly choke: ChokeReason | null;
}

export interface RequestInspection {
  readonly piece: number;
  readonly block: number;
  readonly sentAt: Instant;
  /** False: cancelled or timed out, but still owed an answer (BEP 6). */
  readonly live: boolean;
}

export type NotAsked =
  | 'notConnected'
  | 'torrentNotRequesting'
  | 'choked'
  | 'notInterested'
  | 'pausedAfterReject'
  | 'queueFilled';

/** partial: free blocks of a piece that was begun; rarestFirst, random, sequential: a new piece, in that order; endGame: a late block of
 *  somebody else; parole: of a piece that it has to itself. */
export type PickRule = 'partial' | 'rarestFirst' | 'random' | 'sequential' | 'endGame' | 'parole';

export interface PickReason {
  readonly at: Instant;
  readonly rule: PickRule;
  readonly piece: number;
  readonly firstBlock: number;
  readonly blockCount: number;
  /** Copies of the piece among connected peers. */
  readonly copies: number;
  /** For a new piece: missing pieces that the peer could have been asked for, and how many of them had as few copies; else 0. */
  readonly candidates: number;
  readonly ties: number;
}

/** rate: among those that gave most; turn: a seed's slots go round, or to the fastest; optimistic: the one slot by chance; freeSlot: a
 *  slot was free between rounds; unused: it asked for nothing, and its slot is others'; noSlot: others rank before it; notInterested, seed: it
 *  wants nothing from us. */
export type ChokeRule = 'rate' | 'turn' | 'optimistic' | 'freeSlot' | 'unused' | 'noSlot' | 'notInterested' | 'seed';

export interface ChokeReason {
  readonly at: Instant;
  readonly rule: ChokeRule;
  readonly unchoked: boolean;
  /** From 1, among `ranked`; 0 where it was not ranked. */
  readonly rank: number;
  readonly ranked: number;
  /** What decided the rank: bytes of the last 20 s, given to us while we download, taken from us while we seed. */
  readonly recentBytes: number;
  readonly snubbed: boolean;
}

export interface ChokerInspection {
  readonly rounds: number;
  readonly slots: number;
  readonly optimistic: ConnId | null;
}
