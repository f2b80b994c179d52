// Trackers die, fail and come back. Nobody is lost by it: the next tier is asked, retries keep a distance that grows, and what trackers are
// told is the truth, byte for byte, with each event once.

import { choice, whole } from '#harness';
import { lineFrom, patienceS, scenario, shared, type SimNode, type SimTracker, type Swarm, WireObserver } from '#sim';
import { checkPauses, checkTold, untilTold } from './told.ts';

const FIRST = 'http://first.example/announce';
/** The second tier: the dead one is asked first by half of the nodes, until the other answers. */
const SECOND = 'http://second.example/announce';
const DEAD = 'http://dead.example/announce';
/** Bounds of the pause after all trackers failed: it doubles from the first to the second. */
const RETRY_MIN_S = 15;
const RETRY_MAX_S = 1_800;
/** What failing announces may cost whoever knows too few peers. */
const FAILING_SLACK_S = 600;
/** A tracker that does not answer is waited for; each tier once a round. */
const ROUND_MAX_S = 60;

export const trackerDown = scenario({
  name: 'tracker-down',
  doc: 'dead and failing trackers: the next tier serves, retries back off, totals and events told are the truth',
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(6),
    sizeMiB: shared.sizeMiB(2),
    pieceKiB: shared.pieceKiB(64),
    ...shared.line,
    allDeadForS: whole(100, 5, 600, 's', 'no tracker answers at first'),
    firstDeadForS: whole(120, 0, 600, 's', 'so much longer the first tier stays dead'),
    failPercent: choice(20, [0, 20, 50], '%', 'announces that the second tier answers with an error'),
  },
  marks: ['announceSent', 'announceFailed', 'announced', 'trackerPromoted', 'stopped', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB, failPercent }) => ({
    contents: { sizeMiB, pieceKiB, announceTiers: [[FIRST], [SECOND, DEAD]] },
    trackers: [{ url: FIRST }, { url: SECOND, failuresPerMillion: failPercent * 10_000 }, { url: DEAD }],
  }),

  play(swarm, knobs) {
    const { seeds, peers, allDeadForS, firstDeadForS } = knobs;
    const line = lineFrom(knobs);
    const [first, second, dead] = swarm.trackers as [SimTracker, SimTracker, SimTracker];
    const observer = new WireObserver();
    swarm.observer = observer;
    first.alive = false;
    second.alive = false;
    dead.alive = false;
    swarm.at(allDeadForS, () => {
      second.alive = true;
    });
    swarm.at(allDeadForS + firstDeadForS, () => {
      first.alive = true;
    });
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    swarm.addLeechers(peers, line);
    swarm.run(allDeadForS);
    swarm.check('nobody met', swarm.deliveredBytes === 0);
    for (const node of swarm.nodes) checkBackoff(swarm, first, node);
    // Until an announce gets through: pauses double, and each fails by chance. Then peers find each other.
    const heardOf = ({ index }: SimNode) =>
      swarm.trackers.some(({ records }) => records.some(({ node, heard }) => node === index && heard));
    swarm.until('a tracker has heard of everyone', () => swarm.nodes.every(heardOf), 4 * allDeadForS + 6 * RETRY_MAX_S);
    swarm.untilComplete(FAILING_SLACK_S + patienceS(swarm));
    swarm.until('the first tier is back', () => first.alive, firstDeadForS + 1);
    second.options = { ...second.options, failuresPerMillion: 0 };
    untilTold(swarm, 2 * RETRY_MAX_S);
    swarm.run(1);
    for (const node of swarm.nodes) node.leave();
    swarm.until('all have left', () => swarm.nodes.every(({ running }) => !running), 60);
    swarm.run(20);
    for (const node of swarm.nodes) {
      checkTold(swarm, observer, node);
      checkPauses(swarm, node);
    }
  },
});

/** While nobody answers, each round comes after a pause at least as long as the one before, within bounds. */
function checkBackoff(swarm: Swarm, tracker: SimTracker, { index }: SimNode): void {
  const times = tracker.records.filter(({ node }) => node === index).map(({ at }) => at / 1e6);
  const gaps = times.slice(1).map((at, round) => at - (times[round] as number));
  swarm.check('it is tried at once', times.length > 0);
  gaps.forEach((gap, round) => {
    const leastS = Math.min(RETRY_MAX_S, RETRY_MIN_S * 2 ** round);
    const inBounds = gap >= leastS && gap <= leastS + ROUND_MAX_S;
    swarm.check('the pause between rounds doubles', inBounds, () => `node ${index}, round ${round}: ${gap} s`);
  });
}
