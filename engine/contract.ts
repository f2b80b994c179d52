// The contract between the engine and the world that drives it (the real one in `client/`, the simulated one in `sim/`).
//
// Inputs are in the past tense and only change state; outputs are imperative and leave the engine in one place, `drain`, in one
// order. What always holds: no input throws because of a peer, a disk or a network; every job that a sink was given is answered
// exactly once by the input named beside it; once `close(conn)` was drained the driver delivers nothing more for `conn`.

import type { TorrentInspection } from './inspection.ts';
import type { FileRange } from './metainfo/magnet.ts';
import type { Metainfo } from './metainfo/metainfo.ts';
import type { ResumeData } from './resume/resume-data.ts';
import type { Settings } from './settings.ts';
import type { EventName } from './events.ts';

/** Monotonic integer microseconds on the driver's clock. The engine knows no other time. */
export type Instant = number;

/** Small dense integer, chosen by the engine in `add`; given again only after the drain that hands out `torrentRemoved`. */
export type TorrentId = number;

/** Small dense integer. Even: dialled, chosen by the engine in `Sink.dial`. Odd: accepted, chosen by the driver in `connected`.
 *  Free for reuse after the first drain that follows `disconnected`, or that hands out `close`. Until then what either side still says
 *  about it is ignored by the other. */
export type ConnId = number;

/** Names one outstanding request to the world; never reused. */
export type JobId = number;

/** Where a peer listens or connects from. `host` is a numeric IPv4 or IPv6 address without brackets; or, with port 0, the name of a peer
 *  that was introduced (`introducedPeer`). */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** A peer that a tracker named, or introduces. */
export interface FoundPeer extends PeerAddress {
  /** 20 bytes, where the tracker said it (BEP 3: peers as dictionaries); another id at this address is refused. */
  readonly peerId?: Uint8Array;
}

/** The content of one block where no bytes exist: an integer that is equal exactly when the content is (simulated world, journal). */
export type Stamp = number;

/** The content of one block. The engine moves it and never looks inside. Bytes are at most 16,384 long. */
export type Payload = Uint8Array | Stamp;

/** A closed outcome for what the user asked: never an exception. `detail` is one line that names what and where. */
export type Result<T, Kind extends string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Kind; readonly detail: string };

/** Why a write, a sync or the storage as a whole failed. `full` is retried until there is room. */
export type DiskFault = 'full' | 'missing' | 'denied' | 'failed';

/** Why a connection ended without the engine asking for it. */
export type DisconnectReason = 'refused' | 'timeout' | 'reset' | 'ended' | 'unreachable';

/** What every torrent is added with. */
export interface AddCommon {
  readonly paused: boolean;
  /** `all`: hash everything found before starting; `trust`: believe resume data, and hash only what it leaves open. */
  readonly check: 'all' | 'trust';
  /** Dialled first and remembered like any other peer. */
  readonly peers: readonly PeerAddress[];
  /** False: no tracker is ever asked. */
  readonly useTrackers: boolean;
  /** The only files that are wanted (BEP 53), where no resume data says which; null or left out: all. */
  readonly selection?: readonly FileRange[] | null;
}

/** A torrent whose metadata is not known yet: peers are asked for it (BEP 9), and then `Sink.openTorrent` is called. */
export interface AddMagnet extends AddCommon {
  readonly magnet: {
    readonly infoHash: Uint8Array;
    /** What to call it until then; null: by its info-hash. */
    readonly name: string | null;
    readonly announceTiers: readonly (readonly string[])[];
  };
}

export interface AddTorrent extends AddCommon {
  readonly metainfo: Metainfo;
  /** What an earlier run saved (`Sink.saveResume`), decoded; null on a first start. */
  readonly resume: ResumeData | null;
  /** Length in bytes of each file of `metainfo.files` as found on disk, −1 where it is missing; pad files are ignored. Claims of the
   *  resume data that these lengths contradict are dropped. */
  readonly fileLengths: readonly number[];
}

