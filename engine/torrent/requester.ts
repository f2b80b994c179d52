// The blocks that are asked for: when a peer's queue is filled, what an arrival, a reject, a choke or a timeout does to it, and how
// duplicates end in end-game. Which blocks they are is the picker's decision.

import type { Context } from '../context.ts';
import type { Payload } from '../contract.ts';
import { BLOCK_LENGTH_BYTES, OUTGOING_REQUESTS_MAX } from '../limits.ts';
import type { Peer } from '../peers/peer.ts';
import type { KnownPeer } from '../peers/peer-book.ts';
import { BLOCK_RECEIVED } from '../pieces/partial-piece.ts';
import type { PartialPiece } from '../pieces/partial-piece.ts';
import { PIECE_MISSING } from '../pieces/picker.ts';
import type { Torrent } from './torrent.ts';

/** A peer that rejects is not asked anew before this much time, so that one that rejects everything costs a message a second. */
const REJECTED_PAUSE_US = 1_000_000;
/** How much longer than a block usually takes a peer may be quiet, where that is more than `snubTimeoutMs`. */
const QUIET_FACTOR = 4;
/** Under a rate limit requests go out in portions of this much time, so that one peer does not take the whole of it. */
const LIMITED_PORTION_MS = 250;
/** In end-game a block is late, and asked for twice, after this many times the usual. Without it half of the duplicates arrive: 1.7 % of a
 *  16 MiB torrent in a swarm of a hundred, measured. */
const LATE_FACTOR = 2;
/** Or as soon as it is expected to take so many times the usual: its sender is slow. Measured beside a holder of 2 kB/s and in a swarm of a
 *  hundred: with 2 the last blocks came as if there were no slow one, and 0.3 % of all twice; with 3 a second later, and 0.15 %; with 4 nine
 *  seconds later, and 0.1 %; without it 45 to 70 seconds, and 0.05 %. The usual is spoilt by the slow one itself where there are few others, and by
 *  long queues, so what the idle peer would take counts too: one of 9 kB/s beside one of 200 on a line of 430 ms there and back, 2 MiB, then
 *  costs 0.3 s and not 4.1; and with it, of one that has never given anything, the time that it has had: one of 1 kB/s beside two of 900 costs
 *  four leechers at most 1.1 s of 6, and not 0.6 to 5.2 (six seeds). */
const SLOW_FACTOR = 4;
/** What will be here in so much time is not asked for twice: as long as a socket's buffer takes, where no cancel reaches it. */
const SOON_US = 1_000_000;
/** An idle peer looks for late blocks no more often than this. */
const END_GAME_LOOK_US = 5_000;

export class Requester {
  wastedBytes = 0;
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  readonly #keys: number[] = [];
  /** The idle peer that looks for late blocks; null: nobody does, and all counts as on its way. */
  #idle: Peer | null = null;
  /** Looked for when the picker first asks for one: in most fills it never does. */
  readonly #onTheWay = new Set<number>();
  #isFound = false;
  readonly #how = {
    now: 0,
    mayBegin: true,
    whole: false,
    onTheWay: { has: (key: number) => this.#isOnTheWay(key) },
  };
  /** From a request to its block, the mean of the last few that one peer alone was asked for: what end-game asks of the idle is answered
   *  at once, and would make everything in longer queues look late. */
  #latencyUs = 0;
  #bufferWasFull = false;

  constructor(ctx: Context, torrent: Torrent) {
    this.#ctx = ctx;
    this.#torrent = torrent;
  }

