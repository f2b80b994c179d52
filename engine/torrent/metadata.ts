// A torrent's metadata (its `info` dictionary): served to whoever asks; where it is not known yet, asked for, and handed to the driver.
//
//   unknown   peers are asked (metadata-fetch.ts)                        a copy is right ─► opening
//   opening   the driver keeps it and opens the storage                  answered ─► known, or the torrent has failed; at its start anew
//   known     the torrent has files and pieces
//
// Served from the moment that its hash was right, never before (CONFORMANCE 54). Each peer may have some at once and some each second; beyond
// that it is told to come back by a reject, as for a piece that does not exist (CONFORMANCE 52, 56).

import type { Context } from '../context.ts';
import type { MetadataStatus, OpenedTorrent } from '../contract.ts';
import {
  METADATA_PIECE_BYTES,
  METADATA_SERVED_BURST,
  METADATA_SERVED_PER_SECOND,
  SEND_BACKLOG_BYTES_MAX,
} from '../limits.ts';
import type { Metainfo } from '../metainfo/metainfo.ts';
import { parseInfo } from '../metainfo/parse.ts';
import type { Peer } from '../peers/peer.ts';
import type { ExtensionHandshake } from '../wire/extension-handshake.ts';
import {
  decodeMetadataMessage,
  encodeMetadataData,
  encodeMetadataReject,
  METADATA_NAME,
} from '../wire/metadata-message.ts';
import { MetadataFetch } from './metadata-fetch.ts';
import type { Torrent } from './torrent.ts';

const SERVED_EVERY_US = 1_000_000 / METADATA_SERVED_PER_SECOND;

export class Metadata {
  readonly #ctx: Context;
  readonly #torrent: Torrent;
  /** Verified; empty where there is none to serve. */
  #infoBytes: Uint8Array;
  /** Null once it is not needed any more. */
  #fetch: MetadataFetch | null = null;
  /** Known, and the driver has not opened it. */
  #unopened: Metainfo | null = null;
  #opening = false;

  /** `infoBytes`: null = peers are to be asked. */
  constructor(ctx: Context, torrent: Torrent, infoBytes: Uint8Array | null) {
    this.#ctx = ctx;
    this.#torrent = torrent;
    this.#infoBytes = infoBytes ?? NOTHING;
    if (infoBytes === null) this.#fetch = new MetadataFetch(ctx, torrent, (bytes) => this.#found(bytes));
  }

  /** What is there to serve, 0 = nothing (BEP 9 `metadata_size`). */
  get sizeBytes(): number {
    return this.#infoBytes.length;
  }

  /** The driver was asked to open the torrent and has not answered. */
  get opening(): boolean {
    return this.#opening;
  }

  /** Null once the torrent is open. */
  get status(): MetadataStatus | null {
    if (this.#fetch === null && this.#unopened === null) return null;
    const known = this.#infoBytes.length;
    const progress = this.#fetch?.progress ?? null;
    return {
      sizeBytes: known > 0 ? known : (progress?.sizeBytes ?? null),
      receivedBytes: known > 0 ? known : (progress?.receivedBytes ?? 0),
      sources: this.#fetch?.sourceCount ?? 0,
    };
  }

  /** Bytes that wait to be verified. */
  get heldBytes(): number {
    return this.#fetch?.heldBytes ?? 0;
  }

  /** Peers are connected, or are about to be. */
  begin(): void {
    if (this.#unopened !== null && !this.#opening) this.#open();
  }

  /** `said`: a handshake, the first or a later one, which changes only what it names (CONFORMANCE 46, 47). */
  handshakeSaid(peer: Peer, { messages, metadataSizeBytes }: ExtensionHandshake): void {
    peer.metadataId = messages.get(METADATA_NAME) ?? peer.metadataId;
    peer.metadataSizeBytes = metadataSizeBytes ?? peer.metadataSizeBytes;
    this.#fetch?.offers(peer);
  }

  /** `payload`: of a message `ut_metadata`, borrowed. */
  received(peer: Peer, payload: Uint8Array): void {
    const message = decodeMetadataMessage(payload);
    switch (message?.kind) {
      case 'request':
        this.#asked(peer, message.piece);
        return;
      case 'data':
        this.#fetch?.received(peer, message.piece, message.totalBytes, message.data);
        return;
      case 'reject':
        this.#fetch?.rejected(peer, message.piece);
        return;
      case undefined:
    }
  }

  gone(peer: Peer): void {
    this.#fetch?.gone(peer);
  }

  /** The peer has, or may soon have, a part in finding it. */
  hopesFor(peer: Peer): boolean {
    return this.#fetch?.hopesFor(peer) ?? false;
  }

  /** Peers are gone, and with them what they gave of it. */
  pause(): void {
    this.#fetch?.stop();
  }

  second(): void {
    this.#fetch?.second();
  }

  // ── found ──

  #found(infoBytes: Uint8Array): void {
    this.#fetch = null;
    const { announceTiers, infoHash } = this.#torrent.metainfo;
    const parsed = parseInfo(infoBytes, announceTiers, infoHash);
    if (!parsed.ok) {
      this.#torrent.unusable(parsed.detail);
      return;
    }
    this.#infoBytes = infoBytes;
    this.#unopened = parsed.value;
    this.#torrent.swarm.metadataKnown();
    this.#open();
  }

  #open(): void {
    this.#opening = true;
    const job = this.#ctx.jobs.open('openTorrent', this.#torrent, 0, 0, 0);
    this.#ctx.outbox.openTorrent(job, this.#torrent.id, this.#unopened as Metainfo);
  }

  opened(opened: OpenedTorrent): void {
    this.#opening = false;
    if (!opened.ok) {
      this.#torrent.fail(opened.fault);
      this.#torrent.storageChanged();
      return;
    }
    const metainfo = this.#unopened as Metainfo;
    this.#unopened = null;
    this.#torrent.furnish(metainfo, opened);
  }

  // ── served ──

  #asked(peer: Peer, piece: number): void {
    // It gave no id under which to answer.
    if (peer.metadataId === 0) return;
    const at = piece * METADATA_PIECE_BYTES;
    if (piece < 0 || at >= this.#infoBytes.length || !this.#maySend(peer)) {
      peer.sendExtended(peer.metadataId, encodeMetadataReject(piece));
      this.#ctx.outbox.event('metadataRefused', this.#torrent.id, peer.conn, Math.max(0, piece));
      return;
    }
    const data = this.#infoBytes.subarray(at, at + METADATA_PIECE_BYTES);
    peer.sendExtended(peer.metadataId, encodeMetadataData(piece, this.#infoBytes.length, data));
    this.#ctx.outbox.event('metadataServed', this.#torrent.id, peer.conn, piece);
  }

  /** Counts a piece; false where the peer has had enough for now. */
  #maySend(peer: Peer): boolean {
    const { now } = this.#ctx;
    const earliest = now - METADATA_SERVED_BURST * SERVED_EVERY_US;
    const servedUntil = Math.max(peer.metadataServedUntil, earliest);
    if (servedUntil + SERVED_EVERY_US > now || peer.unsentBytes > SEND_BACKLOG_BYTES_MAX / 2) return false;
    peer.metadataServedUntil = servedUntil + SERVED_EVERY_US;
    return true;
  }
}

const NOTHING = new Uint8Array(0);
