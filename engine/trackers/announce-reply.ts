// What HTTP and UDP replies have in common: bounds on what a tracker may tell us, and compact peers.

import { decodeUtf8Lossy } from '../bencode/utf8.ts';
import type { AnnounceReply, FoundPeer, PeerAddress } from '../contract.ts';
import { PEERS_PER_ANNOUNCE_MAX, TRACKER_TEXT_BYTES_MAX } from '../limits.ts';
import { readUint16 } from '../wire/integers.ts';
import { formatIpAddress } from '../wire/ip-address.ts';

export const PORT_BYTES = 2;
/** What is said of a tracker that refuses and does not say why. */
export const NO_REASON = 'refused without a reason';

/** The beginning of a tracker's text (borrowed), as much as is kept; untrusted. */
export function boundedText(bytes: Uint8Array): string {
  return decodeUtf8Lossy(bytes.subarray(0, TRACKER_TEXT_BYTES_MAX));
}

/** Adds the compact peers (BEP 7, 15, 23) of `bytes` (borrowed) from `at` on to `peers`: addresses of `addressBytes` (4 or 16), each
 *  followed by a port. Port 0 is nobody. Stops at PEERS_PER_ANNOUNCE_MAX, and where less than one peer is left. */
export function addCompactPeers(peers: PeerAddress[], bytes: Uint8Array, from: number, addressBytes: number): void {
  const strideBytes = addressBytes + PORT_BYTES;
  for (let at = from; at + strideBytes <= bytes.length; at += strideBytes) {
    if (peers.length >= PEERS_PER_ANNOUNCE_MAX) return;
    const port = readUint16(bytes, at + addressBytes);
    if (port !== 0) peers.push({ host: formatIpAddress(bytes, at, addressBytes), port });
  }
}

/** What one tracker said over both address families (BEP 7), as one answer: all peers, the longer waits, the larger counts; what one of
 *  them refused does not count where the other answered. */
export function mergeReplies(one: AnnounceReply, other: AnnounceReply): AnnounceReply {
  if (!other.ok) return one;
  if (!one.ok) return other;
  const peers: FoundPeer[] = [...one.peers];
  for (const peer of other.peers) if (peers.length < PEERS_PER_ANNOUNCE_MAX) peers.push(peer);
  return {
    ok: true,
    intervalS: Math.max(one.intervalS, other.intervalS),
    minIntervalS: larger(one.minIntervalS, other.minIntervalS),
    peers,
    seeds: larger(one.seeds, other.seeds),
    leechers: larger(one.leechers, other.leechers),
    trackerId: one.trackerId ?? other.trackerId,
    warning: one.warning ?? other.warning,
  };
}

function larger(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.max(one, other);
}
