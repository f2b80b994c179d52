// An engine whose inputs are written down, and marks of whose outputs are: what it takes to run the same engine again, bit for bit.
//
// Always: an input stands in the journal before the engine sees it, so that one that breaks the engine is there too. Payload is left out, and
// of trackers' URLs what may hold the user's passkey: a journal is made to be sent to others.

import { EngineBug } from '../bug.ts';
import type {
  AddError,
  AddMagnet,
  AddTorrent,
  AnnounceReply,
  Command,
  CommandError,
  ConnId,
  DisconnectReason,
  DiskFault,
  Engine,
  Instant,
  JobId,
  OpenedTorrent,
  Payload,
  PeerAddress,
  PeerStatus,
  PieceMap,
  Result,
  ScrapeReply,
  Sink,
  Stamp,
  TorrentId,
  TorrentStatus,
  TorrentSummary,
} from '../contract.ts';
import type { TorrentInspection } from '../inspection.ts';
import type { Metainfo } from '../metainfo/metainfo.ts';
import type { Settings } from '../settings.ts';
import { publicUrl } from '../trackers/public-url.ts';
import {
  BLOCK_FAILED,
  BLOCK_OF_BYTES,
  BLOCK_OF_STAMP,
  DISCONNECT_REASONS,
  DISK_FAULTS,
  ENTRY,
  type EntryWriter,
} from './entries.ts';
import { OutputMarks } from './output-marks.ts';
import { PayloadSpans } from './payload-spans.ts';

/** What the recorded engine was made with. */
export interface Recorded {
  /** Gives the engine's random stream again. */
  readonly seed: string;
  readonly settings: Settings;
  readonly now: Instant;
}

/** The same engine, recorded. `engine`: new, no input was given to it. */
export function recordEngine(engine: Engine, { seed, settings, now }: Recorded, log: EntryWriter): Engine {
  log.begin(ENTRY.created, now);
  log.text(seed);
  log.value(settings);
  return new RecordedEngine(engine, log, now);
}

class RecordedEngine implements Engine {
  readonly #engine: Engine;
  readonly #log: EntryWriter;
  readonly #marks = new OutputMarks();
  /** By connection. */
  readonly #spans: (PayloadSpans | undefined)[] = [];
  #now: Instant;

  constructor(engine: Engine, log: EntryWriter, now: Instant) {
    this.#engine = engine;
    this.#now = now;
    this.#log = log;
  }

