// Everything at once: any layout, peers of mixed lines, limits and habits, and faults of every kind that the atlas may arrange. Safety must hold
// while they strike; then all is healed, and everyone who stayed must have everything, on a disk that gives it back.

import type { Settings, TorrentStatus } from '#engine';
import { choice, namesAmong, near, type Random, some, whole } from '#harness';
import {
  Atlas,
  ATLAS_KINDS,
  corrupted,
  type NodeSetting,
  scenario,
  shared,
  type SimNode,
  type Swarm,
  WireObserver,
} from '#sim';
import { layoutOf } from './layout.ts';

const ANNOUNCE_S = 60;
/** A tiny torrent over a tiny line would only wait. */
const UP_KBPS_MIN = 4;
/** Chance that is left of never having been told of the keeper, after so long a wait that it counts as a failure. */
const MISSED = 1e-6;
/** Until what is complete is also flushed: writes, a sync and a save of the slowest disk. */
const FLUSH_S = 120;

export const swarm = scenario({
  name: 'swarm',
  doc: 'everything is drawn: layout, peers, lines, limits, faults of any kind; safe meanwhile, and all complete after healing',
  knobs: {
    seeds: shared.seeds(1),
    peers: whole(5, 1, 10, '', 'leechers'),
    layout: whole(15, 0, 1_000_000, '', 'what the lengths of the files are drawn from'),
    files: whole(6, 1, 8, '', 'files of the torrent'),
    bodyKiB: whole(768, 0, 2_048, 'KiB', 'length of one more file'),
    pieceKiB: choice(64, [16, 32, 64, 256], 'KiB', 'piece length'),
    copyS: near(20, 1, 90, 's', 'the best uplink sends one copy in so much time; others have from a quarter of it'),
    latencyMs: near(40, 0, 400, 'ms', 'the longest round trip'),
    lossPercent: choice(0, [0, 1], '%', 'packets lost between two leechers'),
    cutPercent: choice(10, [0, 10, 50], '%', 'deliveries that are cut at any byte'),
    mixed: choice(true, [false, true], '', 'peers have settings, rate limits and disks of their own'),
    natPercent: whole(20, 0, 80, '%', 'leechers that others cannot connect to'),
    liars: whole(0, 0, 2, '', 'seeds that corrupt some blocks'),
    joinWithinS: whole(5, 0, 30, 's', 'leechers join within so much time'),
    faults: some(ATLAS_KINDS.join('+'), ATLAS_KINDS, `kinds of fault that strike: ${ATLAS_KINDS.join(', ')}`),
    faultsForS: whole(60, 1, 120, 's', 'faults strike within so much time'),
    strikes: whole(3, 1, 6, '', 'each kind strikes so often at most'),
  },
  marks: ['downloadCompleted', 'pieceFlushed', 'checkFinished', 'paused', 'resumed', 'dialFailed'],
  world: ({ layout, files, bodyKiB, pieceKiB, cutPercent }) => {
    const { fileLengths, pads } = layoutOf({ layout, files, padPercent: 10, pieceKiB });
    return {
      contents: { fileLengths: [...fileLengths, bodyKiB * 1024], pads: [...pads, false], pieceKiB },
      trackers: [{ intervalS: ANNOUNCE_S }],
      cutPerMillion: cutPercent * 10_000,
    };
  },

  play(world, knobs) {
    const atlas = new Atlas(world, {
      kinds: new Set(namesAmong(ATLAS_KINDS, knobs.faults)),
      spanS: knobs.faultsForS,
      strikesMax: knobs.strikes,
    });
    // What reaches a torrent that has no use for it any more cancels nothing, and what a partition holds back is heard late.
    world.observer = new WireObserver({ cancels: false, prompt: false });
    const random = world.random.fork('peers');
    const bestKBps = Math.max(UP_KBPS_MIN, world.contents.geometry.totalBytes / knobs.copyS / 1000);
    const drawn = (best: boolean): NodeSetting => {
      const share = best ? 100 : random.between(25, 100);
      const upKBps = Math.max(UP_KBPS_MIN, (bestKBps * share) / 100);
      return {
        upKBps,
        downKBps: upKBps * random.between(1, 8),
        latencyMs: random.below(knobs.latencyMs + 1),
        lossPercent: knobs.lossPercent,
        ...(knobs.mixed && !best ? habits(random, bestKBps) : {}),
      };
    };
    const [keeper, ...others] = Array.from({ length: knobs.seeds }, (_, at) => world.addSeed(drawn(at === 0)));
    for (let liar = 0; liar < knobs.liars; liar += 1) {
      const badPercent = random.pick([5, 30, 100]);
      world.addSeed({
        ...drawn(false),
        honest: false,
        forge: (stamp, chance) => (chance.below(100) < badPercent ? corrupted(stamp) : stamp),
      });
    }
    const leechers = Array.from({ length: knobs.peers }, () =>
      world.addLeechers(1, { ...drawn(false), reachable: random.below(100) >= knobs.natPercent }, knobs.joinWithinS),
    ).flat();
    atlas.begin(keeper as SimNode, [keeper as SimNode, ...others, ...leechers]);
    world.run(Math.max(knobs.joinWithinS, knobs.faultsForS));
    atlas.heal();
    converge(world, atlas);
  },
});

