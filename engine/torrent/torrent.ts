// One torrent: its life, and what its parts share. What is picked, asked, choked, hashed or announced is decided in the parts.
//
//   phase      what it does                              ends by
//   fetching   asks peers for the metadata               the driver opened it ─► checking or active, whose peers stay connected
//   checking   hashes what is on the disk                every piece answered ─► active, or resting if it is to be paused
//   active     downloads or seeds                        `leave`
//   leaving    lets peers go, flushes, syncs, saves      all of it answered ─► resting, checking (re-check) or removed
//   resting    nothing                                   `start`

import { assert, EngineBug } from '../bug.ts';
import { hex, sameBytes } from '../bytes.ts';
import type { Context } from '../context.ts';
import type {
  AddCommon,
  AddMagnet,
  AddTorrent,
  DiskFault,
  FilePriority,
  Instant,
  OpenedTorrent,
  RandomStream,
  TorrentId,
  TorrentState,
} from '../contract.ts';
import { BLOCK_LENGTH_BYTES, SHA1_LENGTH_BYTES } from '../limits.ts';
import { type Metainfo, unknownMetainfo } from '../metainfo/metainfo.ts';
import type { Peer } from '../peers/peer.ts';
import type { KnownPeer } from '../peers/peer-book.ts';
import { BLOCK_RECEIVED, type PartialPiece } from '../pieces/partial-piece.ts';
import { Picker } from '../pieces/picker.ts';
import { RateMeter } from '../rate-meter.ts';
import type { RememberedPeer, ResumeData } from '../resume/resume-data.ts';
import { sha1 } from '../sha1.ts';
import type { WireFault } from '../wire/fault.ts';
import { Announces } from '../trackers/announces.ts';
import { Checking } from './checking.ts';
import { Choker } from './choker.ts';
import { believe, claimPieces, type FoundOnDisk, recallPeers, rememberPeers } from './claims.ts';
import { FilePriorities } from './file-priorities.ts';
import { Metadata } from './metadata.ts';
import { RateLimit } from './rate-limit.ts';
import { Requester } from './requester.ts';
import { Storage } from './storage.ts';
import { SuperSeeding } from './super-seeding.ts';
import { makePeerId, Swarm } from './swarm.ts';

const PHASES = ['checking', 'active', 'leaving', 'resting', 'removed', 'fetching'] as const;
export type Phase = (typeof PHASES)[number];
/** What follows when the torrent has left. */
type After = 'paused' | 'failed' | 'recheck' | 'removed';

const CHOKE_ROUND_SECONDS = 10;

const FAULT_TEXT: Readonly<Record<DiskFault, string>> = {
  full: 'the disk is full: waiting for room',
  missing: 'a file or folder is missing: restore it and resume, or re-check',
  denied: 'permission denied by the file system: make the folder writable and resume',
  failed: 'the disk failed: see the log, then resume or re-check',
};

/** What a torrent needs from the engine. */
export interface TorrentHost {
  /** Opens an outgoing connection to `known` for `torrent`. */
  dial(torrent: Torrent, known: KnownPeer): void;
  /** Closes a connection and forgets it. */
  closeConnection(peer: Peer, why: string): void;
  judge(peer: Peer, fault: WireFault | null): void;
  removed(torrent: Torrent): void;
}

export class Torrent {
  // What every message touches stands first, side by side, as in `Peer`.
  readonly swarm: Swarm;
  readonly requester: Requester;
  picker: Picker;
  /** Of no files and pieces while it is `bare`. */
  metainfo: Metainfo;
  #phase: Phase = 'resting';
  readonly storage: Storage;
  readonly choker: Choker;
  readonly superSeeding: SuperSeeding;
  readonly id: TorrentId;
  readonly download: RateMeter;
  readonly upload: RateMeter;
  readonly downloadLimit: RateLimit;
  readonly uploadLimit: RateLimit;
  readonly metadata: Metadata;
  readonly announces: Announces;
  /** What it holds is not known: there are no pieces, no files, and no storage. */
  bare: boolean;
  readonly peerId: Uint8Array;
  readonly random: RandomStream;
  #woken = false;
  /** The one that stood there when this one was woken (see `Context.woken`). */
  wokenBefore: Torrent | null = null;

