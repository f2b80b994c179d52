// A network of nodes and connections that carry ordered bytes, on the virtual clock, one message or block at a time.
//
// Blocks (payload runs) are sent one after the other on a node's uplink, in turn over its connections; messages without a block behind or
// before them pass the blocks of other connections, and never a byte of their own. What is written between two `flush` calls leaves
// together. A connection's number is used again only when nothing of it is under way any more, so no event can reach the wrong one.
// Bytes sent = delivered + dropped + under way, always. Lines, windows and the bytes themselves live in the files beside this one.

import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import {
  ACCEPTING,
  ARRIVED_BYTES,
  CLOSED,
  DIALLING,
  DIRTY,
  Ends,
  FLAGS,
  FLIGHT_BYTES,
  FREE,
  LAST_ARRIVAL,
  LATENCY_US,
  LAST_DELIVERY,
  NODE,
  NONE,
  OPEN,
  PENDING,
  QUEUED_BLOCKS,
  QUEUED_BYTES,
  QUIET_BYTES,
  READY,
  READY_NEXT,
  SENDING,
  STALLED_BYTES,
  STATE,
  UNREAD,
  WINDOW_FULL,
} from './ends.ts';
import type { EndReason, NetworkHandler, NetworkOptions } from './handler.ts';
import { type Link, Links, type Partition } from './links.ts';
import { ALIVE, LISTENING, Nodes, ON_UPLINK, REACHABLE, READY_FIRST, READY_LAST } from './nodes.ts';
import { grownFloat, Streams } from './streams.ts';
import { Windows } from './windows.ts';

const REASONS: readonly EndReason[] = ['refused', 'timeout', 'reset', 'ended', 'unreachable'];

const CUT_GAP_US = 20_000;
/** Bytes of messages after which `writable` is said without any block. */
const WRITABLE_BYTES = 16_384;

export class Network {
  readonly links = new Links();
  readonly streams: Streams;
  readonly #ends = new Ends();
  readonly #nodes = new Nodes();
  /** All bytes ever handed to `send` and `sendPayload` of an open connection, and what became of them. */
  sentBytes = 0;
  deliveredBytes = 0;
  droppedBytes = 0;

  readonly #options: NetworkOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #handler: NetworkHandler;
  readonly #windows: Windows;

  /** By connection. */
  #dialledAt = new Float64Array(0);
  #connectionCount = 0;
  readonly #freeConnections: number[] = [];
  /** Ends to be flushed: the first `#dirtyCount` entries. */
  readonly #dirty: number[] = [];
  #dirtyCount = 0;
  readonly #stalled: number[] = [];

  readonly #synArrived: number;
  readonly #dialAnswered: number;
  readonly #dialFailed: number;
  readonly #accepted: number;
  readonly #uplinkDone: number;
  readonly #arrivedKind: number;
  readonly #through: number;
  readonly #writableKind: number;
  readonly #endArrived: number;
  readonly #traceConnected: number;
  readonly #traceDelivered: number;
  readonly #traceDisconnected: number;

