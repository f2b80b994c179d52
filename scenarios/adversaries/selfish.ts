// A10. The selfish trio of Liogkas et al. 2006: seeds only, fastest only, false pieces.
//
// Three among 27 honest are the tenth of the table: it holds in 40 seeds of 40. Three among 20 cost 10 to 11.4 % in 3 of 40. At the full size
// seed 1 gave 11.9 %: not looked into, nor measured over more seeds; every honest peer pays garbage and a ban for each of more liars there.

import { SELFISH, shared } from '#sim';
import { whole } from '#harness';
import { addAttackers, attack, attackerCount, honestCost, lineOf, proof, total } from './attack.ts';

export const selfish = attack({
  name: 'selfish',
  doc: 'A10: a tenth of the peers are selfish in three ways: the honest hardly notice',
  knobs: {
    peers: shared.peers(27),
    sizeMiB: shared.sizeMiB(16),
    attackers: whole(10, 1, 50, '%', 'attackers among all leechers and attackers'),
  },
  full: { peers: 90 },
  marks: ['peerBanned', 'pieceFailed'],

  attack(swarm, knobs) {
    return addAttackers(swarm, attackerCount(knobs), lineOf(knobs), false, (options, index) => {
      const Selfish = SELFISH[index % SELFISH.length] as (typeof SELFISH)[number];
      return new Selfish(options);
    });
  },

  judge(attacked) {
    const { swarm, attackers } = attacked;
    return [
      honestCost(attacked, 10),
      proof('blocks taken', total(attackers, 'blocksReceived')),
      proof('garbage sent', total(attackers, 'blocksSent')),
      proof('bans of those who claim false pieces', swarm.count('peerBanned')),
    ];
  },
});
