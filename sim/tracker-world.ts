// How nodes reach trackers in the simulated world: answers over HTTP come after a while, UDP trackers are spoken to by the engine's own
// machines over datagrams, as the client's tracker thread does it with sockets.
//
// Every node has its machines as long as its program runs; a crash forgets them. Which address a name leads to stands here too.

import {
  type AnnounceReply,
  type AnnounceRequest,
  type JobId,
  type PeerAddress,
  type ScrapeReply,
  type ScrapeRequest,
  UdpTrackers,
} from '#engine';
import { type Clock, Datagrams, type Network, type Random, Timers, type Trace } from '#harness';
import type { FaultEffect } from './faults/fault-point.ts';
import { lineOf } from './line.ts';
import type { SimNode } from './sim-node.ts';
import { DEFAULT_TRACKER, familyOf, SimTracker, type TrackerSetting } from './sim-tracker.ts';
import { SimUdpTracker, type UdpEndpoint, type UdpWorld } from './sim-udp-tracker.ts';

/** What it needs of the swarm. */
export interface TrackerHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  readonly network: Network;
  /** By number in the network; null: no node. */
  nodeAt(index: number): SimNode | null;
  /** The next place at which a fault may strike. */
  faultAt(node: SimNode, site: 'message' | 'reply'): FaultEffect | null;
}

/** An answer on its way to the engine that asked. */
interface PendingAnswer {
  readonly node: SimNode;
  readonly incarnation: number;
  readonly deliver: (lost: boolean) => void;
}

/** The UDP trackers of one node's program. */
interface NodeUdp {
  readonly incarnation: number;
  readonly machines: UdpTrackers;
}

const SECOND_US = 1_000_000;
const NO_HOST = { ok: false, reason: 'no such host' } as const;
const UNREACHABLE = { ok: false, reason: 'the network is unreachable' } as const;
const LOST = { ok: false, reason: 'the answer was lost' } as const;
const TRACKER_PORT = 6969;

export class TrackerWorld implements UdpWorld {
  readonly trackers: readonly SimTracker[];
  readonly datagrams: Datagrams;
  readonly #host: TrackerHost;
  /** The UDP side of those that have one. */
  readonly #udp = new Map<SimTracker, SimUdpTracker>();
  /** By number in the network. */
  readonly #endpoints = new Map<number, { readonly tracker: SimUdpTracker; readonly endpoint: UdpEndpoint }>();
  readonly #nodes: NodeUdp[] = [];
  readonly #timers: Timers;
  readonly #answers: (PendingAnswer | null)[] = [];
  readonly #free: number[] = [];
  readonly #answered: number;

  constructor(host: TrackerHost, trackers: readonly TrackerSetting[]) {
    this.#host = host;
    const { clock, network, random, trace } = host;
    this.datagrams = new Datagrams({
      links: network.links,
      clock,
      random: random.fork('datagrams'),
      trace,
      handler: (to, from, bytes) => this.#received(to, from, bytes),
    });
    this.#timers = new Timers(clock, (index) => this.#tick(index));
    this.#answered = clock.kind((slot) => this.#onAnswered(slot));
    this.trackers = trackers.map(({ udp, ...options }, index) => {
      const own = random.fork(`tracker ${index}`);
      const tracker = new SimTracker(
        { ...DEFAULT_TRACKER, ...options, udp: { ...DEFAULT_TRACKER.udp, ...udp } },
        clock,
        own,
      );
      if (tracker.options.url.startsWith('udp:')) this.#addUdp(tracker, own.fork('udp'));
      return tracker;
    });
  }

