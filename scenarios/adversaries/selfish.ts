// A10. The selfish trio of Liogkas et al. 2006: seeds only, fastest only, false pieces.
//
// At the small size they cost 0.1 to 7.2 % (ten seeds). At the full one seed 1 gave 11.9 %, above the tenth: not looked into, nor measured
// over more seeds. What differs is that every honest peer pays garbage and a ban for each of more liars, in the same 16 MiB.

import { SELFISH, shared } from '#sim';
import { whole } from '#harness';
import { addAttackers, attack, attackerCount, honestCost, lineOf, proof, total } from './attack.ts';

export const selfish = attack({
  name: 'selfish',
  doc: 'A10: a tenth of the peers are selfish in three ways: the honest hardly notice',
  knobs: {
    sizeMiB: shared.sizeMiB(16),
    attackers: whole(13, 1, 50, '%', 'attackers among all leechers and attackers'),
  },
  full: { peers: 90, attackers: 10 },
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
