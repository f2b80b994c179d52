// Watches what engines say on the wire and holds them to it, from the bytes alone: no block is asked twice of one peer at a time, nothing
// is asked for or announced that the disk does not bear out, and where several were asked for a block, its arrival cancels the others.
//
// It parses each direction by itself from the bytes that engines hand over; payload is skipped by its length. It costs a parse of every
// byte, so a scenario switches it on where these rules are its matter.

import { BLOCK_LENGTH_BYTES, DEFAULT_SETTINGS } from '#engine';
import { hasBit, Violation } from './invariants.ts';
import type { SimNode } from './sim-node.ts';
import {
  BLOCKS_MAX,
  blockArrived,
  checkAnswered,
  checkMayAsk,
  type Direction,
  isChokeHeard,
  say,
} from './wire-direction.ts';

const HANDSHAKE_BYTES = 68;
/** Message ids (BEP 3, 6). */
export const WIRE = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  haveAll: 14,
  reject: 16,
  allowedFast: 17,
} as const;
const PIECE_FRAME_BYTES = 9;

/** Told of a CHOKE, UNCHOKE, HAVE, REQUEST, PIECE, CANCEL or REJECT that `node` hands over for `other`; the numbers that a message does
 *  not carry mean nothing. */
export type FrameListener = (node: SimNode, other: SimNode | null, id: number, piece: number, block: number) => void;
/** Told of a block that reached `node`. */
export type ArrivalListener = (
  node: SimNode,
  other: SimNode | null,
  piece: number,
  block: number,
  stamp: number,
) => void;

export class WireObserver {
  requestCount = 0;
  cancelCount = 0;
  // A scenario's own look.
  onFrame: FrameListener = () => {};
  onArrival: ArrivalListener = () => {};
  /** A block is asked for that arrived before, and whose piece did not fail its hash since. */
  onAskedAgain: FrameListener = () => {};
  onDial: (node: SimNode, other: SimNode | null) => void = () => {};
  /** The hash of a piece was answered. */
  onHash: (node: SimNode, piece: number, right: boolean) => void = () => {};
  readonly #directions = new Map<number, Direction>();
  readonly #received = new Map<SimNode, Set<number>>();
  readonly #sentBytes = new Map<SimNode, number>();
  readonly #receivedBytes = new Map<SimNode, number>();
  readonly #unreadBytes = new Map<SimNode, number>();
  /** By the receiver's end: when payload came last, and how much in that instant. */
  readonly #latest = new Map<number, { at: number; bytes: number }>();
  readonly #duplicates = new Map<SimNode, number>();
  readonly #askedAnew = new Map<SimNode, number>();
  /** Requests that an arrival made void: cancelled by the time that the clock moves on. */
  #owed: { readonly direction: Direction; readonly key: number; readonly at: number }[] = [];
  readonly #cancels: boolean;
  readonly #prompt: boolean;

  /** `cancels`: an arrival must cancel its duplicates. Off where an arrival may be one that the engine has no use for (parole).
   *  `prompt`: what was said is heard after its way. Off where the network may hold it back for as long as it likes (partitions). */
  constructor({ cancels = true, prompt = true }: { readonly cancels?: boolean; readonly prompt?: boolean } = {}) {
    this.#cancels = cancels;
    this.#prompt = prompt;
  }

  // ── looking ──

  /** Payload that a node handed to the wire, and payload that reached it, in bytes. */
  sentBytes(node: SimNode): number {
    return this.#sentBytes.get(node) ?? 0;
  }

  receivedBytes(node: SimNode): number {
    return this.#receivedBytes.get(node) ?? 0;
  }

