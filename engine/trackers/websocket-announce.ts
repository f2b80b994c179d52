// The announce over WebSocket, as WebTorrent's trackers speak it: JSON texts, in which a byte string is a text of one character a byte.
// An announce carries WebRTC offers, which the tracker passes on to other peers; theirs, and answers to ours, come by the same socket.
// Specified by the package bittorrent-tracker (lib/server/parse-websocket.js). Sockets, connections and timeouts are the driver's.
//
// Always: whatever a text is, parsing it gives a message or null, and what it gives is bounded.

import { binaryText } from '../bytes.ts';
import type { AnnounceReply, AnnounceRequest } from '../contract.ts';
import {
  OFFER_ID_LENGTH_MAX,
  SESSION_DESCRIPTION_LENGTH_MAX,
  SHA1_LENGTH_BYTES,
  TRACKER_TEXT_BYTES_MAX,
  WEBSOCKET_MESSAGE_BYTES_MAX,
} from '../limits.ts';
import { PEER_ID_BYTES } from '../wire/handshake.ts';
import { NO_REASON } from './announce-reply.ts';
import { clampInterval } from './intervals.ts';

/** For a reply that names no interval: bittorrent-tracker's. */
const INTERVAL_S_DEFAULT = 120;

export function isWebSocketUrl(url: string): boolean {
  return /^wss?:/i.test(url);
}

/** One offer, made by either side. */
export interface SessionOffer {
  /** Its maker's name for it; at most OFFER_ID_LENGTH_MAX characters. */
  readonly offerId: string;
  /** At most SESSION_DESCRIPTION_LENGTH_MAX characters; untrusted where it was received. */
  readonly sdp: string;
}

export interface SessionAnswer extends SessionOffer {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** Who answers; 20 bytes. */
  readonly peerId: Uint8Array;
  /** Who offered; 20 bytes. */
  readonly toPeerId: Uint8Array;
}

export type WebSocketMessage =
  /** `infoHash` null: the tracker did not say what it is about. */
  | { readonly kind: 'reply'; readonly infoHash: Uint8Array | null; readonly reply: AnnounceReply }
  /** A peer offers a connection, or answers one that was offered. Every string is untrusted. */
  | {
      readonly kind: 'offer' | 'answer';
      readonly infoHash: Uint8Array;
      readonly peerId: Uint8Array;
      readonly offerId: string;
      readonly sdp: string;
    };

/** The text that announces `request`, with offers for as many peers. */
export function webSocketAnnounce(request: AnnounceRequest, offers: readonly SessionOffer[]): string {
  return JSON.stringify({
    action: 'announce',
    info_hash: binaryText(request.infoHash),
    peer_id: binaryText(request.peerId),
    uploaded: request.uploaded,
    downloaded: request.downloaded,
    left: request.left,
    ...(request.event === '' ? {} : { event: request.event }),
    ...(request.trackerId === null ? {} : { trackerid: request.trackerId }),
    numwant: offers.length,
    offers: offers.map(({ offerId, sdp }) => ({ offer: { type: 'offer', sdp }, offer_id: offerId })),
  });
}

/** The text that answers a peer's offer. */
export function webSocketAnswer({ infoHash, peerId, toPeerId, offerId, sdp }: SessionAnswer): string {
  return JSON.stringify({
    action: 'announce',
    info_hash: binaryText(infoHash),
    peer_id: binaryText(peerId),
    to_peer_id: binaryText(toPeerId),
    answer: { type: 'answer', sdp },
    offer_id: offerId,
  });
}

/** Reads one text of a tracker; null where it says nothing to us. */
export function parseWebSocketMessage(text: string): WebSocketMessage | null {
  if (text.length > WEBSOCKET_MESSAGE_BYTES_MAX) return null;
  const message = parseObject(text);
  if (message === null) return null;
  const infoHash = bytesOf(message['info_hash'], SHA1_LENGTH_BYTES);
  const failure = message['failure reason'];
  if (failure !== undefined) {
    const reason = typeof failure === 'string' ? bounded(failure) : '';
    return { kind: 'reply', infoHash, reply: { ok: false, reason: reason || NO_REASON } };
  }
  if (message['action'] !== 'announce' || infoHash === null) return null;
  const kind = message['answer'] !== undefined ? 'answer' : 'offer';
  if (message[kind] === undefined) return { kind: 'reply', infoHash, reply: replyOf(message) };
  const peerId = bytesOf(message['peer_id'], PEER_ID_BYTES);
  const offerId = message['offer_id'];
  const sdp = sdpOf(message[kind], kind);
  if (peerId === null || sdp === null || typeof offerId !== 'string') return null;
  if (offerId.length === 0 || offerId.length > OFFER_ID_LENGTH_MAX) return null;
  return { kind, infoHash, peerId, offerId, sdp };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

function replyOf(message: JsonObject): AnnounceReply {
  const interval = seconds(message['interval']);
  const minInterval = seconds(message['min interval']);
  const trackerId = message['tracker id'];
  const warning = message['warning message'];
  return {
    ok: true,
    intervalS: interval ?? minInterval ?? INTERVAL_S_DEFAULT,
    minIntervalS: minInterval,
    peers: [],
    seeds: count(message['complete']),
    leechers: count(message['incomplete']),
    trackerId: typeof trackerId === 'string' && trackerId.length <= TRACKER_TEXT_BYTES_MAX ? trackerId : null,
    warning: typeof warning === 'string' ? bounded(warning) : null,
  };
}

function seconds(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? clampInterval(Math.ceil(value)) : null;
}

function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

function bounded(text: string): string {
  return text.slice(0, TRACKER_TEXT_BYTES_MAX);
}

function sdpOf(description: unknown, type: string): string | null {
  if (typeof description !== 'object' || description === null) return null;
  const { type: said, sdp } = description as JsonObject;
  return said === type && typeof sdp === 'string' && sdp.length > 0 && sdp.length <= SESSION_DESCRIPTION_LENGTH_MAX
    ? sdp
    : null;
}

function bytesOf(value: unknown, lengthBytes: number): Uint8Array | null {
  if (typeof value !== 'string' || value.length !== lengthBytes) return null;
  const bytes = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; at += 1) {
    const code = value.charCodeAt(at);
    if (code > 0xff) return null;
    bytes[at] = code;
  }
  return bytes;
}
