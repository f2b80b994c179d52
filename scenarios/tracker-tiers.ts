// Three tiers: one that is dead, one of a tracker that lies about its interval and one that fails half-way, and one that nobody needs. Who
// is dead costs its turn and no more, who answers moves to the front of its tier, a tier is finished before the next, and whatever a
// tracker says of its interval, it is neither hammered nor forgotten.

import { choice, whole } from '#harness';
import { patienceS, scenario, shared, type SimNode, type SimTracker, type Swarm, WireObserver } from '#sim';
import { checkNext, checkPauses, checkTold, heardFrom, untilTold } from './told.ts';

const LIAR = 'http://liar.example/announce';
const FAILING = 'http://failing.example/announce';
const SPARE = 'http://spare.example/announce';
const HUGE_S = 2 ** 31 - 1;
/** A tracker that failed is left alone for so long at most. */
const RETRY_MIN_S = 15;
const RETRY_MAX_S = 1_800;
/** What a dead first tier may cost: its silence, twice, should it come before any other. */
const DEAD_SLACK_S = 120;

export const trackerTiers = scenario({
  name: 'tracker-tiers',
  doc: 'a dead first tier, a tracker that lies about its interval, one that fails half-way: each gets its due, none too much',
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(5),
    sizeMiB: shared.sizeMiB(2),
    pieceKiB: shared.pieceKiB(64),
    ...shared.losslessLine,
    deadOver: choice('udp', ['http', 'udp'], '', 'how the dead tracker would be reached'),
    deadForS: whole(600, 0, 3_000, 's', 'how long it is dead'),
    intervalS: choice(0, [120, 0, -1, 1, 86_401, HUGE_S], 's', 'the interval that the liar names'),
    minIntervalS: choice(90, [90, -2, 0, 31, HUGE_S], 's', 'its least interval; −2: none'),
    failsAtS: whole(20, 0, 300, 's', 'when the tracker beside it begins to fail'),
    failsFor: choice('errors', ['errors', 'silence'], '', 'how it fails'),
    failingForS: whole(300, 0, 2_000, 's', 'for how long'),
  },
  marks: ['trackerSilent', 'announceFailed', 'announced', 'trackerPromoted', 'downloadCompleted', 'stopped'],
  world: ({ sizeMiB, pieceKiB, deadOver, intervalS, minIntervalS }) => {
    const dead = deadUrl(deadOver);
    return {
      contents: { sizeMiB, pieceKiB, announceTiers: [[dead], [LIAR, FAILING], [SPARE]] },
      trackers: [
        { url: dead },
        { url: LIAR, intervalS, minIntervalS: minIntervalS === -2 ? null : minIntervalS },
        { url: FAILING },
        { url: SPARE },
      ],
    };
  },

  play(swarm, knobs) {
    const { seeds, peers, deadForS, failsAtS, failsFor, failingForS, upKBps, downKBps, latencyMs } = knobs;
    // Lines lose nothing: who leaves says so once or twice, and no more.
    const line = { upKBps, downKBps, latencyMs };
    const [dead, , failing, spare] = swarm.trackers as [SimTracker, SimTracker, SimTracker, SimTracker];
    for (const tracker of swarm.trackers) tracker.partners = swarm.trackers.filter((other) => other !== tracker);
    const observer = new WireObserver();
    swarm.observer = observer;
    dead.alive = deadForS === 0;
    swarm.at(deadForS, () => {
      dead.alive = true;
    });
    swarm.at(failsAtS, () => {
      if (failsFor === 'silence') failing.alive = false;
      else failing.options = { ...failing.options, failuresPerMillion: 1_000_000 };
    });
    swarm.at(failsAtS + failingForS, () => {
      failing.alive = true;
      failing.options = { ...failing.options, failuresPerMillion: 0 };
    });
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    swarm.addLeechers(peers, line);
    const heard = (node: SimNode) => swarm.trackers.some((tracker) => heardFrom(node, tracker).length > 0);
    swarm.until('a tracker has heard of everyone', () => swarm.nodes.every(heard), DEAD_SLACK_S);
    swarm.untilComplete(DEAD_SLACK_S + patienceS(swarm));
    for (const node of swarm.nodes) checkNext(swarm, node);
    const calmAtS = Math.max(deadForS, failsAtS + failingForS) + 1;
    if (swarm.nowS < calmAtS) swarm.run(calmAtS - swarm.nowS);
    untilTold(swarm, 2 * RETRY_MAX_S);
    for (const node of swarm.nodes) checkNext(swarm, node);
    swarm.run(200);
    for (const node of swarm.nodes) node.leave();
    swarm.until('all have left', () => swarm.nodes.every(({ running }) => !running), 60);
    swarm.run(20);
    swarm.check('a tier is finished before the next', spare.records.length === 0);
    for (const node of swarm.nodes) {
      checkTold(swarm, observer, node);
      checkPauses(swarm, node);
      for (const tracker of swarm.trackers) checkRetries(swarm, node, tracker);
      checkPromoted(swarm, node);
    }
  },
});

function deadUrl(over: string): string {
  return over === 'udp' ? 'udp://dead.example:6969/announce' : 'http://dead.example/announce';
}

/** Who fails is asked again after pauses that double. */
function checkRetries(swarm: Swarm, { index }: SimNode, { options: { url }, records }: SimTracker): void {
  const mine = records.filter(({ node, request }) => node === index && request.event !== 'stopped');
  let fails = 0;
  mine.forEach(({ at, heard, repeated }, place) => {
    if (repeated === true) return;
    const pauseS = (at - (mine[place - 1]?.at ?? -Infinity)) / 1e6;
    const leastS = fails === 0 ? 0 : Math.min(RETRY_MAX_S, RETRY_MIN_S * 2 ** (fails - 1));
    swarm.check('who fails is asked again after pauses that double', pauseS >= leastS, () => `${url}: ${pauseS} s`);
    fails = heard ? 0 : fails + 1;
  });
}

/** Who answered last in the second tier is asked first there: the other hears no more than what it is owed, until that one fails. */
function checkPromoted(swarm: Swarm, { index }: SimNode): void {
  const [, liar, failing] = swarm.trackers as [SimTracker, SimTracker, SimTracker];
  const asked = [liar, failing]
    .flatMap((tracker) => tracker.records.map((record) => ({ tracker, ...record })))
    .filter(({ node, request: { event } }) => node === index && event !== 'stopped')
    .sort((one, other) => one.at - other.at);
  asked.forEach(({ tracker, at, request }, place) => {
    const before = asked[place - 1];
    if (before === undefined || before.tracker === tracker || request.event === 'completed') return;
    swarm.check('who answered is asked first', !before.heard, () => `node ${index} at ${at / 1e6} s`);
  });
}
