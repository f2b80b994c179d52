// One connection: what both sides said, and the protocol's rules about what may follow what. Decides nothing about pieces, slots or
// other peers: that is the torrent's, told through its `peer…` methods.
//
//   state        what ends it
//   dialling     connected by the driver
//   handshaking  the peer's handshake, or HANDSHAKE_TIMEOUT
//   up           closed by either side
//   closed       for good

import { Bitfield } from '../bitfield.ts';
import { sameBytes } from '../bytes.ts';
import type { Context } from '../context.ts';
import type { ConnId, Instant, PeerAddress, Payload, Stamp } from '../contract.ts';
import { ALLOWED_FAST_MAX, BLOCK_LENGTH_BYTES, SEND_BACKLOG_BYTES_MAX } from '../limits.ts';
import { RateMeter } from '../rate-meter.ts';
import type { Torrent } from '../torrent/torrent.ts';
import { decodeExtensionHandshake, DONT_HAVE_ID, EXTENSION_HANDSHAKE_ID } from '../wire/extension-handshake.ts';
import { HANDSHAKE_BYTES, offersExtensions, offersFast, writeHandshake } from '../wire/handshake.ts';
import { readUint32 } from '../wire/integers.ts';
import * as wire from '../wire/messages.ts';
import { WireReader } from '../wire/reader.ts';
import type { WireFault } from '../wire/fault.ts';
import type { AskedPeer } from '../pieces/picker.ts';
import { METADATA_ID } from '../wire/metadata-message.ts';
import { EarlyPieces } from './early-pieces.ts';
import type { KnownPeer } from './peer-book.ts';
import { Pipeline } from './pipeline.ts';
import { RequestQueue } from './request-queue.ts';
import { UploadQueue } from './upload-queue.ts';

export type PeerState = 'dialling' | 'handshaking' | 'up' | 'closed';

/** Between two unchokes a peer without the fast extension may send this much that was not asked for (a choke or cancel crosses it)
 *  before it is closed. */
const UNASKED_BYTES_MAX = 4 * 1024 * 1024;
const UINT32_BYTES = 4;

export class Peer extends WireReader implements AskedPeer {
  // What every message touches stands first, side by side, then what every block does: in a swarm of thousands each meets a peer that no
  // cache holds.
  state: PeerState;
  /** Null until an incoming handshake names one. */
  torrent: Torrent | null;
  readonly #ctx: Context;
  lastReceivedAt: Instant;
  bits: Bitfield = NO_BITS;
  /** Pieces it has that we want. */
  wantedCount = 0;
  amInterested = false;
  peerChoking = true;
  #allowedFast: number[] | null = null;
  readonly requests = new RequestQueue();
  /** What it had when it was last connected, while it has not said anew; a copy that nobody changes. */
  expected: Bitfield | null = null;
  /** It said that it has some piece. */
  saidPieces = false;
  lastSentAt: Instant;
  /** Bytes recorded for the driver since it last said `writable`. */
  unsentBytes = 0;
  #reading = true;
  extensions = false;
  uploadOnly = false;
  readonly conn: ConnId;

  readonly pipeline: Pipeline;
  /** When it last gave us a block, or was last given something to do. */
  lastBlockAt: Instant = 0;
  /** Key of the block that is arriving, −1: it was not asked for. */
  #arrivingKey = -1;
  /** The block is thrown away when it is here: nobody needs it. */
  #arrivingInVain = false;
  #arrivingBytes = 0;
  #arrivedBytes = 0;
  #arriving: Payload | null = null;
  readonly download: RateMeter;
  snubbed = false;
  /** The choke round in which a block last went either way; before all of them: none did. */
  #exchangedIn = NEVER;
  /** It rejected a request: none is sent before. */
  askAgainAt: Instant = 0;
  /** Set from the moment it is known who this is: at the dial, or at the end of an incoming handshake. */
  knownAs: KnownPeer | null = null;
  readonly uploads: UploadQueue;
  readonly upload: RateMeter;
  amChoking = true;
  peerInterested = false;
  fast = false;
  /** It is among the `BusyPeers`; and among those of which `Room` thinks that they may be idle. */
  busy = false;
  quiet = false;

