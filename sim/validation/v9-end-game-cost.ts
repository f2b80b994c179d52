// V9: what end-game costs in blocks that arrive twice.

import { endGameEntries } from '../end-game-entries.ts';
import { Swarm } from '../swarm.ts';
import { WireObserver } from '../wire-observer.ts';
import type { Validation } from './validation.ts';

const LEECHERS = { full: 20, quick: 8 };
const UP_KBPS = 200;
const DOWN_KBPS = 800;
const SIZE_MIB = 64;
const GIVE_UP_S = 3_600;

export const endGameCost: Validation = {
  name: 'V9',
  title: 'Cost of end-game: duplicates ≤ (holders − 1) × blocks outstanding at its entry, and next to nothing',
  source:
    'A. Legout, G. Urvoy-Keller and P. Michiardi, "Rarest first and choke algorithms are enough", IMC 2006 (end game has no significant cost)',
  setup: (size) =>
    `Two seeds and ${LEECHERS[size]} leechers of ${UP_KBPS}/${DOWN_KBPS} kB/s and a seed of 2 kB/s that holds up the end; ${SIZE_MIB} MiB in pieces of 256 KiB, ` +
    'round trips of 40 ms. A duplicate is a block that arrives at a node that has it. End-game is entered where a node first asks a ' +
    'second peer for a block; what it asks for later counts as outstanding too. Who never does has no end-game: what comes to it twice was late, and given up. ' +
    'Re-announce: every 120 s, and after 30 s where a node has fewer than 8 peers.',
  findings: [],

  run(seed, size) {
    const swarm = new Swarm({ seed, contents: { sizeMiB: SIZE_MIB, pieceKiB: 256 } });
    const observer = new WireObserver();
    swarm.observer = observer;
    const entries = endGameEntries(observer);
    const line = { upKBps: UP_KBPS, downKBps: DOWN_KBPS, latencyMs: 40 };
    swarm.addSeed({ ...line, upKBps: 2 });
    for (let added = 0; added < 2; added += 1) swarm.addSeed(line);
    const leechers = swarm.addLeechers(LEECHERS[size], line);
    swarm.untilComplete(GIVE_UP_S);
    swarm.run(10);
    swarm.finish();
    const duplicates = leechers.map((leecher) => observer.duplicates(leecher));
    const holders = swarm.nodes.length - 1;
    const shares = leechers.map((leecher, at) => {
      const outstanding = entries.get(leecher)?.size;
      return outstanding === undefined ? 0 : (duplicates[at] as number) / ((holders - 1) * outstanding);
    });
    const { blockCount } = swarm.contents;
    return [
      {
        quantity: 'duplicate blocks of all leechers',
        unit: '% of the file',
        theory: 0,
        measured: (100 * duplicates.reduce((sum, count) => sum + count, 0)) / (leechers.length * blockCount),
        band: [0, 1],
      },
      {
        quantity: 'worst leecher',
        unit: '% of the file',
        theory: 0,
        measured: (100 * Math.max(...duplicates)) / blockCount,
        band: [0, 1],
      },
      {
        quantity: 'worst duplicates / ((holders − 1) × outstanding)',
        unit: '',
        theory: null,
        measured: Math.max(...shares),
        band: [0, 1],
      },
    ];
  },
};
