// What a user asks for besides everything: rate limits, a file left out, a torrent removed and added again. Limits hold over every stretch of
// time, what is not wanted is not asked for, and what was removed leaves the swarm and is found on the disk later.

import { whole } from '#harness';
import { hasBit, lineFrom, patienceS, scenario, shared, type SimNode, type Swarm, WIRE, WireObserver } from '#sim';

/** Over a stretch of this many seconds the rate is looked at. */
const STRETCH_S = 10;
/** What may come on top of the limit: saved from before, and blocks that were asked for, or on their way, when the stretch began. */
const SAVED_S = 3;
const BLOCKS_BYTES = 8 * 16_384;
const FILES = 3;
const LEFT_OUT = 1;

export const wishes = scenario({
  name: 'wishes',
  doc: 'rate limits hold over every ten seconds, a file that is left out is not asked for, a removed torrent is gone and found again',
  knobs: {
    seeds: shared.seeds(2),
    sizeMiB: shared.sizeMiB(6),
    pieceKiB: shared.pieceKiB(64),
    ...shared.line,
    limitKBps: whole(60, 10, 400, 'kB/s', 'download limit of the limited one'),
    uploadLimitKBps: whole(30, 10, 400, 'kB/s', 'upload limit of the limited one'),
    removedAtS: whole(8, 0, 60, 's', 'when the third removes the torrent'),
    removedForS: whole(30, 0, 120, 's', 'until it is added again'),
  },
  marks: ['rateLimited', 'torrentRemoved', 'checkFinished', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => {
    const file = Math.floor((sizeMiB * 2 ** 20) / FILES);
    return { contents: { fileLengths: [file, file, sizeMiB * 2 ** 20 - 2 * file], pieceKiB } };
  },

  play(swarm, knobs) {
    const { seeds, limitKBps, uploadLimitKBps, removedAtS, removedForS } = knobs;
    const line = lineFrom(knobs);
    const observer = new WireObserver();
    swarm.observer = observer;
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    const limits = { downloadBps: limitKBps * 1000, uploadBps: uploadLimitKBps * 1000 };
    const limited = swarm.addLeecher({ ...line, settings: limits });
    const picky = swarm.addLeecher(line);
    const remover = swarm.addLeecher(line);
    picky.command({ kind: 'filePriority', torrent: 0, file: LEFT_OUT, priority: 0 });
    const unwanted = unwantedPieces(swarm);
    observer.onFrame = (node, _other, id, piece) => {
      if (id !== WIRE.request) return;
      if (node === picky)
        swarm.check('what is not wanted is not asked for', !unwanted.has(piece), () => `piece ${piece}`);
    };
    const downRate = new RateWatch(swarm, limits.downloadBps, 'download', () => observer.receivedBytes(limited));
    const upRate = new RateWatch(swarm, limits.uploadBps, 'upload', () => observer.sentBytes(limited));
    const watch = (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        swarm.run(1);
        downRate.look();
        upRate.look();
      }
    };

    watch(removedAtS);
    const { flushed } = remover.status();
    remover.command({ kind: 'remove', torrent: 0 });
    swarm.check('nothing is left open', remover.torrentConnections === 0);
    watch(removedForS + 5);
    swarm.check('what was removed is gone', remover.engine?.status(0) === null);
    const last = swarm.trackers[0]?.records.filter(({ node }) => node === remover.index).at(-1);
    swarm.check('the tracker is told "stopped" last', last?.request.event === 'stopped');
    remover.add(swarm.contents, { check: 'all', resume: null });
    watch(1);
    const { have } = remover.status();
    swarm.check(
      'what was on the disk is found there',
      flushed.every((byte, at) => (byte & ~(have[at] as number)) === 0),
    );

    const withinS = patienceS(swarm) + (2 * swarm.contents.geometry.totalBytes) / limits.downloadBps;
    const endS = swarm.nowS + withinS;
    while (!(limited.complete && picky.complete && remover.complete)) {
      watch(1);
      swarm.check('everyone gets what is wanted in time', swarm.nowS <= endS, () => `${Math.round(withinS)} s`);
    }
    const { have: kept, pieceCount } = picky.status();
    for (let piece = 0; piece < pieceCount; piece += 1)
      swarm.check(
        'what is wanted is had, and only that',
        hasBit(kept, piece) !== unwanted.has(piece),
        () => `${piece}`,
      );

    observer.onFrame = () => {};
    picky.command({ kind: 'filePriority', torrent: 0, file: LEFT_OUT, priority: 4 });
    swarm.until('the rest follows when it is wanted', () => isWhole(picky), withinS);
  },
});

/** Pieces of which no byte is in a wanted file. */
function unwantedPieces({ contents: { geometry } }: Swarm): Set<number> {
  const { first, count } = geometry.piecesOfFile(LEFT_OUT);
  const pieces = new Set<number>();
  for (let piece = first; piece < first + count; piece += 1) {
    const spans = geometry.spans(geometry.pieceOffset(piece), geometry.pieceLength(piece));
    if (spans.every(({ file }) => file === LEFT_OUT)) pieces.add(piece);
  }
  return pieces;
}

function isWhole(node: SimNode): boolean {
  const { havePieces, pieceCount } = node.status();
  return havePieces === pieceCount;
}

/** Looks at a total every second, and at what was added to it in the last stretch. */
class RateWatch {
  readonly #swarm: Swarm;
  readonly #bytesPerS: number;
  readonly #what: string;
  readonly #total: () => number;
  readonly #totals: number[] = [0];

  constructor(swarm: Swarm, bytesPerS: number, what: string, total: () => number) {
    this.#swarm = swarm;
    this.#bytesPerS = bytesPerS;
    this.#what = what;
    this.#total = total;
  }

  look(): void {
    this.#totals.push(this.#total());
    if (this.#totals.length > STRETCH_S + 1) this.#totals.shift();
    const bytes = (this.#totals.at(-1) as number) - (this.#totals[0] as number);
    const most = this.#bytesPerS * (STRETCH_S + SAVED_S) + BLOCKS_BYTES;
    this.#swarm.check(`the ${this.#what} limit holds`, bytes <= most, () => `${bytes} bytes in ${STRETCH_S} s`);
  }
}
