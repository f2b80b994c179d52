// Corrupt seeders among honest ones. A bad piece never counts; whoever had a part in it and may be honest is on parole, which shows in what is
// asked of it: whole pieces that nobody else touches. Who goes on is banned, an honest peer never, and everyone gets everything.

import { DEFAULT_SETTINGS } from '#engine';
import { whole } from '#harness';
import { lineFrom, corrupted, patienceS, scenario, shared, type SimNode, type Swarm, WIRE, WireObserver } from '#sim';

export const parole = scenario({
  name: 'parole',
  doc: 'corrupt seeders among honest ones: bad pieces never count, parole is kept, liars are banned, the honest never',
  knobs: {
    seeds: shared.seeds(1),
    liars: whole(2, 1, 4, '', 'seeds that corrupt some blocks'),
    badPercent: whole(20, 1, 100, '%', 'blocks of a liar that are corrupt'),
    peers: shared.peers(6),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(256),
    ...shared.line,
  },
  marks: ['pieceFailed', 'paroleStarted', 'parolePassed', 'paroleFailed', 'blameAssigned', 'peerBanned'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, liars, badPercent, peers } = knobs;
    const line = lineFrom(knobs);
    // What reaches a torrent that has no use for it any more cancels nothing.
    const observer = new WireObserver({ cancels: false });
    swarm.observer = observer;
    const watch = new ParoleWatch(swarm, observer);
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    for (let liar = 0; liar < liars; liar += 1)
      swarm.addSeed({
        ...line,
        honest: false,
        forge: (stamp, random) => (random.below(100) < badPercent ? corrupted(stamp) : stamp),
      });
    const leechers = swarm.addLeechers(peers, line);
    swarm.untilComplete(patienceS(swarm));
    swarm.run(5);
    for (const leecher of leechers) {
      leecher.leave();
      checkBans(swarm, watch, leecher);
    }
    swarm.run(5);
  },
});

/** What a leecher saved when it left names exactly those who had a corrupt block in a piece that failed. */
function checkBans(swarm: Swarm, watch: ParoleWatch, leecher: SimNode): void {
  swarm.until('the leecher has left', () => !leecher.running, 30);
  const remembered = leecher.storeOf(swarm.contents).resume?.peers ?? [];
  const banned = new Set(remembered.filter((peer) => peer.banned).map(({ host }) => host));
  for (const node of swarm.nodes) {
    const guilty = watch.isGuilty(leecher, node);
    const claim = `node ${leecher.index} has banned node ${node.index} exactly if it had a bad block in a failed piece`;
    swarm.check(claim, banned.has(node.address.host) === guilty);
  }
}

const REQUEST_TIMEOUT_US = DEFAULT_SETTINGS.requestTimeoutMs * 1_000;

/** A block as it arrived: who sent it, whether it was bad, and whether its sender was under suspicion when it was asked. */
interface Part {
  readonly from: SimNode;
  readonly bad: boolean;
  readonly alone: boolean;
}

/** Judges from what was asked, what arrived and what was hashed alone who is under suspicion, and that no piece asked of such a peer has
 *  a part of another. */
class ParoleWatch {
  readonly #swarm: Swarm;
  readonly #observer: WireObserver;
  /** By leecher and piece: of each block of the attempt under way what arrived, one of each sender, in order. The first counts, unless its
   *  sender was sent away since with all that it had sent, or a suspect was asked for the piece: then all of the piece is that one's. */
  readonly #parts = new Map<string, Map<number, Map<SimNode, Part>>>();
  /** By leecher and peer: pieces that failed with a part of it and have not passed since. */
  readonly #suspected = new Map<string, Set<number>>();
  /** By leecher and peer: what was asked while it was under suspicion and is not answered, and when. */
  readonly #askedAlone = new Map<string, Map<string, number>>();
  /** By leecher and peer: choked since it was last asked for something, it may lose the pieces that it has to itself. */
  readonly #held = new Set<string>();
  /** By leecher and peer: when the last block arrived. */
  readonly #arrivedAt = new Map<string, number>();
  /** By leecher and piece: who had a bad part of an attempt that failed. */
  readonly #bad = new Map<string, Set<SimNode>>();
  readonly #guilty = new Set<string>();

  constructor(swarm: Swarm, observer: WireObserver) {
    this.#swarm = swarm;
    this.#observer = observer;
    observer.onFrame = (node, other, id, piece, block) => {
      if (other === null) return;
      if (id === WIRE.request) this.#asked(node, other, piece, block);
      else if (id === WIRE.choke) this.#choked(other, node);
      else if (id === WIRE.reject) this.#rejected(other, node, `${piece}:${block}`);
    };
    observer.onArrival = (node, other, piece, block, stamp) => {
      if (other !== null) this.#arrived(node, other, piece, block, stamp);
    };
    observer.onHash = (node, piece, right) => this.#hashed(node, piece, right);
  }

  /** A piece of the leecher failed with a bad block of this peer, and passed since. */
  isGuilty(leecher: SimNode, peer: SimNode): boolean {
    return this.#guilty.has(pair(leecher, peer));
  }

  #suspects(node: SimNode, peer: SimNode): boolean {
    return (this.#suspected.get(pair(node, peer))?.size ?? 0) > 0;
  }