  /** Fills the peer's queue to its target, once it has fallen to the low-water mark. */
  fill(peer: Peer): void {
    const torrent = this.#torrent;
    if (!peer.mayBeAsked || !peer.amInterested || this.#ctx.now < peer.askAgainAt) return;
    const live = peer.requests.liveCount;
    if (live > peer.pipeline.lowWater || !torrent.requesting) return;
    const count = Math.min(peer.pipeline.target - live, this.#portion());
    if (count <= 0) return;
    const { picker } = torrent;
    const keys = this.#keys;
    while (keys.length > 0) keys.pop();
    const endGame = picker.endGame;
    const begun = picker.partials.length;
    const whole = peer.known.onParole;
    const how = this.#how;
    how.now = this.#ctx.now;
    how.mayBegin = !this.#ctx.blocks.full;
    how.whole = whole;
    this.#idle = endGame && live === 0 ? peer : null;
    this.#isFound = false;
    picker.pick(peer, count, how, keys);
    if (keys.length + live === 0 && (this.#freeHeld(peer) || (whole && this.#freeStalled(peer))))
      picker.pick(peer, count, how, keys);
    this.#reportBuffer();
    if (picker.partials.length > begun) {
      for (const key of keys) if (key % picker.geometry.blocksPerPiece === 0) this.#pieceStarted(key);
    }
    if (picker.endGame && !endGame) this.#ctx.outbox.event('endGameEntered', torrent.id, keys.length, 0);
    if (keys.length === 0) {
      if (picker.endGame && live === 0) this.#ctx.wakeAt(this.#ctx.now + Math.max(END_GAME_LOOK_US, this.#latencyUs));
      return;
    }
    if (live === 0) peer.lastBlockAt = this.#ctx.now;
    let sent = 0;
    for (const key of keys) if (this.#ask(peer, key)) sent += 1;
    if (sent > 0) this.#ctx.outbox.event('requestsSent', torrent.id, peer.conn, sent);
  }

  #isOnTheWay(key: number): boolean {
    const idle = this.#idle;
    if (idle === null) return true;
    if (!this.#isFound) this.#findOnTheWay(idle);
    this.#isFound = true;
    return this.#onTheWay.has(key) || (idle.download.totalBytes === 0 && this.#hasProvenFor(key));
  }

  /** Somebody who has given something is idle too and may be asked for it. Before that nobody else is: those who claim everything and answer
   *  nothing would take turns at the last block, each for as long as a block may take. */
  #hasProvenFor(key: number): boolean {
    const piece = this.#pieceOf(key);
    return this.#torrent.swarm.busy.all.some(
      (peer) =>
        peer.download.totalBytes > 0 &&
        peer.requests.liveCount === 0 &&
        peer.mayBeAsked &&
        peer.mayAsk(piece) &&
        !peer.snubbed &&
        !peer.known.onParole &&
        !peer.isAskedFor(key),
    );
  }

  /** A round trip and a block at its rate; the usual where it has given nothing lately. */
  #blockUs({ pipeline, download }: Peer): number {
    const rate = download.bytesPerSecond;
    return rate === 0 ? this.#latencyUs : pipeline.roundTripUs + Math.ceil((BLOCK_LENGTH_BYTES * 1e6) / rate);
  }

  /** Looks through the queues, for where each block stands and how fast its sender is. On the way is what will be here soon: a second copy of it
   *  could not be cancelled in time, and would bring next to nothing; and what has not taken, and will not take, much longer than usual
   *  or than from the idle peer. From one that is snubbed nothing is. */
  #findOnTheWay(idle: Peer): void {
    const { now } = this.#ctx;
    const wouldTakeUs = this.#blockUs(idle);
    this.#onTheWay.clear();
    for (const { requests, download, lastBlockAt, snubbed } of this.#torrent.swarm.busy.all) {
      if (requests.liveCount === 0 || snubbed) continue;
      // Infinite where it has not sent anything lately: then only what it was asked for a while ago is late.
      const blockUs = Math.max((BLOCK_LENGTH_BYTES * 1e6) / download.bytesPerSecond, now - lastBlockAt);
      let dueUs = 0;
      for (let i = 0; i < requests.length; i += 1) {
        if (!requests.isLive(i)) continue;
        dueUs += blockUs;
        const waitedUs = now - requests.sentAt(i);
        const isSlow =
          dueUs < Infinity
            ? dueUs > SLOW_FACTOR * wouldTakeUs || waitedUs + dueUs > SLOW_FACTOR * this.#latencyUs
            : download.totalBytes === 0 && waitedUs > Math.max(SOON_US, SLOW_FACTOR * wouldTakeUs);
        if (dueUs <= SOON_US || (waitedUs < LATE_FACTOR * this.#latencyUs && !isSlow))
          this.#onTheWay.add(requests.keyAt(i));
      }
    }
  }

  /** The block is not here yet, and its piece is wanted. */
  isWanted(key: number): boolean {
    const partial = this.#partialOf(key);
    if (partial === undefined) return this.#isMissing(this.#pieceOf(key));
    return partial.state(this.#blockOf(key)) !== BLOCK_RECEIVED;
  }

  /** A whole block came; `payload` is moved here. */
  arrived(peer: Peer, key: number, payload: Payload): void {
    const liveIndex = peer.requests.liveIndexOf(key);
    const live = liveIndex !== -1;
    // Answers come in the order of requests: where it was given up and then asked for anew, this is what was given up.
    const index = peer.requests.indexOf(key);
    const block = this.#blockOf(key);
    const begun = this.#partialOf(key);
    if (index !== -1) {
      const sentAt = peer.requests.sentAt(index);
      peer.pipeline.blockArrived(sentAt, this.#ctx.now);
      const alone = index === liveIndex && !peer.snubbed && (begun?.requesters(block) ?? 0) < 2;
      if (alone) this.#measure(this.#ctx.now - sentAt);
      if (live && index !== liveIndex) this.#cancel(peer, liveIndex);
      peer.requests.removeAt(index);
    }
    if (peer.snubbed) this.#unsnub(peer);
    const partial = begun ?? this.#beginLate(peer, index, key);
    const length = this.#lengthOf(key);
    const foreign = partial?.exclusiveTo !== null && partial?.exclusiveTo !== peer.known;
    if (partial === undefined || foreign || partial.state(block) === BLOCK_RECEIVED) {
      if (live) this.#torrent.picker.release(key);
      this.#ctx.blocks.giveBack(payload);
      this.wastedBytes += length;
      this.#ctx.outbox.event('blockDuplicate', this.#torrent.id, this.#pieceOf(key), block);
    } else {
      if (live) partial.dropRequester(block);
      partial.receive(block, payload, peer.known);
      this.#ctx.blocks.hold(length);
      this.#ctx.outbox.event('blockReceived', this.#torrent.id, partial.piece, block);
      if (partial.requesters(block) > 0) this.#cancelOthers(key, partial, block);
      if (partial.complete) this.#torrent.storage.pieceComplete(partial);
    }
    this.fill(peer);
  }

  /** One that is late counts as just late: the blocks of a single slow peer, the last to come, must not pass for the usual. */
  #measure(latencyUs: number): void {
    if (this.#latencyUs === 0) this.#latencyUs = latencyUs;
    else this.#latencyUs += Math.floor((Math.min(latencyUs, LATE_FACTOR * this.#latencyUs) - this.#latencyUs) / 8);
  }

  /** A block that was given up comes after all, when its piece is no longer begun: it is begun again with it, or a peer that takes longer for
   *  a block than it is given would be asked for it for ever. One on parole may have no part in a piece that others go on with. */
  #beginLate(peer: Peer, index: number, key: number): PartialPiece | undefined {
    const piece = this.#pieceOf(key);
    if (index === -1 || peer.known.onParole || !this.#isMissing(piece)) return undefined;
    this.#pieceStarted(key);
    return this.#torrent.picker.begin(piece);
  }

  #isMissing(piece: number): boolean {
    const { picker } = this.#torrent;
    return picker.state(piece) === PIECE_MISSING && picker.wants(piece);
  }

  /** Payload that nobody needed. `key`: the block, if the peer was asked for it, which is answered by this; else −1. */
  unneeded(peer: Peer, key: number, lengthBytes: number): void {
    this.wastedBytes += lengthBytes;
    if (key === -1) {
      this.#ctx.outbox.event('blockUnasked', this.#torrent.id, peer.conn, 0);
      return;
    }
    const index = peer.requests.indexOf(key);
    if (index !== -1) {
      if (peer.requests.isLive(index)) this.#torrent.picker.release(key);
      peer.requests.removeAt(index);
    }
    if (peer.snubbed) this.#unsnub(peer);
    this.#ctx.outbox.event('blockDuplicate', this.#torrent.id, this.#pieceOf(key), this.#blockOf(key));
    this.fill(peer);
  }

  /** BEP 6: the one answer to a request is that there is none. To one that was cancelled it is no refusal. */
  rejected(peer: Peer, index: number): void {
    const key = peer.requests.keyAt(index);
    const live = peer.requests.isLive(index);
    this.#ctx.outbox.event('requestRejected', this.#torrent.id, peer.conn, this.#pieceOf(key));
    if (live) this.#giveBack(key);
    peer.requests.removeAt(index);
    if (!live) return;
    if (peer.peerChoking) return;
    if (peer.known.onParole) this.#leaveExclusive(peer.known);
    peer.pipeline.target = Math.max(1, peer.pipeline.target >>> 1);
    peer.askAgainAt = this.#ctx.now + REJECTED_PAUSE_US;
  }

  /** Without the fast extension a choke drops every request (CONFORMANCE 31); with it, each will be rejected. One on parole keeps the pieces
   *  that it has to itself until it is unchoked again, or until somebody else has nothing better to do: on slow lines no piece would come
   *  whole between two chokes, and no suspicion would ever end. */
  peerChoked(peer: Peer): void {
    if (!peer.fast) this.dropAll(peer);
  }

  /** Requests for one piece are void. */
  dropPiece(peer: Peer, piece: number): void {
    const { requests } = peer;
    for (let i = requests.length - 1; i >= 0; i -= 1) {
      const key = requests.keyAt(i);
      if (this.#pieceOf(key) !== piece) continue;
      if (requests.isLive(i)) this.#giveBack(key);
      requests.removeAt(i);
    }
  }

  /** Every request of the peer is void. */
  dropAll(peer: Peer): void {
    for (let i = 0; i < peer.requests.length; i += 1) {
      if (peer.requests.isLive(i)) this.#giveBack(peer.requests.keyAt(i));
    }
    peer.requests.clear();
  }

  peerGone(peer: Peer): void {
    this.dropAll(peer);
    if (peer.knownAs !== null) this.#leaveExclusive(peer.known);
  }

  /** Once a second: a request that was not answered in time is free for others. A peer that has been quiet for too long is snubbed, what it
   *  was asked for is free after that time already, and it is asked again when it answers or after the time of a request. */
  second(peer: Peer): void {
    const { requests } = peer;
    if (requests.liveCount > 0) {
      const requestUs = this.#ctx.settings.requestTimeoutMs * 1_000;
      const patienceUs = this.#patienceUs(peer, requestUs);
      const quiet = this.#ctx.now - peer.lastBlockAt >= patienceUs;
      const timeoutUs = quiet ? patienceUs : requestUs;
      // What one on parole was asked for serves nobody else, and what it sent goes with it: as long as it delivers, nothing is late.
      const delivers = peer.known.onParole && !quiet;
      let late = 0;
      for (let i = 0; i < requests.length && !delivers; i += 1) {
        if (this.#ctx.now - requests.sentAt(i) < timeoutUs) break;
        if (!requests.isLive(i)) continue;
        late += 1;
        const key = requests.keyAt(i);
        requests.giveUp(i);
        this.#giveBack(key);
        this.#ctx.outbox.event('requestTimedOut', this.#torrent.id, peer.conn, this.#pieceOf(key));
      }
      if (late > 0 && peer.known.onParole) this.#leaveExclusive(peer.known);
      if (quiet) {
        if (!peer.snubbed) this.#snub(peer);
        peer.askAgainAt = this.#ctx.now + requestUs;
      }
      while (requests.length - requests.liveCount > OUTGOING_REQUESTS_MAX && !requests.isLive(0)) requests.removeAt(0);
    }
    this.fill(peer);
  }

  /** How long a peer may be quiet. One on parole has whole pieces to itself: nobody waits for it. */
  #patienceUs(peer: Peer, requestUs: number): number {
    if (peer.known.onParole) return requestUs;
    return Math.min(requestUs, Math.max(this.#ctx.settings.snubTimeoutMs * 1_000, QUIET_FACTOR * this.#latencyUs));
  }

  /** A peer on parole that does not deliver lets go of its pieces: what it sent of them is thrown away, for they were to be its alone. */
  #leaveExclusive(known: KnownPeer): void {
    for (const partial of [...this.#torrent.picker.partials]) {
      if (partial.exclusiveTo !== known) continue;
      partial.exclusiveTo = null;
      this.#discard(partial, null);
      this.#torrent.wake();
    }
  }

  /** Looks for a piece that one on parole holds who chokes us. Returns whether there was one for this peer, who has nothing else to do. */
  #freeHeld(peer: Peer): boolean {
    const { picker, swarm } = this.#torrent;
    const held = picker.partials.find(
      ({ exclusiveTo, piece }) =>
        exclusiveTo !== null &&
        exclusiveTo !== peer.known &&
        picker.wants(piece) &&
        peer.mayAsk(piece) &&
        !swarm.peers.some((holder) => holder.knownAs === exclusiveTo && holder.mayBeAsked),
    );
    if (held === undefined) return false;
    this.#leaveExclusive(held.exclusiveTo as KnownPeer);
    return true;
  }

  /** Looks for a begun piece that nobody fetches and that none but peers on parole could go on with: it is begun anew, for it would never
   *  be finished. Returns whether there was one for this peer. */
  #freeStalled(peer: Peer): boolean {
    const { picker, swarm } = this.#torrent;
    const stalled = picker.partials.find(
      (partial) =>
        partial.exclusiveTo === null &&
        !partial.flushing &&
        partial.freeCount > 0 &&
        partial.freeCount + partial.receivedCount === partial.blockCount &&
        picker.wants(partial.piece) &&
        peer.mayAsk(partial.piece) &&
        !swarm.peers.some((other) => other.up && !other.known.onParole && other.mayAsk(partial.piece)),
    );
    if (stalled === undefined) return false;
    this.#discard(stalled, null);
    return true;
  }

  /** Takes back what was received of an unfinished piece, `from`: of one peer only. Blocks that are being written stay: the hash judges. */
  #discard(partial: PartialPiece, from: KnownPeer | null): void {
    if (partial.flushing) return;
    for (let block = 0; block < partial.blockCount; block += 1) {
      const received = partial.state(block) === BLOCK_RECEIVED;
      if (received && (from === null || partial.contributors[block] === from)) this.#torrent.discard(partial, block);
    }
    this.#torrent.picker.forgetUntouched(partial);
  }

  /** Takes back what a banned peer sent of pieces that are not verified yet. */
  discardFrom(known: KnownPeer): void {
    for (const partial of [...this.#torrent.picker.partials]) this.#discard(partial, known);
    this.#torrent.wake();
  }

  #snub(peer: Peer): void {
    peer.snubbed = true;
    this.#torrent.swarm.room.becameQuiet(peer);
    peer.pipeline.snubbed();
    this.#leaveExclusive(peer.known);
    this.#ctx.outbox.event('peerSnubbed', this.#torrent.id, peer.conn, 0);
    this.#torrent.choker.interestChanged(peer);
  }

  /** It answers again. */
  #unsnub(peer: Peer): void {
    peer.snubbed = false;
    peer.askAgainAt = 0;
    peer.pipeline.restart(1);
    this.#ctx.outbox.event('peerUnsnubbed', this.#torrent.id, peer.conn, 0);
  }

  /** Returns whether a request was sent. With the fast extension one that timed out is still owed its answer (BEP 6), and asked again there
   *  will be two: so within the time of a request we wait for the first, or most of what a slow peer sends would come in vain. Without the
   *  extension what was given up may never be answered. */
  #ask(peer: Peer, key: number): boolean {
    const { now, settings } = this.#ctx;
    const { requests } = peer;
    const length = this.#lengthOf(key);
    this.#torrent.downloadLimit.spend(length);
    if (peer.fast) {
      if (requests.revive(key, now - settings.requestTimeoutMs * 1_000)) return false;
    } else {
      const given = requests.indexOf(key);
      if (given !== -1) requests.removeAt(given);
    }
    requests.push(key, now);
    peer.sendRequest(this.#pieceOf(key), this.#blockOf(key) * BLOCK_LENGTH_BYTES, length);
    return true;
  }

  /** With the fast extension the answer is still owed: the block, or a reject (BEP 6). */
  #cancel(peer: Peer, index: number): void {
    const key = peer.requests.keyAt(index);
    if (peer.fast) peer.requests.cancel(index);
    else peer.requests.removeAt(index);
    peer.sendCancel(this.#pieceOf(key), this.#blockOf(key) * BLOCK_LENGTH_BYTES, this.#lengthOf(key));
  }

  #cancelOthers(key: number, partial: PartialPiece, block: number): void {
    for (const other of this.#torrent.swarm.busy.all) {
      const index = other.requests.liveIndexOf(key);
      if (index === -1) continue;
      this.#cancel(other, index);
      partial.dropRequester(block);
      this.#ctx.outbox.event('endGameCancel', this.#torrent.id, other.conn, partial.piece);
      this.#torrent.wake();
    }
  }

  /** The request is void: its block may be free again, and its bytes were not spent. */
  #giveBack(key: number): void {
    const { picker } = this.#torrent;
    const endGame = picker.endGame;
    picker.release(key);
    if (endGame && !picker.endGame) this.#ctx.outbox.event('endGameLeft', this.#torrent.id, 1, 0);
    this.#torrent.downloadLimit.refund(this.#lengthOf(key));
    this.#torrent.wake();
  }

  /** Says once that memory is short, not at every attempt. */
  #reportBuffer(): void {
    const { full, heldBytes } = this.#ctx.blocks;
    if (full && !this.#bufferWasFull) this.#ctx.outbox.event('downloadBufferFull', this.#torrent.id, heldBytes, 0);
    this.#bufferWasFull = full;
  }

  #pieceStarted(key: number): void {
    this.#ctx.outbox.event('pieceStarted', this.#torrent.id, this.#pieceOf(key), 0);
  }

  /** How many requests the rate limits let out at once; 0 = none now. */
  #portion(): number {
    const bytesPerSecond = this.#torrent.downloadLimit.bytesPerSecond;
    if (bytesPerSecond === 0) return OUTGOING_REQUESTS_MAX;
    if (!this.#torrent.downloadLimit.allows()) return 0;
    return Math.max(1, Math.floor((bytesPerSecond * LIMITED_PORTION_MS) / (1_000 * BLOCK_LENGTH_BYTES)));
  }

  #pieceOf(key: number): number {
    return Math.floor(key / this.#torrent.metainfo.geometry.blocksPerPiece);
  }

  #blockOf(key: number): number {
    return key % this.#torrent.metainfo.geometry.blocksPerPiece;
  }

  #lengthOf(key: number): number {
    return this.#torrent.metainfo.geometry.blockLength(this.#pieceOf(key), this.#blockOf(key));
  }

  #partialOf(key: number): PartialPiece | undefined {
    return this.#torrent.picker.partial(this.#pieceOf(key));
  }
}
