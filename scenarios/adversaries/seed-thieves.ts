// A5. Thieves take from the seed alone and as much as it gives. With turns among its slots they get the share of its uplink that is their
// share of the slots, no more: a slot is time, and each slot gets its part of the line.

import { SeedThief, type SimNode, type Swarm } from '#sim';
import { whole } from '#harness';
import { addAttackers, attack, attackerCount, honestCost, lineOf, proof, total } from './attack.ts';

/** Of the seed's uplink in the time that matters: until somebody honest has a second complete copy. */
interface Loot {
  slotSeconds: number;
  stolenSlotSeconds: number;
  bytes: number;
  stolenBytes: number;
}

const LOOT = new WeakMap<Swarm, Loot>();

export const seedThieves = attack({
  name: 'seed-thieves',
  doc: "A5: thieves take the seed's uplink: taking turns bounds their loot to their share of the slots",
  knobs: { seedKBps: whole(200, 50, 4000, 'kB/s', "the seed's uplink") },
  full: { peers: 70, sizeMiB: 16 },
  marks: ['unchoked', 'choked'],

  attack(swarm, knobs, { seeds, leechers }) {
    const loot: Loot = { slotSeconds: 0, stolenSlotSeconds: 0, bytes: 0, stolenBytes: 0 };
    LOOT.set(swarm, loot);
    watch(swarm, seeds[0] as SimNode, leechers, loot);
    return addAttackers(swarm, attackerCount(knobs), lineOf(knobs), false, (options) => new SeedThief(options));
  },

  judge(attacked) {
    const { slotSeconds, stolenSlotSeconds, bytes, stolenBytes } = LOOT.get(attacked.swarm) as Loot;
    const ratio = stolenBytes / bytes / (stolenSlotSeconds / slotSeconds);
    return [
      {
        what: "thieves' share of the slots",
        value: (100 * stolenSlotSeconds) / slotSeconds,
        unit: '%',
        expected: '',
        holds: true,
      },
      {
        what: 'their loot over their share of the slots',
        value: ratio,
        unit: '',
        expected: '0.8-1.2',
        holds: ratio >= 0.8 && ratio <= 1.2,
      },
      honestCost(attacked, Number.POSITIVE_INFINITY),
      proof('blocks stolen', total(attacked.attackers, 'blocksReceived')),
    ];
  },
});

function watch(swarm: Swarm, seed: SimNode, leechers: readonly SimNode[], loot: Loot): void {
  swarm.after(1, () => {
    if (leechers.some(({ complete }) => complete)) return;
    loot.bytes = 0;
    loot.stolenBytes = 0;
    for (const { amChoking, conn, uploadedBytes } of seed.status().peers) {
      const stolen = swarm.other(seed, conn)?.options.honest === false;
      loot.bytes += uploadedBytes;
      if (stolen) loot.stolenBytes += uploadedBytes;
      if (amChoking) continue;
      loot.slotSeconds += 1;
      if (stolen) loot.stolenSlotSeconds += 1;
    }
    watch(swarm, seed, leechers, loot);
  });
}
