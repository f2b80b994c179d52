// Leechers come and go, some in good order, some by a crash that is noticed late, and in the end the only seed leaves as soon as those who
// stay have every piece among them. Who stays must complete.

import { choice, whole } from '#harness';
import { lineFrom, patienceS, scenario, shared, type SimNode, type Swarm } from '#sim';

/** Whoever goes does so within this time after the last join. */
const CHURN_S = 20;
const SETTLE_S = 30;
/** A crashed node's peers hear of it by a reset at once, or by silence. */
const NOTICE_MAX_US = 60_000_000;

export const churn = scenario({
  name: 'churn',
  doc: 'leechers join, leave and crash, the seed leaves once its copies exist: whoever stays completes',
  knobs: {
    peers: shared.peers(16),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(64),
    ...shared.line,
    joinWithinS: whole(20, 0, 60, 's', 'leechers join within so much time'),
    leavePercent: whole(25, 0, 50, '%', 'leechers that leave in good order'),
    crashPercent: whole(25, 0, 50, '%', 'leechers that crash'),
    seedLeaves: choice(true, [false, true], '', 'the seed leaves too'),
  },
  marks: ['peerClosed', 'stopped', 'dialFailed', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { peers, joinWithinS, leavePercent, crashPercent } = knobs;
    const line = lineFrom(knobs);
    const seed = swarm.addSeed(line);
    const leechers = swarm.addLeechers(peers, line, joinWithinS);
    const random = swarm.random.fork('churn');
    const stayers: SimNode[] = [];
    const leavers: SimNode[] = [];
    for (const leecher of leechers) {
      const drawn = random.below(100);
      const atS = joinWithinS + random.below(CHURN_S * 1000) / 1000;
      // The first stays, so that somebody does.
      if (stayers.length === 0 || drawn >= leavePercent + crashPercent) stayers.push(leecher);
      else if (drawn < leavePercent) {
        leavers.push(leecher);
        swarm.at(atS, () => leecher.leave());
      } else swarm.at(atS, () => leecher.crash(random.below(2) * NOTICE_MAX_US));
    }
    const withinS = joinWithinS + patienceS(swarm);
    if (knobs.seedLeaves) {
      swarm.until('those who stay have a copy', () => haveCopy(swarm, stayers), withinS);
      seed.leave();
    }
    swarm.untilComplete(withinS, stayers);
    swarm.run(Math.max(0, joinWithinS + CHURN_S - swarm.nowS) + SETTLE_S);
    swarm.check(
      'who left is gone',
      leavers.every(({ running }) => !running),
    );
    for (const leaver of leavers) checkLastWord(swarm, leaver);
    for (const stayer of stayers)
      swarm.check('all is on the disk', stayer.status().flushedBytes === stayer.status().totalBytes);
  },
});

/** Every piece stands on the disk of at least one of the nodes. */
function haveCopy(swarm: Swarm, nodes: readonly SimNode[]): boolean {
  const haves = nodes.filter(({ running }) => running).map((node) => node.status().have);
  const { pieceCount } = swarm.contents.geometry;
  for (let piece = 0; piece < pieceCount; piece += 1)
    if (!haves.some((have) => (have[piece >> 3] as number) & (0x80 >> (piece & 7)))) return false;
  return true;
}

function checkLastWord(swarm: Swarm, leaver: SimNode): void {
  const last = swarm.trackers[0]?.records.filter(({ node }) => node === leaver.index).at(-1);
  swarm.check('who left said "stopped" last', last?.request.event === 'stopped', () => `node ${leaver.index}`);
}
