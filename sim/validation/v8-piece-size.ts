// V8: large pieces leave uplinks idle, because a peer has nothing to give until its first piece is whole.

import { Swarm } from '../swarm.ts';
import { allTookS, MIB } from './measure.ts';
import type { Validation } from './validation.ts';

const LEECHERS = 40;
const UP_KBPS = 200;
const DOWN_KBPS = 800;
const SIZE_MIB = 16;
const PIECE_KIB = { full: [16, 32, 64, 128, 256, 512, 1024, 2048, 4096], quick: [64, 512, 4096] };
const GIVE_UP_S = 3_600;

export const pieceSize: Validation = {
  name: 'V8',
  title: 'Piece size: the smaller the pieces of a small file, the better its uplinks are used',
  source:
    'P. Marciniak, N. Liogkas, A. Legout and E. Kohler, "Small is not always beautiful", IPTPS 2008, for small contents',
  setup: (size) =>
    `One seed and ${LEECHERS} leechers of ${UP_KBPS}/${DOWN_KBPS} kB/s that join together and stay; ${SIZE_MIB} MiB in pieces of ` +
    `${PIECE_KIB[size].join(', ')} KiB. Utilisation: the file times the leechers, of what all uplinks could have carried until the last ` +
    'was complete. Re-announce: every 120 s, and after 30 s where a node has fewer than 8 peers.',
  findings: [],

  run(seed, size) {
    const utilisations = PIECE_KIB[size].map((pieceKiB) => utilisationOf(seed, pieceKiB));
    const rises = utilisations.filter((value, at) => at > 0 && value >= (utilisations[at - 1] as number)).length;
    return [
      ...utilisations.map((measured, at) => ({
        quantity: `utilisation, ${PIECE_KIB[size][at]} KiB`,
        unit: '',
        theory: null,
        measured,
        band: [0, 1] as const,
      })),
      { quantity: 'steps to a larger piece at which it rises', unit: '', theory: 0, measured: rises, band: [0, 0] },
    ];
  },
};

function utilisationOf(seed: number, pieceKiB: number): number {
  const swarm = new Swarm({ seed, contents: { sizeMiB: SIZE_MIB, pieceKiB } });
  const line = { upKBps: UP_KBPS, downKBps: DOWN_KBPS, latencyMs: 40 };
  swarm.addSeed(line);
  const leechers = swarm.addLeechers(LEECHERS, line);
  swarm.untilComplete(GIVE_UP_S);
  swarm.finish();
  return (LEECHERS * SIZE_MIB * MIB) / (allTookS(leechers) * (1 + LEECHERS) * UP_KBPS * 1000);
}
