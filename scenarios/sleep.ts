// A leecher's machine sleeps, or its network is another one afterwards: nothing reaches it for a while, and its connections are lost. When it
// wakes it dials everybody at once instead of leaving alone whom it was just connected to, and everyone completes.

import { whole } from '#harness';
import { lineFrom, patienceS, scenario, shared, type SimNode } from '#sim';

/** Within so long after waking it is connected again: a dial and two handshakes on a slow line. Whom it left itself it would leave alone for
 *  30 s. */
const CONNECTED_WITHIN_S = 25;

export const sleep = scenario({
  name: 'sleep',
  doc: 'a leecher loses its network and gets another: it is connected again at once, and all complete',
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(4),
    sizeMiB: shared.sizeMiB(8),
    pieceKiB: shared.pieceKiB(256),
    ...shared.line,
    asleepAtS: whole(10, 0, 60, 's', 'when it falls asleep'),
    asleepForS: whole(40, 15, 600, 's', 'for how long; its peers are missed by others after 150 s'),
  },
  marks: ['networkChanged', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, asleepAtS, asleepForS } = knobs;
    const line = lineFrom(knobs);
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    const [sleeper] = swarm.addLeechers(peers, line) as [SimNode];
    swarm.run(asleepAtS);
    const end = swarm.cutOff(sleeper);
    swarm.run(asleepForS);
    end();
    const wasComplete = sleeper.complete;
    sleeper.command({ kind: 'networkChanged', lost: true });
    const connected = () => wasComplete || sleeper.complete || sleeper.status().peers.length > 0;
    swarm.until('who woke is connected again', connected, CONNECTED_WITHIN_S);
    swarm.untilComplete(patienceS(swarm));
    swarm.run(5);
  },
});
