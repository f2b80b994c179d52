// Who may download from us: tit-for-tat while we download, taking turns (or the fastest) while we seed, and one optimistic slot.
//
// A round is 10 s. Regular slots go to the interested peers that gave us most in the last 20 s and have not snubbed us; the optimistic
// slot moves on every 30 s, to a newcomer three times as likely (BEP 3; CONFORMANCE 38). Between rounds a slot that falls free is
// given at once. A seed never holds a slot: it is not interested, and not counted if it says so all the same.
//
// Nor does one who asks for nothing. Peers that want everything and ask nobody would otherwise keep all slots of a swarm and stop it, at no
// cost of their own. Their slot goes on after two seconds; until the next round they may still ask, and have it again. Until they do, each slot
// that they left unused counts as if they had come that much later, and twice as much each time: half a minute is little to whoever had
// nothing to ask for at that moment.

import { assert } from '../bug.ts';
import type { Context } from '../context.ts';
import type { Instant, RandomStream } from '../contract.ts';
import type { ChokeRule } from '../inspection.ts';
import { insertAt, keepOnly, remove } from '../lists.ts';
import type { Peer } from '../peers/peer.ts';
import type { Torrent } from './torrent.ts';

const ROUNDS_PER_OPTIMISTIC = 3;
/** A seed's turn: who has had a slot for this long makes room for who has waited longest. */
const SEED_TURN_US = 30_000_000;
/** Connected for less than this, a peer is new: it had no chance yet to show what it gives. */
const NEWCOMER_US = 30_000_000;
const NEWCOMER_WEIGHT = 3;
/** Whoever has asked for nothing so long after it was unchoked leaves its slot: more than most round trips. Who has asked keeps it for a turn,
 *  in which a block comes through the slowest of lines. */
const UNUSED_US = 2_000_000;
/** The first slot left unused counts as having come so much later; with as many as are counted it is sixteen minutes. */
const LATER_US = 30_000_000;
const UNUSED_SLOTS_MAX = 6;

export class Choker {
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  readonly #random: RandomStream;
  #optimistic: Peer | null = null;
  #rounds = 0;
  /** Peers that are not choked, and use their slot or have had it for a few seconds only. */
  readonly #holders: Peer[] = [];
  /** Peers that would take a slot, who waits longest first; of those who wait as long, who was connected first. */
  readonly #waiting: Peer[] = [];

