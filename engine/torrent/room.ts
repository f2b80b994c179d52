// Who has to go for others: places are for those who exchange something.
//
// A peer is idle that neither wants nor has anything, or does not answer. While we have nothing that it lacks this proves nothing: in a young
// swarm everyone is idle, and to let one go for a dial brings another like it. It is useless once it does not want what we have had for a
// while, does not answer in the time of a request, or was idle for a minute: whom we dial takes the place of a useless one. Where hardly
// anybody is of use that holds for all with whom nothing was exchanged for a minute, whatever they say that they want. Where nobody is of use
// to us at all we may be cut off, and an idle one goes for a dial, one at a time. One who comes takes the place of an idle one, a useless one
// first, unless it was found useless itself: those who are sent away would come back in turn for ever.
//
// What it does to a swarm of thousands is measured in docs/SCALE.md.

import { assert } from '../bug.ts';
import type { Context } from '../context.ts';
import type { Instant } from '../contract.ts';
import { keepOnly, remove } from '../lists.ts';
import type { Peer } from '../peers/peer.ts';
import type { Swarm } from './swarm.ts';
import type { Torrent } from './torrent.ts';

/** From when on a connection is idle, and what we have is news no longer. */
const IDLE_US = 3_000_000;
/** A peer is useless after so long in which nothing was exchanged: where neither side wants anything, and where one does, if we know of others. */
const USELESS_US = 60_000_000;
/** Between two dials while nobody is of use: with 5 s the honest among 125 idlers lose another tenth of their time. */
const TRY_PAUSE_US = 1_000_000;
/** With fewer useful peers than this we look for better ones: at the tracker before its interval, and beyond the half of our places. */
const PEERS_ENOUGH = 8;

export class Room {
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  readonly #swarm: Swarm;
  /** Pieces that we have had for IDLE_US at least, and those that we had when that was last looked at. */
  #settledCount = 0;
  #recentCount = 0;
  #lookAt: Instant = 0;
  /** While nobody is of use: when the next one is tried. */
  #tryAt: Instant = 0;
  /** All that may be idle: neither side wants anything, or it does not answer. Some stand here of whom that is true no longer. */
  readonly #quiet: Peer[] = [];
  /** So many of the peers, at least, have exchanged something that counts until the next choke round. */
  #exchanging = 0;

