// A leecher pauses in the middle, and goes on later, or its program ends and starts again. Pausing keeps before it cuts: nothing that had
// arrived is ever asked for again, and those who gave most are dialled first.

import { choice, whole } from '#harness';
import { lineFrom, patienceS, scenario, shared, type SimNode, type Swarm, WireObserver, hasBit } from '#sim';

export const pauseResume = scenario({
  name: 'pause-resume',
  doc: 'a leecher pauses and resumes: connections are cut, peers remembered, nothing received is asked for again',
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(6),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(256),
    ...shared.line,
    pauseAtMs: whole(8_000, 0, 60_000, 'ms', 'when the leecher pauses'),
    pausedForMs: whole(20_000, 0, 60_000, 'ms', 'how long it rests'),
    restart: choice(false, [false, true], '', 'its program ends and starts again instead'),
  },
  marks: ['paused', 'resumed', 'resumeDataSaved', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, pauseAtMs, pausedForMs, restart } = knobs;
    const line = lineFrom(knobs);
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    const [leecher] = swarm.addLeechers(peers, line) as [SimNode];
    const observer = new WireObserver();
    swarm.observer = observer;
    observer.onAskedAgain = (node, _other, _id, piece, block) =>
      swarm.check('what was received is not asked for again', node !== leecher, () => `block ${block} of ${piece}`);
    swarm.run(pauseAtMs / 1000);

    const before = leecher.status();
    const requested = observer.requestCount;
    if (restart) leecher.leave();
    else leecher.pause();
    // Who has connected and named no torrent yet is nobody's, and stays until it does; a program that ends sends it away too.
    const connections = () => (restart ? leecher.openConnections : leecher.torrentConnections);
    swarm.check('every connection is cut at once', connections() === 0);
    swarm.check('nothing more is asked for', observer.requestCount === requested);
    const rests = () => (restart ? !leecher.running : leecher.status().state === 'paused');
    swarm.until('the leecher rests', rests, 30);
    checkKept(swarm, leecher, before.have);
    checkStopped(swarm, leecher, observer);
    swarm.run(pausedForMs / 1000);
    swarm.check('nobody reached it meanwhile', connections() === 0);

    const dialled: string[] = [];
    observer.onDial = (node, other) => {
      if (node === leecher && other !== null) dialled.push(other.address.host);
    };
    if (restart) leecher.restart(swarm.contents);
    else leecher.resume();
    checkDialled(swarm, leecher, dialled);
    swarm.untilComplete(patienceS(swarm));
    swarm.run(5);
    const { records } = swarm.trackers[0] as { records: readonly { node: number; request: { event: string } }[] };
    const completed = records.filter(({ node, request }) => node === leecher.index && request.event === 'completed');
    swarm.check('"completed" is said once', completed.length === 1 || before.complete);
  },
});

/** All that had arrived of pieces, whole or not, is on the disk and in the resume data, and nothing else. */
function checkKept(swarm: Swarm, leecher: SimNode, had: Uint8Array): void {
  const store = leecher.storeOf(swarm.contents);
  const { resume, contents } = store;
  swarm.check('resume data was saved', resume !== null);
  if (resume === null) return;
  swarm.check(
    'every piece that it had is flushed',
    had.every((byte, at) => (byte & ~(resume.flushed[at] as number)) === 0),
  );
  const partials = new Map(resume.partials.map(({ piece, blocks }) => [piece, blocks]));
  for (let piece = 0; piece < contents.geometry.pieceCount; piece += 1)
    for (let block = 0; block < contents.geometry.blockCount(piece); block += 1) {
      const claimed = hasBit(resume.flushed, piece) || hasBit(partials.get(piece) ?? NOTHING, block);
      const received = swarm.observer?.hasReceived(leecher, piece, block) ?? false;
      swarm.check(
        'what had arrived is claimed, and only that',
        claimed === received,
        () => `block ${block} of ${piece}`,
      );
    }
}

/** The tracker's last word from it is `stopped`, with the whole truth; there is none where it never said `started`. */
function checkStopped(swarm: Swarm, leecher: SimNode, observer: WireObserver): void {
  swarm.run(1);
  const said = (swarm.trackers[0]?.records ?? []).filter(({ node }) => node === leecher.index);
  const last = said.at(-1)?.request;
  swarm.check('the tracker is told "stopped"', last?.event === 'stopped', () => `last was "${last?.event}"`);
  swarm.check('once', said.filter(({ request }) => request.event === 'stopped').length === 1);
  swarm.check(
    'with the bytes it received',
    observer.isAllReceived(leecher, last?.downloaded ?? -1),
    () => `${last?.downloaded} of ${observer.receivedBytes(leecher)}`,
  );
}

/** Whom the resume data remembers is dialled at once, in order of the rate that it gave. */
function checkDialled(swarm: Swarm, leecher: SimNode, dialled: readonly string[]): void {
  const { complete } = leecher.status();
  const known = leecher.storeOf(swarm.contents).resume?.peers ?? [];
  // Who has everything has no use for seeds.
  const remembered = known.filter(({ seed }) => !(seed && complete));
  const rate = new Map(remembered.map(({ host, downloadBps }) => [host, downloadBps]));
  const rates = dialled.map((host) => rate.get(host) ?? 0);
  swarm.check('those remembered are dialled first', remembered.length === 0 || dialled.length > 0);
  swarm.check(
    'the most useful first',
    rates.every((bps, at) => at === 0 || bps <= (rates[at - 1] as number)),
    () => rates.join(', '),
  );
}

const NOTHING = new Uint8Array(0);
