// Squatters want everything and ask for nothing: each turn that they get among a peer's slots is lost to all, and costs them no byte. Found
// here, in no list of attacks: with 100 of them a swarm of 20 did not finish while whoever was unchoked kept its slot for a turn.

import { whole } from '#harness';
import { Squatter } from '#sim';
import { addAttackers, attack, honestCost, lineOf, proof, total } from './attack.ts';

export const squatters = attack({
  name: 'squatters',
  doc: 'peers that want everything and ask for nothing: a slot that nobody uses goes on to others',
  knobs: { squatters: whole(20, 1, 30, '', 'attackers, each with one connection to every honest node') },
  full: { peers: 60, squatters: 60 },
  marks: ['unchoked', 'choked', 'slotUnused'],

  attack(swarm, knobs) {
    return addAttackers(swarm, knobs.squatters, lineOf(knobs), false, (options) => new Squatter(options));
  },

  judge(attacked) {
    const { swarm, attackers } = attacked;
    return [
      honestCost(attacked, 20),
      proof('places taken', total(attackers, 'connections')),
      proof('slots left unused', swarm.count('slotUnused')),
    ];
  },
});
