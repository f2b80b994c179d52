// Peers that offer a torrent's metadata and do not give it: other bytes, other sizes, pieces of a wrong length, rejects without end, no answer,
// another story every second. They have no content and ask for none.

import {
  decodeExtensionHandshake,
  decodeMetadataMessage,
  encodeMetadataData,
  encodeMetadataReject,
  encodeMetadataRequest,
  EXTENSION_HANDSHAKE_ID,
  type ExtensionHandshake,
  METADATA_BYTES_MAX,
  METADATA_ID,
  METADATA_NAME,
  METADATA_PIECE_BYTES,
} from '#engine';
import type { ScriptedConnection } from './scripted-connection.ts';
import { ScriptedPeer, type ScriptOptions } from './scripted-peer.ts';

export const METADATA_LIES = [
  /** The right size, every piece with one byte changed. */
  'everyPiece',
  /** The right size, one piece with one byte changed. */
  'onePiece',
  /** Another size, and bytes to go with it. */
  'otherSize',
  /** The largest size that is allowed; after the first pieces it gives no more. */
  'huge',
  /** Pieces that are cut short. */
  'short',
  /** A whole in the message of another size than in the handshake. */
  'otherTotal',
  'reject',
  'silent',
  /** Another size in a new handshake every second, and then no answer. */
  'fickle',
  /** Wrong pieces that nobody asked for, and requests for pieces that nobody has, every second. */
  'unasked',
] as const;

export type MetadataLie = (typeof METADATA_LIES)[number];

/** Pieces of the largest size that it gives: one whole copy would be no other lie than one of a small size, at a hundred times the cost. */
const HUGE_PIECES_GIVEN = 64;
/** Pieces of metadata that nobody asked for, a second and connection. */
const UNASKED_PER_SECOND = 2;

export class MetadataLiar extends ScriptedPeer {
  readonly #lie: MetadataLie;
  readonly #sizeBytes: number;
  readonly #badPiece: number;
  /** The ids under which peers want to be told. */
  readonly #ids = new Map<ScriptedConnection, number>();
  /** Requests for metadata that it offers: the proof that it was believed. Liars ask each other for pieces that nobody has. */
  metadataRequests = 0;

  constructor(options: ScriptOptions & { readonly lie: MetadataLie }) {
    super(options);
    this.#lie = options.lie;
    const trueBytes = this.#true.length;
    this.#badPiece = this.random.below(Math.ceil(trueBytes / METADATA_PIECE_BYTES));
    this.#sizeBytes =
      options.lie === 'huge'
        ? METADATA_BYTES_MAX
        : options.lie === 'otherSize'
          ? trueBytes + 1 + this.random.below(2 * METADATA_PIECE_BYTES)
          : trueBytes;
  }

  /** It gives a whole copy that is wrong, which proves that it lies. */
  get convicted(): boolean {
    return ['everyPiece', 'onePiece', 'otherSize', 'unasked'].includes(this.#lie);
  }

  /** As many as the largest size has that it ever names. */
  get piecesOffered(): number {
    return Math.ceil((this.#lie === 'fickle' ? METADATA_BYTES_MAX : this.#sizeBytes) / METADATA_PIECE_BYTES);
  }

  /** Pieces of the metadata that it gives as they are. */
  tellsTruthOf(piece: number): boolean {
    return this.#lie === 'onePiece' && piece !== this.#badPiece;
  }

  get #true(): Uint8Array {
    return this.contents.metainfo.infoBytes;
  }

  protected override introduction(): Partial<ExtensionHandshake> {
    return { messages: new Map([[METADATA_NAME, METADATA_ID]]), metadataSizeBytes: this.#sizeBytes };
  }

  protected override meet(connection: ScriptedConnection): void {
    connection.sendHaveNone();
  }

  protected override lost(connection: ScriptedConnection): void {
    this.#ids.delete(connection);
  }

  protected override onSecond(): void {
    for (const connection of this.connections) {
      if (!connection.isUp) continue;
      if (this.#lie === 'fickle') {
        const metadataSizeBytes = 1 + this.random.below(METADATA_BYTES_MAX);
        connection.sendExtensionHandshake(this.listenPort, { ...this.introduction(), metadataSizeBytes });
      } else if (this.#lie === 'unasked') {
        for (let sent = 0; sent < UNASKED_PER_SECOND; sent += 1) this.#give(connection, sent);
        this.#send(connection, encodeMetadataRequest(this.random.below(METADATA_BYTES_MAX) - METADATA_BYTES_MAX / 2));
      }
    }
  }

  override extended(connection: ScriptedConnection, id: number, payload: Uint8Array): void {
    if (id === EXTENSION_HANDSHAKE_ID) {
      const wanted = decodeExtensionHandshake(payload)?.messages.get(METADATA_NAME);
      if (wanted !== undefined) this.#ids.set(connection, wanted);
      return;
    }
    const message = decodeMetadataMessage(payload);
    if (id !== METADATA_ID || message?.kind !== 'request') return;
    if (message.piece >= 0 && message.piece < this.piecesOffered) this.metadataRequests += 1;
    if (this.#lie === 'reject') this.#send(connection, encodeMetadataReject(message.piece));
    else if (this.#gives(message.piece)) this.#give(connection, message.piece);
  }

  #gives(piece: number): boolean {
    if (this.#lie === 'silent' || this.#lie === 'fickle') return false;
    return this.#lie !== 'huge' || piece < HUGE_PIECES_GIVEN;
  }

  #give(connection: ScriptedConnection, piece: number): void {
    const at = piece * METADATA_PIECE_BYTES;
    if (at < 0 || at >= this.#sizeBytes) return;
    const lengthBytes = Math.min(METADATA_PIECE_BYTES, this.#sizeBytes - at) - (this.#lie === 'short' ? 1 : 0);
    const data = new Uint8Array(lengthBytes);
    data.set(this.#true.subarray(at, at + lengthBytes));
    if (lengthBytes > 0 && (this.#lie !== 'onePiece' || piece === this.#badPiece)) {
      const spoilt = this.random.below(lengthBytes);
      data[spoilt] = (data[spoilt] as number) ^ (1 + this.random.below(255));
    }
    this.#send(connection, encodeMetadataData(piece, this.#sizeBytes + (this.#lie === 'otherTotal' ? 1 : 0), data));
  }

  #send(connection: ScriptedConnection, payload: Uint8Array): void {
    const id = this.#ids.get(connection) ?? 0;
    if (id !== 0) connection.sendExtended(id, payload);
  }
}
