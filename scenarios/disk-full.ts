// One node's disk fills up in the middle of a download. It says so, asks for nothing that it could not keep, serves what it has, and goes on
// when there is room. Nobody else notices.

import { whole } from '#harness';
import { lineFrom, patienceS, scenario, shared, type SimNode, WIRE, WireObserver } from '#sim';

/** Requests under way when the disk turned out to be full are answered, and no others made. */
const SETTLE_S = 5;
/** The disk is tried again this often, and the first success starts everything. */
const RETRY_S = 15;

export const diskFull = scenario({
  name: 'disk-full',
  doc: "a node's disk fills up: a clear error, no request meanwhile, it goes on when there is room, others are unaffected",
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(6),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(256),
    ...shared.line,
    roomPercent: whole(50, 0, 99, '%', 'room for so much of the torrent'),
    fullForS: whole(200, 1, 300, 's', 'until there is more'),
  },
  marks: ['diskFull', 'diskFailed', 'diskRecovered', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, roomPercent, fullForS } = knobs;
    const line = lineFrom(knobs);
    const observer = new WireObserver();
    swarm.observer = observer;
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    const { totalBytes } = swarm.contents.geometry;
    const full = swarm.addLeecher({ ...line, disk: { capacityBytes: Math.floor((totalBytes * roomPercent) / 100) } });
    const others = swarm.addLeechers(peers - 1, line);
    let asks = 0;
    observer.onFrame = (node, _other, id) => {
      if (node === full && id === WIRE.request) asks += 1;
    };
    const withinS = patienceS(swarm);
    swarm.until('the disk is full', () => isFull(full), withinS);
    swarm.run(SETTLE_S);
    const asked = asks;
    swarm.run(fullForS / 2);
    const before = connectionsOf(full);
    const othersDone = others.every(({ complete }) => complete);
    swarm.run(fullForS / 2);
    if (othersDone) swarm.check('who waits keeps its connections', connectionsOf(full) === before);
    swarm.check('nothing is asked for that cannot be kept', asks === asked, () => `${asks - asked} requests`);
    swarm.check('the error says what is wrong', full.status().error?.includes('full') === true);
    swarm.check('it still wants the rest', full.status().state === 'downloading' && !full.complete);
    swarm.untilComplete(withinS, others);

    full.disk.options = { ...full.disk.options, capacityBytes: Infinity };
    swarm.until('it goes on', () => !isFull(full), RETRY_S);
    swarm.untilComplete(withinS, [full]);
    swarm.run(5);
    swarm.check('the error is gone', full.status().error === null);
    swarm.check('all is on the disk', full.status().flushedBytes === totalBytes);
  },
});

/** Which connections a node has, in one text. */
function connectionsOf(node: SimNode): string {
  return node
    .status()
    .peers.map(({ conn }) => `${conn}:${node.endOf(conn)}`)
    .join(' ');
}

function isFull(node: SimNode): boolean {
  return node.status().error?.includes('full') === true;
}
