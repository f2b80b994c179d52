// Decides where and when faults strike a run, of the kinds that are on, and ends them. Bounded so that it can be decided whether the swarm
// must recover. What it guarantees:
//
// - The keeper is a seed whose disk always gives back what it should and never refuses. It may crash, be paused, be cut off and be slow, but it
//   never leaves: an honest copy of every piece remains, whatever happens to the others.
// - No fault begins before `begin` or lasts beyond `heal`. After `heal` every pair of nodes that NAT allows can talk over its own lines, every
//   disk works and has room, every tracker answers, and everyone who did not leave runs.
// - Damage that a disk kept silent about is found: `heal` has such a torrent checked again. Until then what its node sends may be wrong, and
//   others may ban it for that; the keeper's copy still reaches it, because the keeper never receives anything that it could ban for.
// - What left does not come back.
//
// So after `heal` everyone who stays must complete within `patienceS`. Each kind draws from a stream of its own: one switched off shifts no other.

import type { Link, Random } from '#harness';
import { patienceOverS } from '../patience.ts';
import type { DiskOptions } from '../sim-disk.ts';
import type { SimNode } from '../sim-node.ts';
import type { TrackerOptions } from '../sim-tracker.ts';
import type { Swarm } from '../swarm.ts';
import type { FaultKind } from './fault-log.ts';

/** Kinds that can be switched off, each by itself. */
export const ATLAS_KINDS = [
  'partition',
  'oneWayPartition',
  'reset',
  'refuse',
  'line',
  'tracker',
  'slowDisk',
  'fullDisk',
  'failingDisk',
  'lyingDisk',
  'bitRot',
  'crash',
  'pause',
  'leave',
] as const;

export type AtlasKind = (typeof ATLAS_KINDS)[number];

export interface AtlasOptions {
  readonly kinds: ReadonlySet<AtlasKind>;
  /** Faults strike within so many seconds from `begin`. */
  readonly spanS: number;
  /** Each kind strikes so often at most, and at least once. */
  readonly strikesMax: number;
}

/** Longest that a program is down or paused, a line is cut, a disk is sick. */
const LASTS_MAX_S = 40;
/** One operation in so many fails on a sick disk. */
const SICK_PER_MILLION = 300_000;
/** One block in so many is stored wrongly by a disk that lies. */
const LIES_PER_MILLION = 200_000;
/** A crash is noticed by a reset at once, or by silence. */
const NOTICE_MAX_US = 60_000_000;
/** Of the nodes but the keeper, at most one in so many leaves. */
const LEAVERS = 3;

export class Atlas {
  readonly #swarm: Swarm;
  readonly #options: AtlasOptions;
  #keeper: SimNode | null = null;
  #nodes: readonly SimNode[] = [];
  readonly #left = new Set<SimNode>();
  readonly #links = new Map<SimNode, Link>();
  readonly #disks = new Map<SimNode, DiskOptions>();
  readonly #trackers: readonly TrackerOptions[];
  #endsAtS = 0;
  #healed = false;

  constructor(swarm: Swarm, options: AtlasOptions) {
    this.#swarm = swarm;
    this.#options = options;
    this.#trackers = swarm.trackers.map((tracker) => tracker.options);
  }

  /** Everyone who must have everything in the end. */
  get stayers(): SimNode[] {
    return this.#nodes.filter((node) => !this.#left.has(node));
  }

