// One UDP tracker behind a network that loses, doubles and reorders, which is silent at first, forgets its connection ids early and is
// impersonated. Everyone gets through by BEP 15's retransmission, never faster than it allows; what nobody asked for is not believed.

import { choice, NO_DATAGRAM_FAULTS, whole } from '#harness';
import {
  type AnnounceRecord,
  FORGED_HOST,
  patienceS,
  scenario,
  shared,
  type SimNode,
  type SimTracker,
  type Swarm,
  WireObserver,
} from '#sim';
import { checkNext, checkPauses, checkTold, heardFrom, untilTold } from './told.ts';

const URL = 'udp://tracker.example:6969/announce?passkey=abc';
const RETRANSMIT_S = 15;
/** A connection id may be used for so long (BEP 15). */
const ID_USABLE_S = 60;
/** Under one id a request is sent three times at most: after waits of 15 and 30 s, and of 60 s, at whose end the id is too old. */
const LAST_OF_ID_S = 7 * RETRANSMIT_S;
/** Ways there and back. */
const WAYS_S = 10;
/** An onlooker asks for figures so often, and gives up an answer after the first two waits. */
const SCRAPE_EVERY_S = 61;
const SCRAPE_WAIT_S = 50;
const FAMILIES: Readonly<Record<string, readonly (4 | 6)[]>> = { v4: [4], v6: [6], both: [4, 6] };

export const trackerUdp = scenario({
  name: 'tracker-udp',
  doc: 'a UDP tracker behind loss and reordering, silent at first, with stale connection ids and forged answers: all get through',
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(5),
    sizeMiB: shared.sizeMiB(2),
    pieceKiB: shared.pieceKiB(64),
    ...shared.losslessLine,
    silentForS: whole(100, 0, 600, 's', 'the tracker does not answer at first'),
    faultsForS: whole(300, 0, 900, 's', 'the network misbehaves for so long'),
    dropPercent: choice(20, [0, 5, 20, 50], '%', 'datagrams lost'),
    reorderPercent: choice(20, [0, 20, 60], '%', 'datagrams held back'),
    holdMs: whole(2_000, 0, 3_000, 'ms', 'for how long at most'),
    doublePercent: choice(10, [0, 10, 50], '%', 'datagrams that come twice'),
    idLifetimeS: choice(30, [120, 60, 30, 10], 's', 'how long the tracker knows a connection id'),
    refusesOldIds: choice(true, [true, false], '', 'it answers an old id by an error, or not at all'),
    forgedPercent: choice(50, [0, 50, 100], '%', 'answers that a forged one precedes'),
    families: choice(
      'v4',
      ['v4', 'v6', 'both', 'mixed'],
      '',
      'address families; mixed: leechers have one each, seeds both',
    ),
  },
  marks: ['trackerSilent', 'announced', 'scrapeSent', 'scraped', 'scrapeFailed', 'downloadCompleted', 'stopped'],
  world: ({ sizeMiB, pieceKiB, idLifetimeS, refusesOldIds, forgedPercent, families }) => ({
    contents: { sizeMiB, pieceKiB },
    trackers: [
      {
        url: URL,
        udp: {
          families: FAMILIES[families] ?? [4, 6],
          idLifetimeS,
          refusesOldIds,
          forgedPerMillion: forgedPercent * 10_000,
        },
      },
    ],
  }),

  play(swarm, knobs) {
    const { seeds, peers, silentForS, faultsForS, dropPercent, reorderPercent, holdMs, doublePercent, families } =
      knobs;
    const { upKBps, downKBps, latencyMs, idLifetimeS, refusesOldIds } = knobs;
    const line = { upKBps, downKBps, latencyMs };
    const [tracker] = swarm.trackers as [SimTracker];
    const { datagrams } = swarm.trackerWorld;
    const observer = new WireObserver();
    swarm.observer = observer;
    observer.onDial = (node, other) =>
      swarm.check(
        'a forged answer is not believed',
        other !== null,
        () => `node ${node.index} dials ${FORGED_HOST[4]}`,
      );
    datagrams.faults = {
      lossPerMillion: dropPercent * 10_000,
      reorderPerMillion: reorderPercent * 10_000,
      reorderUs: holdMs * 1_000,
      duplicatePerMillion: doublePercent * 10_000,
    };
    tracker.alive = false;
    const all = FAMILIES[families] ?? [4, 6];
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed({ ...line, families: all });
    for (let peer = 0; peer < peers; peer += 1)
      swarm.addLeecher({ ...line, families: families === 'mixed' ? [peer % 2 === 0 ? 4 : 6] : all });
    const onlooker = swarm.prepare({ ...line, families: all });
    onlooker.start(swarm.contents, { paused: true });

    swarm.run(silentForS);
    swarm.check('nobody met', swarm.deliveredBytes === 0);
    tracker.alive = true;
    if (swarm.nowS < faultsForS) swarm.run(faultsForS - swarm.nowS);
    datagrams.faults = NO_DATAGRAM_FAULTS;
    const active = swarm.nodes.filter((node) => node !== onlooker);
    // However long it has failed, the next attempt comes within as long again, and now it gets through, unless it is one under an id that the
    // tracker has forgotten and says nothing of, before its time.
    const forgetful = !refusesOldIds && idLifetimeS < ID_USABLE_S;
    const heardWithinS = () => Math.max(swarm.nowS + 4 * RETRANSMIT_S, forgetful ? LAST_OF_ID_S + WAYS_S : 0);
    const heard = (node: SimNode) => heardFrom(node, tracker).length > 0;
    swarm.until('the tracker has heard of everyone', () => active.every(heard), heardWithinS());
    swarm.untilComplete(
      swarm.nowS + patienceS(swarm),
      active.filter(({ options }) => !options.seed),
    );
    untilTold(swarm, heardWithinS());
    for (const node of active) checkNext(swarm, node);
    checkFigures(swarm, onlooker, tracker);
    for (const node of swarm.nodes) node.leave();
    swarm.until('all have left', () => swarm.nodes.every(({ running }) => !running), 60);
    swarm.run(10);

    const wayS = holdMs / 1_000 + 2;
    swarm.check('who rests announces nothing', heardFrom(onlooker, tracker).length === 0);
    checkIds(swarm, tracker, wayS);
    for (const node of active) {
      checkTold(swarm, observer, node);
      checkPauses(swarm, node);
      checkRetransmission(swarm, node, tracker, silentForS, wayS);
    }
  },
});

