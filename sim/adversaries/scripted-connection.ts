// One connection of a scripted peer: reads and writes the wire with the engine's own codec, and keeps what both sides said.
//
// It has no opinion: what is said, asked and answered is the strategy's. What it says always parses; whether it is true is another matter.

import {
  BLOCK_LENGTH_BYTES,
  type ConnId,
  EXTENSION_HANDSHAKE_ID,
  type ExtensionHandshake,
  encodeExtensionHandshake,
  HANDSHAKE_BYTES,
  messages,
  type PeerAddress,
  type Sink,
  type Stamp,
  type WireFault,
  WireReader,
  writeHandshake,
} from '#engine';

/** What a connection tells the strategy behind it. A piece, begin or length is as the peer said it, never compared with the torrent. */
export interface ConnectionListener {
  readonly pieceCount: number;
  readonly infoHash: Uint8Array;
  output(output: (sink: Sink) => void): void;
  /** The peer's info-hash is here: the moment to answer an incoming connection. */
  greeted(connection: ScriptedConnection): void;
  /** Both handshakes are done. */
  up(connection: ScriptedConnection): void;
  choked(connection: ScriptedConnection): void;
  unchoked(connection: ScriptedConnection): void;
  interested(connection: ScriptedConnection): void;
  /** The peer has more pieces than before. */
  piecesChanged(connection: ScriptedConnection): void;
  requested(connection: ScriptedConnection, piece: number, beginBytes: number, lengthBytes: number): void;
  arrived(connection: ScriptedConnection, piece: number, beginBytes: number): void;
  sentBlock(): void;
  rejected(connection: ScriptedConnection, piece: number, beginBytes: number): void;
  /** `payload`: borrowed. */
  extended(connection: ScriptedConnection, id: number, payload: Uint8Array): void;
}

export class ScriptedConnection extends WireReader {
  readonly conn: ConnId;
  readonly address: PeerAddress;
  readonly outgoing: boolean;
  /** Both handshakes are done and neither side has closed. */
  isUp = false;
  dialling: boolean;
  peerChoking = true;
  amChoking = true;
  /** One byte a piece: 1 = the peer says that it has it. */
  readonly pieces: Uint8Array;
  pieceCount = 0;
  /** Pieces that may be asked for while choked (BEP 6). */
  readonly fastPieces = new Set<number>();
  /** Payload that the peer has sent here, in bytes. */
  receivedBytes = 0;
  readonly #listener: ConnectionListener;
  #piece = 0;
  #beginBytes = 0;
  #lengthBytes = 0;

  constructor(listener: ConnectionListener, conn: ConnId, address: PeerAddress, outgoing: boolean) {
    super();
    this.#listener = listener;
    this.conn = conn;
    this.address = address;
    this.outgoing = outgoing;
    this.dialling = outgoing;
    this.pieces = new Uint8Array(listener.pieceCount);
  }

  /** The peer has every piece, as far as it says. */
  get seed(): boolean {
    return this.pieceCount === this.pieces.length;
  }

  has(piece: number): boolean {
    return this.pieces[piece] === 1;
  }

  // ── saying ──

  sendHandshake(peerId: Uint8Array): void {
    this.#send(HANDSHAKE_BYTES, (out) => writeHandshake(out, 0, this.#listener.infoHash, peerId));
  }

  /** Names the port under which the peer listens, as every honest client does, and what else the strategy says. */
  sendExtensionHandshake(port: number, said: Partial<ExtensionHandshake>): void {
    const payload = encodeExtensionHandshake({
      messages: new Map(),
      port,
      client: 'scripted',
      reqq: null,
      metadataSizeBytes: null,
      yourIp: null,
      uploadOnly: null,
      ...said,
    });
    this.sendExtended(EXTENSION_HANDSHAKE_ID, payload);
  }