  /** Arranges all faults from now on. `nodes`: whom they may strike, the keeper among them, which others must be able to dial. */
  begin(keeper: SimNode, nodes: readonly SimNode[]): void {
    this.#keeper = keeper;
    this.#nodes = nodes;
    this.#endsAtS = this.#swarm.nowS + this.#options.spanS;
    for (const node of nodes) {
      this.#links.set(node, node.options.link);
      this.#disks.set(node, node.disk.options);
    }
    for (const kind of ATLAS_KINDS) if (this.#options.kinds.has(kind)) this.#arrange(kind);
  }

  /** Ends everything that lasts, and has repaired what a user would repair. */
  heal(): void {
    const swarm = this.#swarm;
    this.#healed = true;
    swarm.struck('heal');
    swarm.network.heal();
    swarm.trackers.forEach((tracker, index) => {
      tracker.alive = true;
      tracker.options = this.#trackers[index] as TrackerOptions;
    });
    for (const node of this.stayers) {
      this.#endLine(node);
      this.#endDisk(node);
      const { damaged } = node.storeOf(swarm.contents);
      if (!node.running) node.restart(swarm.contents, { check: damaged ? 'all' : 'trust' });
      else {
        swarm.network.setListening(node.index, true);
        node.resume();
        if (damaged) node.command({ kind: 'recheck', torrent: 0 });
      }
    }
  }

  /** Seconds from `heal` within which everyone who stays must have everything: the keeper alone may have to serve them all, over again for
   *  what liars spoilt, and a tracker that was silent is asked again after a pause as long as the silence. */
  patienceS(): number {
    const rate = (bps: number, limitBps = 0) => Math.min(bps, limitBps || Infinity);
    const { link, settings } = (this.#keeper as SimNode).options;
    const down = this.stayers.map(({ options }) => rate(options.link.downBps, options.settings.downloadBps));
    const { totalBytes } = this.#swarm.contents.geometry;
    const boundS = Math.max(
      (this.#nodes.length * totalBytes) / rate(link.upBps, settings.uploadBps),
      totalBytes / Math.min(...down),
    );
    const wasted = 1 + this.#swarm.nodes.filter(({ options }) => !options.honest).length;
    const links = this.stayers.map(({ options }) => options.link);
    return patienceOverS(wasted * boundS, links) + 2 * this.#options.spanS;
  }

  #arrange(kind: AtlasKind): void {
    const { spanS, strikesMax } = this.#options;
    const random = this.#swarm.random.fork(`atlas ${kind}`);
    const count = random.between(1, strikesMax);
    for (let strike = 0; strike < count; strike += 1) {
      const atS = this.#swarm.nowS + random.below(spanS * 1000) / 1000;
      this.#swarm.at(atS, () => {
        const untilS = Math.min(this.#endsAtS, this.#swarm.nowS + random.between(1, LASTS_MAX_S));
        if (!this.#healed) this.#strike(kind, random, untilS);
      });
    }
  }

  #strike(kind: AtlasKind, random: Random, untilS: number): void {
    switch (kind) {
      case 'partition':
      case 'oneWayPartition':
        return this.#partition(kind, random, untilS);
      case 'reset':
        return this.#reset(random);
      case 'refuse':
        return this.#refuse(this.#victim(random), untilS);
      case 'line':
        return this.#line(random, untilS);
      case 'tracker':
        return this.#tracker(random, untilS);
      case 'slowDisk':
        return this.#disk('slowDisk', this.#victim(random), untilS, {
          bytesPerS: random.between(50_000, 1_000_000),
          latencyUs: random.between(1_000, 500_000),
        });
      case 'fullDisk':
        return this.#disk('diskFull', this.#harmed(random), untilS, {
          capacityBytes: Math.floor((this.#swarm.contents.geometry.totalBytes * random.below(100)) / 100),
        });
      case 'failingDisk':
        return this.#failingDisk(random, untilS);
      case 'lyingDisk':
        return this.#lyingDisk(random, untilS);
      case 'bitRot': {
        const node = this.#harmed(random);
        return node?.disk.rot(node.storeOf(this.#swarm.contents));
      }
      case 'crash':
        return this.#crash(random, untilS);
      case 'pause':
        return this.#pause(this.#victim(random), untilS);
      case 'leave':
        return this.#leave(this.#harmed(random));
    }
  }

  /** Anyone who stays, the keeper too. */
  #victim(random: Random): SimNode {
    return random.pick(this.stayers);
  }

  /** Anyone who stays but the keeper, null where nobody does. */
  #harmed(random: Random): SimNode | null {
    const nodes = this.stayers.filter((node) => node !== this.#keeper);
    return nodes.length === 0 ? null : random.pick(nodes);
  }