/** What the driver found of a torrent that was opened: as in `AddTorrent`; or why it could not be opened. */
export type OpenedTorrent =
  | { readonly ok: true; readonly resume: ResumeData | null; readonly fileLengths: readonly number[] }
  | { readonly ok: false; readonly fault: DiskFault };

export type AddError = 'duplicate' | 'tooMany';
export type CommandError = 'noSuchTorrent' | 'noSuchFile' | 'outOfRange';

/** 0 = skip; 1 … 7 = wanted, higher first; 4 is normal. */
export type FilePriority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

export type Command =
  | { readonly kind: 'pause'; readonly torrent: TorrentId }
  | { readonly kind: 'resume'; readonly torrent: TorrentId }
  | { readonly kind: 'remove'; readonly torrent: TorrentId }
  | { readonly kind: 'recheck'; readonly torrent: TorrentId }
  | { readonly kind: 'announceNow'; readonly torrent: TorrentId }
  /** Asks a tracker for figures, whether the torrent runs or not, without announcing; not more often than once a minute. */
  | { readonly kind: 'scrape'; readonly torrent: TorrentId }
  | { readonly kind: 'addPeers'; readonly torrent: TorrentId; readonly peers: readonly FoundPeer[] }
  | {
      readonly kind: 'filePriority';
      readonly torrent: TorrentId;
      readonly file: number;
      readonly priority: FilePriority;
    }
  | { readonly kind: 'sequential'; readonly torrent: TorrentId; readonly on: boolean }
  /** Bytes per second, 0 = unlimited. `torrent` null: the limit of all torrents together. */
  | {
      readonly kind: 'rateLimits';
      readonly torrent: TorrentId | null;
      readonly downloadBps: number;
      readonly uploadBps: number;
    }
  /** The listen port is known or has changed; announced to trackers. */
  | { readonly kind: 'listening'; readonly port: number }
  /** The network was away, or is another. `lost`: no connection can have survived it (the machine slept): all are ended. Who is known is
   *  dialled at once, and trackers are asked as soon as they allow it. */
  | { readonly kind: 'networkChanged'; readonly lost: boolean }
  /** What a running engine may have otherwise from now on; those that are connected stay. */
  | {
      readonly kind: 'places';
      readonly connectionsMax: number;
      readonly connectionsPerTorrentMax: number;
      readonly uploadSlots: number;
    }
  /** Leave: every torrent flushes, saves and says `stopped`; the event `stopped` follows when all of it was answered. */
  | { readonly kind: 'shutdown' };

export type AnnounceEvent = '' | 'started' | 'completed' | 'stopped' | 'paused';

/** One announce, the whole truth (BEP 3, 7, 15, 21). Byte counts may exceed 2³². */
export interface AnnounceRequest {
  readonly torrent: TorrentId;
  readonly url: string;
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  readonly event: AnnounceEvent;
  /** The same across address families, so that the tracker knows us (BEP 7, 15). */
  readonly key: number;
  readonly numwant: number;
  /** What the tracker asked to be sent back (BEP 3 `tracker id`). */
  readonly trackerId: string | null;
}

export type AnnounceReply =
  | {
      readonly ok: true;
      readonly intervalS: number;
      readonly minIntervalS: number | null;
      readonly peers: readonly FoundPeer[];
      readonly seeds: number | null;
      readonly leechers: number | null;
      readonly trackerId: string | null;
      readonly warning: string | null;
    }
  /** `reason` is untrusted text when the tracker said it. */
  | { readonly ok: false; readonly reason: string };

/** Figures of some torrents, without announcing (BEP 15, 48). */
export interface ScrapeRequest {
  /** The tracker's announce URL. */
  readonly url: string;
  /** 20 bytes each, at most SCRAPE_HASHES_MAX. */
  readonly infoHashes: readonly Uint8Array[];
}

