// V3: how many rounds more than the best schedule rarest-first needs, where all uplinks are equal.

import { roundsNeeded } from './slotted-swarm.ts';
import type { Validation } from './validation.ts';

const CASES = {
  full: [
    { leechers: 31, pieces: 1 },
    { leechers: 31, pieces: 64 },
    { leechers: 127, pieces: 256 },
  ],
  quick: [
    { leechers: 31, pieces: 1 },
    { leechers: 31, pieces: 64 },
  ],
};
const RATIO_MAX = 1.06;

export const optimalSchedule: Validation = {
  name: 'V3',
  title: 'Equal uplinks: the best schedule takes M + ⌊log₂ N⌋ rounds, for capacity doubles each round',
  source:
    'J. Mundinger, R. Weber and G. Weiss, "Optimal scheduling of peer-to-peer file dissemination", Journal of Scheduling 2008; ' +
    'X. Yang and G. de Veciana, "Service capacity of peer to peer networks", IEEE INFOCOM 2004',
  setup: () =>
    'Slotted: in each round every node sends at most one piece and receives at most one. N leechers and one server, M pieces of one block. ' +
    'What is asked for is the decision of real engines (`pipelineBlocks` 1); who sends to whom is drawn at random among those who lack ' +
    'something, the server first, in place of the choker. Re-announce: none is needed, everybody knows everybody.',
  findings: [],

  run: (seed, size) =>
    CASES[size].flatMap(({ leechers, pieces }) => {
      const best = pieces + (31 - Math.clz32(leechers));
      const rarest = roundsNeeded({ seed, leechers, pieces, order: 'rarestFirst' });
      const quantity = `rounds, N = ${leechers}, M = ${pieces}`;
      if (pieces === 1) return [{ quantity, unit: '', theory: best, measured: rarest, band: [best, best] as const }];
      const random = roundsNeeded({ seed, leechers, pieces, order: 'random' });
      return [
        {
          quantity: `${quantity}, rarest first`,
          unit: '',
          theory: best,
          measured: rarest,
          band: [best, RATIO_MAX * best] as const,
        },
        {
          quantity: `${quantity}, random minus rarest first`,
          unit: '',
          theory: null,
          measured: random - rarest,
          band: [1, Infinity] as const,
        },
      ];
    }),
};
