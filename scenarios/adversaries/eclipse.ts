// A4. One victim hears of attackers alone at first: they fill its places, claim everything, answer nothing, and come back. The tracker's
// next answer names the honest as well; the victim has to see who is useless, and make room.

import { Eclipse, type ScriptedPeer, type SimNode } from '#sim';
import { whole } from '#harness';
import { addAttackers, attack, medianS, proof, total } from './attack.ts';

const VICTIM_STARTS_S = 20;
/** No tracker answers for so long when the victim starts. */
const ECLIPSED_S = 60;
/** What the victim may take of the time that it takes in peace, once it has heard of others. */
const RECOVERY_FACTOR = 2;

export const eclipse = attack({
  name: 'eclipse',
  doc: 'A4: liars fill the places of one victim: after the next announce it drops the useless and completes',
  knobs: {
    attackers: whole(100, 50, 100, '%', "attackers among the victim's first peers"),
    connections: whole(20, 20, 80, '', 'most connections of an honest node'),
  },
  full: { peers: 90, sizeMiB: 16, connections: 80 },
  marks: ['requestTimedOut', 'peerSnubbed', 'peerEvicted'],
  victimStartsS: VICTIM_STARTS_S,

  attack(swarm, knobs, { seeds, leechers }) {
    const victim = leechers.at(-1) as SimNode;
    const [tracker] = swarm.trackers;
    const before = swarm.nodes.length;
    const { upKBps, downKBps, latencyMs, connections } = knobs;
    const attackers: ScriptedPeer[] = addAttackers(
      swarm,
      Math.round((connections * knobs.attackers) / 100),
      { upKBps, downKBps, latencyMs },
      true,
      (options) => new Eclipse({ ...options, victim: victim.address }),
    );
    const liars = swarm.nodes.slice(before).map(({ address }) => address);
    const others = [...seeds, ...leechers].slice(0, connections - liars.length).map(({ address }) => address);
    swarm.at(VICTIM_STARTS_S, () => {
      if (tracker !== undefined) tracker.alive = false;
      victim.start(swarm.contents, { peers: [...liars, ...others] });
    });
    swarm.at(VICTIM_STARTS_S + ECLIPSED_S, () => {
      if (tracker !== undefined) tracker.alive = true;
    });
    return attackers;
  },

  judge({ attackers, leechers, calm }) {
    const took = medianS(leechers.slice(-1)) - ECLIPSED_S;
    const ratio = took / medianS(calm.leechers.slice(-1));
    return [
      {
        what: 'victim after the eclipse over the same in peace',
        value: ratio,
        unit: '',
        expected: `<= ${RECOVERY_FACTOR}`,
        holds: ratio <= RECOVERY_FACTOR,
      },
      proof('places taken at the victim', total(attackers, 'connections')),
      proof('requests in vain', total(attackers, 'requestsHeard')),
      proof('attackers sent away', total(attackers, 'timesClosed')),
    ];
  },
});
