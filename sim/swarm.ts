// A swarm: nodes with real engines, one network, one clock, trackers, and the rules that every run must keep.
//
// A scenario adds nodes, lets time pass until something holds, and checks what it came for. All chance comes from the seed; every event that
// matters goes into the trace, so that a seed has one digest.

import {
  type AnnounceRequest,
  type Engine,
  type EntryWriter,
  type EventName,
  EVENTS,
  type JobId,
  type PeerAddress,
  recordEngine,
  type Recorded,
  type ResumeData,
  type ScrapeRequest,
  type Settings,
  type Stamp,
  type TorrentId,
} from '#engine';
import { Clock, type EndReason, Network, type NetworkHandler, Random, Timers, Trace, type TraceWindow } from '#harness';
import { DistributionBound, type Uplink } from './distribution-bound.ts';
import { checkBan, checkFault, checkFlushed, checkNode, checkResume, checkVerified, Violation } from './invariants.ts';
import { type FaultKind, FaultLog, type FaultRecord } from './faults/fault-log.ts';
import { type FaultEffect, type FaultPoint, FaultPoints, type FaultSite } from './faults/fault-point.ts';
import { type LineOptions, lineOf } from './line.ts';
import { Recorder } from './recorder.ts';
import { NO_CONN, type NodeOptions, type NodeWorld, SimNode } from './sim-node.ts';
import { familyOf, type SimTracker, type TrackerSetting } from './sim-tracker.ts';
import type { Store } from './store.ts';
import { hostOf, TrackerWorld } from './tracker-world.ts';
import { type ContentsOptions, TorrentContents } from './torrent-contents.ts';
import type { WireObserver } from './wire-observer.ts';

export interface SwarmOptions {
  readonly seed: number;
  readonly contents: ContentsOptions;
  /** Empty: no tracker. */
  readonly trackers?: readonly TrackerSetting[];
  readonly windowBytesMax?: number;
  /** Deliveries that are cut at a random byte, per million. */
  readonly cutPerMillion?: number;
  /** How often one engine's own invariants are checked, in turn over the nodes; 0 = only at the end. */
  readonly checkEveryMs?: number;
  /** One fault at one place of the run. */
  readonly faultPoint?: FaultPoint;
  /** A user resumes a torrent that failed after so many seconds; left out: never, but where a fault point is set. */
  readonly repairAfterS?: number;
  /** Keep what a report shows (`recorder`). */
  readonly record?: boolean;
  /** Where the inputs of one node's engines are written, through its crashes and restarts. `node`: its index, from 1. */
  readonly journal?: { readonly node: number; readonly log: EntryWriter };
  /** Events kept for a comparison of runs. */
  readonly keepTrace?: TraceWindow | null;
  /** For every engine, over what the scenario sets: an experiment. */
  readonly settings?: Partial<Settings>;
  /** Plants a fault in every engine that has none of its own. */
  readonly wrap?: NodeOptions['wrap'];
}

export type NodeSetting = Partial<Omit<NodeOptions, 'link' | 'seed'>> & LineOptions;

const SECOND_US = 1_000_000;
const REPAIR_AFTER_S = 5;
const LISTEN_PORT = 6881;
const EPHEMERAL_PORT = 49_152;
const EVENT_NAMES = Object.keys(EVENTS) as EventName[];

export class Swarm implements NetworkHandler, NodeWorld {
  readonly seed: number;
  readonly random: Random;
  readonly clock = new Clock();
  readonly trace: Trace;
  readonly network: Network;
  readonly contents: TorrentContents;
  readonly trackerWorld: TrackerWorld;
  /** Everyone that ever was, in order of joining. */
  readonly nodes: SimNode[] = [];
  /** What a scenario checked, in its own words. */
  checkCount = 0;
  /** Sees every byte that engines send, where a scenario asks for it: it costs. */
  observer: WireObserver | null = null;
  /** Told of each leecher that became complete, at that instant, once its engine has settled. */
  onComplete: ((node: SimNode) => void) | null = null;
  readonly recorder: Recorder | null;

  /** Lines that a scenario adds to its result. */
  readonly notes: string[] = [];

