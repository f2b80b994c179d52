// The announce over HTTP (BEP 3, 7, 23): the request as a URL, and the reply from its body. Fetching it, redirects and status codes
// are the driver's. What always holds: whatever the body is, there is a reply, and it is bounded.

import { decodeBencode } from '../bencode/decode.ts';
import type { BencodeValue } from '../bencode/value.ts';
import { binaryBytes, binaryText } from '../bytes.ts';
import type { AnnounceReply, AnnounceRequest, FoundPeer, PeerAddress } from '../contract.ts';
import { PEERS_PER_ANNOUNCE_MAX, TRACKER_REPLY_BYTES_MAX, TRACKER_TEXT_BYTES_MAX } from '../limits.ts';
import { PEER_ID_BYTES } from '../wire/handshake.ts';
import { canonicalIpAddress, IPV4_BYTES, IPV6_BYTES } from '../wire/ip-address.ts';
import { addCompactPeers, boundedText, NO_REASON, PORT_BYTES } from './announce-reply.ts';
import { asciiUrl } from './announce-url.ts';

/** For a reply that names no interval. */
const INTERVAL_S_DEFAULT = 1800;

/** The URL to get for `request`. The tracker's own query (a passkey) stays in front of ours. */
export function httpAnnounceUrl(request: AnnounceRequest): string {
  const parameters = [
    `info_hash=${percentEncoded(request.infoHash)}`,
    `peer_id=${percentEncoded(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploaded}`,
    `downloaded=${request.downloaded}`,
    `left=${request.left}`,
    'compact=1',
    `key=${request.key.toString(16).padStart(8, '0')}`,
    `numwant=${request.numwant}`,
  ];
  if (request.event !== '') parameters.push(`event=${request.event}`);
  if (request.trackerId !== null) {
    parameters.push(`trackerid=${percentEncoded(binaryBytes(request.trackerId))}`);
  }
  return withQuery(asciiUrl(request.url), parameters);
}

/** A URL with more parameters behind those that it has. */
export function withQuery(url: string, parameters: readonly string[]): string {
  const separator = !url.includes('?') ? '?' : /[?&]$/.test(url) ? '' : '&';
  return url + separator + parameters.join('&');
}

/** Reads the body (borrowed) of a tracker's answer. Peers that are no numeric address or have port 0 are left out; the tracker id has
 *  one character a byte, so that it can be sent back as it came. */
export function parseHttpReply(body: Uint8Array): AnnounceReply {
  const read = readReply(body);
  if (!read.ok) return read;
  const { reply } = read;
  const minInterval = reply.get('min interval')?.integer();
  const warning = reply.get('warning message')?.bytes();
  return {
    ok: true,
    intervalS: reply.get('interval')?.integer() ?? INTERVAL_S_DEFAULT,
    minIntervalS: minInterval ?? null,
    peers: peersOf(reply),
    seeds: count(reply.get('complete')),
    leechers: count(reply.get('incomplete')),
    trackerId: trackerIdOf(reply.get('tracker id')),
    warning: warning === undefined ? null : boundedText(warning),
  };
}

/** The dictionary that a tracker answered with (borrowed), or its failure, or why there is none. */
export function readReply(
  body: Uint8Array,
): { readonly ok: true; readonly reply: BencodeValue } | { readonly ok: false; readonly reason: string } {
  if (body.length > TRACKER_REPLY_BYTES_MAX) return { ok: false, reason: 'the reply is too long' };
  const decoded = decodeBencode(body, { lenientKeyOrder: true });
  if (!decoded.ok) return { ok: false, reason: `the reply is not readable (${decoded.detail})` };
  const reply = decoded.value;
  if (reply.kind !== 'dictionary') return { ok: false, reason: 'the reply is not a dictionary' };
  const failure = reply.get('failure reason');
  if (failure === undefined) return { ok: true, reply };
  return { ok: false, reason: boundedText(failure.bytes() ?? new Uint8Array()) || NO_REASON };
}

function peersOf(reply: BencodeValue): PeerAddress[] {
  const peers: PeerAddress[] = [];
  const compact = reply.get('peers')?.bytes();
  if (compact !== undefined) addWholePeers(peers, compact, IPV4_BYTES);
  else addListedPeers(peers, reply.get('peers'));
  const compact6 = reply.get('peers6')?.bytes();
  if (compact6 !== undefined) addWholePeers(peers, compact6, IPV6_BYTES);
  return peers;
}

/** A string that is not a whole number of peers is something else, and none of it is believed. */
function addWholePeers(peers: PeerAddress[], bytes: Uint8Array, addressBytes: number): void {
  if (bytes.length % (addressBytes + PORT_BYTES) === 0) addCompactPeers(peers, bytes, 0, addressBytes);
}

/** Peers as dictionaries (BEP 3). A DNS name is not looked up: who answers it is the tracker's choice, inside our network too. */
function addListedPeers(peers: FoundPeer[], list: BencodeValue | undefined): void {
  for (const item of list?.items() ?? []) {
    if (peers.length >= PEERS_PER_ANNOUNCE_MAX) return;
    const host = canonicalIpAddress(item.get('ip')?.lossyText() ?? '');
    const port = item.get('port')?.integer() ?? 0;
    if (host === null || port < 1 || port > 65_535) continue;
    const peerId = item.get('peer id')?.bytes();
    peers.push(
      peerId !== undefined && peerId.length === PEER_ID_BYTES ? { host, port, peerId: peerId.slice() } : { host, port },
    );
  }
}

/** A count of peers; null where there is none that can be believed. */
export function count(value: BencodeValue | undefined): number | null {
  const integer = value?.integer();
  return integer === undefined || integer < 0 ? null : integer;
}

/** A part of an id would be another id: one that is too long is none. */
function trackerIdOf(value: BencodeValue | undefined): string | null {
  const bytes = value?.bytes();
  if (bytes === undefined || bytes.length > TRACKER_TEXT_BYTES_MAX) return null;
  return binaryText(bytes);
}

/** Every byte but the unreserved characters of RFC 3986 as %XX. */
export function percentEncoded(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