/** What a tracker counts of one torrent; null where it does not say. */
export interface SwarmFigures {
  readonly seeds: number | null;
  readonly leechers: number | null;
  /** Peers that ever said `completed`. */
  readonly downloads: number | null;
}

export type ScrapeReply =
  | {
      readonly ok: true;
      /** One a hash asked for, in that order; null: the tracker does not know it. */
      readonly figures: readonly (SwarmFigures | null)[];
      readonly minIntervalS: number | null;
    }
  /** `reason` is untrusted text when the tracker said it. */
  | { readonly ok: false; readonly reason: string };

/** Where the engine's decisions go. Called only inside `drain`; a sink must not call the engine back. */
export interface Sink {
  /** Answer: `connected` or `disconnected`. An introduced peer is dialled at most once an introduction. */
  dial(conn: ConnId, address: PeerAddress, torrent: TorrentId): void;
  /** `bytes`: borrowed for the call. Order per connection is that of the calls of `send` and `sendPayload` together. */
  send(conn: ConnId, bytes: Uint8Array): void;
  /** `block`: given back to the driver, who made it in `blockRead`. */
  sendPayload(conn: ConnId, block: Payload): void;
  /** False: deliver nothing for this connection until true. */
  setReading(conn: ConnId, on: boolean): void;
  close(conn: ConnId, why: string): void;

  /** Answer: `blockRead`. */
  readBlock(job: JobId, torrent: TorrentId, piece: number, beginBytes: number, lengthBytes: number): void;
  /** SHA-1 of a piece; a null block is read from the disk. `blocks`: lent until the answer. Answer: `pieceHashed`. */
  hashPiece(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void;
  /** SHA-1 of each block of a piece. `blocks`: lent until the answer. Answer: `blocksHashed`. */
  hashBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void;
  /** Writes the blocks of a piece that are not null. `blocks`: one entry a block, lent until the answer: `blocksWritten`. */
  writeBlocks(job: JobId, torrent: TorrentId, piece: number, blocks: readonly (Payload | null)[]): void;
  /** Makes every write of this torrent that was answered before this call durable. Answer: `synced`. */
  sync(job: JobId, torrent: TorrentId): void;
  /** Reads and hashes `count` pieces from the disk, in large sequential reads. Answer: `piecesChecked`. */
  checkPieces(job: JobId, torrent: TorrentId, first: number, count: number): void;
  /** Replaces the saved resume data atomically and durably. Answer: `resumeSaved`. */
  saveResume(job: JobId, torrent: TorrentId, data: ResumeData): void;
  /** Answer: `announced`. May take hours where the tracker is silent (BEP 15): the engine asks others meanwhile. A later announce of the
   *  same torrent to the same URL takes its place: the earlier may then be answered as failed. */
  announce(job: JobId, request: AnnounceRequest): void;
  /** The metadata of a torrent that was added without is here and right: keep it for the next start (`infoBytes` as they stand), open the
   *  storage, and look what is there of it. No other job of this torrent comes before the answer: `torrentOpened`. */
  openTorrent(job: JobId, torrent: TorrentId, metainfo: Metainfo): void;
  /** Answer: `scraped`, a failure also where the URL leads to no scrape (BEP 48). */
  scrape(job: JobId, request: ScrapeRequest): void;

  /** A fact worth a log line, a coverage mark, a figure; the meaning of `a` and `b` stands with each name in `events.ts`. */
  event(name: EventName, torrent: TorrentId, a: number, b: number): void;
}

export interface Engine {
  /** Starts a torrent. The driver opens its storage under the id that comes back before it drains; that of one whose metadata is not known
   *  when it is (`Sink.openTorrent`). */
  add(now: Instant, options: AddTorrent | AddMagnet): Result<TorrentId, AddError>;
  command(now: Instant, command: Command): Result<null, CommandError>;