  /** Four bytes of its id, by which nearly all peers differ. */
  #idWord = 0;
  connectedAt: Instant;
  /** Grows in the order in which the connections of a torrent were made. */
  serial = 0;
  readonly address: PeerAddress;
  /** Our side made the first move. */
  outgoing: boolean;
  /** Another entry of the book that turned out to be the same peer. */
  alias: KnownPeer | null = null;
  /** It is one of the dials that are bounded. */
  countsAsDial = false;
  peerId: Uint8Array = NO_PEER_ID;
  client: string | null = null;
  /** The id under which it wants messages about metadata, 0 = none; and how much metadata it says that it has, 0 = not said (BEP 9). */
  metadataId = 0;
  metadataSizeBytes = 0;
  /** Up to when the metadata that it was given uses up what it may have. */
  metadataServedUntil: Instant = 0;
  /** What it says about pieces while nobody knows how many there are, null = that is known. */
  early: EarlyPieces | null = null;
  /** It had every piece when its bitfield came: counted as one seed, not piece by piece. */
  joinedAsSeed = false;
  /** When it was last unchoked, or choked, by us. */
  unchokedAt: Instant = 0;
  chokedAt: Instant = 0;
  /** Slots that it had from us and left to others, asking for nothing, since it last asked. */
  unusedSlots = 0;
  #unaskedBytes = 0;
  /** Set by the engine, which knows the torrents: finds the one that an incoming handshake names, or faults. */
  onInfoHash: ((peer: Peer, infoHash: Uint8Array) => WireFault | null) | null = null;

  /** `outgoing`: it is being dialled. */
  constructor(ctx: Context, conn: ConnId, address: PeerAddress, outgoing: boolean, torrent: Torrent | null) {
    super();
    this.#ctx = ctx;
    this.conn = conn;
    this.address = address;
    this.outgoing = outgoing;
    this.torrent = torrent;
    this.state = outgoing ? 'dialling' : 'handshaking';
    this.download = new RateMeter(ctx);
    this.upload = new RateMeter(ctx);
    this.uploads = new UploadQueue(ctx, this);
    this.pipeline = new Pipeline(ctx.settings.queueTimeMs, ctx.settings.pipelineBlocks);
    this.lastReceivedAt = ctx.now;
    this.lastSentAt = ctx.now;
    this.connectedAt = ctx.now;
  }

  get up(): boolean {
    return this.state === 'up';
  }

  /** It has every piece, or says that it wants none (BEP 21). */
  get isSeed(): boolean {
    return this.uploadOnly || (this.bits.length > 0 && this.bits.full);
  }

  get known(): KnownPeer {
    return this.knownAs as KnownPeer;
  }

