// The packets of BEP 15 (and 41): requests as bytes, answers read. When they are sent and which answer counts is `udp-tracker.ts`'s.

import type {
  AnnounceEvent,
  AnnounceReply,
  AnnounceRequest,
  PeerAddress,
  ScrapeReply,
  SwarmFigures,
} from '../contract.ts';
import { SHA1_LENGTH_BYTES } from '../limits.ts';
import { readUint32, writeUint16, writeUint32, writeUint64 } from '../wire/integers.ts';
import { addCompactPeers, boundedText, NO_REASON } from './announce-reply.ts';
import { pathAndQuery } from './announce-url.ts';

export const ACTION_CONNECT = 0;
export const ACTION_ANNOUNCE = 1;
export const ACTION_SCRAPE = 2;
export const ACTION_ERROR = 3;

/** "protocol_id", the connection id of a connect request. */
const PROTOCOL_ID = 0x41727101980;
const CONNECT_REQUEST_BYTES = 16;
const ANNOUNCE_REQUEST_BYTES = 98;
const SCRAPE_REQUEST_BYTES = 16;
/** Seeds, downloads and leechers of one torrent. */
const SCRAPE_ENTRY_BYTES = 12;
/** Least lengths of the answers. */
export const CONNECT_REPLY_BYTES = 16;
export const ANNOUNCE_REPLY_BYTES = 20;
export const SCRAPE_REPLY_BYTES = 8;
export const ERROR_REPLY_BYTES = 8;
const CONNECTION_ID_BYTES = 8;
const TRANSACTION_AT = 12;

/** BEP 41: path and query of the tracker's URL, in pieces of at most 255 bytes. */
const OPTION_URL_DATA = 2;
const OPTION_BYTES_MAX = 255;

/** BEP 15 has no word for a paused peer (BEP 21): it is announced without an event. */
const EVENT_CODE: Readonly<Record<AnnounceEvent, number>> = { '': 0, completed: 1, started: 2, stopped: 3, paused: 0 };

export function connectPacket(transaction: number): Uint8Array {
  const packet = new Uint8Array(CONNECT_REQUEST_BYTES);
  const at = writeUint64(packet, 0, PROTOCOL_ID);
  writeUint32(packet, writeUint32(packet, at, ACTION_CONNECT), transaction);
  return packet;
}

/** The announce request, its connection id still zero. The tracker takes our address from the datagram. */
export function announcePacket(request: AnnounceRequest, transaction: number): Uint8Array {
  const urlData = pathAndQuery(request.url);
  const options = Math.ceil(urlData.length / OPTION_BYTES_MAX);
  const packet = new Uint8Array(ANNOUNCE_REQUEST_BYTES + urlData.length + 2 * options);
  let at = writeHead(packet, ACTION_ANNOUNCE, transaction);
  packet.set(request.infoHash, at);
  at += request.infoHash.length;
  packet.set(request.peerId, at);
  at += request.peerId.length;
  at = writeUint64(packet, at, request.downloaded);
  at = writeUint64(packet, at, request.left);
  at = writeUint64(packet, at, request.uploaded);
  at = writeUint32(packet, at, EVENT_CODE[request.event]);
  at = writeUint32(packet, at, 0);
  at = writeUint32(packet, at, request.key);
  at = writeUint32(packet, at, request.numwant);
  at = writeUint16(packet, at, request.port);
  for (let from = 0; from < urlData.length; from += OPTION_BYTES_MAX) {
    const part = urlData.slice(from, from + OPTION_BYTES_MAX);
    packet[at] = OPTION_URL_DATA;
    packet[at + 1] = part.length;
    for (let index = 0; index < part.length; index += 1) packet[at + 2 + index] = part.charCodeAt(index);
    at += 2 + part.length;
  }
  return packet;
}

/** The scrape request, its connection id still zero. */
export function scrapePacket(infoHashes: readonly Uint8Array[], transaction: number): Uint8Array {
  const packet = new Uint8Array(SCRAPE_REQUEST_BYTES + infoHashes.length * SHA1_LENGTH_BYTES);
  let at = writeHead(packet, ACTION_SCRAPE, transaction);
  for (const infoHash of infoHashes) {
    packet.set(infoHash, at);
    at += SHA1_LENGTH_BYTES;
  }
  return packet;
}

function writeHead(packet: Uint8Array, action: number, transaction: number): number {
  writeUint32(packet, CONNECTION_ID_BYTES, action);
  return writeUint32(packet, TRANSACTION_AT, transaction);
}

/** The same request under a connection id. */
export function withConnectionId(packet: Uint8Array, connectionId: Uint8Array): Uint8Array {
  const sent = packet.slice();
  sent.set(connectionId);
  return sent;
}

/** The connection id in a connect reply of at least CONNECT_REPLY_BYTES, a copy. */
export function readConnectionId(bytes: Uint8Array): Uint8Array {
  return bytes.slice(CONNECT_REPLY_BYTES - CONNECTION_ID_BYTES, CONNECT_REPLY_BYTES);
}

/** `bytes`: an announce reply of at least ANNOUNCE_REPLY_BYTES. `addressBytes`: of the tracker, and so of the peers that it names. */
export function readAnnounceReply(bytes: Uint8Array, addressBytes: 4 | 16): AnnounceReply {
  const peers: PeerAddress[] = [];
  addCompactPeers(peers, bytes, ANNOUNCE_REPLY_BYTES, addressBytes);
  return {
    ok: true,
    // Signed: a tracker that says −1 does not mean 136 years.
    intervalS: readUint32(bytes, 8) | 0,
    minIntervalS: null,
    peers,
    seeds: readUint32(bytes, 16),
    leechers: readUint32(bytes, 12),
    trackerId: null,
    warning: null,
  };
}

/** `bytes`: a scrape reply about `hashCount` torrents; those beyond its end are not known. */
export function readScrapeReply(bytes: Uint8Array, hashCount: number): ScrapeReply {
  const figures = Array.from({ length: hashCount }, (_, index): SwarmFigures | null => {
    const at = SCRAPE_REPLY_BYTES + index * SCRAPE_ENTRY_BYTES;
    if (at + SCRAPE_ENTRY_BYTES > bytes.length) return null;
    return { seeds: readUint32(bytes, at), downloads: readUint32(bytes, at + 4), leechers: readUint32(bytes, at + 8) };
  });
  return { ok: true, figures, minIntervalS: null };
}

export function readError(bytes: Uint8Array): string {
  return boundedText(bytes.subarray(ERROR_REPLY_BYTES)) || NO_REASON;
}
