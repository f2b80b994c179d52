// What a torrent shows to people and tests: a snapshot, nothing in it is live.

import { Bitfield } from '../bitfield.ts';
import { hex } from '../bytes.ts';
import type { PeerStatus, TorrentStatus } from '../contract.ts';
import type { Peer } from '../peers/peer.ts';
import { PIECE_FLUSHED, PIECE_WRITTEN } from '../pieces/picker.ts';
import type { Torrent } from './torrent.ts';

export function torrentStatus(torrent: Torrent): TorrentStatus {
  const { metainfo, picker, swarm } = torrent;
  const { geometry } = metainfo;
  let wantedBytes = 0;
  let haveBytes = 0;
  let flushedBytes = 0;
  const flushed = new Bitfield(geometry.pieceCount);
  for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
    const state = picker.state(piece);
    if (state === PIECE_FLUSHED) flushed.set(piece);
    if (picker.priority(piece) === 0) continue;
    const length = geometry.pieceLength(piece);
    wantedBytes += length;
    if (state >= PIECE_WRITTEN) haveBytes += length;
    if (state === PIECE_FLUSHED) flushedBytes += length;
  }
  return {
    id: torrent.id,
    infoHash: hex(metainfo.infoHash),
    name: metainfo.name,
    state: torrent.state,
    error: torrent.error,
    metadata: torrent.metadata.status,
    totalBytes: geometry.totalBytes,
    wantedBytes,
    haveBytes,
    flushedBytes,
    pieceCount: geometry.pieceCount,
    havePieces: picker.written.count,
    checkedPieces: torrent.checkedPieces,
    have: picker.written.bytes.slice(),
    flushed: flushed.bytes,
    complete: torrent.finished,
    endGame: picker.endGame,
    uploadedBytes: torrent.uploadedBytes,
    downloadedBytes: torrent.downloadedBytes,
    wastedBytes: torrent.requester.wastedBytes,
    corruptBytes: torrent.storage.corruptBytes,
    downloadBps: torrent.download.bytesPerSecond,
    uploadBps: torrent.upload.bytesPerSecond,
    knownPeers: swarm.book.size,
    peers: peersOf(torrent),
    trackers: torrent.announces.status(),
  };
}

/** Peers whose handshake is finished. */
export function peersOf({ swarm }: Torrent): PeerStatus[] {
  return swarm.peers.filter((peer) => peer.up).map(peerStatus);
}

export function peerStatus(peer: Peer): PeerStatus {
  return {
    conn: peer.conn,
    address: peer.address,
    outgoing: peer.outgoing,
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
