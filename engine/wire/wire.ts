// What the stream parser tells a connection, and every way in which a peer can break the protocol.

import type { Stamp } from '../contract.ts';

/** A peer's fault: the connection is closed, and trust adjusted. The world's failures and our own bugs are never of this type. */
export type WireFault =
  | 'protocolName'
  | 'infoHash'
  | 'peerId'
  | 'messageLength'
  | 'messageTooLong'
  | 'bitfieldLength'
  | 'spareBits'
  | 'haveRange'
  | 'requestRange'
  | 'pieceRange'
  | 'pieceUnasked'
  | 'rejectUnasked'
  | 'fastNotEnabled'
  | 'fastRange'
  | 'requestsWhileChoked'
  | 'extensionHandshake';

/** One call a message, in stream order, while `WireReader.received` runs. A returned fault stops the parser for good.
 *  Every `Uint8Array` is borrowed for the call. Integers are unsigned 32-bit and not yet compared with the torrent. */
export interface WireHandler {
  /** `infoHash`: 20 bytes; called as soon as they are here, before the peer id, so that the acceptor can answer early. */
  handshakeInfoHash(reserved: Uint8Array, infoHash: Uint8Array): WireFault | null;
  handshakePeerId(peerId: Uint8Array): WireFault | null;
  keepAlive(): void;
  choke(): WireFault | null;
  unchoke(): WireFault | null;
  interested(): WireFault | null;
  notInterested(): WireFault | null;
  have(piece: number): WireFault | null;
  bitfield(bits: Uint8Array): WireFault | null;
  request(piece: number, beginBytes: number, lengthBytes: number): WireFault | null;
  cancel(piece: number, beginBytes: number, lengthBytes: number): WireFault | null;
  /** A PIECE message begins; `lengthBytes` of payload follow in any number of `pieceBytes` or `pieceStamp`, then `pieceEnd`. */
  pieceStart(piece: number, beginBytes: number, lengthBytes: number): WireFault | null;
  /** `chunk[start … end)` is the next payload. */
  pieceBytes(chunk: Uint8Array, start: number, end: number): void;
  pieceStamp(stamp: Stamp, lengthBytes: number): void;
  pieceEnd(): WireFault | null;
  port(port: number): WireFault | null;
  suggest(piece: number): WireFault | null;
  haveAll(): WireFault | null;
  haveNone(): WireFault | null;
  reject(piece: number, beginBytes: number, lengthBytes: number): WireFault | null;
  allowedFast(piece: number): WireFault | null;
  /** Extended message `id` (BEP 10); 0 is the extension handshake. */
  extended(id: number, payload: Uint8Array): WireFault | null;
}