  constructor(ctx: Context, torrent: Torrent, swarm: Swarm) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#swarm = swarm;
  }

  /** Hardly anybody who is connected is of any use, or may yet be. */
  get starved(): boolean {
    return this.#hasFewerUsefulThan(PEERS_ENOUGH);
  }

  /** All places are taken by peers that are of no use. */
  get isBesieged(): boolean {
    return !this.#hasPlace && this.#hasFewerUsefulThan(1);
  }

  /** Half of the places are for those whom we dial, the rest for those who come (BEP 3's mainline: 40 of 80). Useless ones do not count, nor,
   *  where hardly anybody is of use, who was of none for a minute: whoever fills our places with them would cut us off. In a swarm where
   *  everybody dialled up to the limit, most dials would be refused. */
  get toDial(): boolean {
    const { peers } = this.#swarm;
    const places = this.#ctx.settings.connectionsPerTorrentMax;
    const half = Math.ceil(places / 2);
    if (peers.length < half) return true;
    if (peers.length >= places) return false;
    const { starved } = this;
    // More than so many would have to be useless, which quiet ones alone are.
    if (!starved && this.#quiet.length <= peers.length - half) return false;
    let useless = 0;
    for (const peer of starved ? peers : this.#quietOnes())
      if (this.#uselessWhileIdle(peer) || (starved && this.#lastsTooLong(peer))) useless += 1;
    return peers.length < half + useless || this.#mayTry;
  }

  /** The peer has just been connected, nobody wants anything of the other any more, or it does not answer. */
  becameQuiet(peer: Peer): void {
    if (peer.quiet) return;
    peer.quiet = true;
    this.#quiet.push(peer);
  }

  gone(peer: Peer): void {
    if (peer.quiet) remove(this.#quiet, peer);
    this.#exchanging = Math.max(0, this.#exchanging - 1);
  }

  /** A choke round was held. */
  round(): void {
    this.#exchanging = 0;
  }

  /** A dial has begun. */
  dialled(): void {
    if (this.#mayTry) this.#tryAt = this.#ctx.now + TRY_PAUSE_US;
  }

  /** Makes room, where there is none, for one who comes from `host`. False: there is none for it. */
  forOneWhoComes(host: string): boolean {
    if (this.#hasPlace) return true;
    if (this.#swarm.book.foundUseless(host, this.#ctx.now)) return false;
    return this.#evictIdle('idle, and others want to connect', true);
  }

  /** Once a second. While hardly anybody is of use and others are known, the oldest that is of none makes room for a dial. */
  second(): void {
    const { now } = this.#ctx;
    if (now >= this.#lookAt) {
      this.#settledCount = this.#recentCount;
      this.#recentCount = this.#torrent.picker.written.count;
      this.#lookAt = now + IDLE_US;
    }
    if (this.#hasPlace || !this.starved) return;
    if (this.#swarm.book.best(now, this.#torrent.finished) === null) return;
    if (!this.#evict(this.#swarm.peers, (peer) => this.#lastsTooLong(peer), 'of no use'))
      this.#evictIdle('of no use', this.#mayTry);
  }

  /** Neither wants anything of the other, and both had time to say so. Who took metadata comes back for more. */
  hadNothing(peer: Peer): boolean {
    return peer.metadataServedUntil === 0 && !this.#interest(peer) && this.#idle(peer);
  }

  /** Throws `EngineBug` where one that may be idle is not known as such, one that is gone is kept, or an exchange is not. */
  checkInvariants(): void {
    for (const peer of this.#swarm.peers) {
      assert(peer.quiet || !isQuiet(peer), 'who may be idle is known', peer.conn);
      const recentBytes = peer.download.recentBytes + peer.upload.recentBytes;
      assert(peer.exchanges === recentBytes > 0, 'who exchanges is known', peer.conn, recentBytes);
    }
    for (const peer of this.#quiet) assert(peer.state !== 'closed', 'who is gone is not kept', peer.conn);
  }

  get #hasPlace(): boolean {
    return this.#swarm.peers.length < this.#ctx.settings.connectionsPerTorrentMax;
  }

  #hasFewerUsefulThan(count: number): boolean {
    if (this.#exchanging >= count) return false;
    let useful = 0;
    let exchanging = 0;
    for (const peer of this.#swarm.peers) {
      if (!this.#useful(peer)) continue;
      useful += 1;
      if (peer.exchanges) exchanging += 1;
      if (useful < count) continue;
      this.#exchanging = exchanging;
      return false;
    }
    return true;
  }

  /** Those of `#quiet` that still are. */
  #quietOnes(): readonly Peer[] {
    keepOnly(this.#quiet, (peer) => {
      peer.quiet = isQuiet(peer);
      return peer.quiet;
    });
    return this.#quiet;
  }

  /** One of both wants something of the other, be it metadata. */
  #interest(peer: Peer): boolean {
    return peer.amInterested || isInEarnest(peer) || this.#torrent.metadata.hopesFor(peer);
  }

  /** It neither wants nor has anything, or does not answer what it was asked in the time of a request: one that is only slow keeps its place. */
  #idle(peer: Peer): boolean {
    return (
      peer.up &&
      (this.#mute(peer) || !this.#interest(peer)) &&
      this.#ctx.now - peer.connectedAt >= IDLE_US &&
      !peer.exchanges
    );
  }

  #mute(peer: Peer): boolean {
    return peer.snubbed && this.#ctx.now - peer.lastBlockAt >= this.#ctx.settings.requestTimeoutMs * 1_000;
  }

  /** It is idle, and that is not for want of pieces on our side. */
  #uselessWhileIdle(peer: Peer): boolean {
    if (!this.#idle(peer)) return false;
    // Where it had a piece that we lack and want, we would be interested: with fewer pieces it lacks one of ours.
    const lacksOurs = peer.bits.count < Math.min(this.#settledCount, this.#torrent.picker.written.count);
    return lacksOurs || this.#mute(peer) || this.#ctx.now - peer.connectedAt >= USELESS_US;
  }

  /** Something was exchanged lately, or may be soon. */
  #useful(peer: Peer): boolean {
    if (!peer.up || peer.exchanges) return peer.up;
    return this.#interest(peer) && !peer.snubbed && this.#ctx.now - peer.connectedAt < USELESS_US;
  }

  /** It is of no use, whatever it says that it wants, and had time to be. */
  #lastsTooLong(peer: Peer): boolean {
    return peer.up && !this.#useful(peer) && this.#ctx.now - peer.connectedAt >= USELESS_US;
  }

  /** Nobody is of use, and somebody had time to be: where it goes on like this we are cut off. */
  get #mayTry(): boolean {
    if (this.#ctx.now < this.#tryAt || !this.#hasFewerUsefulThan(1)) return false;
    return this.#quietOnes().some((peer) => this.#idle(peer));
  }

  /** A useless one first. `orUnproven`: else one that is idle. */
  #evictIdle(why: string, orUnproven: boolean): boolean {
    return (
      this.#evict(this.#quietOnes(), (peer) => this.#uselessWhileIdle(peer), why) ||
      (orUnproven && this.#evict(this.#quietOnes(), (peer) => this.#idle(peer), why))
    );
  }

  /** Lets the peer go of those named that was connected first. */
  #evict(peers: readonly Peer[], named: (peer: Peer) => boolean, why: string): boolean {
    let oldest: Peer | null = null;
    for (const peer of peers) if ((oldest === null || isOlder(peer, oldest)) && named(peer)) oldest = peer;
    if (oldest === null) return false;
    oldest.known.foundUseless(this.#ctx.now);
    this.#ctx.outbox.event('peerEvicted', this.#torrent.id, oldest.conn, 0);
    this.#torrent.drop(oldest, why);
    return true;
  }
}

/** What every idle peer is. */
function isQuiet(peer: Peer): boolean {
  return (!peer.amInterested && !isInEarnest(peer)) || peer.snubbed;
}

/** It says that it wants something of us, and did not let two turns in a row pass without asking for anything. */
function isInEarnest(peer: Peer): boolean {
  return peer.peerInterested && !(peer.unusedSlots >= 2 && peer.amChoking);
}

function isOlder(a: Peer, b: Peer): boolean {
  return a.connectedAt !== b.connectedAt ? a.connectedAt < b.connectedAt : a.serial < b.serial;
}
