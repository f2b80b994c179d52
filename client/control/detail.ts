// What the watched page of a torrent shows.

import type { Metainfo } from '#engine';
import { now } from '../clock.ts';
import { prioritiesOf } from '../library/entry.ts';
import type { LogRing } from '../library/log-ring.ts';
import type { ManagedTorrent } from '../library/managed-torrent.ts';
import type { Session } from '../session.ts';
import type { Detail, FileRow, Page, PeerRow, TrackerRow } from './protocol.ts';

/** Null where the page shows what only the metainfo tells, which was not read yet. */
export function detailOf(torrent: ManagedTorrent, page: Page, session: Session): Detail | null {
  const { key, metainfo, id } = torrent;
  switch (page) {
    case 'overview': {
      if (metainfo === null) return null;
      const { comment, createdBy, geometry } = metainfo;
      const map = id === -1 ? null : session.pieceMap(id);
      return {
        page,
        key,
        comment,
        createdBy,
        pieceLengthBytes: geometry.pieceLengthBytes,
        pieces: map?.pieces ?? new Uint8Array(geometry.pieceCount),
        availability: map?.availability ?? new Uint8Array(geometry.pieceCount),
      };
    }
    case 'files':
      return metainfo === null ? null : { page, key, files: fileRows(torrent, metainfo, session) };
    case 'peers':
      return { page, key, peers: id === -1 ? [] : session.peers(id).map((peer) => peerRow(peer)) };
    case 'trackers':
      return { page, key, trackers: trackerRows(torrent, session) };
    case 'log':
      return logDetail(key, torrent.log);
  }
}

export function logDetail(key: string, { lines }: LogRing): Detail {
  return { page: 'log', key, lines };
}

function fileRows({ entry, id }: ManagedTorrent, metainfo: Metainfo, session: Session): FileRow[] {
  const { files, geometry, multiFile } = metainfo;
  const priorities = prioritiesOf(entry, files.length);
  const pieces = id === -1 ? null : (session.pieceMap(id)?.pieces ?? null);
  return files.map(({ path, lengthBytes, pad }, index) => {
    let haveBytes = 0;
    const { first, count } = geometry.piecesOfFile(index);
    const begin = geometry.fileOffset(index);
    for (let piece = first; pieces !== null && piece < first + count; piece += 1) {
      if ((pieces[piece] as number) < 2) continue;
      const from = Math.max(begin, geometry.pieceOffset(piece));
      const to = Math.min(begin + lengthBytes, geometry.pieceOffset(piece) + geometry.pieceLength(piece));
      haveBytes += to - from;
    }
    return { path: multiFile ? path.slice(1) : path, lengthBytes, haveBytes, priority: priorities[index] ?? 4, pad };
  });
}

function peerRow({ address, ...peer }: ReturnType<Session['peers']>[number]): PeerRow {
  return {
    conn: peer.conn,
    host: address.host,
    port: address.port,
    client: peer.client,
    source: peer.source,
    outgoing: peer.outgoing,
    seed: peer.seed,
    amChoking: peer.amChoking,
    amInterested: peer.amInterested,
    peerChoking: peer.peerChoking,
    peerInterested: peer.peerInterested,
    snubbed: peer.snubbed,
    onParole: peer.onParole,
    optimistic: peer.optimistic,
    pieces: peer.pieces,
    downloadBps: peer.downloadBps,
    uploadBps: peer.uploadBps,
    downloadedBytes: peer.downloadedBytes,
    uploadedBytes: peer.uploadedBytes,
  };
}

function trackerRows({ metainfo, id }: ManagedTorrent, session: Session): TrackerRow[] {
  const trackers = id === -1 ? undefined : session.status(id)?.trackers;
  if (trackers === undefined)
    return (metainfo?.announceTiers ?? []).flatMap((urls, tier) =>
      urls.map((url) => ({
        tier,
        url,
        status: 'idle' as const,
        nextAnnounceAt: null,
        lastError: null,
        seeds: null,
        leechers: null,
      })),
    );
  return trackers.map(({ tier, url, status, lastError, nextAnnounce, seeds, leechers }) => ({
    tier,
    url,
    status,
    // Whole seconds: the same instant is the same number at each look.
    nextAnnounceAt: nextAnnounce === null ? null : epochMs(nextAnnounce),
    lastError,
    seeds,
    leechers,
  }));
}

function epochMs(instant: number): number {
  return Math.round((Date.now() + (instant - now()) / 1_000) / 1_000) * 1_000;
}