  /** `outgoing`: our side made the first move. So it is where an address was dialled; an introduced peer that was dialled may have offered
   *  itself, which makes the connection an incoming one on both sides' accounts. */
  connected(now: Instant, conn: ConnId, address: PeerAddress, outgoing: boolean): void;
  /** `chunk`: borrowed for the call; any cut of the stream. */
  received(now: Instant, conn: ConnId, chunk: Uint8Array): void;
  /** The next `lengthBytes` of the stream are payload of a PIECE message with this content. May be a part of the block. */
  receivedPayload(now: Instant, conn: ConnId, stamp: Stamp, lengthBytes: number): void;
  /** Everything handed over by `send` and `sendPayload` so far has left the driver's queue (or all but one block of it). */
  writable(now: Instant, conn: ConnId): void;
  disconnected(now: Instant, conn: ConnId, why: DisconnectReason): void;

  /** null = the disk failed. The block is moved: the engine passes it on to `sendPayload` or drops it. */
  blockRead(now: Instant, job: JobId, block: Payload | null): void;
  /** `digest`: 20 bytes, null = a block could not be read. */
  pieceHashed(now: Instant, job: JobId, digest: Uint8Array | null): void;
  /** `digests`: 20 bytes a block, null = a block could not be read. */
  blocksHashed(now: Instant, job: JobId, digests: Uint8Array | null): void;
  blocksWritten(now: Instant, job: JobId, fault: DiskFault | null): void;
  synced(now: Instant, job: JobId, fault: DiskFault | null): void;
  /** One entry a piece, in order; null = missing or unreadable. */
  piecesChecked(now: Instant, job: JobId, digests: readonly (Uint8Array | null)[]): void;
  resumeSaved(now: Instant, job: JobId, fault: DiskFault | null): void;
  announced(now: Instant, job: JobId, reply: AnnounceReply): void;
  torrentOpened(now: Instant, job: JobId, opened: OpenedTorrent): void;
  scraped(now: Instant, job: JobId, reply: ScrapeReply): void;

  tick(now: Instant): void;
  /** When `tick` is wanted next, null = only inputs can wake the engine. */
  nextTimeout(): Instant | null;
  /** Hands every recorded output to `sink`, in the order recorded. Asserts that it is not re-entered. */
  drain(sink: Sink): void;

