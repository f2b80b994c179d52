// V7: how often a first seed sends a piece before all pieces are out, as an ordinary seed and as a super-seed.

import { Swarm } from '../swarm.ts';
import { hasBit } from '../invariants.ts';
import type { Validation } from './validation.ts';

const LEECHERS = 20;
const SEED_KBPS = 100;
const UP_KBPS = 100;
const DOWN_KBPS = 400;
const SIZE_MIB = 64;
const PIECE_KIB = 256;
const GIVE_UP_S = 20_000;

export const superSeeding: Validation = {
  name: 'V7',
  title: 'Copies that a first seed sends until every piece is out: a super-seed sends hardly any twice',
  source: 'J. Hoffman, BEP 16 "Superseeding" (150 to 200 % of the file as an ordinary seed, 105 % as a super-seed)',
  setup: () =>
    `One seed of ${SEED_KBPS} kB/s and ${LEECHERS} leechers of ${UP_KBPS}/${DOWN_KBPS} kB/s that join together; ${SIZE_MIB} MiB in pieces of ${PIECE_KIB} KiB. ` +
    'Measured: payload that left the seed when the leechers have every piece among them, over the size of the file. ' +
    'Re-announce: every 120 s, and after 30 s where a node has fewer than 8 peers.',
  findings: [],

  run: (seed) => [
    {
      quantity: 'copies sent, ordinary seed',
      unit: '',
      theory: null,
      measured: copiesSent(seed, false),
      band: [1.4, 2.3],
    },
    {
      quantity: 'copies sent, super-seed',
      unit: '',
      theory: 1,
      measured: copiesSent(seed, true),
      band: [1, 1.15],
    },
  ],
};

function copiesSent(seed: number, superSeeding: boolean): number {
  const swarm = new Swarm({ seed, contents: { sizeMiB: SIZE_MIB, pieceKiB: PIECE_KIB } });
  const line = { downKBps: DOWN_KBPS, latencyMs: 40 };
  const source = swarm.addSeed({ ...line, upKBps: SEED_KBPS, settings: { superSeeding } });
  const leechers = swarm.addLeechers(LEECHERS, { ...line, upKBps: UP_KBPS });
  const { pieceCount, totalBytes } = swarm.contents.geometry;
  for (let piece = 0; piece < pieceCount; ) {
    if (leechers.some((leecher) => hasBit(leecher.status().have, piece))) piece += 1;
    else swarm.run(1);
    if (swarm.nowS > GIVE_UP_S) throw new Error(`piece ${piece} is not out after ${GIVE_UP_S} s`);
  }
  const sent = source.status().uploadedBytes / totalBytes;
  swarm.untilComplete(GIVE_UP_S);
  swarm.finish();
  return sent;
}
