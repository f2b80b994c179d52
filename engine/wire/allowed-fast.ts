// Which pieces a choked peer may fetch (BEP 6): a set that follows from its network and the torrent, so that asking again, or from
// another address nearby, gains nothing. When to offer the set, and what it is worth, is the connection's matter.

import { ALLOWED_FAST_COUNT } from '../limits.ts';
import { sha1 } from '../sha1.ts';
import { readUint32 } from './integers.ts';
import { IPV4_BYTES, parseIpAddress } from './ip-address.ts';

/** The allowed-fast set of the peer at `host` (numeric): at most ALLOWED_FAST_COUNT different pieces, in the order in which BEP 6 finds
 *  them. Empty for IPv6, for which BEP 6 has no provision. `infoHash`: 20 bytes, borrowed. */
export function allowedFastSet(host: string, infoHash: Uint8Array, pieceCount: number): number[] {
  const address = parseIpAddress(host);
  if (address === null || address.length !== IPV4_BYTES) return [];
  if (pieceCount <= ALLOWED_FAST_COUNT) return Array.from({ length: pieceCount }, (_, piece) => piece);
  address[IPV4_BYTES - 1] = 0;
  let hash: Uint8Array = Uint8Array.of(...address, ...infoHash);
  const pieces: number[] = [];
  while (pieces.length < ALLOWED_FAST_COUNT) {
    hash = sha1(hash);
    for (let at = 0; at < hash.length && pieces.length < ALLOWED_FAST_COUNT; at += 4) {
      const piece = readUint32(hash, at) % pieceCount;
      if (!pieces.includes(piece)) pieces.push(piece);
    }
  }
  return pieces;
}
