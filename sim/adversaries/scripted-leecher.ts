// What every script shares that downloads and gives nothing back: it is interested in everyone, asks whoever lets it, piece after piece in
// an order of its own, and says that it has none. When it has everything it says so to the simulator alone.

import { BLOCK_LENGTH_BYTES } from '#engine';
import type { ScriptedConnection } from './scripted-connection.ts';
import { ScriptedPeer, type ScriptOptions } from './scripted-peer.ts';

const WANTED = 0;
const ASKED = 1;
const HERE = 2;

export abstract class ScriptedLeecher extends ScriptedPeer {
  /** Blocks that it keeps asked for at one peer. */
  protected queueLength = 16;
  /** By block of the torrent. */
  readonly #states: Uint8Array;
  readonly #order: number[];
  readonly #asked = new Map<ScriptedConnection, Set<number>>();
  #left: number;

  constructor(options: ScriptOptions) {
    super(options);
    this.#states = new Uint8Array(this.contents.blockCount);
    this.#left = this.contents.blockCount;
    this.#order = this.random.shuffle(Array.from({ length: this.pieceCount }, (_, piece) => piece));
  }

  /** Whether this peer is worth asking. */
  protected mayAskPeer(_connection: ScriptedConnection): boolean {
    return true;
  }

  /** Everything is here. */
  protected complete(): void {
    this.output((sink) => sink.event('downloadCompleted', 0, this.contents.geometry.totalBytes, 0));
  }

  /** Begins anew: what is here is wanted again. */
  protected startAgain(): void {
    this.#states.fill(WANTED);
    this.#left = this.#states.length;
  }

  protected override meet(connection: ScriptedConnection): void {
    connection.sendHaveNone();
    connection.sendInterested();
  }

  override unchoked(connection: ScriptedConnection): void {
    this.fill(connection);
  }

  override piecesChanged(connection: ScriptedConnection): void {
    this.fill(connection);
  }

  /** What was asked is void; with the fast extension rejects follow, which change nothing. */
  override choked(connection: ScriptedConnection): void {
    this.lost(connection);
  }

  protected override lost(connection: ScriptedConnection): void {
    for (const index of this.#asked.get(connection) ?? []) this.#release(index);
    this.#asked.delete(connection);
  }

  override rejected(connection: ScriptedConnection, piece: number, beginBytes: number): void {
    const index = this.contents.indexOf(piece, Math.floor(beginBytes / BLOCK_LENGTH_BYTES));
    if (this.#asked.get(connection)?.delete(index)) this.#release(index);
    connection.fastPieces.delete(piece);
  }

  protected override got(connection: ScriptedConnection, piece: number, beginBytes: number): void {
    const index = this.contents.indexOf(piece, Math.floor(beginBytes / BLOCK_LENGTH_BYTES));
    this.#asked.get(connection)?.delete(index);
    if (index < this.#states.length && this.#states[index] !== HERE) {
      this.#states[index] = HERE;
      this.#left -= 1;
      if (this.#left === 0) this.complete();
    }
    this.fill(connection);
  }

  protected override onSecond(): void {
    for (const connection of this.connections) this.fill(connection);
  }

  /** Asks for what is wanted; once nothing is, for what others were asked for and have not sent. */
  protected fill(connection: ScriptedConnection): void {
    if (this.#left === 0 || !connection.isUp || !this.mayAskPeer(connection)) return;
    if (connection.peerChoking && connection.fastPieces.size === 0) return;
    let asked = this.#asked.get(connection);
    if (asked === undefined) {
      asked = new Set();
      this.#asked.set(connection, asked);
    }
    if (asked.size > this.queueLength / 2) return;
    this.#ask(connection, asked, WANTED);
    if (asked.size === 0) this.#ask(connection, asked, ASKED);
  }

  #ask(connection: ScriptedConnection, asked: Set<number>, state: number): void {
    const { geometry } = this.contents;
    for (const piece of this.#order) {
      if (asked.size >= this.queueLength) return;
      if (!connection.has(piece) || (connection.peerChoking && !connection.fastPieces.has(piece))) continue;
      for (let block = 0; block < geometry.blockCount(piece) && asked.size < this.queueLength; block += 1) {
        const index = this.contents.indexOf(piece, block);
        if (this.#states[index] !== state || asked.has(index)) continue;
        this.#states[index] = ASKED;
        asked.add(index);
        connection.sendRequest(piece, block * BLOCK_LENGTH_BYTES, geometry.blockLength(piece, block));
      }
    }
  }

  #release(index: number): void {
    if (this.#states[index] === ASKED) this.#states[index] = WANTED;
  }
}