  /** Counts the places at which a fault point can strike. */
  readonly faultPoints: FaultPoints;
  readonly #repairAfterS: number | null;
  readonly #faultLog: FaultLog;
  readonly #bound = new DistributionBound();
  readonly #byIndex: (SimNode | null)[] = [];
  readonly #byHost = new Map<string, SimNode>();
  readonly #counts = new Float64Array(EVENT_NAMES.length);
  readonly #eventIndex = new Map(EVENT_NAMES.map((name, index) => [name, index]));
  readonly #traceEvents: number;
  readonly #timers: Timers;
  readonly #diskDone: number;
  readonly #scheduled: number;
  readonly #actions: (() => void)[] = [];
  readonly #checkEveryUs: number;
  readonly #wrap: NodeOptions['wrap'];
  readonly #journal: SwarmOptions['journal'];
  readonly #settings: Partial<Settings>;
  readonly #checkTurn: number;
  /** Connection id of each end at its node's engine. */
  #conns = new Int32Array(1024);

  constructor(options: SwarmOptions) {
    this.seed = options.seed;
    this.trace = new Trace(options.keepTrace);
    const { clock, trace } = this;
    this.random = new Random(options.seed, {
      label: (text) => trace.label(text),
      drawn: (label, value) => trace.record(clock.now, label, value, 0),
    });
    const { random } = this;
    this.#settings = options.settings ?? {};
    this.network = new Network(this, {
      clock,
      random: random.fork('network'),
      trace,
      windowBytesMax: options.windowBytesMax ?? 4 * 1024 * 1024,
      cutPerMillion: options.cutPerMillion ?? 0,
      connectTimeoutUs: 10 * SECOND_US,
    });
    // Where addresses lead that belong to nobody.
    this.network.crash(this.network.addNode(lineOf({ upKBps: 1, downKBps: 1 })), 0);
    this.#byIndex.push(null);
    this.trackerWorld = new TrackerWorld(this, options.trackers ?? [{}]);
    for (let place = 0; place < this.trackerWorld.endpointCount; place += 1) this.#byIndex.push(null);
    this.contents = new TorrentContents(random.fork('contents'), {
      announceTiers: this.trackers.map(({ options: { url } }) => [url]),
      ...options.contents,
    });
    this.recorder = options.record === true ? new Recorder(this) : null;
    this.#timers = new Timers(clock, (index) => this.#byIndex[index]?.tick());
    this.#diskDone = clock.kind((index, operation) => this.#byIndex[index]?.disk.finish(operation));
    this.#scheduled = clock.kind((action) => (this.#actions[action] as () => void)());
    this.#checkTurn = clock.kind((turn) => this.#checkNext(turn));
    this.#wrap = options.wrap ?? null;
    this.#journal = options.journal;
    this.#checkEveryUs = (options.checkEveryMs ?? 100) * 1_000;
    this.#traceEvents = EVENT_NAMES.map((name) => trace.label(name))[0] as number;
    this.#faultLog = new FaultLog(trace);
    this.faultPoints = new FaultPoints(options.faultPoint ?? null);
    this.#repairAfterS = options.repairAfterS ?? (options.faultPoint === undefined ? null : REPAIR_AFTER_S);
    if (this.#checkEveryUs > 0) clock.schedule(this.#checkEveryUs, this.#checkTurn, 0, 0);
  }

  // ── arranging ──

  /** Adds a node with a complete honest copy that starts now. */
  addSeed(setting: NodeSetting): SimNode {
    return this.#join(setting, true, 0);
  }

  /** Adds nodes without any content. They start at random instants within `withinS` seconds, 0 = all now. */
  addLeechers(count: number, setting: NodeSetting, withinS = 0): SimNode[] {
    const random = this.random.fork(`joins ${this.nodes.length}`);
    const spanUs = Math.round(withinS * SECOND_US);
    return Array.from({ length: count }, () => this.#join(setting, false, spanUs === 0 ? 0 : random.below(spanUs)));
  }

  addLeecher(setting: NodeSetting): SimNode {
    return this.#join(setting, false, 0);
  }

  /** Adds a node that does not start by itself: prepare its disk, then `node.start(swarm.contents)`. */
  prepare(setting: NodeSetting, seed = false): SimNode {
    const index = this.network.addNode(lineOf(setting));
    this.network.setListening(index, false);
    const families = setting.families ?? [4];
    const addresses = families.map((family) => ({ host: hostOf(index, family), port: LISTEN_PORT }));
    const random = this.random.fork(`node ${index}`);
    const options: NodeOptions = {
      link: lineOf(setting),
      families,
      seed,
      settings: { ...setting.settings, ...this.#settings },
      disk: setting.disk ?? {},
      reachable: setting.reachable ?? true,
      byMagnet: setting.byMagnet ?? false,
      honest: setting.honest ?? true,
      forge: setting.forge ?? null,
      wrap: setting.wrap ?? this.#wrap,
    };
    const node = new SimNode(index, options, addresses, this, random);
    this.nodes.push(node);
    this.#byIndex.push(node);
    for (const { host } of addresses) this.#byHost.set(host, node);
    if (!options.reachable) this.struck('unreachable', { node });
    if (options.forge !== null) this.struck('lie', { node });
    return node;
  }

  /** Does something at an instant of virtual time, in seconds since the run began. */
  at(seconds: number, action: () => void): void {
    const instant = Math.max(this.clock.now, Math.round(seconds * SECOND_US));
    this.clock.schedule(instant, this.#scheduled, this.#actions.push(action) - 1, 0);
  }

  /** Does something a while from now, in seconds. */
  after(seconds: number, action: () => void): void {
    this.at(this.nowS + seconds, action);
  }

  /** Notes a fault, in the list and in the trace; whoever causes one says so here. `untilS`: when it ends by plan. */
  struck(
    kind: FaultKind,
    where: { node?: SimNode | undefined; other?: SimNode | undefined; untilS?: number } = {},
  ): void {
    const { node, other, untilS } = where;
    if (kind === 'crash' && node !== undefined) this.observer?.forget(node);
    if (kind === 'crash' && node !== undefined) this.recorder?.crashing(node);
    this.#faultLog.record({
      atS: this.nowS,
      kind,
      node: node?.index ?? null,
      other: other?.index ?? null,
      untilS: untilS ?? null,
    });
  }

  // ── running ──

  get nowS(): number {
    return this.clock.now / SECOND_US;
  }

  /** Lets time pass. */
  run(seconds: number): void {
    this.clock.run(this.clock.now + Math.round(seconds * SECOND_US));
  }

  /** Lets time pass until something holds; a check that it does so within the given seconds. */
  until(what: string, holds: () => boolean, withinS: number, detail = () => this.#progress()): void {
    const reached = holds() || this.clock.run(this.clock.now + Math.round(withinS * SECOND_US), holds);
    this.check(`${what} within ${Number(withinS.toFixed(3))} s`, reached, detail);
  }

  /** Lets time pass until every leecher (or those given) has everything. */
  untilComplete(withinS: number, nodes: readonly SimNode[] = this.leechers): void {
    let at = 0;
    this.until(
      'everyone complete',
      () => {
        while (at < nodes.length && (nodes[at] as SimNode).complete) at += 1;
        return at === nodes.length;
      },
      withinS,
      () => this.#progress(nodes),
    );
  }

  /** Cuts a node off from all others, both ways; answers how that ends. */
  cutOff({ index }: SimNode): () => void {
    const rest = this.nodes.map((node) => node.index).filter((other) => other !== index);
    const { links } = this.network;
    const cuts = [links.partition([index], rest), links.partition(rest, [index])];
    return () => cuts.forEach((cut) => this.network.heal(cut));
  }

  /** What a scenario claims. A claim that does not hold ends the run as failed; `detail` is worked out only then. */
  check(claim: string, holds: boolean, detail: () => string = () => ''): void {
    this.checkCount += 1;
    if (!holds) throw new Violation(`not so: ${claim}. ${detail()}`.trim(), claim);
  }

  /** The judgement at the end of every run. */
  finish(): void {
    for (const node of this.nodes) {
      checkNode(node);
      checkFlushed(node);
    }
    this.network.checkConservation();
    this.trackerWorld.datagrams.checkConservation();
    this.#checkBound();
    this.checkCount += this.nodes.length + 2;
  }

  // ── looking ──

  get trackers(): readonly SimTracker[] {
    return this.trackerWorld.trackers;
  }

  /** The node at a place of the network, null = none. */
  nodeAt(index: number): SimNode | null {
    return this.#byIndex[index] ?? null;
  }

  get leechers(): SimNode[] {
    return this.nodes.filter(({ options }) => !options.seed);
  }

  /** How often an engine said that something happened, over all nodes. */
  count(name: EventName): number {
    return this.#counts[this.#eventIndex.get(name) as number] as number;
  }

  /** Faults that struck, in order; the first 10,000. */
  get faults(): readonly FaultRecord[] {
    return this.#faultLog.records;
  }

  faultCount(kind: FaultKind): number {
    return this.#faultLog.count(kind);
  }

  /** Names of everything that happened at least once. */
  marks(): EventName[] {
    return EVENT_NAMES.filter((name) => this.count(name) > 0);
  }

  /** The node at the other end of a connection, also after its close. */
  other(node: SimNode, conn: number): SimNode | null {
    const end = node.endOf(conn);
    return end < 0 ? null : (this.#byIndex[this.network.nodeOf(end ^ 1)] ?? null);
  }

  /** Payload and all else that reached nodes, in bytes. */
  get deliveredBytes(): number {
    return this.network.deliveredBytes;
  }

  // ── the network's handler ──

  connected(end: number): void {
    const node = this.#byIndex[this.network.nodeOf(end)] as SimNode;
    const outgoing = (end & 1) === 0;
    const other = this.#byIndex[this.network.nodeOf(end ^ 1)] as SimNode;
    const address = outgoing ? other.address : { host: other.address.host, port: EPHEMERAL_PORT + (end % 16_000) };
    this.#setConn(end, node.connected(end, outgoing ? (this.#conns[end] as number) : null, address));
  }

  received(end: number, bytes: Uint8Array): void {
    const node = this.#byIndex[this.network.nodeOf(end)] as SimNode;
    const effect = node.running ? this.faultAt(node, 'message') : null;
    if (effect !== null) bytes = bytes.subarray(0, this.#partOf(bytes.length, effect));
    if (bytes.length > 0) node.received(this.#conns[end] as number, bytes);
    if (effect !== null) this.#break(node, end);
  }

  receivedPayload(end: number, stamp: Stamp, lengthBytes: number): void {
    const node = this.#byIndex[this.network.nodeOf(end)] as SimNode;
    const effect = node.running ? this.faultAt(node, 'message') : null;
    if (effect !== null) lengthBytes = this.#partOf(lengthBytes, effect);
    if (lengthBytes > 0) {
      this.observer?.receivedPayload(node, end, stamp, lengthBytes);
      this.recorder?.received(this.#byIndex[this.network.nodeOf(end ^ 1)] ?? null, node, lengthBytes);
      node.receivedPayload(this.#conns[end] as number, stamp, lengthBytes);
    }
    if (effect !== null) this.#break(node, end);
  }

  writable(end: number): void {
    (this.#byIndex[this.network.nodeOf(end)] as SimNode).writable(this.#conns[end] as number);
  }

  disconnected(end: number, why: EndReason): void {
    (this.#byIndex[this.network.nodeOf(end)] as SimNode).disconnected(this.#conns[end] as number, why);
  }

  settled(index: number): void {
    this.#byIndex[index]?.settle();
  }

  // ── the world of the nodes ──

  dial(node: SimNode, conn: number, address: PeerAddress): number {
    const to = this.#byHost.get(address.host);
    this.observer?.onDial(node, to ?? null);
    const leads = to !== undefined && address.port === LISTEN_PORT && node.families.includes(familyOf(address));
    const end = this.network.connect(node.index, leads ? to.index : 0);
    this.observer?.dialling(end);
    this.#setConn(end, conn);
    return end;
  }

  announce(node: SimNode, job: JobId, request: AnnounceRequest): void {
    this.trackerWorld.announce(node, job, request);
  }

  scrape(node: SimNode, job: JobId, request: ScrapeRequest): void {
    this.trackerWorld.scrape(node, job, request);
  }

  created(node: SimNode, engine: Engine, made: Recorded): Engine {
    return node.index === this.#journal?.node ? recordEngine(engine, made, this.#journal.log) : engine;
  }

  armDisk(node: SimNode, at: number, operation: number): void {
    this.clock.schedule(at, this.#diskDone, node.index, operation);
  }

  armTimer(node: SimNode, at: number | null): void {
    this.#timers.set(node.index, at);
  }

  happened(node: SimNode, name: EventName, torrent: TorrentId, a: number, b: number): void {
    const index = this.#eventIndex.get(name) as number;
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.trace.record(this.clock.now, this.#traceEvents + index, node.index, Math.imul(a, 65_599) + b);
    this.recorder?.happened(node, name, torrent, a, b);
    if (name === 'pieceVerified') checkVerified(node, torrent, a);
    else if (name === 'downloadCompleted') {
      this.#bound.completed(node.stores[torrent] as Store);
      this.observer?.completed(node);
      if (this.onComplete !== null) this.after(0, () => this.onComplete?.(node));
    } else if (name === 'peerBanned') checkBan(node, this.other(node, a));
    else if (name === 'peerFault' && torrent !== -1) checkFault(node, this.other(node, a));
    else if (name === 'torrentFailed' && this.#repairAfterS !== null)
      this.after(this.#repairAfterS, () => node.repair(torrent));
  }

  added(node: SimNode, store: Store): void {
    this.#bound.added(node, store);
  }

  sending(node: SimNode, conn: number, bytes: Uint8Array): void {
    this.observer?.sending(node, this.other(node, conn), conn, bytes);
  }

  closing(node: SimNode, conn: number): void {
    this.observer?.closing(node, node.endOf(conn));
  }

  ended(end: number): void {
    this.#conns[end] = NO_CONN;
  }

  faultAt(node: SimNode, site: FaultSite): FaultEffect | null {
    const effect = this.faultPoints.pass(site);
    if (effect === null) return null;
    this.struck(`${site}Point`, { node });
    if (effect === 'crash') this.after(0, () => node.powerCycle());
    else if (site === 'check') this.#repairLater(node);
    return effect;
  }

  hashed(node: SimNode, _store: Store, piece: number, right: boolean): void {
    this.observer?.hashed(node, piece, right);
  }

  resumeSaved(node: SimNode, store: Store, data: ResumeData): void {
    checkResume(node, store, data);
    for (const { host, banned } of data.peers ?? []) if (banned) checkBan(node, this.#byHost.get(host) ?? null);
  }

  #join(setting: NodeSetting, seed: boolean, delayUs: number): SimNode {
    const node = this.prepare(setting, seed);
    if (delayUs === 0) node.start(this.contents);
    else this.at((this.clock.now + delayUs) / SECOND_US, () => node.start(this.contents));
    return node;
  }

  /** Its user looks after it in a while, or once it runs again. */
  #repairLater(node: SimNode): void {
    this.after(REPAIR_AFTER_S, () => (node.running ? node.repair(0) : this.#repairLater(node)));
  }

  /** How much of a message arrives before a fault: a first half where it is torn. */
  #partOf(bytes: number, effect: FaultEffect): number {
    return effect === 'tear' ? bytes >> 1 : 0;
  }

  /** The connection is over, at this end now. */
  #break(node: SimNode, end: number): void {
    node.disconnected(this.#conns[end] as number, 'reset');
    this.network.close(end);
  }

  #setConn(end: number, conn: number): void {
    if (end >= this.#conns.length) {
      const conns = new Int32Array(end * 2);
      conns.set(this.#conns);
      this.#conns = conns;
    }
    this.#conns[end] = conn;
  }

  #checkNext(turn: number): void {
    const node = this.nodes[turn % Math.max(1, this.nodes.length)];
    if (node !== undefined) checkNode(node);
    this.clock.schedule(this.clock.now + this.#checkEveryUs, this.#checkTurn, (turn + 1) | 0, 0);
  }

  /** Nobody is faster than arithmetic allows. A host that is no node may have sent anything. */
  #checkBound(): void {
    const uplinks: Uplink[] = [];
    for (let index = 1; index < this.network.links.count; index += 1) {
      if (this.trackerWorld.isEndpoint(index)) continue;
      const node = this.#byIndex[index] ?? null;
      uplinks.push({ node, upBps: node?.options.link.upBps ?? Infinity, since: node === null ? 0 : node.joinedAt });
    }
    for (const { what, gainedBytes, possibleBytes } of this.#bound.claims(uplinks))
      this.check(
        `nothing is faster than ${what} (Kumar & Ross)`,
        gainedBytes <= possibleBytes,
        () => `${gainedBytes} bytes were gained where ${Math.round(possibleBytes)} are possible`,
      );
  }

  #progress(nodes: readonly SimNode[] = this.leechers): string {
    const behind = nodes.filter(({ complete }) => !complete);
    const told = behind.slice(0, 5).map((node) => {
      const status = node.running ? node.engine?.status(0) : null;
      return `node ${node.index}: ${status ? `${status.havePieces} of ${status.pieceCount} pieces, ${status.state}` : 'not running'}`;
    });
    return `${behind.length} of ${nodes.length} are behind (${told.join('; ')})`;
  }
}
