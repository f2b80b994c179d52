// Asks peers for a torrent's metadata (BEP 9) until a copy is right: whom, for which piece, and whom no longer.
//
//   sizes that peers name are kept apart: each has a copy of its own, to which all who name it contribute
//   a copy fails its hash ─► its only contributor is banned; of several nobody knows who lied: from then on this size is asked
//                            whole from single peers, and whoever gave a whole wrong copy is banned
//   no answer, a reject, a piece of a wrong length, another size while it is asked ─► that peer is asked for nothing for a while, each
//   time longer
//
// So a liar costs one copy, and then its address. Copies are few at once and their memory is bounded; one that makes no way gives its place
// to others. An honest peer is never banned: alone in a copy it gives what the info-hash stands for.

import type { Context } from '../context.ts';
import type { Instant } from '../contract.ts';
import {
  METADATA_BUFFER_BYTES_MAX,
  METADATA_COPIES_MAX,
  METADATA_DISPUTES_MAX,
  METADATA_PIECE_BYTES,
  METADATA_REQUESTS_MAX,
} from '../limits.ts';
import { remove } from '../lists.ts';
import type { Peer } from '../peers/peer.ts';
import { encodeMetadataRequest } from '../wire/metadata-message.ts';
import { MetadataCopy } from './metadata-copy.ts';
import type { Torrent } from './torrent.ts';

/** A peer that was asked gives something in this time; twice as long after each time that it did not, up to sixteen times: a line may be
 *  slow, and many that never answer must not take long to be found out. */
const TIMEOUT_US = 10_000_000;
const TIMEOUT_DOUBLINGS_MAX = 4;
/** After the n-th failure in a row a peer is asked for nothing for 2ⁿ⁻¹ times this. */
const BACKOFF_US = 5_000_000;
const BACKOFF_MAX_US = 300_000_000;
/** A copy that takes longer than this, and than a second a piece, gives its place to a peer that waits for one. */
const SLOW_COPY_US = 30_000_000;
const SLOW_PIECE_US = 1_000_000;

/** A peer that offers metadata. */
interface Source {
  readonly peer: Peer;
  /** What it is asked for, oldest first: at most METADATA_REQUESTS_MAX, all of one copy. */
  asked: number[];
  copy: MetadataCopy | null;
  /** When it last gave something, or was asked while it was asked for nothing. */
  heardAt: Instant;
}

export class MetadataFetch {
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  readonly #found: (infoBytes: Uint8Array) => void;
  /** In the order in which they offered it; of connected peers only. */
  readonly #sources = new Map<Peer, Source>();
  readonly #copies: MetadataCopy[] = [];
  /** Sizes of which a copy of several peers failed. */
  readonly #disputed = new Set<number>();