  add(now: Instant, options: AddTorrent | AddMagnet): Result<TorrentId, AddError> {
    this.#begin(ENTRY.add, now);
    this.#log.value(
      'magnet' in options ? plainMagnet(options) : { ...options, metainfo: plainMetainfo(options.metainfo) },
    );
    const result = this.#give(() => this.#engine.add(now, options));
    this.#marks.returned(result.ok ? result.value : -1);
    return result;
  }

  command(now: Instant, command: Command): Result<null, CommandError> {
    this.#begin(ENTRY.command, now);
    this.#log.value(command);
    const result = this.#give(() => this.#engine.command(now, command));
    this.#marks.returned(result.ok ? 0 : -1);
    return result;
  }

  connected(now: Instant, conn: ConnId, address: PeerAddress, outgoing: boolean): void {
    this.#begin(ENTRY.connected, now);
    this.#log.uint(conn);
    this.#log.uint(outgoing ? 1 : 0);
    this.#log.text(address.host);
    this.#log.uint(address.port);
    this.#spans[conn] = new PayloadSpans();
    this.#give(() => this.#engine.connected(now, conn, address, outgoing));
  }

  received(now: Instant, conn: ConnId, chunk: Uint8Array): void {
    this.#begin(ENTRY.received, now);
    this.#log.uint(conn);
    this.#writeChunk((this.#spans[conn] ??= new PayloadSpans()), chunk);
    this.#give(() => this.#engine.received(now, conn, chunk));
  }

  receivedPayload(now: Instant, conn: ConnId, stamp: Stamp, lengthBytes: number): void {
    this.#begin(ENTRY.receivedPayload, now);
    this.#log.uint(conn);
    this.#log.uint(stamp);
    this.#log.uint(lengthBytes);
    this.#spans[conn]?.skip(lengthBytes);
    this.#give(() => this.#engine.receivedPayload(now, conn, stamp, lengthBytes));
  }

  writable(now: Instant, conn: ConnId): void {
    this.#begin(ENTRY.writable, now);
    this.#log.uint(conn);
    this.#give(() => this.#engine.writable(now, conn));
  }

  disconnected(now: Instant, conn: ConnId, why: DisconnectReason): void {
    this.#begin(ENTRY.disconnected, now);
    this.#log.uint(conn);
    this.#log.uint(DISCONNECT_REASONS.indexOf(why));
    this.#give(() => this.#engine.disconnected(now, conn, why));
  }

  blockRead(now: Instant, job: JobId, block: Payload | null): void {
    this.#begin(ENTRY.blockRead, now);
    this.#log.uint(job);
    if (block === null) this.#log.uint(BLOCK_FAILED);
    else {
      this.#log.uint(typeof block === 'number' ? BLOCK_OF_STAMP : BLOCK_OF_BYTES);
      this.#log.uint(typeof block === 'number' ? block : block.length);
    }
    this.#give(() => this.#engine.blockRead(now, job, block));
  }

  pieceHashed(now: Instant, job: JobId, digest: Uint8Array | null): void {
    this.#answered(ENTRY.pieceHashed, now, job);
    this.#log.bytes(digest ?? NO_DIGEST);
    this.#give(() => this.#engine.pieceHashed(now, job, digest));
  }

  blocksHashed(now: Instant, job: JobId, digests: Uint8Array | null): void {
    this.#answered(ENTRY.blocksHashed, now, job);
    this.#log.bytes(digests ?? NO_DIGEST);
    this.#give(() => this.#engine.blocksHashed(now, job, digests));
  }

  blocksWritten(now: Instant, job: JobId, fault: DiskFault | null): void {
    this.#answered(ENTRY.blocksWritten, now, job);
    this.#log.uint(DISK_FAULTS.indexOf(fault));
    this.#give(() => this.#engine.blocksWritten(now, job, fault));
  }

  synced(now: Instant, job: JobId, fault: DiskFault | null): void {
    this.#answered(ENTRY.synced, now, job);
    this.#log.uint(DISK_FAULTS.indexOf(fault));
    this.#give(() => this.#engine.synced(now, job, fault));
  }

  piecesChecked(now: Instant, job: JobId, digests: readonly (Uint8Array | null)[]): void {
    this.#answered(ENTRY.piecesChecked, now, job);
    this.#log.uint(digests.length);
    for (const digest of digests) this.#log.bytes(digest ?? NO_DIGEST);
    this.#give(() => this.#engine.piecesChecked(now, job, digests));
  }

  resumeSaved(now: Instant, job: JobId, fault: DiskFault | null): void {
    this.#answered(ENTRY.resumeSaved, now, job);
    this.#log.uint(DISK_FAULTS.indexOf(fault));
    this.#give(() => this.#engine.resumeSaved(now, job, fault));
  }

  announced(now: Instant, job: JobId, reply: AnnounceReply): void {
    this.#answered(ENTRY.announced, now, job);
    this.#log.value(reply);
    this.#give(() => this.#engine.announced(now, job, reply));
  }

  torrentOpened(now: Instant, job: JobId, opened: OpenedTorrent): void {
    this.#answered(ENTRY.torrentOpened, now, job);
    this.#log.value(opened);
    this.#give(() => this.#engine.torrentOpened(now, job, opened));
  }

  scraped(now: Instant, job: JobId, reply: ScrapeReply): void {
    this.#answered(ENTRY.scraped, now, job);
    this.#log.value(reply);
    this.#give(() => this.#engine.scraped(now, job, reply));
  }

  tick(now: Instant): void {
    this.#begin(ENTRY.tick, now);
    this.#give(() => this.#engine.tick(now));
  }

  drain(sink: Sink): void {
    this.#marks.begin(sink);
    try {
      this.#engine.drain(this.#marks);
    } catch (error) {
      // What the driver throws is no word of the engine.
      if (error instanceof EngineBug) this.#threw(error);
      throw error;
    }
    const { marks, markBytes, digest } = this.#marks;
    this.#begin(ENTRY.drained, this.#now);
    this.#log.bytes(marks, 0, markBytes);
    this.#log.uint(digest);
  }

  nextTimeout(): Instant | null {
    return this.#engine.nextTimeout();
  }

  status(torrent: TorrentId): TorrentStatus | null {
    return this.#engine.status(torrent);
  }

  summary(torrent: TorrentId): TorrentSummary | null {
    return this.#engine.summary(torrent);
  }

  pieceMap(torrent: TorrentId): PieceMap | null {
    return this.#engine.pieceMap(torrent);
  }

  peers(torrent: TorrentId): readonly PeerStatus[] {
    return this.#engine.peers(torrent);
  }

  inspect(torrent: TorrentId): TorrentInspection | null {
    return this.#engine.inspect(torrent);
  }

  checkInvariants(): void {
    this.#engine.checkInvariants();
  }

  #begin(kind: number, now: Instant): void {
    this.#now = now;
    this.#log.begin(kind, now);
  }

  #answered(kind: number, now: Instant, job: JobId): void {
    this.#begin(kind, now);
    this.#log.uint(job);
  }

  #give<T>(input: () => T): T {
    try {
      return input();
    } catch (error) {
      return this.#threw(error);
    }
  }

  #threw(error: unknown): never {
    this.#begin(ENTRY.threw, this.#now);
    this.#log.text(errorText(error));
    throw error;
  }

  #writeChunk(spans: PayloadSpans, chunk: Uint8Array): void {
    this.#log.uint(chunk.length);
    let plainFrom = 0;
    for (let at = 0; at < chunk.length; ) {
      const end = spans.next(chunk, at);
      if (spans.payload) {
        this.#log.bytes(chunk, plainFrom, at);
        this.#log.uint(end - at);
        plainFrom = end;
      }
      at = end;
    }
    if (plainFrom < chunk.length) this.#log.bytes(chunk, plainFrom, chunk.length);
  }
}

const NO_DIGEST = new Uint8Array(0);

/** One line that is equal when two runs broke in the same way. */
export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Without its arithmetic, which follows from the lengths of its files. */
function plainMetainfo({ geometry, announceTiers, ...rest }: Metainfo): object {
  return { ...rest, announceTiers: publicTiers(announceTiers), pieceLengthBytes: geometry.pieceLengthBytes };
}

function plainMagnet({ magnet: { infoHash, name, announceTiers }, ...rest }: AddMagnet): object {
  return { ...rest, magnet: { infoHash, name, announceTiers: publicTiers(announceTiers) } };
}

function publicTiers(announceTiers: Metainfo['announceTiers']): string[][] {
  return announceTiers.map((tier) => tier.map((url) => publicUrl(url) ?? ''));
}
