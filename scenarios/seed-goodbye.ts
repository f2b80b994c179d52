// A seed is of no use to a seed. Two that are connected when both have everything part at once and do not dial each other again, and no
// upload slot is held by one.

import { DEFAULT_SETTINGS } from '#engine';
import { lineFrom, patienceS, scenario, shared, type SimNode, type Swarm, WireObserver } from '#sim';

/** The way of what says that one is complete, from when no block is before it on the connection, sent again where it is lost. */
const PARTING_S = 10;
const LOSSY_PARTING_S = 60;
const WATCHED_S = 120;
/** A choke round, and the way of what was said, from when no block is before it. */
const WAITS_S = 10;

export const seedGoodbye = scenario({
  name: 'seed-goodbye',
  doc: 'seeds part when both are complete, do not dial each other again, and never hold an upload slot of each other',
  knobs: {
    seeds: shared.seeds(2),
    peers: shared.peers(10),
    sizeMiB: shared.sizeMiB(2),
    pieceKiB: shared.pieceKiB(64),
    ...shared.line,
  },
  marks: ['peerIsSeed', 'seedDisconnected', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers } = knobs;
    const line = lineFrom(knobs);
    const partingS = line.lossPercent === 0 ? PARTING_S : LOSSY_PARTING_S;
    const observer = new WireObserver();
    swarm.observer = observer;
    const dials = new Map<string, number>();
    let waiting: ReadonlyMap<string, number> = new Map();
    let connected: ReadonlyMap<string, number> = new Map();
    observer.onDial = (node, other) => {
      if (other === null || !isComplete(swarm, node, 0) || !isComplete(swarm, other, partingS)) return;
      const pair = `${node.index}-${other.index}`;
      dials.set(pair, (dials.get(pair) ?? 0) + 1);
      swarm.check('a seed dials a seed once at most, to learn that it is one', dials.get(pair) === 1, () => pair);
    };
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    swarm.addLeechers(peers, line);
    const deadlineS = swarm.nowS + patienceS(swarm);
    while (swarm.leechers.some(({ complete }) => !complete)) {
      swarm.run(1);
      connected = checkParted(swarm, observer, partingS, connected);
      waiting = checkSlots(swarm, observer, waiting);
      swarm.check('everyone completes in time', swarm.nowS <= deadlineS);
    }
    for (let second = 0; second < WATCHED_S; second += 1) {
      swarm.run(1);
      connected = checkParted(swarm, observer, partingS, connected);
    }
    const open = swarm.nodes.reduce((total, { openConnections }) => total + openConnections, 0);
    swarm.check('no connection is left', open === 0, () => `${open} ends`);
  },
});

/** Nobody who is interested waits for longer than a choke round while a slot is free. `since`: those that waited so when it was last
 *  looked, and from when; returns those that do now. */
function checkSlots(
  swarm: Swarm,
  observer: WireObserver,
  since: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const waiting = new Map<string, number>();
  for (const node of swarm.nodes) {
    if (observer.unchoked(node).length >= DEFAULT_SETTINGS.uploadSlots) continue;
    for (const peer of observer.waiting(node)) {
      const pair = `${peer.index} at ${node.index}`;
      if (!peer.complete) waiting.set(pair, since.get(pair) ?? swarm.nowS);
    }
  }
  for (const [pair, firstS] of waiting)
    swarm.check('nobody waits beside a free slot', swarm.nowS - firstS <= WAITS_S, () => pair);
  return waiting;
}

/** No two nodes that are complete stay connected when one could know of the other for a while, and no slot is held by who could be known to be
 *  complete. `since`: pairs of such nodes that were connected when it was last looked, and from when; returns those that are now. */
function checkParted(
  swarm: Swarm,
  observer: WireObserver,
  partingS: number,
  since: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const connected = new Map<string, number>();
  const couldKnow = (end: number) => swarm.nowS - observer.completionReachesAt(end) / 1e6 >= partingS;
  for (const node of swarm.nodes) {
    if (!isComplete(swarm, node, 0)) continue;
    for (const { conn } of node.status().peers) {
      const other = swarm.other(node, conn);
      if (other === null || !isComplete(swarm, other, 0)) continue;
      const end = node.endOf(conn);
      const pair = `${node.index}-${other.index} ${end}`;
      const firstS = since.get(pair) ?? swarm.nowS;
      connected.set(pair, firstS);
      const stays = swarm.nowS - firstS >= partingS && couldKnow(end);
      swarm.check('seeds part', !stays, () => `nodes ${node.index} and ${other.index}`);
    }
  }
  for (const node of swarm.nodes)
    for (const { peer, end } of observer.slots(node)) {
      const holds = isComplete(swarm, peer, partingS) && couldKnow(end);
      swarm.check('no seed holds a slot', !holds, () => `${peer.index} at ${node.index}`);
    }
  return connected;
}

function isComplete(swarm: Swarm, node: SimNode, forS: number): boolean {
  if (!node.running) return false;
  const sinceS = (node.options.seed ? (node.joinedAt ?? 0) : (node.completedAt ?? Infinity)) / 1e6;
  return swarm.nowS - sinceS >= forS;
}
