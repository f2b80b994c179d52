// Peers that break the wire's rules, beside honest ones: garbage, blocks that nobody asked for, requests without end from one that reads
// nothing. They are put up with within bounds, or cut, and the honest hardly notice.

import { whole } from '#harness';
import { lineFrom, patienceS, RUDE, scenario, shared } from '#sim';

/** Of one connection, unasked, before it is cut (with what is on its way then). */
const UNASKED_BYTES_MAX = 5 * 2 ** 20;
const WATCHED_S = 30;

export const rudePeers = scenario({
  name: 'rude-peers',
  doc: 'garbage, unasked blocks, and requests without end from one that never reads: cut or bounded, the honest complete',
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(2),
    rude: whole(3, 1, 6, '', 'rude peers, of each kind in turn'),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(256),
    ...shared.line,
  },
  marks: ['peerFault', 'blockUnasked', 'backPressure', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, rude } = knobs;
    const line = lineFrom(knobs);
    const honest = Array.from({ length: seeds }, () => swarm.addSeed(line));
    honest.push(...swarm.addLeechers(peers, line));
    const withinS = patienceS(swarm);
    const random = swarm.random.fork('rude');
    for (let index = 0; index < rude; index += 1) {
      const Script = RUDE[index % RUDE.length] as (typeof RUDE)[number];
      const script = new Script({ contents: swarm.contents, random: random.fork(String(index)) });
      // It counts as one who needs nothing.
      swarm.prepare({ ...line, honest: false, wrap: () => script }, true).start(swarm.contents);
    }
    swarm.untilComplete(withinS);
    swarm.run(WATCHED_S);
    for (const node of honest) {
      const { wastedBytes, totalBytes } = node.status();
      const most = totalBytes + rude * UNASKED_BYTES_MAX * Math.ceil(swarm.nowS / 30);
      swarm.check(
        'what nobody asked for is bounded',
        wastedBytes <= most,
        () => `${wastedBytes} at node ${node.index}`,
      );
    }
  },
});
