// A first seed with a slow uplink poses as a peer without pieces (BEP 16). Everyone must complete all the same, for few copies from it.

import { choice } from '#harness';
import { patienceS, scenario, shared } from '#sim';

/** Copies that may leave the seed until all are complete: the last pieces are shown to many at once. */
const COPIES_MAX = 3;
const COPIES_PIECES_MIN = 64;

export const superSeeding = scenario({
  name: 'super-seeding',
  doc: 'a slow first seed shows each peer one piece at a time: everyone completes, and it sends few pieces twice',
  knobs: {
    peers: shared.peers(12),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(64),
    ...shared.losslessLine,
    reachable: choice(true, [true, false], '', 'leechers can connect to one another'),
  },
  marks: ['pieceShown', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, { peers, upKBps, downKBps, latencyMs, reachable }) {
    const line = { upKBps, downKBps, latencyMs };
    const seed = swarm.addSeed({ ...line, settings: { superSeeding: true } });
    swarm.addLeechers(peers, { ...line, reachable });
    const { pieceCount, totalBytes } = swarm.contents.geometry;
    // From a piece to the next: it is shown and wanted, the peer unchoked and the piece asked for, sent, and said to be there. Behind NAT
    // nobody passes a piece on: each is shown the next after a minute.
    const pieceS = reachable ? (3 * latencyMs) / 1_000 : 60;
    swarm.untilComplete(patienceS(swarm) * (reachable ? 1 : peers) + pieceCount * pieceS);
    swarm.run(5);
    const copies = seed.status().uploadedBytes / totalBytes;
    swarm.notes.push(`${copies.toFixed(2)} copies left the seed`);
    if (reachable && peers > 1 && pieceCount >= COPIES_PIECES_MIN)
      swarm.check(`at most ${COPIES_MAX} copies leave the seed`, copies <= COPIES_MAX, () => copies.toFixed(2));
  },
});