  mayAsk(piece: number): boolean {
    return this.bits.has(piece) && (!this.peerChoking || (this.#allowedFast?.includes(piece) ?? false));
  }

  get outstanding(): number {
    return this.requests.liveCount;
  }

  isAskedFor(key: number): boolean {
    return this.requests.indexOf(key) !== -1;
  }

  /** Another connection of the same peer, by its id. */
  isSameAs(other: Peer): boolean {
    return this.#idWord === other.#idWord && sameBytes(this.peerId, other.peerId);
  }

  /** Nothing is to come from it: a second changes nothing about it but that it was silent for longer. */
  get idle(): boolean {
    return this.up && !this.mayBeAsked && this.requests.liveCount === 0;
  }

  /** Something may be asked for: it is unchoked, or some pieces are allowed. */
  get mayBeAsked(): boolean {
    return this.state === 'up' && (!this.peerChoking || this.#allowedFast !== null);
  }

  /** Nobody knows how many pieces there are: what it says of them is kept. */
  hearEarly(): void {
    this.early = new EarlyPieces(this);
  }

  /** The number of pieces is known. `bits`: of that length, none is set. Why it cannot stay, null = it may. */
  piecesKnown(bits: Bitfield): WireFault | 'beyond' | null {
    const { early } = this;
    this.bits = bits;
    this.early = null;
    return early?.tell() ?? null;
  }

  // ── sending ──

  /** Our handshake (68 bytes). */
  sendHandshake(torrent: Torrent): void {
    const at = this.#reserve(HANDSHAKE_BYTES);
    writeHandshake(this.#ctx.outbox.bytes, at, torrent.metainfo.infoHash, torrent.peerId);
  }

  /** What we have, in the one message that the protocol allows for it (BEP 3, 6). */
  sendPieces(written: Bitfield): void {
    const out = this.#ctx.outbox;
    if (this.fast && (written.count === 0 || written.full)) {
      const at = this.#reserve(wire.BARE_BYTES);
      if (written.full && written.length > 0) wire.writeHaveAll(out.bytes, at);
      else wire.writeHaveNone(out.bytes, at);
    } else if (this.fast || written.count > 0) {
      const at = this.#reserve(wire.BITFIELD_HEADER_BYTES + written.bytes.length);
      out.bytes.set(written.bytes, wire.writeBitfieldHeader(out.bytes, at, written.bytes.length));
    }
  }

  /** `payload`: borrowed. */
  sendExtended(id: number, payload: Uint8Array): void {
    const at = this.#reserve(wire.EXTENDED_HEADER_BYTES + payload.length);
    const bytes = this.#ctx.outbox.bytes;
    bytes.set(payload, wire.writeExtendedHeader(bytes, at, id, payload.length));
  }

  sendKeepAlive(): void {
    const at = this.#reserve(wire.KEEP_ALIVE_BYTES);
    wire.writeKeepAlive(this.#ctx.outbox.bytes, at);
  }

  sendHave(piece: number): void {
    const at = this.#reserve(wire.HAVE_BYTES);
    wire.writeHave(this.#ctx.outbox.bytes, at, piece);
  }

  sendAllowedFast(piece: number): void {
    const at = this.#reserve(wire.HAVE_BYTES);
    wire.writeAllowedFast(this.#ctx.outbox.bytes, at, piece);
  }

  setAmInterested(interested: boolean): void {
    if (this.amInterested === interested) return;
    this.amInterested = interested;
    const at = this.#reserve(wire.BARE_BYTES);
    if (interested) wire.writeInterested(this.#ctx.outbox.bytes, at);
    else wire.writeNotInterested(this.#ctx.outbox.bytes, at);
    if (!interested) (this.torrent as Torrent).swarm.room.becameQuiet(this);
  }

  sendUnchoke(): void {
    this.amChoking = false;
    this.uploads.unchoked();
    this.unchokedAt = this.#ctx.now;
    const at = this.#reserve(wire.BARE_BYTES);
    wire.writeUnchoke(this.#ctx.outbox.bytes, at);
  }

  sendChoke(): void {
    this.amChoking = true;
    this.chokedAt = this.#ctx.now;
    const at = this.#reserve(wire.BARE_BYTES);
    wire.writeChoke(this.#ctx.outbox.bytes, at);
    this.uploads.choked();
  }

  sendRequest(piece: number, beginBytes: number, lengthBytes: number): void {
    const at = this.#reserve(wire.REQUEST_BYTES);
    wire.writeRequest(this.#ctx.outbox.bytes, at, piece, beginBytes, lengthBytes);
  }

  sendCancel(piece: number, beginBytes: number, lengthBytes: number): void {
    const at = this.#reserve(wire.REQUEST_BYTES);
    wire.writeCancel(this.#ctx.outbox.bytes, at, piece, beginBytes, lengthBytes);
  }

  sendReject(piece: number, beginBytes: number, lengthBytes: number): void {
    const at = this.#reserve(wire.REQUEST_BYTES);
    wire.writeReject(this.#ctx.outbox.bytes, at, piece, beginBytes, lengthBytes);
  }

  /** `block`: goes back to the driver, who made it. */
  sendBlock(piece: number, beginBytes: number, lengthBytes: number, block: Payload): void {
    const at = this.#reserve(wire.PIECE_HEADER_BYTES);
    wire.writePieceHeader(this.#ctx.outbox.bytes, at, piece, beginBytes, lengthBytes);
    this.#ctx.outbox.sendPayload(this.conn, block);
    this.unsentBytes += lengthBytes;
  }

  /** The driver took everything: go on reading, if we had stopped because the peer does not read. */
  writable(): void {
    this.unsentBytes = 0;
    if (!this.#reading) {
      this.#reading = true;
      this.#ctx.outbox.setReading(this.conn, true);
      this.#ctx.outbox.event('backPressure', this.torrent?.id ?? -1, this.conn, 0);
    }
    this.uploads.serve();
  }

  #reserve(lengthBytes: number): number {
    this.lastSentAt = this.#ctx.now;
    this.unsentBytes += lengthBytes;
    if (this.unsentBytes > SEND_BACKLOG_BYTES_MAX && this.#reading) {
      this.#reading = false;
      this.#ctx.outbox.setReading(this.conn, false);
      this.#ctx.outbox.event('backPressure', this.torrent?.id ?? -1, this.conn, 1);
    }
    return this.#ctx.outbox.reserve(this.conn, lengthBytes);
  }

  // ── receiving: what the reader calls ──

  handshakeInfoHash(reserved: Uint8Array, infoHash: Uint8Array): WireFault | null {
    this.fast = offersFast(reserved);
    this.extensions = offersExtensions(reserved);
    if (this.torrent !== null) return sameBytes(infoHash, this.torrent.metainfo.infoHash) ? null : 'infoHash';
    return this.onInfoHash === null ? 'infoHash' : this.onInfoHash(this, infoHash);
  }

  handshakePeerId(peerId: Uint8Array): WireFault | null {
    const expected = this.knownAs?.expectedId;
    if (expected && !sameBytes(peerId, expected)) return 'peerId';
    this.peerId = peerId.slice();
    this.#idWord = readUint32(peerId, ID_WORD_AT) | 0;
    (this.torrent as Torrent).swarm.handshakeDone(this);
    return null;
  }

  keepAlive(): void {}

  choke(): WireFault | null {
    if (!this.peerChoking) {
      this.peerChoking = true;
      this.#requester().peerChoked(this);
    }
    return null;
  }

  unchoke(): WireFault | null {
    if (this.peerChoking) {
      this.peerChoking = false;
      this.#unaskedBytes = 0;
      this.askAgainAt = 0;
      this.pipeline.restart();
      (this.torrent as Torrent).swarm.busy.attend(this);
      this.#requester().fill(this);
    }
    return null;
  }

  interested(): WireFault | null {
    if (!this.peerInterested) {
      this.peerInterested = true;
      (this.torrent as Torrent).choker.interestChanged(this);
    }
    return null;
  }

  notInterested(): WireFault | null {
    if (this.peerInterested) {
      this.peerInterested = false;
      (this.torrent as Torrent).swarm.room.becameQuiet(this);
      (this.torrent as Torrent).choker.interestChanged(this);
    }
    return null;
  }

  have(piece: number): WireFault | null {
    if (piece >= this.bits.length) return this.#beyondBits('haveRange', (early) => early.have(piece));
    if (this.bits.set(piece)) {
      this.saidPieces = true;
      (this.torrent as Torrent).swarm.peerGot(this, piece);
    }
    return null;
  }

  /** First after the handshakes, says BEP 3. Later ones are taken too, as news: aria2 sends one in place of many HAVEs. */
  bitfield(payload: Uint8Array): WireFault | null {
    if (this.early !== null) {
      this.early.bitfield(payload);
      return null;
    }
    const bits = Bitfield.fromWire(payload, this.bits.length);
    if (typeof bits === 'string') return bits;
    this.#pieces(bits);
    return null;
  }

  haveAll(): WireFault | null {
    if (!this.fast) return 'fastNotEnabled';
    if (this.early !== null) {
      this.early.haveAll();
      return null;
    }
    const bits = new Bitfield(this.bits.length);
    bits.setAll();
    this.#pieces(bits);
    return null;
  }

  haveNone(): WireFault | null {
    if (!this.fast) return 'fastNotEnabled';
    if (this.early !== null) this.early.haveNone();
    else if (!this.saidPieces) this.#pieces(this.bits);
    return null;
  }

  /** A piece that we know nothing of: as long as nobody knows how many there are it is remembered, else it is a fault. */
  #beyondBits(fault: WireFault, remember: (early: EarlyPieces) => void): WireFault | null {
    if (this.early === null) return fault;
    remember(this.early);
    return null;
  }

  /** Nobody loses a piece: what was said before stays. */
  #pieces(bits: Bitfield): void {
    const { swarm } = this.torrent as Torrent;
    this.saidPieces = true;
    if (this.bits.count === 0) {
      this.bits.assign(bits);
      swarm.peerSaidPieces(this);
      return;
    }
    for (let piece = 0; piece < bits.length; piece += 1) {
      if (bits.has(piece) && this.bits.set(piece)) swarm.peerGot(this, piece);
    }
  }

  request(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    return this.uploads.requested(piece, beginBytes, lengthBytes);
  }

  cancel(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    this.uploads.cancelled(piece, beginBytes, lengthBytes);
    return null;
  }

  suggest(piece: number): WireFault | null {
    if (!this.fast) return 'fastNotEnabled';
    return piece < this.bits.length ? null : this.#beyondBits('fastRange', () => {});
  }

  allowedFast(piece: number): WireFault | null {
    if (!this.fast) return 'fastNotEnabled';
    if (piece >= this.bits.length) return this.#beyondBits('fastRange', (early) => early.allowedFast(piece));
    this.#allowedFast ??= [];
    if (this.#allowedFast.length < ALLOWED_FAST_MAX && !this.#allowedFast.includes(piece)) {
      this.#allowedFast.push(piece);
      (this.torrent as Torrent).swarm.busy.attend(this);
      if (this.peerChoking) this.#requester().fill(this);
    }
    return null;
  }

  reject(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    if (!this.fast) return 'fastNotEnabled';
    const index = this.requests.indexOf(this.#keyOf(piece, beginBytes, lengthBytes));
    if (index === -1) return 'rejectUnasked';
    if (this.#allowedFast !== null && this.peerChoking) this.#forbid(piece);
    this.#requester().rejected(this, index);
    return null;
  }

  port(): WireFault | null {
    return null;
  }

  /** May come before the bitfield: libtorrent sends its extension handshake first. */
  extended(id: number, payload: Uint8Array): WireFault | null {
    if (!this.extensions) return null;
    if (id === DONT_HAVE_ID) return this.#dontHave(payload);
    if (id === METADATA_ID) (this.torrent as Torrent).metadata.received(this, payload);
    if (id !== EXTENSION_HANDSHAKE_ID) return null;
    const said = decodeExtensionHandshake(payload);
    if (said === null) return 'extensionHandshake';
    if (said.client !== null) this.client = said.client;
    if (said.reqq !== null) this.pipeline.setReqq(said.reqq);
    if (said.port !== null) (this.torrent as Torrent).swarm.peerListensOn(this, said.port);
    if (!this.up) return null;
    (this.torrent as Torrent).metadata.handshakeSaid(this, said);
    if (said.uploadOnly !== null && said.uploadOnly !== this.uploadOnly) {
      this.uploadOnly = said.uploadOnly;
      (this.torrent as Torrent).swarm.seedStateChanged(this);
    }
    return null;
  }

  #dontHave(payload: Uint8Array): WireFault | null {
    if (payload.length !== UINT32_BYTES) return 'messageLength';
    const piece = readUint32(payload, 0);
    if (piece >= this.bits.length) return this.#beyondBits('haveRange', (early) => early.dontHave(piece));
    (this.torrent as Torrent).swarm.peerLost(this, piece);
    return null;
  }

  pieceStart(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    this.#arrivingBytes = lengthBytes;
    this.#arrivedBytes = 0;
    const key = this.#keyOf(piece, beginBytes, lengthBytes);
    const asked = key !== -1 && this.requests.indexOf(key) !== -1;
    this.#arrivingKey = asked ? key : -1;
    this.#arrivingInVain = !asked || !this.#requester().isWanted(key);
    if (asked) return null;
    if (piece >= this.bits.length) return 'pieceRange';
    if (this.fast) return 'pieceUnasked';
    this.#unaskedBytes += lengthBytes;
    return this.#unaskedBytes > UNASKED_BYTES_MAX ? 'pieceUnasked' : null;
  }

  pieceBytes(chunk: Uint8Array, start: number, end: number): void {
    this.lastBlockAt = this.#ctx.now;
    if (!this.#arrivingInVain) {
      this.#arriving ??= this.#ctx.blocks.take();
      const part = start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
      (this.#arriving as Uint8Array).set(part, this.#arrivedBytes);
    }
    this.#arrived(end - start);
  }

  pieceStamp(stamp: Stamp, lengthBytes: number): void {
    this.lastBlockAt = this.#ctx.now;
    if (!this.#arrivingInVain) this.#arriving = stamp;
    this.#arrived(lengthBytes);
  }

  /** Something went one way or the other in this choke round or the one before. */
  get exchanges(): boolean {
    return this.#exchangedIn >= (this.torrent as Torrent).choker.rounds - 1;
  }

  /** A block was sent, or a part of one arrived. */
  exchanged(): void {
    this.#exchangedIn = (this.torrent as Torrent).choker.rounds;
  }

  #arrived(lengthBytes: number): void {
    this.#arrivedBytes += lengthBytes;
    this.exchanged();
    this.download.add(lengthBytes);
    (this.torrent as Torrent).download.add(lengthBytes);
  }

  pieceEnd(): WireFault | null {
    const key = this.#arrivingKey;
    let payload = this.#arriving;
    this.#arriving = null;
    this.#arrivingKey = -1;
    if (payload === null) {
      this.#requester().unneeded(this, key, this.#arrivingBytes);
      return null;
    }
    if (typeof payload !== 'number' && this.#arrivingBytes < BLOCK_LENGTH_BYTES) {
      payload = payload.subarray(0, this.#arrivingBytes);
    }
    this.#requester().arrived(this, key, payload);
    return null;
  }

  /** The connection is over: memory of a half-received block goes back. */
  dispose(): void {
    if (this.#arriving !== null) this.#ctx.blocks.giveBack(this.#arriving);
    this.#arriving = null;
    this.#arrivingKey = -1;
  }

  #keyOf(piece: number, beginBytes: number, lengthBytes: number): number {
    const { geometry } = (this.torrent as Torrent).metainfo;
    const block = geometry.blockOf(piece, beginBytes, lengthBytes);
    return block === -1 ? -1 : piece * geometry.blocksPerPiece + block;
  }

  #forbid(piece: number): void {
    this.#allowedFast = (this.#allowedFast as number[]).filter((allowed) => allowed !== piece);
    if (this.#allowedFast.length === 0) this.#allowedFast = null;
  }

  #requester() {
    return (this.torrent as Torrent).requester;
  }
}

const NEVER = -2;
const NO_PEER_ID = new Uint8Array(20);
/** Behind what many peers have in common, the name of their client (BEP 20). */
const ID_WORD_AT = 16;
const NO_BITS = new Bitfield(0);
