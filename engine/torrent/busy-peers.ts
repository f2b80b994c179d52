// The peers of a torrent from which something is to come: they are shaking hands, may be asked, or were asked (see `Peer.idle`). The others
// need no look at each second and at each freed block, and in a large swarm most are others.
//
// In the order in which their connections were made. Idle and closed ones stand among them until `forgetIdle`.

import { assert } from '../bug.ts';
import { insertAt, keepOnly } from '../lists.ts';
import type { Peer } from '../peers/peer.ts';

export class BusyPeers {
  readonly #peers: Peer[] = [];

  get all(): readonly Peer[] {
    return this.#peers;
  }

  /** Something begins with the peer. */
  attend(peer: Peer): void {
    if (peer.busy) return;
    peer.busy = true;
    const peers = this.#peers;
    let at = peers.length;
    while (at > 0 && (peers[at - 1] as Peer).serial > peer.serial) at -= 1;
    insertAt(peers, at, peer);
  }

  /** Each once, beginning with the one of this serial or the next one after it. */
  forEachFrom(serial: number, tell: (peer: Peer) => void): void {
    const peers = this.#peers;
    let first = 0;
    while (first < peers.length && (peers[first] as Peer).serial < serial) first += 1;
    for (let i = 0; i < peers.length; i += 1) tell(peers[(first + i) % peers.length] as Peer);
  }

  /** Once a second. */
  forgetIdle(): void {
    keepOnly(this.#peers, (peer) => {
      peer.busy = peer.state !== 'closed' && !peer.idle;
      return peer.busy;
    });
  }

  /** Throws `EngineBug` where one of the torrent's peers is not idle and is not here. */
  checkInvariants(peers: readonly Peer[]): void {
    for (const peer of peers) assert(peer.busy || peer.idle, 'a peer that is not idle is attended to', peer.conn);
  }
}
