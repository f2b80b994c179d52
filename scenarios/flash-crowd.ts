// Everyone wants the same new file at once, and one seed has it. The swarm must spread it at nearly the rate of all uplinks together.

import { choice, whole } from '#harness';
import { lineFrom, distributionBoundS, lineOf, lossFactor, scenario, shared } from '#sim';

export const flashCrowd = scenario({
  name: 'flash-crowd',
  doc: 'one seed, everyone joins at once: all finish, near the least time that arithmetic allows',
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(40),
    sizeMiB: shared.sizeMiB(16),
    pieceKiB: shared.pieceKiB(64),
    ...shared.line,
    connections: whole(
      80,
      20,
      200,
      '',
      'most connections of a node; twice as many as there are nodes make a full mesh',
    ),
    ratioMax: choice(3, [3], '', 'the slowest may take this many times the bound'),
  },
  marks: [
    'torrentAdded',
    'stateChanged',
    'requestsSent',
    'requestRejected',
    'blockReceived',
    'blockSent',
    'uploadRejected',
    'pieceStarted',
    'pieceCompleted',
    'peerConnected',
    'unchoked',
    'pieceVerified',
    'pieceFlushed',
    'downloadCompleted',
    'endGameEntered',
    'announced',
  ],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, upKBps, downKBps, sizeMiB, pieceKiB, connections, ratioMax } = knobs;
    const line = lineFrom(knobs);
    const settings = { connectionsPerTorrentMax: connections, numwant: connections };
    const seedLine = { ...line, upKBps: 2 * upKBps };
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed({ ...seedLine, settings });
    const leechers = swarm.addLeechers(peers, { ...line, settings });
    const boundS = distributionBoundS({
      sizeBytes: sizeMiB * 2 ** 20,
      pieceBytes: pieceKiB * 2 ** 10,
      seedUpBps: Array.from({ length: seeds }, () => 2 * upKBps * 1000),
      leecherUpBps: leechers.map(() => upKBps * 1000),
      leecherDownBps: leechers.map(() => downKBps * 1000),
    });
    swarm.untilComplete(ratioMax * boundS * lossFactor(lineOf(seedLine)) + 60);
    swarm.run(5);
  },
});
