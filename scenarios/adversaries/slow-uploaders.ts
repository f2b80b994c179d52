// A8. Slow uploaders send one block every 59 s, just before it would count as lost.

import { shared, SlowUploader } from '#sim';
import { whole } from '#harness';
import { addAttackers, attack, attackerCount, honestCost, lineOf, proof, total } from './attack.ts';

export const slowUploaders = attack({
  name: 'slow-uploaders',
  doc: 'A8: a quarter of the peers send one block a minute: nobody waits for them',
  knobs: {
    sizeMiB: shared.sizeMiB(16),
    attackers: whole(25, 1, 50, '%', 'attackers among all leechers and attackers'),
  },
  full: { peers: 90 },
  marks: ['requestTimedOut'],

  attack(swarm, knobs) {
    return addAttackers(swarm, attackerCount(knobs), lineOf(knobs), true, (options) => new SlowUploader(options));
  },

  judge(attacked) {
    return [honestCost(attacked, 10), proof('blocks sent slowly', total(attacked.attackers, 'blocksSent'))];
  },
});
