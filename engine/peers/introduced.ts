// Peers that cannot be dialled at an address, but are introduced for a while by somebody who can carry messages to them, as a WebSocket
// tracker does for WebRTC. The engine knows such a peer by its id, and may dial it while the introduction is fresh; how the connection
// is then made is the driver's.

import { hex } from '../bytes.ts';
import type { FoundPeer, PeerAddress } from '../contract.ts';
import { formatAddress } from '../wire/ip-address.ts';

/** How long an introduction may wait for the engine to dial: the other side waits too, 25 s in WebTorrent, and needs the rest to connect. */
export const INTRODUCTION_US = 15_000_000;

const PREFIX = 'webrtc:';

/** How the engine knows an introduced peer. `peerId`: 20 bytes, copied; another id on the connection is refused. */
export function introducedPeer(peerId: Uint8Array): FoundPeer {
  return { host: PREFIX + hex(peerId), port: 0, peerId: peerId.slice() };
}

/** The address is no address: the peer can be dialled only while it is introduced. */
export function isIntroduced({ host }: PeerAddress): boolean {
  return host.startsWith(PREFIX);
}

/** A peer's address for people: `host:port`, or the name of one that was introduced. */
export function peerName(address: PeerAddress): string {
  return isIntroduced(address) ? address.host : formatAddress(address);
}