  readonly #ctx: Context;
  readonly #host: TorrentHost;
  #filePriorities: FilePriorities;
  readonly #added: AddCommon;
  /** It looks at its peers each second. */
  #ticking = false;
  /** Why its metadata is of no use to us. */
  #unusable: string | null = null;
  #checking: Checking | null = null;
  #wantsToRun: boolean;
  #after: After = 'paused';
  #leaveStep: 'settle' | 'sync' | 'save' = 'settle';
  #fault: DiskFault | null = null;
  #seconds = 0;
  /** Nothing wanted was missing when it was last looked at. */
  #wasFinished = false;
  #uploadedBefore = 0;
  #downloadedBefore = 0;
  #nextServed = 0;
  #nextFilled = 0;
  /** The peers as last written down for the resume data. */
  #remembered: readonly RememberedPeer[] = [];
  #rememberAgainAt: Instant = 0;

  constructor(ctx: Context, host: TorrentHost, id: TorrentId, options: AddTorrent | AddMagnet) {
    this.#ctx = ctx;
    this.download = new RateMeter(ctx);
    this.upload = new RateMeter(ctx);
    this.#host = host;
    this.#added = options;
    this.id = id;
    this.bare = 'magnet' in options;
    this.metainfo = 'magnet' in options ? metainfoOf(options) : options.metainfo;
    const { infoHash, announceTiers, infoBytes } = this.metainfo;
    this.random = ctx.random.fork(`torrent ${hex(infoHash)}`);
    const idSeed = new Uint8Array(SHA1_LENGTH_BYTES);
    const idRandom = this.random.fork('peer id');
    for (let i = 0; i < idSeed.length; i += 1) idSeed[i] = idRandom.below(256);
    this.peerId = makePeerId(ctx.settings.peerIdPrefix, idSeed);
    this.picker = this.#makePicker();
    this.#filePriorities = new FilePriorities(this.metainfo, this.picker);
    this.metadata = new Metadata(ctx, this, this.bare ? null : infoBytes);
    this.downloadLimit = new RateLimit(ctx, ctx.downloadLimit, id);
    this.uploadLimit = new RateLimit(ctx, ctx.uploadLimit, id);
    this.swarm = new Swarm(ctx, this);
    this.requester = new Requester(ctx, this);
    this.storage = new Storage(ctx, this);
    this.choker = new Choker(ctx, this, this.random.fork('choker'));
    this.superSeeding = new SuperSeeding(ctx, this, this.random.fork('super-seeding'));
    this.announces = new Announces(ctx, this, options.useTrackers ? announceTiers : []);
    this.#wantsToRun = !options.paused;
    for (const address of options.peers) this.swarm.book.heardOf(address, 'user');
    if (!('magnet' in options)) this.#restore(options);
    this.#wasFinished = this.finished;
    this.#afterCheck();
  }

