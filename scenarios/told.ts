// What trackers were told, held against what is true: each event once by whoever is owed it, totals that agree with the wire, and nobody asked
// more often than it allows. For every scenario that is about trackers.

import type { AnnounceRecord, Asked, SimNode, SimTracker, Swarm, WireObserver } from '#sim';

/** Bounds that every tracker's intervals are kept within, whatever it says (engine/trackers/intervals.ts). */
const INTERVAL_S_MIN = 30;
const INTERVAL_S_MAX = 86_400;
const MIN_INTERVAL_S_MAX = 7_200;
/** Where a tracker names no minimum, and peers are needed. */
const NEED_S = 60;

/** What failed, or was not answered, is left alone for so long at least: the first pause after a failure, and BEP 15's first wait. */
const RETRY_S = 15;

/** What a node asked a tracker for that came there, in the order asked; what came again by datagram, or over the other family, once. */
function askedOf({ index }: SimNode, records: readonly AnnounceRecord[]): AnnounceRecord[] {
  const first = new Map<Asked, AnnounceRecord>();
  for (const record of records) if (record.node === index && !first.has(record.asked)) first.set(record.asked, record);
  return [...first.values()].sort((one, other) => one.asked.at - other.asked.at);
}

/** What a node said that a tracker heard, in order. What it never heard the answer to it has to say again: the two count once. */
export function heardFrom(node: SimNode, { records }: SimTracker): AnnounceRecord[] {
  const heard = askedOf(
    node,
    records.filter((record) => record.heard),
  );
  return heard.filter(
    ({ asked, request }, place) => asked.answeredAt !== null || heard[place + 1]?.request.event !== request.event,
  );
}

function count(records: readonly AnnounceRecord[], event: string): number {
  return records.filter(({ request }) => request.event === event).length;
}

/** A tracker counts the node as a leecher though it has everything. */
function owesCompleted(node: SimNode, tracker: SimTracker): boolean {
  const heard = heardFrom(node, tracker);
  const started = heard.findLast(({ request }) => request.event === 'started');
  return node.complete && started !== undefined && started.request.left > 0 && count(heard, 'completed') === 0;
}

/** Lets time pass until every tracker that counts a node as a leecher has heard that it is none. */
export function untilTold(swarm: Swarm, withinS: number): void {
  const owing = () => swarm.nodes.flatMap((node) => swarm.trackers.filter((tracker) => owesCompleted(node, tracker)));
  swarm.until(
    'whoever is owed "completed" has heard it',
    () => owing().length === 0,
    withinS,
    () =>
      owing()
        .map(({ options }) => options.url)
        .join(' '),
  );
}

/** The least pause, in seconds, between two announces to a tracker that has nothing new to hear. UDP knows no minimum. */
function leastPauseS({ options: { url, intervalS, minIntervalS } }: SimTracker): number {
  const within = (seconds: number, most: number) => Math.min(Math.max(seconds, INTERVAL_S_MIN), most);
  if (minIntervalS !== null && !url.startsWith('udp:')) return within(minIntervalS, MIN_INTERVAL_S_MAX);
  return Math.min(NEED_S, within(intervalS, INTERVAL_S_MAX));
}

/** Nobody was asked more often than it allows: what has nothing new to say waits, whatever was answered before, and what was not answered
 *  is not said anew at once. */
export function checkPauses(swarm: Swarm, node: SimNode): void {
  for (const tracker of swarm.trackers) {
    const where = `node ${node.index} to ${tracker.options.url}`;
    const leastS = leastPauseS(tracker);
    let answeredAt = -Infinity;
    for (const { asked, request } of heardFrom(node, tracker)) {
      const pauseS = (asked.at - answeredAt) / 1e6;
      swarm.check(
        'nothing is said twice within the least interval',
        (request.event !== '' && request.event !== 'paused') || pauseS >= leastS,
        () => `${where}: ${pauseS} s of ${leastS}`,
      );
      answeredAt = asked.answeredAt ?? answeredAt;
    }
    askedOf(node, tracker.records).forEach(({ asked, request }, place, all) => {
      const before = all[place - 1];
      if (before === undefined || before.asked.answeredAt !== null || before.request.event !== request.event) return;
      const pauseS = (asked.at - (before.asked.failedAt ?? before.asked.at)) / 1e6;
      swarm.check(
        'what was not answered is not said anew at once',
        pauseS >= RETRY_S || asked.networkChangedAt >= before.asked.at,
        () => `${where}: "${request.event}" after ${pauseS} s`,
      );
    });
  }
}

/** The next announce is neither sooner nor later than any tracker may want it. */
export function checkNext(swarm: Swarm, node: SimNode): void {
  for (const { url, status, nextAnnounce } of node.status().trackers) {
    if (status !== 'working' || nextAnnounce === null) continue;
    const inS = (nextAnnounce - node.now) / 1e6;
    swarm.check('the next announce is within a day', inS <= INTERVAL_S_MAX, () => `${url}: in ${inS} s`);
  }
}

/** What one node told all trackers until it left: each event once by whoever is owed it, totals that agree with the wire. */
export function checkTold(swarm: Swarm, observer: WireObserver, node: SimNode): void {
  const { totalBytes } = swarm.contents.geometry;
  for (const tracker of swarm.trackers) {
    const heard = heardFrom(node, tracker);
    if (heard.length === 0) continue;
    const told = () => `node ${node.index} to ${tracker.options.url}: ${textOf(heard)}`;
    const [first] = heard;
    // One that was being asked when the node left may not have heard of it before.
    const leftUnheard = heard.length === 1 && first?.request.event === 'stopped';
    swarm.check(
      '"started" first, and once',
      leftUnheard || (first?.request.event === 'started' && count(heard, 'started') === 1),
      told,
    );
    swarm.check(
      '"stopped" last, and once',
      heard.at(-1)?.request.event === 'stopped' && count(heard, 'stopped') === 1,
      told,
    );
    // A tracker that first heard of it when it had everything is told of no completion.
    const owed = node.complete && !leftUnheard && (first?.request.left ?? 0) > 0 ? 1 : 0;
    swarm.check('"completed" once, by leechers', count(heard, 'completed') === owed, told);
    for (const { request } of heard) {
      swarm.check('no more uploaded than sent', request.uploaded <= observer.sentBytes(node));
      swarm.check('no more downloaded than received', request.downloaded <= observer.receivedBytes(node));
      swarm.check('left is of the torrent', request.left >= 0 && request.left <= totalBytes);
      if (request.event === 'completed') swarm.check('nothing is left when completed', request.left === 0);
    }
    const last = heard.at(-1)?.request;
    swarm.check('all that was sent is told', last?.uploaded === observer.sentBytes(node), told);
    swarm.check('all that was received is told', observer.isAllReceived(node, last?.downloaded ?? 0), told);
    swarm.check('nothing is left', !node.complete || last?.left === 0, told);
  }
}

function textOf(heard: readonly AnnounceRecord[]): string {
  return heard
    .map(
      ({ at, request: { event, uploaded, downloaded, left } }) =>
        `${(at / 1e6).toFixed(1)} s ${event || 'again'} ↑${uploaded} ↓${downloaded} left ${left}`,
    )
    .join(', ');
}
