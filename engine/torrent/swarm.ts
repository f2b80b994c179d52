// The peers of one torrent: whom to dial, whom to keep, who has what and who is worth asking. Seeds are told apart from leechers, and
// let go when there is nothing more to get from them.

import { Bitfield, BitfieldPages } from '../bitfield.ts';
import { assert } from '../bug.ts';
import { sameBytes } from '../bytes.ts';
import type { Context } from '../context.ts';
import type { DisconnectReason, FoundPeer, Instant, PeerSource } from '../contract.ts';
import { ALLOWED_FAST_COUNT, INCOMING_REQUESTS_MAX, LATE_HAVES_MAX, PEERS_PER_ANNOUNCE_MAX } from '../limits.ts';
import { remove } from '../lists.ts';
import type { Peer } from '../peers/peer.ts';
import { INTRODUCTION_US, isIntroduced } from '../peers/introduced.ts';
import { type KnownPeer, PeerBook } from '../peers/peer-book.ts';
import { sha1 } from '../sha1.ts';
import { allowedFastSet } from '../wire/allowed-fast.ts';
import { DONT_HAVE_ID, encodeExtensionHandshake, EXTENSION_HANDSHAKE_ID } from '../wire/extension-handshake.ts';
import { METADATA_ID, METADATA_NAME } from '../wire/metadata-message.ts';
import { BusyPeers } from './busy-peers.ts';
import { Room } from './room.ts';
import type { Torrent } from './torrent.ts';

/** libtorrent's (CONFORMANCE 18). */
export const HANDSHAKE_TIMEOUT_US = 10_000_000;
/** Keep-alives go out after this much silence of ours (BEP 3: "generally … every two minutes"). */
const KEEP_ALIVE_US = 100_000_000;
/** A peer that was silent for two minutes, and half a minute for the way, is gone. */
const SILENCE_US = 150_000_000;
/** Below this many pieces a peer is granted its allowed-fast set (BEP 6: to help peers that have nothing to trade). */
const NEEDS_HELP_PIECES = ALLOWED_FAST_COUNT;

/** What one is told that is to learn nothing of what we have. */
const NO_PIECES = new Bitfield(0);

const MESSAGES = new Map([
  ['lt_donthave', DONT_HAVE_ID],
  [METADATA_NAME, METADATA_ID],
]);

export class Swarm {
  /** Connections of this torrent, dials included, in the order in which they were made. */
  readonly peers: Peer[] = [];
  readonly busy = new BusyPeers();
  readonly book = new PeerBook();
  readonly room: Room;
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  #bitfields: BitfieldPages;
  /** The first extension handshake as last sent, and what it said of `upload_only`: a re-check may find that what was complete is not. */
  #greeting: Uint8Array | null = null;
  #greetsUploadOnly = false;
  #nextSerial = 0;
  /** Nobody has been silent for too long before. */
  #silenceLookAt: Instant = Infinity;

