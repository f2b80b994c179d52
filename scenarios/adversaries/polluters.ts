// A2. Polluters send garbage: half of their blocks, so that at their share of all uplinks a twentieth of all blocks would be bad. With many
// sources 1 − 0.95¹⁶ = 56 % of pieces of 16 blocks would fail then, with one source each 5 %.

import { shared, Polluter } from '#sim';
import { whole } from '#harness';
import { addAttackers, attack, attackerCount, honestCost, lineOf, proof, total } from './attack.ts';

export const polluters = attack({
  name: 'polluters',
  doc: 'A2: a tenth of the peers send garbage: all finish with the true content, liars are banned, the honest never',
  knobs: {
    attackers: whole(10, 1, 50, '%', 'attackers among all leechers and attackers'),
    pieceKiB: shared.pieceKiB(256),
    sizeMiB: shared.sizeMiB(16),
    badPercent: whole(50, 1, 100, '%', 'blocks of an attacker that are garbage'),
  },
  full: { peers: 90, sizeMiB: 64 },
  spoils: true,
  marks: ['pieceFailed', 'paroleStarted', 'blameAssigned', 'peerBanned'],

  attack(swarm, knobs) {
    const { badPercent } = knobs;
    return addAttackers(
      swarm,
      attackerCount(knobs),
      lineOf(knobs),
      true,
      (options) => new Polluter({ ...options, badPercent }),
    );
  },

  judge(attacked) {
    const { swarm, attackers } = attacked;
    return [
      honestCost(attacked, 20),
      proof('blocks sent by polluters', total(attackers, 'blocksSent')),
      proof('pieces failed', swarm.count('pieceFailed')),
      proof('bans of polluters', swarm.count('peerBanned')),
    ];
  },
});