  constructor(ctx: Context, torrent: Torrent, random: RandomStream) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#random = random;
  }

  get optimistic(): Peer | null {
    return this.#optimistic;
  }

  /** Rounds held so far. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Every 10 s. */
  round(): void {
    if (this.#rounds % ROUNDS_PER_OPTIMISTIC === 0) this.#optimistic = null;
    this.#rounds += 1;
    const ranked = this.#torrent.swarm.peers.filter((peer) => this.#eligible(peer));
    this.#rank(ranked);
    const slots = this.#slots;
    const regular = new Set(ranked.slice(0, Math.max(1, slots - 1)));
    if (this.#optimistic === null || regular.has(this.#optimistic) || !this.#eligible(this.#optimistic)) {
      this.#optimistic = slots > 1 ? this.#drawOptimistic(ranked, regular) : null;
    }
    for (const peer of this.#torrent.swarm.peers) {
      if (!peer.up) continue;
      if (regular.has(peer) || peer === this.#optimistic) this.#unchoke(peer);
      else this.#choke(peer);
      if (this.#ctx.reasons !== null) this.#explainRound(peer, ranked, regular);
      peer.download.round();
      peer.upload.round();
    }
    this.#torrent.swarm.room.round();
    this.fillSlots();
  }

  /** Every second: slots that nobody uses go to others. */
  second(): void {
    const { now } = this.#ctx;
    keepOnly(this.#holders, (peer) => {
      const { askedAt, busy } = peer.uploads;
      const unusedAt = askedAt < peer.unchokedAt ? peer.unchokedAt + UNUSED_US : askedAt + SEED_TURN_US;
      if (busy || now < unusedAt) return true;
      peer.unusedSlots = Math.min(peer.unusedSlots + 1, UNUSED_SLOTS_MAX);
      if (this.#optimistic === peer) this.#optimistic = null;
      this.#ctx.outbox.event('slotUnused', this.#torrent.id, peer.conn, 0);
      if (this.#ctx.reasons !== null) this.#explain(peer, 'unused', 0, 0);
      return false;
    });
    this.fillSlots();
  }

  /** A request of the peer, which is not choked, was taken. One that had left its slot has it again, also beyond their number: at the next
   *  round there are no more than that. */
  asked(peer: Peer): void {
    if (peer.unusedSlots === 0) return;
    peer.unusedSlots = 0;
    if (!this.#holders.includes(peer)) this.#holders.push(peer);
  }

  /** The connection is over: what slot it had is free. */
  gone(peer: Peer): void {
    if (this.#optimistic === peer) this.#optimistic = null;
    remove(this.#waiting, peer);
    if (peer.amChoking) return;
    remove(this.#holders, peer);
    this.fillSlots();
  }

  /** A peer became interested, lost interest, turned out to be a seed or to be none, or snubbed us: it takes a slot that is free, or
   *  leaves its own. Where a slot is free nobody else waits for it, so nobody else is looked at. */
  interestChanged(peer: Peer): void {
    if (this.#eligible(peer)) {
      if (!peer.amChoking) return;
      if (this.#holders.length >= this.#slots) {
        this.#waits(peer);
        return;
      }
      this.#unchoke(peer);
      if (this.#ctx.reasons !== null) this.#explain(peer, 'freeSlot', 0, 0);
      return;
    }
    remove(this.#waiting, peer);
    if (this.#optimistic === peer) this.#optimistic = null;
    if (this.#ctx.reasons !== null) this.#explain(peer, peer.isSeed ? 'seed' : 'notInterested', 0, 0);
    if (peer.amChoking) return;
    this.#choke(peer);
    this.fillSlots();
  }

  get #slots(): number {
    return Math.max(1, this.#ctx.settings.uploadSlots);
  }

  /** Gives free slots to those that have waited longest: the number of slots may have changed. */
  fillSlots(): void {
    while (this.#holders.length < this.#slots) {
      const next = this.#waiting[0];
      if (next === undefined) return;
      this.#unchoke(next);
      if (this.#ctx.reasons !== null) this.#explain(next, 'freeSlot', 0, 0);
    }
  }

  #waits(peer: Peer): void {
    const waiting = this.#waiting;
    if (waiting.includes(peer)) return;
    let at = waiting.length;
    for (let from = 0; from < at; ) {
      const middle = (from + at) >>> 1;
      if (byWait(peer, waiting[middle] as Peer) < 0) at = middle;
      else from = middle + 1;
    }
    insertAt(waiting, at, peer);
  }

  /** Throws `EngineBug` where the count of slots is wrong, who waits for one is not known, or a slot is free all the same. */
  checkInvariants(): void {
    const waiting: Peer[] = [];
    for (const peer of this.#torrent.swarm.peers) {
      if (peer.amChoking && this.#eligible(peer)) waiting.push(peer);
      const holds = this.#holders.includes(peer);
      if (peer.up && !peer.amChoking) assert(holds || peer.unusedSlots > 0, 'who is unchoked has a slot', peer.conn);
      else assert(!holds, 'who is choked has no slot', peer.conn);
    }
    waiting.sort(byWait);
    const known = waiting.length === this.#waiting.length && waiting.every((peer, i) => peer === this.#waiting[i]);
    assert(known, 'who waits for a slot is known, in order', waiting.length, this.#waiting.length);
    const held = this.#holders.length;
    assert(waiting.length === 0 || held >= this.#slots, 'nobody waits for a free slot', waiting.length, held);
  }

  #eligible(peer: Peer): boolean {
    return peer.up && peer.peerInterested && !peer.isSeed;
  }

  get #trading(): boolean {
    return !this.#torrent.finished && this.#ctx.settings.titForTat;
  }

  /** Best first. Ties are broken by who has waited longest, then by connection. */
  #rank(peers: Peer[]): void {
    const { now } = this.#ctx;
    const waited = (a: Peer, b: Peer) => a.unchokedAt + laterUs(a) - b.unchokedAt - laterUs(b) || a.conn - b.conn;
    if (this.#trading) {
      peers.sort(
        (a, b) =>
          Number(a.snubbed) - Number(b.snubbed) || b.download.recentBytes - a.download.recentBytes || waited(a, b),
      );
    } else if (this.#ctx.settings.seedChoke === 'fastestFirst') {
      peers.sort((a, b) => b.upload.recentBytes - a.upload.recentBytes || waited(a, b));
    } else {
      const inTurn = (peer: Peer) => this.#holders.includes(peer) && now - peer.unchokedAt < SEED_TURN_US;
      peers.sort((a, b) => Number(inTurn(b)) - Number(inTurn(a)) || waited(a, b));
    }
  }

  #drawOptimistic(ranked: readonly Peer[], regular: ReadonlySet<Peer>): Peer | null {
    const weightOf = (peer: Peer) => {
      if (peer.unusedSlots > 0) return 0;
      return this.#ctx.now - peer.connectedAt < NEWCOMER_US ? NEWCOMER_WEIGHT : 1;
    };
    let weights = 0;
    for (const peer of ranked) if (!regular.has(peer)) weights += weightOf(peer);
    if (weights === 0) return null;
    let drawn = this.#random.below(weights);
    for (const peer of ranked) {
      if (regular.has(peer)) continue;
      drawn -= weightOf(peer);
      if (drawn < 0) return peer;
    }
    return null;
  }

  #explainRound(peer: Peer, ranked: readonly Peer[], regular: ReadonlySet<Peer>): void {
    const rank = ranked.indexOf(peer) + 1;
    let rule: ChokeRule = 'noSlot';
    if (rank === 0) rule = peer.isSeed ? 'seed' : 'notInterested';
    else if (!peer.amChoking && !this.#holders.includes(peer)) rule = 'unused';
    else if (peer === this.#optimistic) rule = 'optimistic';
    else if (regular.has(peer)) rule = this.#trading ? 'rate' : 'turn';
    this.#explain(peer, rule, rank, ranked.length);
  }

  #explain(peer: Peer, rule: ChokeRule, rank: number, ranked: number): void {
    const { recentBytes } = this.#torrent.finished ? peer.upload : peer.download;
    const unchoked = !peer.amChoking;
    this.#ctx.reasons?.choked(peer, {
      at: this.#ctx.now,
      rule,
      unchoked,
      rank,
      ranked,
      recentBytes,
      snubbed: peer.snubbed,
    });
  }

  #unchoke(peer: Peer): void {
    if (!peer.amChoking) return;
    remove(this.#waiting, peer);
    this.#holders.push(peer);
    peer.sendUnchoke();
    this.#ctx.outbox.event('unchoked', this.#torrent.id, peer.conn, peer === this.#optimistic ? 1 : 0);
  }

  #choke(peer: Peer): void {
    if (peer.amChoking) return;
    remove(this.#holders, peer);
    peer.sendChoke();
    if (peer.unusedSlots > 0) this.#torrent.swarm.room.becameQuiet(peer);
    this.#ctx.outbox.event('choked', this.#torrent.id, peer.conn, 0);
    if (this.#eligible(peer)) this.#waits(peer);
  }
}

/** Who has waited longest first. */
function byWait(a: Peer, b: Peer): number {
  return waitsSince(a) - waitsSince(b) || a.serial - b.serial;
}

/** Since when it waits for a slot, as far as that counts. */
function waitsSince(peer: Peer): Instant {
  return peer.chokedAt + laterUs(peer);
}

/** What the slots that it left unused count for. */
function laterUs({ unusedSlots }: Peer): number {
  return unusedSlots === 0 ? 0 : LATER_US * 2 ** (unusedSlots - 1);
}