  #makePicker(): Picker {
    const { settings, reasons } = this.#ctx;
    return new Picker(this.metainfo.geometry, settings.pieceOrder, this.random.fork('picker'), reasons);
  }

  // ── what it is doing ──

  get phase(): Phase {
    return this.#phase;
  }

  #enter(phase: Phase): void {
    const ticking = phase === 'active' || phase === 'fetching' || (phase === 'checking' && this.swarm.peers.length > 0);
    this.#ctx.activeTorrents += Number(ticking) - Number(this.#ticking);
    this.#ticking = ticking;
    this.#phase = phase;
    this.#ctx.outbox.event('stateChanged', this.id, PHASES.indexOf(phase), 0);
  }

  get active(): boolean {
    return this.#phase === 'active';
  }

  /** Peers are dialled and let in. */
  get meeting(): boolean {
    return this.#phase === 'active' || this.#phase === 'fetching';
  }

  /** Blocks were freed or room was made: peers with room in their queues are filled when the input has been handled. */
  wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.wokenBefore = this.#ctx.woken;
    this.#ctx.woken = this;
  }

  get pausing(): boolean {
    return this.#phase === 'leaving';
  }

  /** Blocks may be asked for. */
  get requesting(): boolean {
    return this.#phase === 'active' && this.picker.wantedLeft > 0 && !this.storage.full;
  }

  /** Everything that is wanted is written. */
  get finished(): boolean {
    return !this.bare && this.picker.wantedLeft === 0;
  }

  /** Wants nothing more, but has not everything (BEP 21). */
  get partialSeed(): boolean {
    return this.finished && !this.picker.written.full;
  }

  get state(): TorrentState {
    switch (this.#phase) {
      case 'fetching':
        return 'metadata';
      case 'checking':
        return 'checking';
      case 'active':
        return this.finished ? 'seeding' : 'downloading';
      case 'leaving':
        return 'pausing';
      case 'resting':
      case 'removed':
        return this.#fault === null && this.#unusable === null ? 'paused' : 'failed';
    }
  }

  get uploadedBytes(): number {
    return this.#uploadedBefore + this.upload.totalBytes;
  }

  get downloadedBytes(): number {
    return this.#downloadedBefore + this.download.totalBytes;
  }

  /** Bytes that are not verified and written, wanted or not (BEP 3 `left`). While nobody knows how many, as many as a block has, like
   *  libtorrent: 0 would make us a seed to the tracker, which then names no seeds. */
  get leftBytes(): number {
    if (this.bare) return BLOCK_LENGTH_BYTES;
    const { geometry } = this.metainfo;
    const { written } = this.picker;
    const missing = geometry.pieceCount - written.count;
    if (missing === 0) return 0;
    const last = geometry.pieceCount - 1;
    const lastMissing = !written.has(last);
    return lastMissing
      ? (missing - 1) * geometry.pieceLengthBytes + geometry.pieceLength(last)
      : missing * geometry.pieceLengthBytes;
  }

  // ── beginning ──

  #restore(found: FoundOnDisk): void {
    const { resume } = found;
    if (resume !== null) {
      this.#uploadedBefore = resume.uploadedBytes;
      this.#downloadedBefore = resume.downloadedBytes;
      this.picker.sequential = resume.sequential;
      this.#filePriorities.setAll(resume.filePriorities);
      recallPeers(resume.peers, this.swarm.book, this.metainfo.geometry);
    } else if (this.#added.selection) this.#filePriorities.select(this.#added.selection);
    const { pending, begun } = believe(found, this.picker);
    for (const partial of begun) if (partial.complete) this.storage.pieceComplete(partial);
    if (pending.includes(1)) this.#checking = new Checking(this.#ctx, this, pending);
  }

  /** The driver has opened the torrent, whose metadata is known now. Its peers stay. */
  furnish(metainfo: Metainfo, { resume, fileLengths }: OpenedTorrent & { readonly ok: true }): void {
    const { sequential } = this.picker;
    this.bare = false;
    this.metainfo = metainfo;
    this.picker = this.#makePicker();
    this.picker.sequential = sequential;
    this.#filePriorities = new FilePriorities(metainfo, this.picker);
    this.swarm.furnished(metainfo.geometry.pieceCount);
    this.#restore({ metainfo, resume, fileLengths, check: this.#added.check });
    if (metainfo.private) this.announces.becomePrivate();
    if (this.#phase === 'fetching') this.#afterCheck();
    else this.storageChanged();
  }

  /** Starts, or goes on with, what the phase `resting` interrupted. */
  start(): void {
    if (this.#unusable !== null) return;
    this.#wantsToRun = true;
    if (this.#fault !== null) this.#ctx.outbox.event('torrentRecovered', this.id, 0, 0);
    this.#fault = null;
    if (this.#phase === 'resting') this.#afterCheck();
    else if (this.#phase === 'leaving' && this.#after === 'failed') this.#after = 'paused';
  }

  #afterCheck(): void {
    if (!this.#wantsToRun) {
      this.#enter('resting');
      return;
    }
    if (this.#checking !== null) {
      this.#enter('checking');
      this.#checking.pump();
      return;
    }
    const goesOn = this.#ticking;
    this.#enter(this.bare ? 'fetching' : 'active');
    this.#seconds = 0;
    this.#wasFinished = this.finished;
    if (!this.bare) this.storage.activated();
    if (!goesOn) this.#ctx.outbox.event('resumed', this.id, this.swarm.book.size, 0);
    if (!this.announces.active) this.announces.start();
    this.swarm.meetAnew();
    this.metadata.begin();
    this.swarm.dial();
    this.wake();
  }

  piecesChecked(first: number, digests: readonly (Uint8Array | null)[]): void {
    const checking = this.#checking;
    if (checking === null) throw new EngineBug('a check was answered that nobody asked for');
    checking.answered(first, digests);
    if (this.#phase === 'checking') checking.pump();
    if (checking.done) {
      this.#checking = null;
      checking.finished();
      if (this.#phase === 'checking') this.#afterCheck();
    }
    if (this.pausing) this.storageChanged();
  }

  // ── leaving ──

  pause(): void {
    this.#wantsToRun = false;
    this.#leave('paused');
  }

  /** Leaves without forgetting that it is to run at the next start of the program. */
  shutdown(): void {
    this.#leave('paused');
  }

  recheck(): void {
    if (!this.bare) this.#leave('recheck');
  }

  remove(): void {
    this.#leave('removed');
  }

  /** The world failed: stop, say why, keep everything, and wait for the user. */
  fail(fault: DiskFault): void {
    if (this.#fault === null) this.#ctx.outbox.event('torrentFailed', this.id, 0, 0);
    this.#fault = fault;
    this.#leave('failed');
  }

  /** The metadata is right, and nothing that we can download: there is nothing to try again. */
  unusable(detail: string): void {
    this.#ctx.outbox.event('torrentFailed', this.id, 0, 0);
    this.#unusable = detail;
    this.#wantsToRun = false;
    this.#leave('failed');
  }

  #leave(after: After): void {
    if (this.#phase === 'removed') return;
    if (this.#phase === 'leaving') {
      const recheckStays = this.#after === 'recheck' && after === 'paused' && !this.#ctx.leaving;
      if (this.#after !== 'removed' && !recheckStays) this.#after = after;
      return;
    }
    const wasMet = this.#ticking || this.announces.active;
    if (this.#phase === 'resting' && after === 'paused') return;
    this.#after = after;
    this.#enter('leaving');
    this.#leaveStep = 'settle';
    if (wasMet) {
      const remembered = this.swarm.disconnectAll(after === 'removed' ? 'removed' : 'paused');
      this.announces.stop();
      this.metadata.pause();
      this.download.rest();
      this.upload.rest();
      if (after !== 'removed') this.storage.flushPartials();
      this.#ctx.outbox.event('paused', this.id, remembered, 0);
    }
    this.storageChanged();
  }

  /** Something that leaving waits for was answered. */
  storageChanged(): void {
    if (this.#phase !== 'leaving') return;
    if (this.storage.full) this.storage.abandonWaiting();
    if (!this.storage.idle || this.storage.settling || this.metadata.opening) return;
    if (this.#checking !== null && !this.#checking.idle) return;
    if (this.#after === 'removed') {
      if (!this.announces.quiet) return;
      this.#forgetPartials();
      this.#enter('removed');
      this.#ctx.torrentRested = true;
      this.#ctx.outbox.event('torrentRemoved', this.id, 0, 0);
      this.#host.removed(this);
      return;
    }
    if (this.bare) this.#left();
    else if (this.#leaveStep === 'settle') {
      this.#leaveStep = 'sync';
      this.storage.sync();
    } else if (this.#leaveStep === 'sync') {
      this.#leaveStep = 'save';
      this.storage.save();
    } else this.#left();
  }

  #left(): void {
    this.#enter('resting');
    if (this.#after === 'recheck') this.#beginRecheck();
    else if (this.#wantsToRun && this.#after !== 'failed' && !this.#ctx.leaving) this.#afterCheck();
    this.#ctx.torrentRested = true;
  }

  /** What was received of unfinished pieces goes, and its memory back to the pool. */
  #forgetPartials(): void {
    for (const partial of [...this.picker.partials]) {
      for (let block = 0; block < partial.blockCount; block += 1) {
        if (partial.state(block) === BLOCK_RECEIVED) this.discard(partial, block);
      }
      this.picker.forgetUntouched(partial);
    }
  }

  #beginRecheck(): void {
    this.#forgetPartials();
    this.storage.forgetUnsynced();
    this.picker.forgetAll();
    this.#fault = null;
    const pending = new Uint8Array(this.metainfo.geometry.pieceCount).fill(1);
    this.#checking = new Checking(this.#ctx, this, pending);
    this.storage.save();
    const run = this.#wantsToRun;
    this.#wantsToRun = true;
    this.#afterCheck();
    this.#wantsToRun = run;
  }

  /** Nothing is left to do before the program may end. */
  get rested(): boolean {
    return (this.#phase === 'resting' || this.#phase === 'removed') && this.announces.quiet;
  }

  // ── while it runs ──

  /** Once a second. */
  second(): void {
    if (!this.#ticking) return;
    this.swarm.second();
    this.metadata.second();
    if (this.#phase !== 'active') {
      this.announces.second();
      return;
    }
    this.superSeeding.second();
    this.storage.second();
    // Unfinished pieces that nobody can go on with must not hold all memory.
    if (this.#ctx.blocks.full) this.storage.flushPartials();
    this.announces.second();
    this.#seconds += 1;
    if (this.#seconds % CHOKE_ROUND_SECONDS === 0) this.choker.round();
    else this.choker.second();
  }

  /** Peers with room in their queues are asked for what fell free. */
  fillAll(): void {
    this.#woken = false;
    if (!this.requesting) return;
    const { peers } = this.swarm;
    if (peers.length === 0) return;
    // Each time another peer is first: under a rate limit the first takes the portion.
    this.#nextFilled = (this.#nextFilled + 1) % peers.length;
    this.swarm.busy.forEachFrom((peers[this.#nextFilled] as Peer).serial, (peer) => this.requester.fill(peer));
  }

  /** One block a peer in turn, as long as the rate limits allow it. */
  serveAll(): void {
    const { peers } = this.swarm;
    for (let idle = 0; idle < peers.length; ) {
      this.#nextServed = (this.#nextServed + 1) % peers.length;
      idle = (peers[this.#nextServed] as Peer).uploads.serveOne() ? 0 : idle + 1;
    }
  }

  /** They are what the info-hash stands for. */
  isMetadata(infoBytes: Uint8Array): boolean {
    return sameBytes(sha1(infoBytes), this.metainfo.infoHash);
  }

  digestMatches(piece: number, digest: Uint8Array): boolean {
    const { pieceHashes } = this.metainfo;
    const at = piece * SHA1_LENGTH_BYTES;
    for (let i = 0; i < SHA1_LENGTH_BYTES; i += 1) if (pieceHashes[at + i] !== digest[i]) return false;
    return true;
  }

  pieceWritten(piece: number): void {
    this.swarm.announceHave(piece);
    if (this.picker.wantedLeft === 0 && !this.#wasFinished) {
      this.#wasFinished = true;
      this.#ctx.outbox.event('downloadCompleted', this.id, this.metainfo.geometry.totalBytes, 0);
      this.storage.sync();
      if (this.picker.written.full) this.announces.completed();
      this.#nothingMoreComes();
    }
    this.storageChanged();
    if (this.#ctx.blocks.heldBytes > 0) this.wake();
  }

  #nothingMoreComes(): void {
    this.download.rest();
    this.swarm.finished();
  }

  /** Forgets a received block of an unfinished piece: it is asked for again. */
  discard(partial: PartialPiece, block: number): void {
    this.#ctx.blocks.drop(partial.discard(block), this.metainfo.geometry.blockLength(partial.piece, block));
    this.picker.endGame = false;
  }

  /** `lost`: no connection can have survived it. */
  networkChanged(lost: boolean): void {
    this.swarm.networkChanged(lost);
    this.announces.networkChanged();
  }

  drop(peer: Peer, why: string): void {
    if (peer.state !== 'closed') this.#host.closeConnection(peer, why);
  }

  judge(peer: Peer, fault: WireFault): void {
    this.#host.judge(peer, fault);
  }

  dial(known: KnownPeer): void {
    this.#host.dial(this, known);
  }

  // ── trust ──

  startParole(known: KnownPeer): void {
    if (known.onParole || known.banned) return;
    known.onParole = true;
    this.#ctx.outbox.event('paroleStarted', this.id, known.conn, 0);
  }

  endParole(known: KnownPeer, piece: number): void {
    known.onParole = false;
    for (const partial of this.picker.partials) if (partial.exclusiveTo === known) partial.exclusiveTo = null;
    this.#ctx.outbox.event('parolePassed', this.id, known.conn, piece);
  }

  /** It sent bad data for certain: gone, and not let in again. What it sent of unfinished pieces is thrown away. */
  ban(known: KnownPeer, piece: number): void {
    if (known.banned) return;
    known.banned = true;
    if (known.onParole) this.#ctx.outbox.event('paroleFailed', this.id, known.conn, piece);
    this.#ctx.outbox.event('peerBanned', this.id, known.conn, piece);
    const peer = this.swarm.peers.find((p) => p.knownAs === known);
    if (peer !== undefined) this.drop(peer, 'sent bad data');
    this.requester.discardFrom(known);
  }

  // ── wishes ──

  setFilePriority(file: number, priority: FilePriority): void {
    const wasFinished = this.finished;
    this.#filePriorities.set(file, priority);
    this.#wasFinished = this.finished;
    if (wasFinished && !this.finished) this.swarm.unfinished();
    else this.swarm.wishesChanged();
    if (!wasFinished && this.finished) this.#nothingMoreComes();
    this.wake();
  }

  // ── reports ──

  /** `claiming`: written pieces that are durable and about to be claimed. */
  resumeData(claiming: readonly number[]): ResumeData {
    return {
      infoHash: this.metainfo.infoHash,
      ...claimPieces(this.picker, claiming, (piece) => this.#checking?.isPending(piece) ?? false),
      uploadedBytes: this.uploadedBytes,
      downloadedBytes: this.downloadedBytes,
      paused: !this.#wantsToRun,
      sequential: this.picker.sequential,
      filePriorities: this.#filePriorities.values,
      peers: this.#rememberedPeers(),
    };
  }

  /** Peers change slowly, and there may be thousands: while the torrent runs they are written down anew only so often. */
  #rememberedPeers(): readonly RememberedPeer[] {
    const { now, settings } = this.#ctx;
    if (!this.active || now >= this.#rememberAgainAt) {
      this.#remembered = rememberPeers(this.swarm.book);
      this.#rememberAgainAt = now + settings.resumeIntervalMs * 1_000;
    }
    return this.#remembered;
  }

  /** Why it stopped, or last stopped, by itself; null = it did not, or the user has started it since. */
  get fault(): DiskFault | null {
    return this.#fault;
  }

  /** One line for the user, null where nothing is wrong. */
  get error(): string | null {
    if (this.#unusable !== null) return `the metadata that the info-hash names cannot be used: ${this.#unusable}`;
    if (this.#fault === 'full') return 'the disk is full: make room and resume';
    if (this.#fault !== null) return FAULT_TEXT[this.#fault];
    return this.storage.full ? FAULT_TEXT.full : null;
  }

  /** Of the check that is going on. */
  get checkedPieces(): number {
    return this.#checking?.checkedPieces ?? 0;
  }

  /** Bytes of received blocks that wait in memory. */
  get heldBytes(): number {
    let bytes = this.storage.heldBytes;
    for (const partial of this.picker.partials) bytes += partial.heldBytes(this.metainfo.geometry);
    return bytes;
  }

  checkInvariants(): void {
    this.picker.checkInvariants();
    this.choker.checkInvariants();
    this.swarm.checkInvariants();
    const requesters = new Map<number, number>();
    for (const { requests } of this.swarm.peers) {
      for (let i = 0; i < requests.length; i += 1) {
        if (requests.isLive(i)) requesters.set(requests.keyAt(i), (requesters.get(requests.keyAt(i)) ?? 0) + 1);
      }
    }
    for (const partial of this.picker.partials) {
      const { piece } = partial;
      for (let block = 0; block < partial.blockCount; block += 1) {
        const asked = requesters.get(piece * this.metainfo.geometry.blocksPerPiece + block) ?? 0;
        assert(partial.requesters(block) === asked, 'a block counts the peers that were asked for it', piece, block);
      }
    }
  }
}

function metainfoOf({ magnet: { infoHash, name, announceTiers } }: AddMagnet): Metainfo {
  return unknownMetainfo(infoHash, name ?? hex(infoHash), announceTiers);
}
