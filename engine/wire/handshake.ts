// The 68 bytes that open a connection (BEP 3): 19, "BitTorrent protocol", 8 reserved bytes, info-hash, peer id.
// What the reserved bits mean stands here; what follows from them is the connection's matter. Unknown bits are ignored (CONFORMANCE 14).

/** 19, then "BitTorrent protocol". */
export const PROTOCOL_BYTES = Uint8Array.of(
  19,
  ...Array.from('BitTorrent protocol', (character) => character.charCodeAt(0)),
);
const RESERVED_BYTES = 8;
const INFO_HASH_BYTES = 20;
export const PEER_ID_BYTES = 20;
export const HANDSHAKE_BYTES = PROTOCOL_BYTES.length + RESERVED_BYTES + INFO_HASH_BYTES + PEER_ID_BYTES;

/** Offsets inside the handshake. */
export const RESERVED_AT = PROTOCOL_BYTES.length;
export const INFO_HASH_AT = RESERVED_AT + RESERVED_BYTES;
export const PEER_ID_AT = INFO_HASH_AT + INFO_HASH_BYTES;

/** BEP 10: reserved[5] & 0x10. */
const EXTENSION_BYTE = 5;
const EXTENSION_BIT = 0x10;
/** BEP 6: reserved[7] & 0x04. */
const FAST_BYTE = 7;
const FAST_BIT = 0x04;

/** Writes our handshake, which offers the extension protocol and the fast extension. `infoHash`, `peerId`: 20 bytes each, copied.
 *  Reserve `HANDSHAKE_BYTES`. Returns the offset after it. */
export function writeHandshake(out: Uint8Array, at: number, infoHash: Uint8Array, peerId: Uint8Array): number {
  out.set(PROTOCOL_BYTES, at);
  out.fill(0, at + RESERVED_AT, at + INFO_HASH_AT);
  out[at + RESERVED_AT + EXTENSION_BYTE] = EXTENSION_BIT;
  out[at + RESERVED_AT + FAST_BYTE] = FAST_BIT;
  out.set(infoHash, at + INFO_HASH_AT);
  out.set(peerId, at + PEER_ID_AT);
  return at + HANDSHAKE_BYTES;
}

/** Whether the sender of these 8 reserved bytes speaks the extension protocol (BEP 10). */
export function offersExtensions(reserved: Uint8Array): boolean {
  return ((reserved[EXTENSION_BYTE] as number) & EXTENSION_BIT) !== 0;
}

/** Whether the sender of these 8 reserved bytes speaks the fast extension (BEP 6). */
export function offersFast(reserved: Uint8Array): boolean {
  return ((reserved[FAST_BYTE] as number) & FAST_BIT) !== 0;
}