  sendExtended(id: number, payload: Uint8Array): void {
    this.#send(messages.EXTENDED_HEADER_BYTES + payload.length, (out) =>
      out.set(payload, messages.writeExtendedHeader(out, 0, id, payload.length)),
    );
  }

  sendHaveAll(): void {
    this.#send(messages.BARE_BYTES, (out) => messages.writeHaveAll(out, 0));
  }

  sendHaveNone(): void {
    this.#send(messages.BARE_BYTES, (out) => messages.writeHaveNone(out, 0));
  }

  sendHave(piece: number): void {
    this.#send(messages.HAVE_BYTES, (out) => messages.writeHave(out, 0, piece));
  }

  sendInterested(): void {
    this.#send(messages.BARE_BYTES, (out) => messages.writeInterested(out, 0));
  }

  sendUnchoke(): void {
    this.amChoking = false;
    this.#send(messages.BARE_BYTES, (out) => messages.writeUnchoke(out, 0));
  }

  sendRequest(piece: number, beginBytes: number, lengthBytes: number): void {
    this.#send(messages.REQUEST_BYTES, (out) => messages.writeRequest(out, 0, piece, beginBytes, lengthBytes));
  }

  sendReject(piece: number, beginBytes: number, lengthBytes: number): void {
    this.#send(messages.REQUEST_BYTES, (out) => messages.writeReject(out, 0, piece, beginBytes, lengthBytes));
  }

  sendKeepAlive(): void {
    this.#send(messages.KEEP_ALIVE_BYTES, (out) => messages.writeKeepAlive(out, 0));
  }

  sendBlock(piece: number, beginBytes: number, lengthBytes: number, stamp: Stamp): void {
    if (lengthBytes > BLOCK_LENGTH_BYTES) return;
    this.#send(messages.PIECE_HEADER_BYTES, (out) => messages.writePieceHeader(out, 0, piece, beginBytes, lengthBytes));
    this.#listener.output((sink) => sink.sendPayload(this.conn, stamp));
    this.#listener.sentBlock();
  }

  #send(lengthBytes: number, write: (out: Uint8Array) => void): void {
    const bytes = new Uint8Array(lengthBytes);
    write(bytes);
    this.#listener.output((sink) => sink.send(this.conn, bytes));
  }

  // ── hearing: what the reader calls ──

  handshakeInfoHash(): WireFault | null {
    this.#listener.greeted(this);
    return null;
  }

  handshakePeerId(): WireFault | null {
    this.isUp = true;
    this.#listener.up(this);
    return null;
  }

  choke(): WireFault | null {
    this.peerChoking = true;
    this.#listener.choked(this);
    return null;
  }

  unchoke(): WireFault | null {
    this.peerChoking = false;
    this.#listener.unchoked(this);
    return null;
  }

  interested(): WireFault | null {
    this.#listener.interested(this);
    return null;
  }

  have(piece: number): WireFault | null {
    this.#gets(piece);
    this.#listener.piecesChanged(this);
    return null;
  }

  bitfield(bits: Uint8Array): WireFault | null {
    for (let piece = 0; piece < this.pieces.length; piece += 1)
      if (((bits[piece >> 3] as number) & (0x80 >> (piece & 7))) !== 0) this.#gets(piece);
    this.#listener.piecesChanged(this);
    return null;
  }

  haveAll(): WireFault | null {
    for (let piece = 0; piece < this.pieces.length; piece += 1) this.#gets(piece);
    this.#listener.piecesChanged(this);
    return null;
  }

  request(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    this.#listener.requested(this, piece, beginBytes, lengthBytes);
    return null;
  }

  reject(piece: number, beginBytes: number): WireFault | null {
    this.#listener.rejected(this, piece, beginBytes);
    return null;
  }

  allowedFast(piece: number): WireFault | null {
    if (piece < this.pieces.length) this.fastPieces.add(piece);
    this.#listener.piecesChanged(this);
    return null;
  }

  extended(id: number, payload: Uint8Array): WireFault | null {
    this.#listener.extended(this, id, payload);
    return null;
  }

  pieceStart(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    this.#piece = piece;
    this.#beginBytes = beginBytes;
    this.#lengthBytes = lengthBytes;
    return null;
  }

  pieceEnd(): WireFault | null {
    this.receivedBytes += this.#lengthBytes;
    this.#listener.arrived(this, this.#piece, this.#beginBytes);
    return null;
  }

  // What no strategy needs.
  keepAlive(): void {}
  notInterested = (): WireFault | null => null;
  cancel = (): WireFault | null => null;
  pieceBytes(): void {}
  pieceStamp(): void {}
  port = (): WireFault | null => null;
  suggest = (): WireFault | null => null;
  haveNone = (): WireFault | null => null;

  #gets(piece: number): void {
    if (piece >= this.pieces.length || this.pieces[piece] === 1) return;
    this.pieces[piece] = 1;
    this.pieceCount += 1;
  }
}