  #asked(node: SimNode, other: SimNode, piece: number, block: number): void {
    for (const arrivals of this.#parts.get(`${node.index} ${piece}`)?.values() ?? [])
      for (const { from, alone } of arrivals.values())
        if (alone && from !== other && this.#held.has(pair(node, from))) this.#letGo(node, from);
    // What is asked for anew was thrown away.
    this.#parts.get(`${node.index} ${piece}`)?.delete(block);
    const alone = at(this.#askedAlone, pair(node, other), () => new Map<string, number>());
    const key = `${piece}:${block}`;
    if (!this.#suspects(node, other)) {
      alone.delete(key);
      return;
    }
    alone.set(key, node.now);
    // A request that crosses a choke will be rejected.
    const unchoked = this.#observer.unchoked(other).includes(node) && !this.#observer.chokeIsUnderWay(other, node);
    if (unchoked) this.#held.delete(pair(node, other));
  }

  /** Who rejects what it has not choked loses its pieces. */
  #rejected(node: SimNode, suspect: SimNode, key: string): void {
    const wasAlone = this.#askedAlone.get(pair(node, suspect))?.delete(key) ?? false;
    if (wasAlone && this.#observer.unchoked(suspect).includes(node)) this.#letGo(node, suspect);
  }

  /** What it was asked for is void, what it has to itself waits for it until somebody else has nothing better to do. */
  #choked(node: SimNode, suspect: SimNode): void {
    this.#askedAlone.delete(pair(node, suspect));
    this.#held.add(pair(node, suspect));
  }

  /** A suspect that does not deliver, or is none any more, shares its pieces with others. */
  #letGo(node: SimNode, suspect: SimNode): void {
    this.#askedAlone.delete(pair(node, suspect));
    for (const [key, parts] of this.#parts)
      if (key.startsWith(`${node.index} `))
        for (const arrivals of parts.values()) {
          const part = arrivals.get(suspect);
          if (part?.alone) arrivals.set(suspect, { ...part, alone: false });
        }
  }

  /** As long as it delivers, nothing is late. */
  #letLateGo(node: SimNode): void {
    for (const suspect of this.#swarm.nodes) {
      const key = pair(node, suspect);
      if (node.now - (this.#arrivedAt.get(key) ?? 0) < REQUEST_TIMEOUT_US / 2) continue;
      const asked = [...(this.#askedAlone.get(key)?.values() ?? [])];
      if (asked.some((askedAt) => node.now - askedAt >= REQUEST_TIMEOUT_US)) this.#letGo(node, suspect);
    }
  }

  #arrived(node: SimNode, from: SimNode, piece: number, block: number, stamp: number): void {
    this.#letLateGo(node);
    const { contents } = this.#swarm;
    this.#arrivedAt.set(pair(node, from), node.now);
    const asked = this.#askedAlone.get(pair(node, from));
    const parts = at(this.#parts, `${node.index} ${piece}`, () => new Map<number, Map<SimNode, Part>>());
    const alone = asked?.delete(`${piece}:${block}`) ?? false;
    const arrivals = at(parts, block, () => new Map<SimNode, Part>());
    for (const before of arrivals.keys()) if (this.#guilty.has(pair(node, before))) arrivals.delete(before);
    const bad = stamp !== contents.stamp(contents.indexOf(piece, block));
    if (alone || !arrivals.has(from)) arrivals.set(from, { from, bad, alone });
  }

  #hashed(node: SimNode, piece: number, right: boolean): void {
    this.#letLateGo(node);
    const key = `${node.index} ${piece}`;
    const blocks = [...(this.#parts.get(key)?.values() ?? [])].filter(({ size }) => size > 0);
    this.#parts.delete(key);
    const owner = blocks.flatMap((arrivals) => [...arrivals.values()]).find(({ alone }) => alone)?.from;
    const parts = blocks.map((arrivals) => (owner && arrivals.get(owner)) ?? ([...arrivals.values()][0] as Part));
    const contributors = new Set(parts.map(({ from }) => from));
    this.#swarm.check(
      'what a suspect is asked for is asked of nobody else',
      owner === undefined || contributors.size === 1,
      () => `node ${node.index}, piece ${piece}`,
    );
    const bad = at(this.#bad, key, () => new Set<SimNode>());
    if (right) {
      this.#passed(node, piece, bad, contributors);
      return;
    }
    for (const part of parts) if (part.bad) bad.add(part.from);
    for (const from of contributors) {
      if (contributors.size === 1) this.#guilty.add(pair(node, from));
      at(this.#suspected, pair(node, from), () => new Set<number>()).add(piece);
    }
  }

  /** The blocks that differ name the guilty; who sent none of them is free when all that it was suspected of has passed, or when it
   *  brought a whole piece that is right. */
  #passed(node: SimNode, piece: number, bad: ReadonlySet<SimNode>, contributors: ReadonlySet<SimNode>): void {
    for (const from of bad) this.#guilty.add(pair(node, from));
    for (const peer of this.#swarm.nodes) {
      const pieces = this.#suspected.get(pair(node, peer));
      const proved = contributors.size === 1 && contributors.has(peer);
      pieces?.delete(piece);
      if (pieces === undefined || (pieces.size > 0 && !proved)) continue;
      this.#suspected.delete(pair(node, peer));
      this.#letGo(node, peer);
    }
  }
}

function pair(node: SimNode, other: SimNode): string {
  return `${node.index}-${other.index}`;
}

function at<K, T>(map: Map<K, T>, key: K, make: () => T): T {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
