// More peers than places. Limits are kept to the connection, whoever is refused finds a place in time, nobody keeps two connections to one
// peer, or one to itself, and the idle make room.

import { whole } from '#harness';
import { lineFrom, patienceS, scenario, shared, type SimNode, type Swarm } from '#sim';

/** Two that dial each other at once know it when both handshakes are there, sent again where they are lost. */
const SETTLE_S = 30;

export const crowded = scenario({
  name: 'crowded',
  doc: 'more peers than places, and everyone dials everyone, itself too: limits hold, no pair keeps two connections',
  knobs: {
    seeds: shared.seeds(1),
    peers: whole(16, 1, 24, '', 'leechers'),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(64),
    ...shared.line,
    upKBps: shared.upKBps(30),
    connections: whole(6, 2, 20, '', 'most connections of a node for the torrent'),
  },
  marks: ['connectionRefused', 'duplicatePeer', 'selfConnection', 'peerEvicted', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, connections } = knobs;
    const setting = { ...lineFrom(knobs), settings: { connectionsPerTorrentMax: connections } };
    for (let node = 0; node < seeds + peers; node += 1) swarm.prepare(setting, node < seeds);
    const addresses = swarm.nodes.map(({ address }) => address);
    for (const node of swarm.nodes) node.start(swarm.contents, { peers: addresses });
    // In a crowd nobody is sure of a share of a seed: each waits for its turn.
    const endS = swarm.nowS + patienceS(swarm) * Math.ceil((seeds + peers) / connections);
    const since = new Map<string, number>();
    while (swarm.leechers.some(({ complete }) => !complete)) {
      swarm.run(1);
      for (const node of swarm.nodes) checkConnections(swarm, node, connections, since);
      swarm.check('everyone completes in time', swarm.nowS <= endS, () => `${endS} s`);
    }
    swarm.run(5);
  },
});

/** `since`: pairs that were seen with two connections, and when first. */
function checkConnections(swarm: Swarm, node: SimNode, most: number, since: Map<string, number>): void {
  const { peers } = node.status();
  swarm.check('no more connections than allowed', peers.length <= most, () => `${peers.length} at node ${node.index}`);
  const others = peers.map(({ conn }) => swarm.other(node, conn));
  for (const other of new Set(others)) {
    if (other === null) continue;
    const pair = `${node.index}-${other.index}`;
    const isTwice = other === node || others.filter((each) => each === other).length > 1;
    if (!isTwice) since.delete(pair);
    else if (!since.has(pair)) since.set(pair, swarm.nowS);
    const forS = swarm.nowS - (since.get(pair) ?? swarm.nowS);
    swarm.check('one connection of a pair is enough, none to oneself', forS <= SETTLE_S, () => pair);
  }
}
