// A leecher loses power at random instants: writes that were not synced are gone, or in part; the last one may be torn. After each restart no
// piece that was flushed is lost or asked for again, and none is claimed that is not on the disk.

import { whole } from '#harness';
import {
  lineFrom,
  patienceS,
  scenario,
  shared,
  type SimNode,
  type Store,
  type Swarm,
  WIRE,
  WireObserver,
  hasBit,
} from '#sim';

export const crashRestart = scenario({
  name: 'crash-restart',
  doc: 'crashes at random instants lose unsynced writes: no flushed piece is lost, none is claimed that was not flushed',
  knobs: {
    seeds: shared.seeds(1),
    peers: shared.peers(4),
    sizeMiB: shared.sizeMiB(4),
    pieceKiB: shared.pieceKiB(256),
    ...shared.line,
    crashes: whole(4, 1, 8, '', 'how often it loses power'),
    everyS: whole(6, 1, 30, 's', 'a crash comes within so much time'),
    keepsPercent: whole(50, 0, 100, '%', 'unsynced blocks that reached the disk all the same'),
    resumeIntervalMs: whole(2_000, 500, 30_000, 'ms', 'how often it syncs and claims'),
    diskKBps: whole(4_000, 200, 100_000, 'kB/s', 'how fast its disk is'),
  },
  marks: ['pieceFlushed', 'resumeDataSaved', 'checkStarted', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, crashes, everyS } = knobs;
    const line = lineFrom(knobs);
    const observer = new WireObserver();
    swarm.observer = observer;
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    const leecher = swarm.addLeecher({
      ...line,
      settings: { resumeIntervalMs: knobs.resumeIntervalMs },
      disk: { crashKeepsPerMillion: knobs.keepsPercent * 10_000, bytesPerS: knobs.diskKBps * 1000 },
    });
    swarm.addLeechers(peers - 1, line);
    const store = leecher.storeOf(swarm.contents);
    const flushed = new Set<number>();
    observer.onFrame = (node, _other, id, piece) => {
      if (node !== leecher || id !== WIRE.request) return;
      swarm.check('no flushed piece is asked for again', !flushed.has(piece), () => `piece ${piece}`);
    };
    const random = swarm.random.fork('crashes');
    for (let crash = 0; crash < crashes; crash += 1) {
      swarm.run((1 + random.below(everyS * 1000)) / 1000);
      noteFlushed(swarm, leecher.status().flushed, flushed);
      leecher.crash(random.below(2) * 30_000_000);
      noteFlushed(swarm, store.resume?.flushed, flushed);
      swarm.run(random.below(5_000) / 1000);
      leecher.restart(swarm.contents);
      swarm.until('it has looked at its disk', () => leecher.status().state !== 'checking', 60);
      checkHad(swarm, leecher, store, flushed);
    }
    swarm.untilComplete(patienceS(swarm));
    swarm.until('all is flushed', () => leecher.status().flushedBytes === leecher.status().totalBytes, 60);
  },
});

/** Pieces that the engine called flushed, or its resume data claimed, at some crash: they must never be lost. */
function noteFlushed({ contents }: Swarm, said: Uint8Array | undefined, flushed: Set<number>): void {
  if (said === undefined) return;
  for (let piece = 0; piece < contents.geometry.pieceCount; piece += 1) if (hasBit(said, piece)) flushed.add(piece);
}

/** After a restart: everything flushed is had, and whatever is had stands on the disk. */
function checkHad(swarm: Swarm, leecher: SimNode, store: Store, flushed: ReadonlySet<number>): void {
  const { have, pieceCount } = leecher.status();
  for (let piece = 0; piece < pieceCount; piece += 1) {
    if (flushed.has(piece)) swarm.check('no flushed piece is lost', hasBit(have, piece), () => `piece ${piece}`);
    if (hasBit(have, piece)) swarm.check('what is had is on the disk', store.holds(piece), () => `piece ${piece}`);
  }
}
