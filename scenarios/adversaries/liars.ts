// A3. Liars claim pieces that they do not have, by bitfield or by have, and answer requests with nothing or with a reject.

import { Liar, lieOf } from '#sim';
import { whole } from '#harness';
import { addAttackers, attack, attackerCount, honestCost, lineOf, proof, total } from './attack.ts';

export const liars = attack({
  name: 'liars',
  doc: 'A3: a quarter of the peers claim what they do not have and answer nothing: all finish, nearly as fast',
  knobs: { attackers: whole(25, 1, 50, '%', 'attackers among all leechers and attackers') },
  full: { peers: 90, sizeMiB: 16 },
  marks: ['requestTimedOut', 'peerSnubbed', 'requestRejected'],

  attack(swarm, knobs) {
    return addAttackers(
      swarm,
      attackerCount(knobs),
      lineOf(knobs),
      true,
      (options, index) => new Liar({ ...options, lie: lieOf(index) }),
    );
  },

  judge(attacked) {
    return [honestCost(attacked, 15), proof('requests in vain', total(attacked.attackers, 'requestsHeard'))];
  },
});