  #addUdp(books: SimTracker, random: Random): void {
    const { network, clock } = this.#host;
    const endpoints = books.options.udp.families.map((family): UdpEndpoint => {
      const index = network.addNode(lineOf(books.options.udp.line));
      network.setListening(index, false);
      this.datagrams.setListening(index, true);
      return { index, address: { host: hostOf(index, family), port: TRACKER_PORT } };
    });
    const tracker = new SimUdpTracker(books, endpoints, this, { clock, random });
    this.#udp.set(books, tracker);
    for (const endpoint of endpoints) this.#endpoints.set(endpoint.index, { tracker, endpoint });
  }

  /** Places in the network that trackers take. */
  get endpointCount(): number {
    return this.#endpoints.size;
  }

  isEndpoint(index: number): boolean {
    return this.#endpoints.has(index);
  }

  /** The UDP side of a tracker. Throws where it has none. */
  udpOf(tracker: SimTracker): SimUdpTracker {
    const udp = this.#udp.get(tracker);
    if (udp === undefined) throw new Error(`${tracker.options.url} is no UDP tracker`);
    return udp;
  }

  announce(node: SimNode, job: JobId, request: AnnounceRequest): void {
    const { now } = this.#host.clock;
    const tracker = this.#find(request.url);
    const udp = tracker && this.#udp.get(tracker);
    const announced = (reply: AnnounceReply) => this.#announced(node, job, reply);
    if (tracker === undefined) return this.#later(now + SECOND_US, node, NO_HOST, announced);
    const { networkChangedAt } = node;
    tracker.asked[node.index] = { job, at: now, networkChangedAt, answeredAt: null, failedAt: null };
    if (udp === undefined) {
      const { at, reply } = tracker.announce(node.index, node.address, request);
      return this.#later(at, node, reply, (given) => {
        if (given === LOST) tracker.replyLost(node.index, request);
        announced(given);
      });
    }
    const to = reachable(udp, node);
    if (to.length === 0) return this.#later(now, node, UNREACHABLE, announced);
    this.#machinesOf(node).machines.announce(now, job, request, to);
    this.#drain(node);
  }

  /** What an engine has asked anew since is not answered any more by what was answered before. */
  #announced(node: SimNode, job: JobId, reply: AnnounceReply): void {
    for (const { asked } of this.trackers) {
      const last = asked[node.index];
      if (last?.job === job) last[reply.ok ? 'answeredAt' : 'failedAt'] = this.#host.clock.now;
    }
    node.announced(job, reply);
  }

  scrape(node: SimNode, job: JobId, request: ScrapeRequest): void {
    const { now } = this.#host.clock;
    const tracker = this.#find(request.url);
    const udp = tracker && this.#udp.get(tracker);
    const scraped = (reply: ScrapeReply) => node.scraped(job, reply);
    if (tracker === undefined) return this.#later(now + SECOND_US, node, NO_HOST, scraped);
    if (udp === undefined) {
      const { at, reply } = tracker.scrape(request.infoHashes.length);
      return this.#later(at, node, reply, scraped);
    }
    const [to] = reachable(udp, node);
    if (to === undefined) return this.#later(now, node, UNREACHABLE, scraped);
    this.#machinesOf(node).machines.scrape(now, job, request.infoHashes, to);
    this.#drain(node);
  }

  // ── datagrams ──

  sendDatagram(from: number, to: number, bytes: Uint8Array): void {
    this.datagrams.send(from, to, bytes);
  }

  addressOf(node: number, family: 4 | 6): PeerAddress {
    return (this.#host.nodeAt(node) as SimNode).addressIn(family);
  }

  #received(to: number, from: number, bytes: Uint8Array): void {
    const at = this.#endpoints.get(to);
    if (at !== undefined) return at.tracker.received(at.endpoint, from, bytes);
    const node = this.#host.nodeAt(to);
    const source = this.#endpoints.get(from);
    if (node === null || !node.running || source === undefined) return;
    const effect = this.#host.faultAt(node, 'message');
    if (effect === 'fail' || effect === 'crash') return;
    const whole = effect === null ? bytes : bytes.subarray(0, bytes.length >> 1);
    this.#machinesOf(node).machines.received(this.#host.clock.now, source.endpoint.address, whole);
    this.#drain(node);
  }

  #tick(index: number): void {
    const node = this.#host.nodeAt(index);
    if (node === null || !node.running) return;
    this.#machinesOf(node).machines.tick(this.#host.clock.now);
    this.#drain(node);
  }

  #machinesOf(node: SimNode): NodeUdp {
    const known = this.#nodes[node.index];
    if (known !== undefined && known.incarnation === node.incarnation) return known;
    const random = this.#host.random.fork(`udp trackers ${node.index} ${node.incarnation}`);
    const made = { incarnation: node.incarnation, machines: new UdpTrackers(random) };
    this.#nodes[node.index] = made;
    this.datagrams.setListening(node.index, true);
    return made;
  }

  /** Sends what the machines want sent. Their answers wait until the engine can be called. */
  #drain(node: SimNode): void {
    const { machines } = this.#machinesOf(node);
    const { now } = this.#host.clock;
    machines.drain(now, {
      sendDatagram: (to, bytes) => this.#send(node, this.#indexOf(to), bytes),
      announced: (job, reply) => this.#later(now, node, reply, (given) => this.#announced(node, job, given)),
      scraped: (job, reply) => this.#later(now, node, reply, (given) => node.scraped(job, given)),
    });
    this.#timers.set(node.index, machines.nextTimeout());
  }

  #send(node: SimNode, to: number, bytes: Uint8Array): void {
    this.#endpoints.get(to)?.tracker.sending(to, node.index, bytes);
    this.datagrams.send(node.index, to, bytes);
  }

  #indexOf({ host }: PeerAddress): number {
    for (const [index, { endpoint }] of this.#endpoints) if (endpoint.address.host === host) return index;
    throw new Error(`no tracker is at ${host}`);
  }

  // ── answers ──

  /** Hands `reply` over at `at`, or `LOST` where a fault strikes it; nothing to a program that has ended by then. */
  #later<R>(at: number, node: SimNode, reply: R, hand: (given: R | typeof LOST) => void): void {
    const slot = this.#free.pop() ?? this.#answers.length;
    const deliver = (lost: boolean) => hand(lost ? LOST : reply);
    this.#answers[slot] = { node, incarnation: node.incarnation, deliver };
    this.#host.clock.schedule(at, this.#answered, slot, 0);
  }

  #onAnswered(slot: number): void {
    const { node, incarnation, deliver } = this.#answers[slot] as PendingAnswer;
    this.#answers[slot] = null;
    this.#free.push(slot);
    if (node.incarnation !== incarnation || !node.running) return;
    const effect = this.#host.faultAt(node, 'reply');
    if (effect !== 'crash') deliver(effect !== null);
  }

  #find(url: string): SimTracker | undefined {
    return this.trackers.find(({ options }) => options.url === url);
  }
}

/** The address of place `index` of the network in one family. */
export function hostOf(index: number, family: 4 | 6): string {
  if (family === 4) return `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  const high = index >> 16;
  return `fd00::${high === 0 ? '' : `${high.toString(16)}:`}${(index & 0xffff).toString(16)}`;
}

/** The tracker's addresses that a node can send to. */
function reachable({ endpoints }: SimUdpTracker, node: SimNode): PeerAddress[] {
  return endpoints.map(({ address }) => address).filter((address) => node.families.includes(familyOf(address)));
}
