// A6. Idle connections, many times as many as an honest peer may hold, and all of them there before it: whoever exchanges nothing has to
// make room for those who do.

import { DEFAULT_SETTINGS } from '#engine';
import { Idler, shared } from '#sim';
import { whole } from '#harness';
import { addAttackers, attack, honestCost, lineOf, proof, total } from './attack.ts';

export const idlers = attack({
  name: 'idlers',
  doc: 'A6: idle connections beyond every limit: they are evicted for those who exchange something',
  knobs: {
    sizeMiB: shared.sizeMiB(16),
    idlers: whole(125, 20, 125, '', 'attackers, each with one connection to every honest node'),
    connections: whole(20, 20, 80, '', 'most connections of an honest node'),
  },
  full: { peers: 60, connections: 80, idlers: 500 },
  marks: ['connectionRefused', 'peerEvicted'],
  settings: () => ({ numwant: DEFAULT_SETTINGS.numwant }),

  attack(swarm, knobs) {
    return addAttackers(swarm, knobs.idlers, lineOf(knobs), false, (options) => new Idler(options));
  },

  judge(attacked) {
    const { swarm, attackers } = attacked;
    return [
      honestCost(attacked, 25),
      proof('places taken', total(attackers, 'connections')),
      proof('idle connections evicted', swarm.count('peerEvicted')),
    ];
  },
});
