// The last blocks. Each is on its way from somebody; in end-game another holder is asked for it too, so that one who is very slow does not
// hold up the end, and the first arrival cancels the rest, so that next to nothing arrives twice.

import { whole } from '#harness';
import {
  lineFrom,
  endGameEntries,
  type LineOptions,
  patienceS,
  scenario,
  shared,
  type SimNode,
  Swarm,
  WireObserver,
} from '#sim';

/** Of all blocks that arrive, how many may arrive in vain, or so many a leecher, where a line takes less than 0.2 s for one: on a slower
 *  one a cancel comes too late for what waits in the sender's socket. Nor where packets are lost: what waits for a retransmission is late,
 *  is asked for twice, and then comes twice. Each leecher is held to its own bound everywhere.
 *
 *  Six, for there are tails: mostly it is one or two, five of 256 at 100 kB/s came in one run of 6,000, and in another a leecher whose own line
 *  was full had eighteen on their way when it cancelled them, four leechers 23 together. To keep half as much in a socket did not mend the
 *  one and cost a crowd of 200 three hundredths of its time (eight seeds). */
const DUPLICATE_SHARE = 0.01;
const DUPLICATES_FEW = 6;
const SHARE_BLOCKS_MIN = 256;
const SHARE_KBPS_MIN = 82;
/** What the slow holder may cost, against the same swarm without it. Where packets are lost that says nothing: a loss more on a long line halves
 *  its rate for a minute, and they are other packets in each of the two. */
const SLOW_FACTOR = 1.5;
const SLOW_SLACK_S = 10;

export const endGame = scenario({
  name: 'end-game',
  doc: 'the last blocks beside a very slow holder: nobody asked twice, arrivals cancel duplicates, at most 1 % in vain',
  knobs: {
    seeds: shared.seeds(2),
    peers: shared.peers(6),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(256),
    ...shared.line,
    slowKBps: whole(2, 1, 20, 'kB/s', 'uplink of the slow holder'),
  },
  marks: ['endGameEntered', 'endGameCancel', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, sizeMiB, pieceKiB, upKBps, downKBps, lossPercent, slowKBps } = knobs;
    const line = lineFrom(knobs);
    const world = { seed: swarm.seed, contents: { sizeMiB, pieceKiB } };
    const other = new Swarm(world);
    const withoutS = tookS(other, arrange(other, line, seeds, peers));

    // It breaks where a peer is asked twice for a block at a time, and where an arrival leaves a duplicate uncancelled.
    const observer = new WireObserver();
    swarm.observer = observer;
    swarm.addSeed({ ...line, upKBps: slowKBps });
    const leechers = arrange(swarm, line, seeds, peers);
    const entries = endGameEntries(observer);
    const withS = tookS(swarm, leechers);

    if (lossPercent === 0)
      swarm.check(
        'one very slow holder does not hold up the end',
        withS <= SLOW_FACTOR * withoutS + SLOW_SLACK_S,
        () => `${withS.toFixed(1)} s with it, ${withoutS.toFixed(1)} s without`,
      );
    const holders = swarm.nodes.length - 1;
    let duplicates = 0;
    for (const leecher of leechers) {
      const inVain = observer.duplicates(leecher);
      const most = (holders - 1) * (entries.get(leecher)?.size ?? 0) + observer.askedAnew(leecher);
      swarm.check('only end-game asks twice', inVain <= most, () => `${inVain} of ${most} blocks in vain`);
      duplicates += inVain;
    }
    const { blockCount } = swarm.contents;
    const share = `${duplicates} of ${peers * blockCount} blocks arrived twice`;
    const judged = blockCount >= SHARE_BLOCKS_MIN && Math.min(upKBps, downKBps) >= SHARE_KBPS_MIN && lossPercent === 0;
    const most = peers * Math.max(DUPLICATES_FEW, DUPLICATE_SHARE * blockCount);
    if (judged) swarm.check('at most 1 %, or six each, arrive in vain', duplicates <= most, () => share);
    swarm.notes.push(
      `${share}, ${observer.cancelCount} were cancelled; ${withS.toFixed(1)} s, ${withoutS.toFixed(1)} s without the slow holder`,
    );
  },
});

/** Seeds and leechers on like lines. */
function arrange(swarm: Swarm, line: LineOptions, seeds: number, peers: number): SimNode[] {
  for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
  return swarm.addLeechers(peers, line);
}

/** Runs until all are done; seconds until the last was. */
function tookS(swarm: Swarm, leechers: readonly SimNode[]): number {
  swarm.untilComplete(patienceS(swarm));
  const tookS = Math.max(...leechers.map(({ completedAt }) => (completedAt as number) / 1e6));
  swarm.run(5);
  return tookS;
}