  constructor(ctx: Context, torrent: Torrent) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#bitfields = new BitfieldPages(torrent.metainfo.geometry.pieceCount);
    this.room = new Room(ctx, torrent, this);
  }

  /** A tracker is to be asked before its interval. */
  get needsPeers(): boolean {
    return this.#torrent.finished ? this.room.isBesieged : this.room.starved;
  }

  // ── finding ──

  /** Addresses from a tracker or the user; at most PEERS_PER_ANNOUNCE_MAX of one source at a time are read. */
  heardOf(addresses: readonly FoundPeer[], source: PeerSource = 'tracker'): void {
    for (const { host, port, peerId } of addresses.slice(0, PEERS_PER_ANNOUNCE_MAX)) {
      const known = this.book.heardOf({ host, port }, isIntroduced({ host, port }) ? 'webrtc' : source);
      if (known === null) continue;
      if (peerId !== undefined) known.expectedId = peerId;
      // Whoever is connected by another way needs no introduction.
      if (known.introducedUntil !== null && !this.#isUp(known.expectedId))
        known.introducedUntil = this.#ctx.now + INTRODUCTION_US;
    }
    this.dial();
  }

  #isUp(peerId: Uint8Array | null): boolean {
    return peerId !== null && this.peers.some((peer) => peer.up && sameBytes(peer.peerId, peerId));
  }

  /** Dials the most useful known peers while there is room to dial (see `Room.toDial`). */
  dial(): void {
    const { settings } = this.#ctx;
    while (
      this.#torrent.meeting &&
      this.#ctx.connections < settings.connectionsMax &&
      this.#ctx.dials < settings.dialsMax &&
      this.room.toDial
    ) {
      const known = this.book.best(this.#ctx.now, this.#torrent.finished);
      if (known === null) return;
      this.room.dialled();
      this.#torrent.dial(known);
      // Who has everything is in no hurry: leechers come by themselves, and most of those it would dial have finished too.
      if (this.#torrent.finished) return;
    }
  }

  dialled(peer: Peer, known: KnownPeer): void {
    peer.knownAs = known;
    known.conn = peer.conn;
    peer.countsAsDial = true;
    if (isIntroduced(peer.address)) known.introducedUntil = 0;
    if (known.bitfield !== null) this.#expect(peer, known.bitfield);
    this.#ctx.dials += 1;
    this.#join(peer);
  }

  #join(peer: Peer): void {
    peer.serial = this.#nextSerial;
    this.#nextSerial += 1;
    this.peers.push(peer);
    this.busy.attend(peer);
    this.room.becameQuiet(peer);
    this.#silenceLookAt = Math.min(this.#silenceLookAt, this.#ctx.now + KEEP_ALIVE_US);
  }

  #dialOver(peer: Peer): void {
    if (peer.countsAsDial) this.#ctx.dials -= 1;
    peer.countsAsDial = false;
  }

  // ── handshakes ──

  /** An outgoing connection stands: we speak first. */
  connected(peer: Peer): void {
    peer.state = 'handshaking';
    peer.connectedAt = this.#ctx.now;
    peer.lastReceivedAt = this.#ctx.now;
    this.#useBits(peer);
    peer.sendHandshake(this.#torrent);
  }

  /** An incoming handshake named this torrent: we answer at once (CONFORMANCE 15). False: there is no room. */
  accepted(peer: Peer): boolean {
    if (!this.room.forOneWhoComes(peer.address.host)) return false;
    this.#join(peer);
    this.#useBits(peer);
    peer.sendHandshake(this.#torrent);
    return true;
  }

  #useBits(peer: Peer): void {
    if (this.#torrent.active) peer.bits = this.#bitfields.take();
    else peer.hearEarly();
  }

  /** The peer's id is here: it is up, unless it is ourselves, a peer we know already, or a banned one. */
  handshakeDone(peer: Peer): void {
    this.#dialOver(peer);
    if (sameBytes(peer.peerId, this.#torrent.peerId)) {
      this.#ctx.outbox.event('selfConnection', this.#torrent.id, peer.conn, 0);
      // True of this run and network, not of the address: whoever listens there later is somebody else.
      if (peer.knownAs) peer.knownAs.ourselves = true;
      this.#torrent.drop(peer, 'a connection to ourselves');
      return;
    }
    if (!this.#resolveDuplicate(peer)) return;
    if (peer.knownAs === null) {
      peer.knownAs = this.book.cameToUs(peer.address.host, peer.peerId);
      peer.knownAs.conn = peer.conn;
    }
    if (peer.known.banned) {
      this.#torrent.drop(peer, 'banned');
      return;
    }
    peer.known.failures = 0;
    peer.unusedSlots = peer.known.unusedSlots;
    peer.state = 'up';
    this.#ctx.outbox.event('peerConnected', this.#torrent.id, peer.conn, peer.outgoing ? 1 : 0);
    peer.sendPieces(this.#torrent.superSeeding.greets(peer) ? NO_PIECES : this.#torrent.picker.written);
    if (peer.extensions) this.#greet(peer);
    if (peer.fast && !this.#torrent.finished) this.#grantAllowedFast(peer);
  }

  /** Two connections to one peer: both sides keep the one that has an address, or else the one that the higher peer id began; but the new one
   *  where the old has been silent: a peer whose network was lost comes again, and nobody told us of the end of the first. Returns whether
   *  this one stays. */
  #resolveDuplicate(peer: Peer): boolean {
    const other = this.peers.find((p) => p.isSameAs(peer) && p !== peer && p.up);
    if (other === undefined) return true;
    const oursIsHigher = compareBytes(this.#torrent.peerId, peer.peerId) > 0;
    const stale = this.#ctx.now - other.lastReceivedAt >= STALE_US;
    const otherIntroduced = isIntroduced(other.address);
    const preferred =
      otherIntroduced === isIntroduced(peer.address)
        ? other.outgoing !== peer.outgoing && peer.outgoing === oursIsHigher
        : otherIntroduced;
    const keepNew = stale || preferred;
    const [kept, dropped] = keepNew ? [peer, other] : [other, peer];
    this.#ctx.outbox.event('duplicatePeer', this.#torrent.id, dropped.conn, 0);
    const alias = dropped.knownAs;
    this.#torrent.drop(dropped, 'a duplicate connection');
    // The address that was dialled in vain belongs to a peer that is connected: do not dial it again while it is.
    if (alias !== null && alias !== kept.knownAs) {
      kept.alias = alias;
      alias.conn = kept.conn;
    }
    return keepNew;
  }

  #greet(peer: Peer): void {
    const uploadOnly = this.#torrent.finished;
    if (uploadOnly !== this.#greetsUploadOnly) this.#greeting = null;
    this.#greetsUploadOnly = uploadOnly;
    this.#greeting ??= encodeExtensionHandshake({
      ...this.#mayChange(),
      port: this.#ctx.listenPort || null,
      client: this.#ctx.settings.clientName,
      reqq: INCOMING_REQUESTS_MAX,
    });
    peer.sendExtended(EXTENSION_HANDSHAKE_ID, this.#greeting);
  }

  /** Tells everybody what has changed since the first handshake: another changes only what it names (BEP 10). */
  #shakeAgain(): void {
    const again = encodeExtensionHandshake({ ...this.#mayChange(), port: null, client: null, reqq: null });
    for (const peer of this.peers) if (peer.up && peer.extensions) peer.sendExtended(EXTENSION_HANDSHAKE_ID, again);
  }

  /** What every extension handshake names: to libtorrent one without `m` or `metadata_size` says that there is none any more. */
  #mayChange() {
    return {
      messages: MESSAGES,
      metadataSizeBytes: this.#torrent.metadata.sizeBytes || null,
      yourIp: null,
      uploadOnly: this.#torrent.finished,
    };
  }

  #grantAllowedFast(peer: Peer): void {
    const { geometry, infoHash } = this.#torrent.metainfo;
    if (geometry.pieceCount <= ALLOWED_FAST_COUNT || this.#torrent.picker.written.count < NEEDS_HELP_PIECES) return;
    const pieces = allowedFastSet(peer.address.host, infoHash, geometry.pieceCount);
    peer.uploads.allowFast(pieces);
    for (const piece of pieces) peer.sendAllowedFast(piece);
  }

  // ── the metadata is here ──

  /** Its hash was right: whoever is connected may ask for it. */
  metadataKnown(): void {
    this.#greeting = null;
    this.#shakeAgain();
  }

  /** The torrent has got its pieces. */
  furnished(pieceCount: number): void {
    this.#bitfields = new BitfieldPages(pieceCount);
  }

  /** What was found on the disk is known too: peers that were met before learn what we have, and what they said counts. */
  meetAnew(): void {
    const { written } = this.#torrent.picker;
    for (const peer of this.peers.filter(({ early }) => early !== null)) {
      const why = written.count > LATE_HAVES_MAX ? 'beyond' : peer.piecesKnown(this.#bitfields.take());
      if (why === 'beyond') {
        this.#torrent.drop(peer, 'to be met anew, now that the metadata is known');
        if (peer.knownAs !== null) peer.known.nextDialAt = 0;
      } else if (why !== null) this.#torrent.judge(peer, why);
      else if (peer.up) this.#tellPieces(peer, written);
    }
    if (this.#torrent.finished) this.finished();
  }

  #tellPieces(peer: Peer, written: Bitfield): void {
    for (let piece = 0; piece < written.length; piece += 1) if (written.has(piece)) peer.sendHave(piece);
    if (peer.fast && !this.#torrent.finished) this.#grantAllowedFast(peer);
  }

  /** BEP 10 `p`: an incoming peer listens there, so it can be dialled again, is not dialled twice, and was perhaps banned as who listens there. */
  peerListensOn(peer: Peer, port: number): void {
    if (peer.outgoing || isIntroduced(peer.address)) return;
    const listed = this.book.heardOf({ host: peer.address.host, port }, 'incoming');
    if (listed?.banned) {
      peer.known.banned = true;
      this.#torrent.drop(peer, 'banned');
      return;
    }
    if (listed === null || listed.conn !== -1) return;
    if (peer.alias !== null) peer.alias.conn = -1;
    peer.alias = listed;
    listed.conn = peer.conn;
  }

  // ── who has what ──

  /** What a peer had when it was last connected counts for rarity until it says what it has now; nothing is asked for by it. */
  #expect(peer: Peer, bits: Bitfield): void {
    peer.expected = bits;
    this.#torrent.picker.peerJoined(bits);
  }

  #forgetExpected(peer: Peer): void {
    if (peer.expected === null) return;
    this.#torrent.picker.peerLeft(peer.expected, peer.expected.full);
    peer.expected = null;
  }

  /** The first message about pieces; until it came a peer has none. */
  peerSaidPieces(peer: Peer): void {
    const { picker } = this.#torrent;
    this.#forgetExpected(peer);
    picker.peerJoined(peer.bits);
    peer.joinedAsSeed = peer.bits.full;
    this.#countWanted(peer);
    this.seedStateChanged(peer);
    this.#torrent.superSeeding.peerSaidPieces(peer);
  }

  peerGot(peer: Peer, piece: number): void {
    const { picker } = this.#torrent;
    this.#forgetExpected(peer);
    picker.peerGot(piece);
    if (picker.wants(piece)) {
      peer.wantedCount += 1;
      this.#updateInterest(peer);
      if (peer.mayBeAsked && peer.requests.liveCount === 0) this.#torrent.requester.fill(peer);
    }
    if (peer.bits.full) this.seedStateChanged(peer);
    if (this.#torrent.finished) this.#torrent.superSeeding.peerGot(piece);
  }

  /** It has lost a piece (BEP 54). With the fast extension it will reject what was asked of it; without, that is dropped here. */
  peerLost(peer: Peer, piece: number): void {
    const { picker } = this.#torrent;
    if (!peer.bits.has(piece)) return;
    if (peer.joinedAsSeed) {
      picker.peerLeft(peer.bits, true);
      peer.joinedAsSeed = false;
      peer.bits.clear(piece);
      picker.peerJoined(peer.bits);
    } else {
      peer.bits.clear(piece);
      picker.peerLost(piece);
    }
    if (picker.wants(piece)) peer.wantedCount -= 1;
    this.#updateInterest(peer);
    this.#torrent.choker.interestChanged(peer);
    if (!peer.fast) this.#torrent.requester.dropPiece(peer, piece);
  }

  /** A seed is no use to one who has everything, nor the other way round. */
  seedStateChanged(peer: Peer): void {
    if (!peer.up) return;
    if (!peer.isSeed) {
      this.#torrent.choker.interestChanged(peer);
      return;
    }
    peer.known.seed = peer.bits.full || peer.uploadOnly;
    this.#ctx.outbox.event('peerIsSeed', this.#torrent.id, peer.conn, 0);
    if (this.#torrent.finished) {
      this.#ctx.outbox.event('seedDisconnected', this.#torrent.id, peer.conn, 0);
      this.#torrent.drop(peer, 'nothing to exchange with a seed');
    } else this.#torrent.choker.interestChanged(peer);
  }

  #countWanted(peer: Peer): void {
    peer.wantedCount = this.#wantedOf(peer);
    this.#updateInterest(peer);
  }

  #wantedOf({ bits }: Peer): number {
    const { picker } = this.#torrent;
    let count = 0;
    for (let piece = 0; piece < bits.length; piece += 1) if (bits.has(piece) && picker.wants(piece)) count += 1;
    return count;
  }

  #updateInterest(peer: Peer): void {
    peer.setAmInterested(peer.wantedCount > 0);
  }

  /** We have the piece now (its hash passed). */
  pieceNoLongerWanted(piece: number): void {
    if (this.#torrent.picker.priority(piece) === 0) return;
    for (const peer of this.peers) {
      if (!peer.bits.has(piece)) continue;
      peer.wantedCount -= 1;
      this.#updateInterest(peer);
    }
  }

  /** A verified piece could not be kept. */
  pieceWantedAgain(piece: number): void {
    if (this.#torrent.picker.priority(piece) === 0) return;
    for (const peer of this.peers) {
      if (!peer.bits.has(piece)) continue;
      peer.wantedCount += 1;
      this.#updateInterest(peer);
    }
  }

  /** What we want has changed: every peer is looked at anew. */
  wishesChanged(): void {
    for (const peer of this.peers) if (peer.up) this.#countWanted(peer);
  }

  /** We have everything that we want: seeds go, the others are told that we only upload (BEP 21). */
  finished(): void {
    for (const peer of this.peers.filter(({ isSeed }) => isSeed)) this.seedStateChanged(peer);
    this.#shakeAgain();
  }

  /** We want more than we have again. */
  unfinished(): void {
    this.#shakeAgain();
    this.wishesChanged();
  }

  /** Tells whom it is news to. A peer that has the piece learns from `upload_only` when we have everything, so it is told only where it
   *  would not understand that: half of all HAVEs would say nothing. One that only uploads and shows a part may be a super-seed, which
   *  waits for the news (BEP 16). */
  announceHave(piece: number): void {
    for (const peer of this.peers) {
      if (!peer.up) continue;
      const superSeed = peer.uploadOnly && !peer.bits.full;
      if (superSeed || !peer.extensions || !peer.bits.has(piece)) peer.sendHave(piece);
    }
  }

  // ── leaving ──

  /** The connection is over, whoever ended it; `why`: null = we did. */
  gone(peer: Peer, why: DisconnectReason | null): void {
    const wasUp = peer.up;
    const useless = why !== null && this.room.hadNothing(peer);
    const dialWasOver = !peer.countsAsDial;
    peer.state = 'closed';
    remove(this.peers, peer);
    this.room.gone(peer);
    this.#dialOver(peer);
    this.#forgetExpected(peer);
    if (peer.bits.length > 0) this.#torrent.picker.peerLeft(peer.bits, peer.joinedAsSeed);
    this.#torrent.requester.peerGone(peer);
    this.#torrent.superSeeding.peerGone(peer);
    this.#torrent.metadata.gone(peer);
    this.#torrent.choker.gone(peer);
    // Sent away because neither had anything for the other: to dial it again soon would only be the same once more.
    if (useless) peer.known.foundUseless(this.#ctx.now);
    for (const known of [peer.knownAs, peer.alias]) if (known !== null) this.#remember(known, peer, wasUp);
    // Pausing ends dials that have not failed.
    if (peer.knownAs === null || dialWasOver || (why === null && !this.#torrent.meeting)) return;
    // Where nothing leads out of this machine, or nobody was heard since it last failed in silence, it is no fault of the peer's.
    const nobodyHeard = peer.known.failures > 0 && this.#ctx.heardAt <= peer.known.failedAt;
    const ours = why === 'unreachable' || (why === 'timeout' && nobodyHeard);
    this.book.dialFailed(peer.known, this.#ctx.now, !ours);
    this.#ctx.outbox.event('dialFailed', this.#torrent.id, peer.conn, 0);
  }

  /** What is kept of a connection that is over. What it said of its pieces is not lost by one that ended before it said anything. */
  #remember(known: KnownPeer, peer: Peer, wasUp: boolean): void {
    if (known.conn === peer.conn) known.conn = -1;
    // transmission and aria2 close once they have the metadata, and begin anew: they are waiting for content then.
    const tookMetadata = peer.metadataServedUntil > 0 && peer.upload.totalBytes === 0;
    known.nextDialAt = Math.max(known.nextDialAt, this.#ctx.now + (tookMetadata ? REDIAL_SOON_US : REDIAL_US));
    known.banned ||= peer.known.banned;
    known.onParole ||= peer.known.onParole;
    known.trust = Math.min(known.trust, peer.known.trust);
    if (wasUp) known.unusedSlots = peer.unusedSlots;
    if (!wasUp || !peer.saidPieces) return;
    known.seed = peer.isSeed;
    known.bitfield = peer.bits;
    known.downloadBps = peer.download.bytesPerSecond;
  }

  /** Everybody is remembered, then let go. Returns how many there were. */
  disconnectAll(why: string): number {
    const peers = [...this.peers];
    for (const peer of peers) this.#torrent.drop(peer, why);
    for (const known of this.book.values()) known.nextDialAt = 0;
    return peers.length;
  }

  /** What dials came to before says nothing of those to come. `lost`: no connection can have survived. */
  networkChanged(lost: boolean): void {
    // First: a dial that is cut now is no failure of a peer that is about to be forgotten.
    for (const known of this.book.values()) known.failures = 0;
    if (lost) this.disconnectAll('the network changed');
    for (const known of this.book.values()) {
      known.nextDialAt = 0;
      known.failures = 0;
      known.ourselves = false;
    }
    this.dial();
  }

  /** Once a second. */
  second(): void {
    const { now } = this.#ctx;
    if (now < this.#silenceLookAt) this.#attendTo(this.busy.all);
    else {
      this.#attendTo(this.peers);
      this.#silenceLookAt = Infinity;
      for (const { lastSentAt, lastReceivedAt } of this.peers) {
        const dueAt = Math.min(lastSentAt + KEEP_ALIVE_US, lastReceivedAt + SILENCE_US);
        this.#silenceLookAt = Math.min(this.#silenceLookAt, dueAt);
      }
    }
    this.busy.forgetIdle();
    this.room.second();
    this.dial();
  }

  /** Throws `EngineBug` where a count has gone wrong; of one peer in turn, for it takes a look at every piece. */
  checkInvariants(): void {
    this.busy.checkInvariants(this.peers);
    this.room.checkInvariants();
    const peer = this.peers[this.#ctx.seconds % this.peers.length];
    if (peer === undefined) return;
    assert(peer.wantedCount === this.#wantedOf(peer), 'a peer counts the pieces that it has and we want', peer.conn);
  }

  #attendTo(peers: readonly Peer[]): void {
    const { now } = this.#ctx;
    for (const peer of [...peers]) {
      if (peer.up) {
        if (peer.requests.liveCount > 0 && !peer.snubbed) peer.pipeline.second(peer.download.bytesPerSecond);
        this.#torrent.requester.second(peer);
        if (now - peer.lastReceivedAt >= SILENCE_US) this.#torrent.drop(peer, 'silent for too long');
        else if (now - peer.lastSentAt >= KEEP_ALIVE_US) peer.sendKeepAlive();
      } else if (peer.state === 'handshaking' && now - peer.connectedAt >= HANDSHAKE_TIMEOUT_US) {
        this.#torrent.drop(peer, 'no handshake in time');
      }
    }
  }
}

/** A connection that was silent for so long gives way to a new one of the same peer. */
const STALE_US = 10_000_000;
/** A peer that ended a good connection is left alone for a while. */
const REDIAL_US = 30_000_000;
const REDIAL_SOON_US = 3_000_000;

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return 0;
}

/** A peer id of 20 bytes: the client's prefix and twelve drawn ones. */
export function makePeerId(prefix: string, seed: Uint8Array): Uint8Array {
  const id = sha1(seed);
  for (let i = 0; i < prefix.length; i += 1) id[i] = prefix.charCodeAt(i);
  return id;
}