  status(torrent: TorrentId): TorrentStatus | null;
  /** The figures of a list's row, at the cost of a look at each connected peer. */
  summary(torrent: TorrentId): TorrentSummary | null;
  /** What is here of each piece, and how often others have it. */
  pieceMap(torrent: TorrentId): PieceMap | null;
  /** Those whose handshake is finished; empty where there is no such torrent. */
  peers(torrent: TorrentId): readonly PeerStatus[];
  /** Everything that stands inside a torrent: for people, at a cost. */
  inspect(torrent: TorrentId): TorrentInspection | null;
  /** Throws `EngineBug` where an internal law is broken. */
  checkInvariants(): void;
}

/** `metadata`: peers are asked what the torrent holds. */
export type TorrentState = 'metadata' | 'checking' | 'downloading' | 'seeding' | 'pausing' | 'paused' | 'failed';

/** The figures of one torrent; nothing in it is live. */
export interface TorrentSummary {
  readonly state: TorrentState;
  /** What made it fail; null unless `state` is `failed`. */
  readonly fault: DiskFault | null;
  /** One line for the user: what is wrong and what happens next; null where nothing is. */
  readonly error: string | null;
  /** Null once it is known what the torrent holds; before, it shows no bytes, pieces or files. */
  readonly metadata: MetadataStatus | null;
  /** Bytes of the files that are wanted (priority > 0). */
  readonly wantedBytes: number;
  /** Wanted bytes whose pieces passed their hash. */
  readonly haveBytes: number;
  readonly havePieces: number;
  readonly checkedPieces: number;
  /** Everything that is wanted is here. */
  readonly complete: boolean;
  readonly endGame: boolean;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  readonly wastedBytes: number;
  readonly corruptBytes: number;
  readonly downloadBps: number;
  readonly uploadBps: number;
  readonly knownPeers: number;
  /** Whose handshake is finished, and of them seeds. */
  readonly peers: number;
  readonly seeds: number;
}

/** One byte a piece. */
export interface PieceMap {
  /** 0 missing, 1 begun, 2 here, 3 on the disk for certain. */
  readonly pieces: Uint8Array;
  /** Copies among connected peers, at most 255. */
  readonly availability: Uint8Array;
}

/** A snapshot for people and tests; nothing in it is live. */
export interface TorrentStatus extends Omit<TorrentSummary, 'fault' | 'peers' | 'seeds'> {
  readonly id: TorrentId;
  readonly infoHash: string;
  readonly name: string;
  readonly totalBytes: number;
  /** Wanted bytes that are on the disk for certain. */
  readonly flushedBytes: number;
  readonly pieceCount: number;
  /** High bit first, ⌈pieceCount / 8⌉ bytes, a copy. */
  readonly have: Uint8Array;
  /** Those that are on the disk and claimed, in the same form. */
  readonly flushed: Uint8Array;
  readonly peers: readonly PeerStatus[];
  readonly trackers: readonly TrackerStatus[];
}

/** How we heard of a peer. */
export type PeerSource = 'tracker' | 'incoming' | 'remembered' | 'user' | 'webrtc';
/** How far the search for a torrent's metadata has come. */
export interface MetadataStatus {
  /** Of the copy that has come furthest; null: nobody has named a size and given something. */
  readonly sizeBytes: number | null;
  readonly receivedBytes: number;
  /** Connected peers that offer it. */
  readonly sources: number;
}

export interface PeerStatus {
  readonly conn: ConnId;
  readonly address: PeerAddress;
  readonly outgoing: boolean;
  readonly source: PeerSource;
  /** 20 bytes, untrusted. */
  readonly peerId: Uint8Array;
  /** The name it gave in the extension handshake; untrusted. */
  readonly client: string | null;
  readonly pieces: number;
  readonly seed: boolean;
  readonly amChoking: boolean;
  readonly amInterested: boolean;
  readonly peerChoking: boolean;
  readonly peerInterested: boolean;
  readonly snubbed: boolean;
  readonly onParole: boolean;
  /** It holds the optimistic slot. */
  readonly optimistic: boolean;
  readonly downloadBps: number;
  readonly uploadBps: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Blocks that it was asked for. */
  readonly outstanding: number;
  /** How many of them the pipeline wants. */
  readonly target: number;
  /** Blocks that it asked for and that wait to be read. */
  readonly uploadsQueued: number;
}

export interface TrackerStatus extends SwarmFigures {
  /** Its place in the torrent's list, tier by tier, as events name it. */
  readonly index: number;
  readonly tier: number;
  readonly url: string;
  /** `idle`: not asked since the torrent started, or the torrent rests; `failed` also while a silent one is asked on. */
  readonly status: 'idle' | 'asking' | 'working' | 'failed';
  /** One line: why the last announce or scrape failed, or what a working tracker warns of. Untrusted. */
  readonly lastError: string | null;
  /** Of the tracker that answered last, and of any that is tried before it then; null for all others. */
  readonly nextAnnounce: Instant | null;
}

export interface EngineOptions {
  readonly random: RandomStream;
  readonly settings: Settings;
  /** Makes one 16 KiB block of download memory; the engine keeps and reuses it. Never called where payload arrives as stamps. */
  readonly allocateBlock: () => Uint8Array;
  /** Keeps the reasons of decisions for `inspect`; changes none. */
  readonly explain?: boolean;
}

/** The only source of chance. The same label gives the same stream, however often the others were drawn from. */
export interface RandomStream {
  fork(label: string): RandomStream;
  /** Uniform in 0 … 2³² − 1. */
  uint32(): number;
  /** Uniform integer in 0 … bound − 1; 1 ≤ bound ≤ 2³². */
  below(bound: number): number;
}