/** Who rests shows what the tracker counts, once it was asked. */
function checkFigures(swarm: Swarm, onlooker: SimNode, tracker: SimTracker): void {
  swarm.run(SCRAPE_EVERY_S);
  onlooker.command({ kind: 'scrape', torrent: 0 });
  const shown = () => onlooker.status().trackers[0];
  const { seeds, leechers, downloads } = tracker.figures();
  swarm.until(
    'who rests sees the figures of the swarm',
    () => shown()?.seeds === seeds && shown()?.leechers === leechers && shown()?.downloads === downloads,
    SCRAPE_WAIT_S,
    () => JSON.stringify(shown()),
  );
}

function checkIds(swarm: Swarm, tracker: SimTracker, wayS: number): void {
  swarm.check('no connection id is made up', swarm.trackerWorld.udpOf(tracker).wrongIds === 0);
  for (const { idAgeUs, node } of tracker.records)
    swarm.check(
      'a connection id is used for 60 s at most',
      (idAgeUs ?? 0) / 1e6 <= ID_USABLE_S + 2 * wayS,
      () => `node ${node}: after ${(idAgeUs ?? 0) / 1e6} s`,
    );
}

/** Whatever is sent again waits 15·2ⁿ s: a lost one makes the pause longer, never shorter. What the tracker refused is another matter: it is
 *  sent again under a new id, and that is no wait which ran out. */
function checkRetransmission(
  swarm: Swarm,
  { index }: SimNode,
  tracker: SimTracker,
  silentForS: number,
  wayS: number,
): void {
  const check = (what: string, arrivals: readonly number[], refused: readonly number[] = []) => {
    let n = 0;
    firstOfEach(arrivals, wayS).forEach((atS, place, sent) => {
      const beforeS = sent[place - 1];
      if (beforeS === undefined || refused.some((refusedS) => refusedS >= beforeS - wayS && refusedS < atS)) return;
      n += 1;
      const pauseS = atS - beforeS;
      const leastS = RETRANSMIT_S * 2 ** (n - 1) - wayS;
      swarm.check('nothing is sent again before its time', pauseS >= leastS, () => `${what} ${n}: after ${pauseS} s`);
    });
  };
  const udp = swarm.trackerWorld.udpOf(tracker);
  for (const { index: endpoint } of udp.endpoints) {
    const connects = udp.connects.filter(
      ({ at, node, to }) => node === index && to === endpoint && at / 1e6 < silentForS,
    );
    check(
      'connect',
      connects.map(({ at }) => at / 1e6),
    );
  }
  const byTransaction = new Map<string, AnnounceRecord[]>();
  for (const record of tracker.records) {
    if (record.node !== index || record.transaction === undefined) continue;
    byTransaction.set(record.transaction, [...(byTransaction.get(record.transaction) ?? []), record]);
  }
  for (const [transaction, records] of byTransaction)
    check(
      'announce',
      records.map(({ at }) => at / 1e6),
      udp.refusals.filter((refusal) => refusal.transaction === transaction).map(({ at }) => at / 1e6),
    );
}

/** When each datagram that was sent came first: copies of one come within `wayS`. */
function firstOfEach(arrivals: readonly number[], wayS: number): number[] {
  const first: number[] = [];
  for (const at of arrivals) if (at - (first.at(-1) ?? -Infinity) > wayS) first.push(at);
  return first;
}
