// A7. Withholders serve every piece but one, which they claim and never send. All must finish; what else they serve makes the honest faster.

import { Withholder } from '#sim';
import { addAttackers, attack, attackerCount, honestCost, lineOf, proof, total } from './attack.ts';

const WITHHELD_PIECE = 7;

export const withholders = attack({
  name: 'withholders',
  doc: 'A7: a third of the peers never serve one piece: all finish while another holder exists',
  knobs: {},
  full: { peers: 70, sizeMiB: 16 },
  marks: ['requestTimedOut', 'blockDuplicate', 'endGameLeft'],

  attack(swarm, knobs) {
    return addAttackers(
      swarm,
      attackerCount(knobs),
      lineOf(knobs),
      true,
      (options) => new Withholder({ ...options, withheld: WITHHELD_PIECE }),
    );
  },

  judge(attacked) {
    return [
      honestCost(attacked, Number.POSITIVE_INFINITY),
      proof('blocks served', total(attacked.attackers, 'blocksSent')),
    ];
  },
});