  /** Whether a node may say that it received so many: all but what came in the instant in which it closed the connection, of which what stands
   *  behind the message for which it did is not read. */
  isAllReceived(node: SimNode, bytes: number): boolean {
    const received = this.receivedBytes(node);
    return bytes <= received && bytes >= received - (this.#unreadBytes.get(node) ?? 0);
  }

  /** Blocks that reached a node when it had received them before. */
  duplicates(node: SimNode): number {
    return this.#duplicates.get(node) ?? 0;
  }

  hasReceived(node: SimNode, piece: number, block: number): boolean {
    return this.#received.get(node)?.has(this.keyOf(piece, block)) ?? false;
  }

  /** One number for a block, as `outstanding` names it. */
  keyOf(piece: number, block: number): number {
    return piece * BLOCKS_MAX + block;
  }

  /** For each block of `piece` (or of all) that may still come to a node: whom it asked. */
  outstanding(node: SimNode, piece: number | null = null): Map<number, (SimNode | null)[]> {
    const blocks = new Map<number, (SimNode | null)[]>();
    for (const direction of this.#directions.values()) {
      if (direction.node !== node || !node.isOpen(direction.conn)) continue;
      for (const key of direction.asked.keys()) {
        if (piece !== null && Math.floor(key / BLOCKS_MAX) !== piece) continue;
        const asked = blocks.get(key) ?? [];
        asked.push(direction.other);
        blocks.set(key, asked);
      }
    }
    return blocks;
  }

  /** How often a node asked a peer anew for a block that this peer still owed it: both answers may come. */
  askedAnew(node: SimNode): number {
    return this.#askedAnew.get(node) ?? 0;
  }

  /** Those to whom a node last said UNCHOKE on a connection that is open. */
  unchoked(node: SimNode): SimNode[] {
    return this.slots(node).map(({ peer }) => peer);
  }

  /** The same, with the node's end of each connection. */
  slots(node: SimNode): { readonly peer: SimNode; readonly end: number }[] {
    const slots: { readonly peer: SimNode; readonly end: number }[] = [];
    for (const direction of this.#directions.values()) {
      const { other, end, unchoking } = direction;
      if (direction.node === node && unchoking && other !== null && isOpen(direction)) slots.push({ peer: other, end });
    }
    return slots;
  }

  /** From when nothing but its way keeps a node from hearing that the other is complete, who is; Infinity: blocks before that are still under
   *  way on the connection. `end`: the node's. */
  completionReachesAt(end: number): number {
    const completion = this.#directions.get(end ^ 1)?.completion;
    if (completion === undefined) return -Infinity;
    return completion.blocksBefore === 0 ? completion.at : Infinity;
  }

  /** A choke that `by` said to `node` may not have been heard yet, also where an UNCHOKE follows it. */
  chokeIsUnderWay(by: SimNode, node: SimNode): boolean {
    for (const direction of this.#directions.values())
      if (direction.node === by && direction.other === node && by.isOpen(direction.conn))
        return !isChokeHeard(direction);
    return false;
  }

  /** Those who last said INTERESTED to a node, on a connection that is open, and are choked; from when no block is under way before that. */
  waiting(node: SimNode): SimNode[] {
    const peers: SimNode[] = [];
    for (const { node: who, other, conn, end, interested, interest } of this.#directions.values()) {
      const heard = other === node && interested && interest.blocksBefore === 0;
      if (heard && who.isOpen(conn) && this.#directions.get(end ^ 1)?.unchoking !== true) peers.push(who);
    }
    return peers;
  }

  /** A crash: what had arrived may be lost, and nothing that was asked for is owed a CANCEL. */
  forget(node: SimNode): void {
    this.#received.delete(node);
    for (const direction of this.#directions.values()) if (direction.node === node) direction.asked.clear();
    this.#owed = this.#owed.filter(({ direction }) => direction.node !== node);
  }

  // ── what the swarm tells ──

  /** A node has everything that it wants: what it hands over next says so. */
  completed(node: SimNode): void {
    for (const direction of this.#directions.values())
      if (direction.node === node) say(direction.completion, direction);
  }

  /** `bytes`: what an engine handed over for one connection, in order. */
  sending(node: SimNode, other: SimNode | null, conn: number, bytes: Uint8Array): void {
    this.#checkOwed(node.now);
    const direction = this.#direction(node, other, conn, bytes);
    for (const byte of bytes) direction.buffer.push(byte);
    this.#parse(direction);
  }

  /** A connection begins, whose ends another may have had before. */
  dialling(end: number): void {
    this.#directions.delete(end);
    this.#directions.delete(end ^ 1);
  }

  /** `end`: the node's own. */
  closing(node: SimNode, end: number): void {
    const latest = this.#latest.get(end);
    if (latest?.at === node.now) add(this.#unreadBytes, node, latest.bytes);
    this.#latest.delete(end);
  }

  /** `end`: the receiver's. */
  receivedPayload(node: SimNode, end: number, stamp: number, lengthBytes: number): void {
    this.#checkOwed(node.now);
    add(this.#receivedBytes, node, lengthBytes);
    const latest = this.#latest.get(end);
    if (latest?.at === node.now) latest.bytes += lengthBytes;
    else this.#latest.set(end, { at: node.now, bytes: lengthBytes });
    const from = this.#directions.get(end ^ 1);
    const block = from?.underWay[0];
    if (from === undefined || block === undefined) return;
    block.bytes -= lengthBytes;
    if (block.bytes > 0) return;
    from.underWay.shift();
    blockArrived(from);
    this.#directions.get(end)?.asked.delete(block.key);
    this.#arrived(node, from.node, block.key, stamp);
  }

  hashed(node: SimNode, piece: number, right: boolean): void {
    this.onHash(node, piece, right);
    if (right) return;
    const received = this.#received.get(node);
    for (const key of received ?? []) if (Math.floor(key / BLOCKS_MAX) === piece) received?.delete(key);
  }

  #arrived(node: SimNode, other: SimNode, key: number, stamp: number): void {
    let received = this.#received.get(node);
    if (received === undefined) {
      received = new Set();
      this.#received.set(node, received);
    }
    if (received.has(key)) add(this.#duplicates, node, 1);
    received.add(key);
    if (this.#cancels)
      for (const direction of this.#directions.values()) {
        const askedAt = direction.node === node && isOpen(direction) ? direction.asked.get(key) : undefined;
        if (askedAt !== undefined && !this.#gaveUp(node, askedAt)) this.#owed.push({ direction, key, at: node.now });
      }
    this.onArrival(node, other, Math.floor(key / BLOCKS_MAX), key % BLOCKS_MAX, stamp);
  }

  /** After its timeout a request is free for others, and may be made anew: of a peer that is silent after the shorter of the two. */
  #gaveUp(node: SimNode, askedAt: number): boolean {
    const { requestTimeoutMs, snubTimeoutMs } = { ...DEFAULT_SETTINGS, ...node.options.settings };
    const timeoutMs = Math.min(requestTimeoutMs, snubTimeoutMs);
    return node.now - askedAt >= timeoutMs * 1_000;
  }

  #checkOwed(now: number): void {
    if (this.#owed.length === 0 || (this.#owed[0] as { at: number }).at === now) return;
    for (const { direction, key } of this.#owed) {
      const { node, other } = direction;
      if (!direction.asked.has(key) || !isOpen(direction)) continue;
      throw new Violation(
        `node ${node.index} has block ${key % BLOCKS_MAX} of piece ${Math.floor(key / BLOCKS_MAX)} and did not cancel it at node ${other?.index}`,
      );
    }
    this.#owed = [];
  }

  /** A new connection begins with a handshake, which no other message can look like. */
  #direction(node: SimNode, other: SimNode | null, conn: number, bytes: Uint8Array): Direction {
    const end = node.endOf(conn);
    const known = this.#directions.get(end);
    if (known !== undefined && known.node === node && bytes[0] !== 19) return known;
    const begun: Direction = {
      node,
      other,
      conn,
      end,
      buffer: [],
      handshake: false,
      asked: new Map(),
      underWay: [],
      unchoking: false,
      choke: { at: -Infinity, blocksBefore: 0 },
      interest: { at: node.now, blocksBefore: 0 },
      completion: { at: node.now, blocksBefore: 0 },
      lastBlockAt: -Infinity,
      interested: false,
      said: new Set(),
      saidAll: false,
      allowedFast: new Set(),
    };
    this.#directions.set(end, begun);
    return begun;
  }

  #parse(direction: Direction): void {
    const { buffer } = direction;
    let at = 0;
    if (!direction.handshake) {
      if (buffer.length < HANDSHAKE_BYTES) return;
      direction.handshake = true;
      at = HANDSHAKE_BYTES;
    }
    while (buffer.length - at >= 4) {
      const length = word(buffer, at);
      const id = buffer[at + 4];
      // Of a PIECE only the header passes here.
      const inBuffer = id === WIRE.piece ? PIECE_FRAME_BYTES : length;
      if (buffer.length - at - 4 < inBuffer) break;
      if (length > 0) this.#frame(direction, id as number, buffer, at + 5, length);
      at += 4 + inBuffer;
    }
    buffer.splice(0, at);
  }

  #frame(direction: Direction, id: number, buffer: number[], at: number, length: number): void {
    const { node, other, end } = direction;
    const piece = word(buffer, at);
    const block = Math.floor(word(buffer, at + 4) / BLOCK_LENGTH_BYTES);
    const key = this.keyOf(piece, block);
    const facing = this.#directions.get(end ^ 1);
    switch (id) {
      case WIRE.have:
        direction.said.add(piece);
        this.#checkHave(node, piece);
        break;
      case WIRE.bitfield:
        for (let bit = 0; bit < (length - 1) * 8; bit += 1)
          if ((((buffer[at + (bit >> 3)] as number) << (bit & 7)) & 0x80) !== 0) direction.said.add(bit);
        return;
      case WIRE.haveAll:
        direction.saidAll = true;
        return;
      case WIRE.allowedFast:
        direction.allowedFast.add(piece);
        return;
      case WIRE.interested:
      case WIRE.notInterested:
        direction.interested = id === WIRE.interested;
        say(direction.interest, direction);
        return;
      case WIRE.request:
        if (facing !== undefined && facing.node === other) checkMayAsk(direction, facing, piece, this.#prompt);
        this.#request(direction, key, piece, block);
        break;
      case WIRE.cancel:
        this.cancelCount += 1;
        direction.asked.delete(key);
        break;
      case WIRE.piece: {
        const bytes = length - PIECE_FRAME_BYTES;
        add(this.#sentBytes, node, bytes);
        direction.underWay.push({ key, bytes });
        break;
      }
      case WIRE.reject:
        facing?.asked.delete(key);
        break;
      case WIRE.choke:
        direction.unchoking = false;
        say(direction.choke, direction);
        break;
      case WIRE.unchoke:
        if (this.#prompt && facing !== undefined && !direction.unchoking) checkAnswered(direction, facing);
        direction.unchoking = true;
        break;
      default:
        return;
    }
    this.onFrame(node, other, id, piece, block);
  }

  #request(direction: Direction, key: number, piece: number, block: number): void {
    const { node, other } = direction;
    this.requestCount += 1;
    const askedAt = direction.asked.get(key);
    if (askedAt !== undefined && !this.#gaveUp(node, askedAt))
      throw new Violation(`node ${node.index} asked one peer twice for block ${block} of piece ${piece}`);
    if (hasBit(node.status().have, piece))
      throw new Violation(`node ${node.index} asked for piece ${piece}, which it has`);
    if (askedAt !== undefined) add(this.#askedAnew, node, 1);
    direction.asked.set(key, node.now);
    const received = this.#received.get(node);
    if (received?.has(key)) {
      this.onAskedAgain(node, other, WIRE.request, piece, block);
      received.delete(key);
    }
  }

  /** What is announced has passed its hash and stands on the disk. */
  #checkHave(node: SimNode, piece: number): void {
    const [proven] = node.proven;
    if (proven === undefined) return;
    const [store, bits] = proven;
    if (!hasBit(bits, piece) && !hasBit(node.status().have, piece))
      throw new Violation(`node ${node.index} announced piece ${piece} before its hash passed`);
    if (!store.holds(piece))
      throw new Violation(`node ${node.index} announced piece ${piece}, which is not on its disk`);
  }
}

function isOpen({ node, conn, end }: Direction): boolean {
  return node.isOpen(conn) && node.endOf(conn) === end;
}

function add(totals: Map<SimNode, number>, node: SimNode, by: number): void {
  totals.set(node, (totals.get(node) ?? 0) + by);
}

function word(bytes: number[], at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