  constructor(handler: NetworkHandler, options: NetworkOptions) {
    this.#handler = handler;
    this.streams = new Streams(this.#ends);
    this.#options = options;
    const { clock, trace } = options;
    this.#clock = clock;
    this.#random = options.random;
    this.#windows = new Windows(this.#ends, options.windowBytesMax);
    this.#synArrived = clock.kind((end) => this.#onSyn(end));
    this.#dialAnswered = clock.kind((end) => this.#onDialAnswered(end));
    this.#dialFailed = clock.kind((end, reason) => this.#onDialFailed(end, reason));
    this.#accepted = clock.kind((end) => this.#onAccepted(end));
    this.#uplinkDone = clock.kind((end) => this.#onUplinkDone(end));
    this.#arrivedKind = clock.kind((end, bytes) => this.#onArrived(end, bytes));
    this.#through = clock.kind((end, bytes) => this.#onThrough(end, bytes));
    this.#writableKind = clock.kind((end) => this.#onWritable(end));
    this.#endArrived = clock.kind((end, reason) => this.#onEnd(end, reason));
    this.#traceConnected = trace.label('connected');
    this.#traceDelivered = trace.label('delivered');
    this.#traceDisconnected = trace.label('disconnected');
  }

  /** Adds a node that listens; nodes are numbered from 0. */
  addNode(link: Link): number {
    const node = this.links.add(link);
    this.#nodes.add(node);
    return node;
  }

  /** Whether others can connect to `node`; false refuses them. */
  setListening(node: number, on: boolean): void {
    this.#nodes.set(node, LISTENING, on ? 1 : 0);
  }

  /** False: dials to `node` are lost on the way, as behind NAT. */
  setReachable(node: number, on: boolean): void {
    this.#nodes.set(node, REACHABLE, on ? 1 : 0);
  }

  /** Another access line from now on, also for the connections that there are; what is under way keeps its order. */
  setLink(node: number, link: Link): void {
    this.links.set(node, link);
    for (let end = 0; end < this.#connectionCount * 2; end += 1) {
      if (this.#ends.get(end, STATE) === FREE || this.#ends.get(end, NODE) !== node) continue;
      const latencyUs = this.links.latencyBetween(node, this.#ends.get(end ^ 1, NODE));
      this.#ends.set(end, LATENCY_US, latencyUs);
      this.#ends.set(end ^ 1, LATENCY_US, latencyUs);
    }
  }

  nodeOf(end: number): number {
    return this.#ends.get(end, NODE);
  }

  /** Dials; answered by `connected` or `disconnected` for the end that comes back. */
  connect(from: number, to: number): number {
    let connection = this.#freeConnections.pop();
    if (connection === undefined) {
      connection = this.#connectionCount++;
      if (connection >= this.#dialledAt.length) this.#growConnections(Math.max(64, connection * 2));
    }
    const end = connection * 2;
    const latencyUs = this.links.latencyBetween(from, to);
    this.#open(end, from, DIALLING, latencyUs);
    this.#open(end + 1, to, ACCEPTING, latencyUs);
    this.#dialledAt[connection] = this.#clock.now;
    this.#later(this.#clock.now + latencyUs, this.#synArrived, end, 0);
    return end;
  }

  /** Hands over bytes, copied; they leave at the next `flush`. Ignored where the connection is not open. */
  send(end: number, bytes: Uint8Array): void {
    if (this.#ends.get(end, STATE) !== OPEN || bytes.length === 0) return;
    this.streams.append(end, bytes);
    this.sentBytes += bytes.length;
    this.#markDirty(end);
  }

  /** Hands over payload of which only the stamp travels. */
  sendPayload(end: number, stamp: number, lengthBytes: number): void {
    if (this.#ends.get(end, STATE) !== OPEN) return;
    this.streams.appendPayload(end, stamp, lengthBytes);
    this.sentBytes += lengthBytes;
    this.#markDirty(end);
  }

  /** Lets everything handed over since the last call leave. */
  flush(): void {
    const count = this.#dirtyCount;
    for (let i = 0; i < count; i += 1) {
      const end = this.#dirty[i] as number;
      this.#ends.set(end, FLAGS, this.#ends.get(end, FLAGS) & ~DIRTY);
      if (this.#ends.get(end, STATE) !== OPEN) continue;
      if (this.#ends.get(end, QUEUED_BLOCKS) === 0) this.#departAtOnce(end);
      else if ((this.#ends.get(end, FLAGS) & (READY | WINDOW_FULL | SENDING)) === 0) this.#makeReady(end);
    }
    this.#dirtyCount = 0;
  }

  /** False: what arrives at `end` waits, and in time the sender too. */
  setReading(end: number, on: boolean): void {
    const flags = this.#ends.get(end, FLAGS);
    if (!on) this.#ends.set(end, FLAGS, flags | UNREAD);
    else if ((flags & UNREAD) !== 0) {
      this.#ends.set(end, FLAGS, flags & ~UNREAD);
      this.#later(this.#clock.now, this.#through, end ^ 1, 0);
    }
  }

  /** Ends a connection from one side: what no payload holds up leaves first, as what was written to a socket does; the rest that has not left
   *  is dropped. The other side hears of it after what is under way. */
  close(end: number): void {
    const state = this.#ends.get(end, STATE);
    if (state === FREE || state === CLOSED) return;
    if (state === OPEN && this.#ends.get(end, QUEUED_BLOCKS) === 0) this.#departAtOnce(end);
    this.#shut(end);
    const other = this.#ends.get(end ^ 1, STATE);
    if (other === OPEN || (other === ACCEPTING && state === OPEN)) {
      const at = this.#clock.now + this.#ends.get(end, LATENCY_US);
      this.#later(
        Math.max(at, this.#ends.real(end, LAST_ARRIVAL)),
        this.#endArrived,
        end ^ 1,
        REASONS.indexOf('ended'),
      );
    } else if (other === ACCEPTING) this.#shut(end ^ 1);
    this.#release(end >> 1);
  }

  /** Breaks a connection for both sides now. */
  reset(end: number): void {
    for (const side of [end, end ^ 1]) this.#later(this.#clock.now, this.#endArrived, side, REASONS.indexOf('reset'));
  }

  /** Every end of an open connection, in order of its number; for faults. */
  openEnds(): number[] {
    const ends: number[] = [];
    for (let end = 0; end < this.#connectionCount * 2; end += 1)
      if (this.#ends.get(end, STATE) === OPEN) ends.push(end);
    return ends;
  }

  /** The node is gone: it hears nothing more, its peers see a reset after `noticeUs` (a timeout when that is long), and dials to it
   *  fail until `restart`. */
  crash(node: number, noticeUs: number): void {
    this.#nodes.set(node, ALIVE, 0);
    const reason: EndReason = noticeUs > this.#options.connectTimeoutUs ? 'timeout' : 'reset';
    for (let end = 0; end < this.#connectionCount * 2; end += 1) {
      if (
        this.#ends.get(end, NODE) !== node ||
        this.#ends.get(end, STATE) === FREE ||
        this.#ends.get(end, STATE) === CLOSED
      )
        continue;
      this.#shut(end);
      if (this.#ends.get(end ^ 1, STATE) === OPEN)
        this.#later(this.#clock.now + noticeUs, this.#endArrived, end ^ 1, REASONS.indexOf(reason));
      else if (this.#ends.get(end ^ 1, STATE) === ACCEPTING) this.#shut(end ^ 1);
      this.#release(end >> 1);
    }
  }

  restart(node: number): void {
    this.#nodes.set(node, ALIVE, 1);
  }

  /** Ends one partition, or all; what waited goes on. */
  heal(partition?: Partition): void {
    this.links.heal(partition);
    for (const end of this.#stalled.splice(0)) {
      const bytes = this.#ends.get(end, STALLED_BYTES);
      this.#ends.set(end, STALLED_BYTES, 0);
      if (bytes > 0) this.#later(this.#clock.now, this.#arrivedKind, end, bytes);
    }
  }

  /** Throws where a byte is unaccounted for. */
  checkConservation(): void {
    let underWay = 0;
    for (let end = 0; end < this.#connectionCount * 2; end += 1) {
      const bytes = this.streams.count(end);
      const counted = this.#ends.get(end, QUEUED_BYTES) + this.#ends.get(end, FLIGHT_BYTES);
      if (bytes !== counted) throw new Error(`end ${end} holds ${bytes} bytes and counts ${counted}`);
      underWay += bytes;
    }
    const found = this.deliveredBytes + this.droppedBytes + underWay;
    if (found !== this.sentBytes) throw new Error(`${this.sentBytes} bytes were sent, ${found} are accounted for`);
  }

  #open(end: number, node: number, state: number, latencyUs: number): void {
    this.#ends.set(end, STATE, state);
    this.#ends.set(end, NODE, node);
    this.#ends.set(end, LATENCY_US, latencyUs);
    this.#ends.set(end, FLAGS, 0);
    this.#ends.set(end, ARRIVED_BYTES, 0);
    this.#ends.set(end, STALLED_BYTES, 0);
    this.#ends.setReal(end, LAST_ARRIVAL, 0);
    this.#ends.setReal(end, LAST_DELIVERY, 0);
    this.#ends.set(end, QUIET_BYTES, 0);
    this.#windows.open(end);
  }

  #onSyn(end: number): void {
    const connection = this.#done(end);
    if (this.#ends.get(end, STATE) !== DIALLING) return this.#release(connection);
    const from = this.#ends.get(end, NODE);
    const to = this.#ends.get(end + 1, NODE);
    const latency = this.#ends.get(end, LATENCY_US);
    const alive = this.#nodes.get(to, ALIVE) === 1 && this.#nodes.get(to, REACHABLE) === 1;
    const reached = alive && !this.links.blocked(from, to) && !this.links.blocked(to, from);
    if (!reached) {
      const at = (this.#dialledAt[connection] as number) + this.#options.connectTimeoutUs;
      this.#later(Math.max(at, this.#clock.now), this.#dialFailed, end, REASONS.indexOf('timeout'));
    } else if (this.#nodes.get(to, LISTENING) === 0)
      this.#later(this.#clock.now + latency, this.#dialFailed, end, REASONS.indexOf('refused'));
    else this.#later(this.#clock.now + latency, this.#dialAnswered, end, 0);
  }

  #onDialAnswered(end: number): void {
    const connection = this.#done(end);
    if (this.#ends.get(end, STATE) !== DIALLING) return this.#release(connection);
    this.#ends.set(end, STATE, OPEN);
    const acceptedAt = this.#clock.now + this.#ends.get(end, LATENCY_US);
    // Should the latency fall meanwhile, the first bytes must still not come before the connection does.
    this.#ends.setReal(end, LAST_ARRIVAL, acceptedAt);
    this.#later(acceptedAt, this.#accepted, end + 1, 0);
    this.#tellConnected(end);
  }

  #onAccepted(end: number): void {
    const connection = this.#done(end);
    if (this.#ends.get(end, STATE) !== ACCEPTING) return this.#release(connection);
    this.#ends.set(end, STATE, OPEN);
    this.#tellConnected(end);
  }

  #tellConnected(end: number): void {
    this.#options.trace.record(this.#clock.now, this.#traceConnected, end, this.#ends.get(end, NODE));
    this.#handler.connected(end);
    this.#handler.settled(this.#ends.get(end, NODE));
  }

  #onDialFailed(end: number, reason: number): void {
    const connection = this.#done(end);
    if (this.#ends.get(end, STATE) === DIALLING) {
      this.#shut(end + 1);
      this.#tellDisconnected(end, reason);
    }
    this.#release(connection);
  }

  #onEnd(end: number, reason: number): void {
    const connection = this.#done(end);
    const other = end ^ 1;
    if (this.#ends.get(end, STATE) === OPEN || this.#ends.get(end, STATE) === ACCEPTING) {
      const passed = REASONS[reason] === 'ended';
      if (passed && this.links.blocked(this.#ends.get(other, NODE), this.#ends.get(end, NODE))) {
        this.#later(this.#clock.now + this.#options.connectTimeoutUs, this.#endArrived, end, reason);
        return;
      }
      if (passed && this.#ends.real(other, LAST_DELIVERY) > this.#clock.now) {
        this.#later(this.#ends.real(other, LAST_DELIVERY), this.#endArrived, end, reason);
        return;
      }
      if (this.#ends.get(end, STATE) === OPEN) this.#tellDisconnected(end, reason);
      else this.#shut(end);
    }
    this.#release(connection);
  }

  #tellDisconnected(end: number, reason: number): void {
    const node = this.#ends.get(end, NODE);
    this.#shut(end);
    this.#options.trace.record(this.#clock.now, this.#traceDisconnected, end, reason);
    this.#handler.disconnected(end, REASONS[reason] as EndReason);
    this.#handler.settled(node);
  }

  /** Nothing more is told to this end, and nothing more leaves it. */
  #shut(end: number): void {
    this.#ends.set(end, STATE, CLOSED);
    this.droppedBytes += this.streams.discardQueued(end);
  }

  /** Frees a connection once both ends are closed and no event of it is outstanding. */
  #release(connection: number): void {
    const end = connection * 2;
    if (
      this.#ends.get(end, STATE) !== CLOSED ||
      this.#ends.get(end + 1, STATE) !== CLOSED ||
      this.#ends.get(end, PENDING) + this.#ends.get(end + 1, PENDING) !== 0
    )
      return;
    this.#drop(end, this.#ends.get(end, FLIGHT_BYTES));
    this.#drop(end + 1, this.#ends.get(end + 1, FLIGHT_BYTES));
    this.#ends.set(end, STATE, FREE);
    this.#ends.set(end + 1, STATE, FREE);
    this.#ends.set(end, STALLED_BYTES, 0);
    this.#ends.set(end + 1, STALLED_BYTES, 0);
    this.#freeConnections.push(connection);
  }

  #drop(end: number, bytes: number): void {
    this.streams.discard(end, bytes);
    this.droppedBytes += bytes;
  }

  #markDirty(end: number): void {
    const flags = this.#ends.get(end, FLAGS);
    if ((flags & DIRTY) !== 0) return;
    this.#ends.set(end, FLAGS, flags | DIRTY);
    this.#dirty[this.#dirtyCount] = end;
    this.#dirtyCount += 1;
  }

  #departAtOnce(end: number): void {
    const bytes = this.streams.depart(end);
    if (bytes === 0) return;
    const left = this.links.sendAtOnce(this.#ends.get(end, NODE), bytes, this.#clock.now);
    this.#travel(end, bytes, left, -bytes);
    const quiet = this.#ends.get(end, QUIET_BYTES) + bytes;
    this.#ends.set(end, QUIET_BYTES, quiet);
    if (quiet < WRITABLE_BYTES) return;
    this.#ends.set(end, QUIET_BYTES, 0);
    this.#later(this.#clock.now, this.#writableKind, end, 0);
  }

  /** Puts an end with blocks into its node's ring, unless its window is full. */
  #makeReady(end: number): void {
    if (!this.#windows.allows(end, this.#ends.get(end, FLIGHT_BYTES), WRITABLE_BYTES)) {
      this.#ends.set(end, FLAGS, this.#ends.get(end, FLAGS) | WINDOW_FULL);
      return;
    }
    this.#ends.set(end, FLAGS, (this.#ends.get(end, FLAGS) | READY) & ~WINDOW_FULL);
    const node = this.#ends.get(end, NODE);
    // A place in the ring is outstanding like an event: the number must not be used again while it stands there.
    this.#ends.add(end, PENDING, 1);
    this.#ends.set(end, READY_NEXT, NONE);
    if (this.#nodes.get(node, READY_FIRST) === NONE) this.#nodes.set(node, READY_FIRST, end);
    else this.#ends.set(this.#nodes.get(node, READY_LAST), READY_NEXT, end);
    this.#nodes.set(node, READY_LAST, end);
    if (this.#nodes.get(node, ON_UPLINK) === NONE) this.#sendNext(node);
  }

  #sendNext(node: number): void {
    while (this.#nodes.get(node, READY_FIRST) !== NONE) {
      const end = this.#nodes.get(node, READY_FIRST);
      this.#nodes.set(node, READY_FIRST, this.#ends.get(end, READY_NEXT));
      this.#ends.set(end, FLAGS, this.#ends.get(end, FLAGS) & ~READY);
      const connection = this.#done(end);
      if (this.#ends.get(end, STATE) !== OPEN) {
        this.#release(connection);
        continue;
      }
      const bytes = this.streams.depart(end);
      const left = this.links.sendQueued(node, bytes, this.#clock.now);
      this.#nodes.set(node, ON_UPLINK, end);
      this.#ends.set(end, FLAGS, this.#ends.get(end, FLAGS) | SENDING);
      this.#later(Math.ceil(left), this.#uplinkDone, end, 0);
      this.#travel(end, bytes, left, bytes);
      return;
    }
  }

  /** `size`: the bytes, negative where they pass queues. */
  #travel(end: number, bytes: number, leftAt: number, size: number): void {
    const latency = this.#ends.get(end, LATENCY_US);
    const from = this.#ends.get(end, NODE);
    const to = this.#ends.get(end ^ 1, NODE);
    let arrival = leftAt + latency;
    if (size > 0) arrival += this.#windows.excessUs(end, bytes, latency);
    arrival += this.links.jitter(from, to, this.#random);
    if (this.links.loses(from, to, bytes, this.#random)) arrival += this.#windows.lost(end, bytes, latency);
    arrival = Math.max(Math.ceil(arrival), this.#ends.real(end, LAST_ARRIVAL));
    this.#ends.setReal(end, LAST_ARRIVAL, arrival);
    this.#later(arrival, this.#arrivedKind, end, size);
  }

  #onUplinkDone(end: number): void {
    const connection = this.#done(end);
    const node = this.#ends.get(end, NODE);
    this.#nodes.set(node, ON_UPLINK, NONE);
    this.#ends.set(end, FLAGS, this.#ends.get(end, FLAGS) & ~SENDING);
    const blocks = this.#ends.get(end, QUEUED_BLOCKS);
    if (this.#ends.get(end, STATE) === OPEN) {
      if (blocks > 0) this.#makeReady(end);
      else if (this.#ends.get(end, QUEUED_BYTES) > 0) this.#departAtOnce(end);
    }
    if (this.#nodes.get(node, ON_UPLINK) === NONE) this.#sendNext(node);
    if (this.#ends.get(end, STATE) === OPEN && blocks <= 1) this.#tellWritable(end);
    else this.#release(connection);
  }

  #onWritable(end: number): void {
    const connection = this.#done(end);
    if (this.#ends.get(end, STATE) === OPEN && this.#ends.get(end, QUEUED_BLOCKS) <= 1) this.#tellWritable(end);
    else this.#release(connection);
  }

  #tellWritable(end: number): void {
    this.#ends.set(end, QUIET_BYTES, 0);
    this.#handler.writable(end);
    this.#handler.settled(this.#ends.get(end, NODE));
  }

  /** A run reached the receiver's line. */
  #onArrived(end: number, size: number): void {
    const connection = this.#done(end);
    const bytes = Math.abs(size);
    if (this.#ends.get(end ^ 1, STATE) !== OPEN) {
      this.#drop(end, bytes);
      return this.#release(connection);
    }
    const to = this.#ends.get(end ^ 1, NODE);
    if (this.#ends.get(end, STALLED_BYTES) > 0 || this.links.blocked(this.#ends.get(end, NODE), to)) {
      if (this.#ends.get(end, STALLED_BYTES) === 0) this.#stalled.push(end);
      this.#ends.add(end, STALLED_BYTES, bytes);
      return;
    }
    const now = this.#clock.now;
    let through = now;
    if (size > 0) through = Math.ceil(this.links.receiveQueued(to, bytes, now));
    else this.links.receiveAtOnce(to, bytes, now);
    through = Math.max(through, this.#ends.real(end, LAST_DELIVERY));
    if (through > now) {
      this.#ends.setReal(end, LAST_DELIVERY, through);
      this.#later(through, this.#through, end, bytes);
      return;
    }
    this.#ends.add(end, ARRIVED_BYTES, bytes);
    this.#deliver(end);
  }

  #onThrough(end: number, bytes: number): void {
    const connection = this.#done(end);
    this.#ends.add(end, ARRIVED_BYTES, bytes);
    if (this.#ends.get(end ^ 1, STATE) === OPEN) this.#deliver(end);
    else this.#release(connection);
  }

  #deliver(end: number): void {
    const receiver = end ^ 1;
    let bytes = this.#ends.get(end, ARRIVED_BYTES);
    if (bytes === 0 || (this.#ends.get(receiver, FLAGS) & UNREAD) !== 0) return;
    if (bytes > 1 && this.#random.chance(this.#options.cutPerMillion)) {
      bytes = this.#random.between(1, bytes - 1);
      this.#later(this.#clock.now + this.#random.below(CUT_GAP_US), this.#through, end, 0);
    }
    this.#ends.add(end, ARRIVED_BYTES, -bytes);
    this.deliveredBytes += bytes;
    this.#windows.delivered(end, bytes);
    this.#options.trace.record(this.#clock.now, this.#traceDelivered, end, bytes);
    const node = this.#ends.get(receiver, NODE);
    // The receiver may close while it is being told: the connection stays until the last byte is out.
    this.#ends.add(end, PENDING, 1);
    this.streams.deliver(end, bytes, this.#handler);
    if ((this.#ends.get(end, FLAGS) & WINDOW_FULL) !== 0 && this.#ends.get(end, STATE) === OPEN) this.#makeReady(end);
    const connection = this.#done(end);
    this.#handler.settled(node);
    this.#release(connection);
  }

  #later(at: number, kind: number, end: number, b: number): void {
    this.#ends.add(end, PENDING, 1);
    this.#clock.schedule(at, kind, end, b);
  }

  #done(end: number): number {
    this.#ends.add(end, PENDING, -1);
    return end >> 1;
  }

  #growConnections(connections: number): void {
    const ends = connections * 2;
    this.#ends.grow(ends);
    this.#dialledAt = grownFloat(this.#dialledAt, connections, 0);
  }
}