/** Everyone who stayed has everything, says so, and its disk gives it back. */
function converge(world: Swarm, atlas: Atlas): void {
  const { stayers } = atlas;
  const { totalBytes } = world.contents.geometry;
  world.until(
    'everyone who stayed is complete',
    everySecond(world, () => stayers.every((node) => isComplete(node.engine?.status(0)))),
    atlas.patienceS() + meetingS(world),
    () => behind(stayers),
  );
  world.until(
    'all is flushed',
    everySecond(world, () => stayers.every((node) => node.engine?.status(0)?.flushedBytes === totalBytes)),
    FLUSH_S,
    () => behind(stayers),
  );
  for (const node of stayers) {
    const { intact } = node.storeOf(world.contents);
    world.check('every disk gives back what it should', intact, () => `node ${node.index}`);
    const { state, error } = node.status();
    world.check(
      'all seed, without an error',
      state === 'seeding' && error === null,
      () => `node ${node.index}: ${state}, ${error}`,
    );
  }
}

/** A tracker names few of many at random: how long until nobody has missed the keeper, who may be the only one that can be reached. */
function meetingS({ nodes }: Swarm): number {
  const fewest = Math.min(...nodes.map(({ options }) => options.settings.numwant ?? nodes.length));
  const misses = 1 - fewest / nodes.length;
  let announces = 0;
  for (let all = 1; misses > 0 && all > MISSED; all *= misses) announces += 1;
  return ANNOUNCE_S * announces;
}

/** Seeding and not about to be checked again. */
function isComplete(status: TorrentStatus | null | undefined): boolean {
  return status?.state === 'seeding' && status.complete;
}

/** Looks once in a second of virtual time: the look is dear. */
function everySecond(world: Swarm, holds: () => boolean): () => boolean {
  let lookedS = -1;
  return () => {
    const second = Math.floor(world.nowS);
    if (second === lookedS) return false;
    lookedS = second;
    return holds();
  };
}

function behind(stayers: readonly SimNode[]): string {
  return stayers
    .filter((node) => node.engine?.status(0)?.flushed.every((byte) => byte === 0xff) !== true)
    .map((node) => {
      const status = node.engine?.status(0);
      return status
        ? `node ${node.index}: ${status.state}, has ${status.havePieces} of ${status.pieceCount} pieces, ${status.peers.length} peers`
        : `node ${node.index} does not run`;
    })
    .join('; ');
}

/** Settings of one peer's own, its rate limits and its disk. */
function habits(random: Random, upKBps: number): Pick<NodeSetting, 'settings' | 'disk'> {
  const maybe = <T>(values: readonly T[]) => random.pick(values);
  const settings: Partial<Settings> = {
    connectionsPerTorrentMax: maybe([4, 8, 80]),
    dialsMax: maybe([1, 4, 20]),
    uploadSlots: maybe([1, 2, 4, 20]),
    seedChoke: maybe(['roundRobin', 'fastestFirst']),
    pieceOrder: maybe(['rarestFirst', 'rarestFirst', 'random']),
    queueTimeMs: maybe([200, 2_000, 10_000]),
    requestTimeoutMs: maybe([30_000, 60_000]),
    numwant: maybe([2, 5, 100]),
    downloadBps: maybe([0, 0, Math.ceil(upKBps * 500)]),
    uploadBps: maybe([0, 0, Math.ceil(upKBps * 250)]),
    resumeIntervalMs: maybe([500, 5_000, 30_000]),
  };
  return { settings, disk: { bytesPerS: maybe([500_000, 5e6, 200e6]), latencyUs: maybe([100, 10_000]) } };
}
