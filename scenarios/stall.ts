// One leecher's line goes dead in the middle and comes back: no connection breaks, but nothing arrives. What it was asked for is asked of
// others, what others were asked for is asked anew, and when the line is back those who had gone silent count again.

import { whole } from '#harness';
import { lineFrom, patienceS, scenario, shared, type SimNode } from '#sim';

export const stall = scenario({
  name: 'stall',
  doc: "a leecher's line is dead for a while: requests time out and go to others, who was silent counts again, all complete",
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(5),
    sizeMiB: shared.sizeMiB(8),
    pieceKiB: shared.pieceKiB(256),
    ...shared.line,
    stallAtS: whole(10, 0, 60, 's', 'when the line goes dead'),
    stalledForS: whole(80, 1, 300, 's', 'for how long; peers are given up after 150 s of silence'),
  },
  marks: ['requestTimedOut', 'peerSnubbed', 'peerUnsnubbed', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, stallAtS, stalledForS } = knobs;
    const line = lineFrom(knobs);
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    const [stalled, ...others] = swarm.addLeechers(peers, line) as [SimNode, ...SimNode[]];
    const withinS = patienceS(swarm);
    swarm.run(stallAtS);
    const end = swarm.cutOff(stalled);
    swarm.run(stalledForS);
    end();
    swarm.untilComplete(withinS, others);
    swarm.untilComplete(withinS, [stalled]);
    swarm.run(5);
  },
});