  /** Does something at a fault's end, unless `heal` came before. */
  #until(untilS: number, end: () => void): void {
    this.#swarm.at(untilS, () => {
      if (!this.#healed) end();
    });
  }

  #partition(kind: 'partition' | 'oneWayPartition', random: Random, untilS: number): void {
    const { network } = this.#swarm;
    const [one, other]: [number[], number[]] = [[], []];
    for (const { index } of this.#nodes) (random.below(2) === 0 ? one : other).push(index);
    const cuts = [network.links.partition(one, other)];
    if (kind === 'partition') cuts.push(network.links.partition(other, one));
    this.#swarm.struck(kind, { untilS });
    this.#until(untilS, () => cuts.forEach((cut) => network.heal(cut)));
  }

  #reset(random: Random): void {
    const { network } = this.#swarm;
    const ends = network.openEnds();
    if (ends.length === 0) return;
    const end = random.pick(ends);
    const [node, other] = [network.nodeOf(end), network.nodeOf(end ^ 1)].map((index) =>
      this.#swarm.nodes.find((each) => each.index === index),
    );
    this.#swarm.struck('reset', { node, other });
    network.reset(end);
  }

  #refuse(node: SimNode, untilS: number): void {
    if (!node.running) return;
    this.#swarm.struck('refused', { node, untilS });
    this.#swarm.network.setListening(node.index, false);
    this.#until(untilS, () => node.running && this.#swarm.network.setListening(node.index, true));
  }

  #line(random: Random, untilS: number): void {
    const node = this.#victim(random);
    const kind = random.pick<'latency' | 'jitter' | 'loss'>(['latency', 'jitter', 'loss']);
    const link = { ...node.options.link };
    if (kind === 'latency') link.latencyUs = random.between(0, 500_000);
    else if (kind === 'jitter') link.jitterUs = random.between(1_000, 300_000);
    else link.lossPerMillion = random.between(10_000, 100_000);
    this.#swarm.struck(kind, { node, untilS });
    this.#swarm.network.setLink(node.index, link);
    this.#until(untilS, () => this.#endLine(node));
  }

  #endLine(node: SimNode): void {
    this.#swarm.network.setLink(node.index, this.#links.get(node) as Link);
  }

  #tracker(random: Random, untilS: number): void {
    if (this.#swarm.trackers.length === 0) return;
    const tracker = random.pick(this.#swarm.trackers);
    const before = tracker.options;
    const silent = random.below(2) === 0;
    this.#swarm.struck(silent ? 'trackerSilent' : 'trackerError', { untilS });
    if (silent) tracker.alive = false;
    else tracker.options = { ...before, failuresPerMillion: 900_000 };
    this.#until(untilS, () => {
      tracker.alive = true;
      tracker.options = this.#trackers[this.#swarm.trackers.indexOf(tracker)] as TrackerOptions;
    });
  }

  #disk(kind: FaultKind | null, node: SimNode | null, untilS: number, changed: Partial<DiskOptions>): void {
    if (node === null) return;
    if (kind !== null) this.#swarm.struck(kind, { node, untilS });
    node.disk.options = { ...node.disk.options, ...changed };
    this.#until(untilS, () => this.#endDisk(node));
  }

  #failingDisk(random: Random, untilS: number): void {
    const sick = () => (random.below(2) === 0 ? SICK_PER_MILLION : 0);
    const node = this.#harmed(random);
    this.#disk(null, node, untilS, {
      failedReadsPerMillion: sick(),
      shortReadsPerMillion: sick(),
      failedWritesPerMillion: sick(),
      tornWritesPerMillion: sick(),
      failedSyncsPerMillion: sick(),
      failedSavesPerMillion: sick(),
    });
    // The user looks after it now and then while it lasts, and afterwards.
    for (let atS = this.#swarm.nowS + 5; atS < this.#endsAtS; atS += 10)
      this.#until(atS, () => node?.running && node.repair(0));
  }

  #lyingDisk(random: Random, untilS: number): void {
    const lies = () => (random.below(2) === 0 ? LIES_PER_MILLION : 0);
    this.#disk(null, this.#harmed(random), untilS, {
      corruptReadsPerMillion: lies(),
      corruptWritesPerMillion: lies(),
      misdirectedWritesPerMillion: lies(),
    });
  }

  #endDisk(node: SimNode): void {
    node.disk.options = this.#disks.get(node) as DiskOptions;
  }

  #crash(random: Random, untilS: number): void {
    const node = this.#victim(random);
    if (!node.running) return;
    node.disk.options = { ...node.disk.options, crashKeepsPerMillion: random.pick([0, 500_000, 1_000_000]) };
    node.crash(random.below(2) * NOTICE_MAX_US);
    this.#until(untilS, () => {
      if (!node.running && !this.#left.has(node)) node.restart(this.#swarm.contents);
    });
  }

  #pause(node: SimNode, untilS: number): void {
    if (!node.running) return;
    node.pause();
    this.#until(untilS, () => node.running && !this.#left.has(node) && node.resume());
  }

  #leave(node: SimNode | null): void {
    if (node === null || !node.running || this.#left.size >= Math.floor((this.#nodes.length - 1) / LEAVERS)) return;
    this.#left.add(node);
    node.leave();
  }
}
