// What a torrent shows to people and tests: a snapshot, nothing in it is live.

import { Bitfield } from '../bitfield.ts';
import { hex } from '../bytes.ts';
import type { PeerStatus, PieceMap, TorrentStatus, TorrentSummary } from '../contract.ts';
import { isIntroduced } from '../peers/introduced.ts';
import type { Peer } from '../peers/peer.ts';
import { PIECE_FLUSHED, PIECE_MISSING, PIECE_WRITTEN } from '../pieces/picker.ts';
import type { Torrent } from './torrent.ts';

export function torrentStatus(torrent: Torrent): TorrentStatus {
  const { metainfo, picker } = torrent;
  const { geometry } = metainfo;
  let flushedBytes = 0;
  const flushed = new Bitfield(geometry.pieceCount);
  for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
    if (picker.state(piece) !== PIECE_FLUSHED) continue;
    flushed.set(piece);
    if (picker.priority(piece) !== 0) flushedBytes += geometry.pieceLength(piece);
  }
  return {
    id: torrent.id,
    infoHash: hex(metainfo.infoHash),
    name: metainfo.name,
    totalBytes: geometry.totalBytes,
    flushedBytes,
    pieceCount: geometry.pieceCount,
    have: picker.written.bytes.slice(),
    flushed: flushed.bytes,
    ...figures(torrent),
    peers: peersOf(torrent),
    trackers: torrent.announces.status(),
  };
}

export function torrentSummary(torrent: Torrent): TorrentSummary {
  let peers = 0;
  let seeds = 0;
  for (const peer of torrent.swarm.peers) {
    if (!peer.up) continue;
    peers += 1;
    if (peer.isSeed) seeds += 1;
  }
  return { ...figures(torrent), fault: torrent.state === 'failed' ? torrent.fault : null, peers, seeds };
}

/** What costs nothing to say. */
function figures(torrent: Torrent) {
  const { picker } = torrent;
  return {
    state: torrent.state,
    error: torrent.error,
    metadata: torrent.metadata.status,
    wantedBytes: picker.wantedBytes,
    haveBytes: picker.haveBytes,
    havePieces: picker.written.count,
    checkedPieces: torrent.checkedPieces,
    complete: torrent.finished,
    endGame: picker.endGame,
    uploadedBytes: torrent.uploadedBytes,
    downloadedBytes: torrent.downloadedBytes,
    wastedBytes: torrent.requester.wastedBytes,
    corruptBytes: torrent.storage.corruptBytes,
    downloadBps: torrent.download.bytesPerSecond,
    uploadBps: torrent.upload.bytesPerSecond,
    knownPeers: torrent.swarm.book.size,
  };
}

export function pieceMap({ picker }: Torrent): PieceMap {
  const { pieceCount } = picker.geometry;
  const pieces = new Uint8Array(pieceCount);
  const availability = new Uint8Array(pieceCount);
  for (let piece = 0; piece < pieceCount; piece += 1) {
    const state = picker.state(piece);
    if (state === PIECE_FLUSHED) pieces[piece] = 3;
    else if (state === PIECE_WRITTEN) pieces[piece] = 2;
    else if (state !== PIECE_MISSING) pieces[piece] = 1;
    availability[piece] = Math.min(picker.availability(piece), COPIES_SHOWN_MAX);
  }
  return { pieces, availability };
}

const COPIES_SHOWN_MAX = 255;

/** Peers whose handshake is finished. */
export function peersOf({ swarm }: Torrent): PeerStatus[] {
  return swarm.peers.filter((peer) => peer.up).map(peerStatus);
}

export function peerStatus(peer: Peer): PeerStatus {
  return {
    conn: peer.conn,
    address: peer.address,
    outgoing: peer.outgoing,
    source: peer.outgoing || isIntroduced(peer.address) ? (peer.knownAs?.source ?? 'tracker') : 'incoming',
    peerId: peer.peerId,
    client: peer.client,
    pieces: peer.bits.count,
    seed: peer.isSeed,
    amChoking: peer.amChoking,
    amInterested: peer.amInterested,
    peerChoking: peer.peerChoking,
    peerInterested: peer.peerInterested,
    snubbed: peer.snubbed,
    onParole: peer.knownAs?.onParole ?? false,
    optimistic: peer.torrent?.choker.optimistic === peer,
    downloadBps: peer.download.bytesPerSecond,
    uploadBps: peer.upload.bytesPerSecond,
    downloadedBytes: peer.download.totalBytes,
    uploadedBytes: peer.upload.totalBytes,
    outstanding: peer.requests.liveCount,
    target: peer.pipeline.target,
    uploadsQueued: peer.uploads.length,
  };
}
