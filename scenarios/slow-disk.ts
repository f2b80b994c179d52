// One node's disk is slower than its line, and then breaks. Memory stays bounded: it asks for no more than it can put away. When the disk
// fails it stops and says so; when the user lets it go on, nothing that was on the disk is asked for again.

import { whole } from '#harness';
import { hasBit, lineFrom, patienceS, scenario, shared, type SimNode, type Swarm, WIRE, WireObserver } from '#sim';

/** Received and not written, in memory (`engine/limits.ts`), and what was on its way when it became full. */
const HELD_BYTES_MAX = 40 * 2 ** 20 + 10 * 2 ** 20;

export const slowDisk = scenario({
  name: 'slow-disk',
  doc: 'a disk slower than the line, which then breaks: memory is bounded, the torrent stops, resumes and loses nothing',
  knobs: {
    seeds: shared.seeds(2),
    peers: shared.peers(2),
    sizeMiB: whole(64, 1, 96, 'MiB', 'size of the torrent'),
    pieceKiB: shared.pieceKiB(1024),
    ...shared.line,
    upKBps: shared.upKBps(4000),
    downKBps: shared.downKBps(8000),
    diskKBps: whole(1000, 200, 20_000, 'kB/s', 'how fast the disk is'),
    breaksAtS: whole(25, 1, 60, 's', 'when writes begin to fail'),
    brokenForS: whole(20, 1, 60, 's', 'until the user has mended it and resumes'),
  },
  marks: ['downloadBufferFull', 'torrentFailed', 'torrentRecovered', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB }) => ({ contents: { sizeMiB, pieceKiB } }),

  play(swarm, knobs) {
    const { seeds, peers, diskKBps, breaksAtS, brokenForS } = knobs;
    const line = lineFrom(knobs);
    const observer = new WireObserver();
    swarm.observer = observer;
    for (let seed = 0; seed < seeds; seed += 1) swarm.addSeed(line);
    const slow = swarm.addLeecher({ ...line, disk: { bytesPerS: diskKBps * 1000 } });
    swarm.addLeechers(peers - 1, line);
    const { totalBytes } = swarm.contents.geometry;
    // Each piece is read back where it is hashed from the disk, and written once.
    const withinS = patienceS(swarm) + (3 * totalBytes) / (diskKBps * 1000);
    const watch = (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        swarm.run(1);
        const { downloadedBytes, wastedBytes } = slow.status();
        const held = downloadedBytes - wastedBytes - slow.storeOf(swarm.contents).writtenBytes();
        swarm.check('what waits for the disk is bounded', held <= HELD_BYTES_MAX, () => `${held} bytes`);
      }
    };
    watch(breaksAtS);

    slow.disk.options = { ...slow.disk.options, failedWritesPerMillion: 1_000_000 };
    watch(brokenForS);
    slow.disk.options = { ...slow.disk.options, failedWritesPerMillion: 0 };
    const { error, flushed } = slow.status();
    if (error !== null) {
      swarm.check('a torrent that failed lets go of everyone', slow.torrentConnections === 0, () => error);
      // What waited for the disk is answered first, each write in its turn.
      swarm.until('it rests', () => slow.status().state === 'failed', withinS);
      watchRequests(swarm, observer, slow, flushed);
      slow.resume();
    }
    swarm.untilComplete(withinS);
    swarm.until('all is flushed', () => slow.status().flushedBytes === totalBytes, withinS);
  },
});

/** From now on nothing is asked for that was on the disk. */
function watchRequests(swarm: Swarm, observer: WireObserver, slow: SimNode, flushed: Uint8Array): void {
  observer.onFrame = (node, _other, id, piece) => {
    if (node !== slow || id !== WIRE.request) return;
    swarm.check('what was flushed is not asked for again', !hasBit(flushed, piece), () => `piece ${piece}`);
  };
}
