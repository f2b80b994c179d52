// A look inside a torrent: derived from its state on demand, so that it costs nothing while nobody looks.

import type { Context } from '../context.ts';
import type {
  BlockInspection,
  NotAsked,
  PartialInspection,
  PeerInspection,
  PieceState,
  TorrentInspection,
} from '../inspection.ts';
import { peerName } from '../peers/introduced.ts';
import type { Peer } from '../peers/peer.ts';
import type { KnownPeer } from '../peers/peer-book.ts';
import { BLOCK_RECEIVED, BLOCK_REQUESTED, type PartialPiece } from '../pieces/partial-piece.ts';
import { peerStatus, torrentStatus } from './status.ts';
import type { Torrent } from './torrent.ts';

/** In the order of the picker's PIECE_ constants. */
const PIECE_STATES: readonly PieceState[] = ['missing', 'partial', 'hashing', 'have', 'written', 'flushed'];

export function inspectTorrent(ctx: Context, torrent: Torrent): TorrentInspection {
  const { picker, swarm, choker } = torrent;
  const pieces = Array.from(
    { length: picker.geometry.pieceCount },
    (_, piece) => PIECE_STATES[picker.state(piece)] as PieceState,
  );
  return {
    status: torrentStatus(torrent),
    pieces,
    copies: pieces.map((_, piece) => picker.availability(piece)),
    partials: picker.partials.map((partial) => inspectPartial(torrent, partial)),
    peers: swarm.peers.map((peer) => inspectPeer(ctx, torrent, peer)),
    choker: { rounds: choker.rounds, slots: ctx.settings.uploadSlots, optimistic: choker.optimistic?.conn ?? null },
  };
}

function inspectPartial(torrent: Torrent, partial: PartialPiece): PartialInspection {
  const base = partial.piece * torrent.metainfo.geometry.blocksPerPiece;
  return {
    piece: partial.piece,
    exclusiveTo: nameOf(partial.exclusiveTo),
    flushing: partial.flushing,
    blocks: Array.from({ length: partial.blockCount }, (_, block): BlockInspection => {
      const state = partial.state(block);
      return {
        state: state === BLOCK_RECEIVED ? 'received' : state === BLOCK_REQUESTED ? 'requested' : 'free',
        askedOf: torrent.swarm.peers
          .filter(({ requests }) => requests.liveIndexOf(base + block) !== -1)
          .map(({ conn }) => conn),
        from: nameOf(partial.contributors[block] ?? null),
      };
    }),
  };
}

function inspectPeer(ctx: Context, torrent: Torrent, peer: Peer): PeerInspection {
  const { blocksPerPiece } = torrent.metainfo.geometry;
  return {
    ...peerStatus(peer),
    state: peer.state,
    requests: Array.from({ length: peer.requests.length }, (_, index) => {
      const key = peer.requests.keyAt(index);
      return {
        piece: Math.floor(key / blocksPerPiece),
        block: key % blocksPerPiece,
        sentAt: peer.requests.sentAt(index),
        live: peer.requests.isLive(index),
      };
    }),
    uploads: peer.uploads.waiting(),
    notAsked: notAsked(ctx, torrent, peer),
    picks: ctx.reasons?.picksOf(peer) ?? [],
    choke: ctx.reasons?.chokeOf(peer) ?? null,
  };
}

/** What `Requester.fill` asks, the lasting reasons first. */
function notAsked(ctx: Context, torrent: Torrent, peer: Peer): NotAsked | null {
  if (!peer.up) return 'notConnected';
  if (!torrent.requesting) return 'torrentNotRequesting';
  if (!peer.amInterested) return 'notInterested';
  if (!peer.mayBeAsked) return 'choked';
  if (ctx.now < peer.askAgainAt) return 'pausedAfterReject';
  return peer.requests.liveCount > peer.pipeline.lowWater ? 'queueFilled' : null;
}

/** A peer that came to us and never said where it listens is known by its host alone. */
function nameOf(known: KnownPeer | null): string | null {
  if (known === null) return null;
  const { address, host } = known;
  return address === null ? `${host} (incoming)` : peerName(address);
}