  /** `found`: is given the bytes whose hash is right, moved. Nothing more is asked after that. */
  constructor(ctx: Context, torrent: Torrent, found: (infoBytes: Uint8Array) => void) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#found = found;
  }

  /** Connected peers that offer metadata. */
  get sourceCount(): number {
    return this.#sources.size;
  }

  /** Of the copy that has come furthest; null where there is none. */
  get progress(): { readonly sizeBytes: number; readonly receivedBytes: number } | null {
    let best: MetadataCopy | null = null;
    for (const copy of this.#copies) if (best === null || copy.receivedBytes > best.receivedBytes) best = copy;
    return best === null ? null : { sizeBytes: best.sizeBytes, receivedBytes: best.receivedBytes };
  }

  /** The peer gives metadata, or may give it soon. */
  hopesFor(peer: Peer): boolean {
    const source = this.#sources.get(peer);
    return source !== undefined && this.#willing(source);
  }

  /** The peer's id and size of the metadata are what its last extension handshake said. 0: it takes no requests, or knows no size. */
  offers(peer: Peer): void {
    const known = this.#sources.get(peer);
    const offered = peer.metadataId !== 0 ? peer.metadataSizeBytes : 0;
    // What an info-hash names has one size: who takes back what it is asked for never had it.
    if (known !== undefined && known.asked.length > 0 && known.copy?.sizeBytes !== offered) this.#failed(known);
    if (offered === 0) {
      if (known !== undefined) this.#remove(known);
    } else if (known === undefined) {
      this.#sources.set(peer, { peer, asked: [], copy: null, heardAt: this.#ctx.now });
    }
    this.#pump();
  }

  gone(peer: Peer): void {
    const source = this.#sources.get(peer);
    if (source === undefined) return;
    this.#remove(source);
    this.#pump();
  }

  /** Everything that was received is forgotten. */
  stop(): void {
    for (const source of this.#sources.values()) this.#letGo(source);
    this.#sources.clear();
    for (const copy of [...this.#copies]) this.#drop(copy);
  }

  /** A piece came. `data`: borrowed. What was not asked for is ignored. */
  received(peer: Peer, piece: number, totalBytes: number | null, data: Uint8Array): void {
    const source = this.#askedOf(peer, piece);
    if (source === null) return;
    const copy = source.copy as MetadataCopy;
    this.#answered(source, piece);
    if (data.length !== copy.lengthOf(piece) || (totalBytes !== null && totalBytes !== copy.sizeBytes)) {
      this.#ctx.outbox.event('metadataMalformed', this.#torrent.id, peer.conn, piece);
      this.#failed(source);
    } else if (copy.lacks(piece) && this.#fits(data.length)) {
      copy.put(piece, data, peer.known);
      this.#ctx.metadataBytes += data.length;
      this.#ctx.outbox.event('metadataReceived', this.#torrent.id, peer.conn, piece);
      if (copy.complete) {
        this.#judge(copy);
        return;
      }
    }
    this.#pump();
  }

  /** It may still give what else it was asked for; many rejects at once are one failure. */
  rejected(peer: Peer, piece: number): void {
    const source = this.#askedOf(peer, piece);
    if (source === null) return;
    this.#answered(source, piece);
    this.#ctx.outbox.event('metadataRejected', this.#torrent.id, peer.conn, piece);
    if (this.#willing(source)) this.#backOff(source);
    this.#pump();
  }

  /** Once a second. */
  second(): void {
    for (const source of this.#sources.values()) {
      const patienceUs = TIMEOUT_US << Math.min(source.peer.known.metadataFailures, TIMEOUT_DOUBLINGS_MAX);
      if (source.asked.length === 0 || this.#ctx.now - source.heardAt < patienceUs) continue;
      this.#ctx.outbox.event('metadataTimedOut', this.#torrent.id, source.peer.conn, source.asked.length);
      this.#failed(source);
    }
    this.#pump();
  }

  // ── a copy is complete ──

  #judge(copy: MetadataCopy): void {
    const contributors = copy.contributors();
    const infoBytes = copy.bytes();
    this.#drop(copy);
    if (this.#torrent.isMetadata(infoBytes)) {
      this.#ctx.outbox.event('metadataVerified', this.#torrent.id, infoBytes.length, contributors.size);
      this.stop();
      this.#found(infoBytes);
      return;
    }
    this.#ctx.outbox.event('metadataFailed', this.#torrent.id, infoBytes.length, contributors.size);
    const [first] = contributors;
    if (contributors.size === 1 && first !== undefined) this.#torrent.ban(first, 0);
    else this.#dispute(copy.sizeBytes);
    this.#pump();
  }

  #dispute(sizeBytes: number): void {
    if (this.#disputed.size >= METADATA_DISPUTES_MAX) this.#disputed.clear();
    this.#disputed.add(sizeBytes);
  }

  // ── asking ──

  /** Those that failed least come first, then those that came first: many that fail never keep one that does not from its turn. */
  #pump(): void {
    const willing = [...this.#sources.values()].filter((source) => this.#willing(source));
    willing.sort((a, b) => a.peer.known.metadataFailures - b.peer.known.metadataFailures);
    for (const source of willing) this.#fill(source);
  }

  #willing({ peer }: Source): boolean {
    return peer.up && this.#ctx.now >= peer.known.metadataAskAt;
  }

  #fill(source: Source): void {
    while (source.asked.length < METADATA_REQUESTS_MAX) {
      const copy = source.asked.length > 0 ? source.copy : this.#copyFor(source);
      if (copy === null || !this.#hasMemoryFor(copy)) return;
      const piece = copy.pick(this.#ctx.now, source.asked.length === 0, (index) => source.asked.includes(index));
      if (piece === -1) return;
      if (source.asked.length === 0) source.heardAt = this.#ctx.now;
      source.copy = copy;
      source.asked.push(piece);
      copy.ask(piece, this.#ctx.now);
      source.peer.sendExtended(source.peer.metadataId, encodeMetadataRequest(piece));
      this.#ctx.outbox.event('metadataRequested', this.#torrent.id, source.peer.conn, piece);
    }
  }

  /** The copy that the peer contributes to, a new one if there is room; null: it has to wait. */
  #copyFor({ peer }: Source): MetadataCopy | null {
    const sizeBytes = peer.metadataSizeBytes;
    const only = this.#disputed.has(sizeBytes) ? peer : null;
    const found = this.#copies.find((copy) => copy.sizeBytes === sizeBytes && copy.only === only);
    if (found !== undefined) return found;
    if (this.#copies.length >= METADATA_COPIES_MAX && !this.#makeRoom()) return null;
    const copy = new MetadataCopy(sizeBytes, only, this.#ctx.now);
    this.#copies.push(copy);
    return copy;
  }

  /** Gives up a copy that nobody goes on with, or the oldest of those that take too long. */
  #makeRoom(): boolean {
    const { now } = this.#ctx;
    const idle = this.#copies.find((copy) => !copy.asked);
    const slow = (copy: MetadataCopy) =>
      now - copy.startedAt >= Math.max(SLOW_COPY_US, copy.pieceCount * SLOW_PIECE_US);
    const given = idle ?? this.#copies.find(slow);
    if (given === undefined) return false;
    for (const source of this.#sources.values())
      if (source.copy === given && source.asked.length > 0) this.#backOff(source);
    this.#drop(given);
    return true;
  }

  #fits(bytes: number): boolean {
    return this.#ctx.metadataBytes + bytes <= METADATA_BUFFER_BYTES_MAX;
  }

  /** Where memory is short, other copies that nobody goes on with give up theirs, first the one that has come least far: so the one that has
   *  come furthest is finished, and judged. */
  #hasMemoryFor(copy: MetadataCopy): boolean {
    while (!this.#fits(METADATA_PIECE_BYTES)) {
      const others = this.#copies.filter((other) => other !== copy && other.receivedBytes > 0 && !other.asked);
      others.sort((a, b) => a.receivedBytes - b.receivedBytes);
      if (others[0] === undefined) return false;
      this.#drop(others[0]);
    }
    return true;
  }

  // ── who is asked no more ──

  /** It does not give what it was asked for: others are asked, and it is left alone for a while. */
  #failed(source: Source): void {
    this.#backOff(source);
    const { copy } = source;
    this.#letGo(source);
    if (copy !== null && copy.only === source.peer) this.#drop(copy);
  }

  #backOff({ peer }: Source): void {
    const { known } = peer;
    const pauseUs = Math.min(BACKOFF_US * 2 ** Math.min(known.metadataFailures, 20), BACKOFF_MAX_US);
    known.metadataFailures += 1;
    known.metadataAskAt = this.#ctx.now + pauseUs;
  }

  #askedOf(peer: Peer, piece: number): Source | null {
    const source = this.#sources.get(peer);
    return source !== undefined && source.asked.includes(piece) ? source : null;
  }

  #answered(source: Source, piece: number): void {
    remove(source.asked, piece);
    source.copy?.release(piece);
    source.heardAt = this.#ctx.now;
  }

  #letGo(source: Source): void {
    for (const piece of source.asked.splice(0)) source.copy?.release(piece);
    source.copy = null;
  }

  #remove(source: Source): void {
    const { peer } = source;
    this.#letGo(source);
    this.#sources.delete(peer);
    const own = this.#copies.find((copy) => copy.only === peer);
    if (own !== undefined) this.#drop(own);
  }

  #drop(copy: MetadataCopy): void {
    for (const source of this.#sources.values()) if (source.copy === copy) this.#letGo(source);
    remove(this.#copies, copy);
    this.#ctx.metadataBytes -= copy.receivedBytes;
  }

  /** Bytes that it counts in `Context.metadataBytes`. */
  get heldBytes(): number {
    return this.#copies.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
  }
}
