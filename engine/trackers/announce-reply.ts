// What HTTP and UDP replies have in common: bounds on what a tracker may tell us, and compact peers.

import { decodeUtf8Lossy } from '../bencode/utf8.ts';
import type { PeerAddress } from '../contract.ts';
import { PEERS_PER_ANNOUNCE_MAX, TRACKER_TEXT_BYTES_MAX } from '../limits.ts';
import { readUint16 } from '../wire/integers.ts';
import { formatIpAddress } from '../wire/ip-address.ts';

/** More often than this we ask nobody, whatever the tracker says. */
const INTERVAL_S_MIN = 30;
/** A tracker that wants to be asked less often than daily is mistaken. */
const INTERVAL_S_MAX = 86_400;

export const PORT_BYTES = 2;

/** The interval to keep, in seconds, for the one that a tracker named. */
export function clampInterval(seconds: number): number {
  return Math.min(Math.max(seconds, INTERVAL_S_MIN), INTERVAL_S_MAX);
}

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
