// Files of any layout with damage on the disk. The check must name exactly the pieces that a naive oracle names, byte by byte, and the swarm
// must then repair exactly these: never one piece too many or too few.

import { BLOCK_LENGTH_BYTES } from '#engine';
import { choice, whole } from '#harness';
import { corrupted, scenario, shared, type SimNode, type Store, type Swarm, WIRE, WireObserver, hasBit } from '#sim';
import { layoutOf } from './layout.ts';

/** Two megabytes at most, over a line of 20 kB/s. */
const PATIENCE_S = 300;

export const resumeCheck = scenario({
  name: 'resume-check',
  doc: 'any layout of files with any damage: the check names the pieces that a naive oracle names, the swarm repairs these',
  knobs: {
    layout: whole(15, 0, 1_000_000, '', 'what the lengths of the files are drawn from'),
    files: whole(9, 1, 12, '', 'files of the torrent'),
    padPercent: whole(20, 0, 60, '%', 'files that are pad files'),
    pieceKiB: choice(32, [16, 32, 64], 'KiB', 'piece length'),
    damages: whole(6, 0, 12, '', 'what happened to the files: blocks flipped, files cut, lengthened or missing'),
    how: choice('start', ['start', 'recheck'], '', 'checked when it is added, or while it runs'),
    ...shared.losslessLine,
  },
  marks: ['checkStarted', 'checkFinished', 'pieceVerified', 'pieceFlushed'],
  world: ({ layout, files, padPercent, pieceKiB }) => ({ contents: layoutOf({ layout, files, padPercent, pieceKiB }) }),

  play(swarm, { damages, how, upKBps, downKBps, latencyMs }) {
    const line = { upKBps, downKBps, latencyMs };
    const observer = new WireObserver();
    swarm.observer = observer;
    swarm.addSeed(line);
    const node = swarm.prepare(line, true);
    const store = node.storeOf(swarm.contents);
    const asked = new Set<number>();
    observer.onFrame = (who, _other, id, piece) => {
      if (who === node && id === WIRE.request) asked.add(piece);
    };
    let good: boolean[];
    if (how === 'start') {
      good = damage(swarm, store, damages);
      node.start(swarm.contents, { check: 'all' });
    } else {
      node.start(swarm.contents, { check: 'all' });
      swarm.run(5);
      swarm.check('an undamaged copy is complete', node.status().complete && asked.size === 0);
      good = damage(swarm, store, damages);
      node.command({ kind: 'recheck', torrent: 0 });
    }
    swarm.until('the check is over', () => !['checking', 'pausing'].includes(node.status().state), 30);
    const { have } = node.status();
    for (const [piece, isGood] of good.entries())
      swarm.check(`piece ${piece} is ${isGood ? 'had' : 'missing'}`, hasBit(have, piece) === isGood);

    swarm.until('it is repaired', () => node.status().complete, PATIENCE_S);
    swarm.run(5);
    for (const [piece, isGood] of good.entries()) {
      swarm.check('exactly what was damaged is asked for', asked.has(piece) !== isGood, () => `piece ${piece}`);
      swarm.check('the disk holds what it should', readsRight(store, piece), () => `piece ${piece}`);
    }
    checkOnceMore(swarm, node);
  },
});

/** Harms the files; returns for each piece whether every byte of it is still there and right, found byte by byte. */
function damage(swarm: Swarm, store: Store, damages: number): boolean[] {
  const { geometry, metainfo } = swarm.contents;
  const random = swarm.random.fork('damage');
  const right = new Uint8Array(geometry.totalBytes).fill(1);
  const cutTo = metainfo.files.map(({ lengthBytes }) => lengthBytes);
  for (let harm = 0; harm < damages; harm += 1) {
    const file = random.below(metainfo.files.length);
    const { lengthBytes, pad } = metainfo.files[file] as { lengthBytes: number; pad: boolean };
    // A pad file is on no disk.
    if (pad) continue;
    const begin = geometry.fileOffset(file);
    if (random.below(3) === 0) {
      const piece = random.below(geometry.pieceCount);
      const block = random.below(geometry.blockCount(piece));
      const index = swarm.contents.indexOf(piece, block);
      store.damage(index, corrupted(swarm.contents.stamp(index)));
      const from = piece * geometry.pieceLengthBytes + block * BLOCK_LENGTH_BYTES;
      right.fill(0, from, from + BLOCK_LENGTH_BYTES);
      continue;
    }
    const length = random.pick([
      -1,
      0,
      lengthBytes - 1,
      random.below(lengthBytes + 1),
      lengthBytes + 1,
      lengthBytes + 100_000,
    ]);
    if (length >= (cutTo[file] as number) && length <= lengthBytes) continue;
    store.setFileLength(file, length);
    // What was cut off is gone, whatever is appended later.
    cutTo[file] = Math.min(cutTo[file] as number, length);
    if (length < lengthBytes) right.fill(0, begin + Math.max(0, length), begin + lengthBytes);
  }
  const good = Array.from({ length: geometry.pieceCount }, () => true);
  right.forEach((byte, at) => {
    if (byte === 0) good[Math.floor(at / geometry.pieceLengthBytes)] = false;
  });
  return good;
}

/** The program starts anew and looks at everything again: nothing is missing, nothing asked for. */
function checkOnceMore(swarm: Swarm, node: SimNode): void {
  node.leave();
  swarm.until('it has left', () => !node.running, 30);
  node.restart(swarm.contents, { check: 'all' });
  swarm.until('the check is over', () => node.status().state !== 'checking', 30);
  swarm.check('all that was repaired is found by the next check', node.status().complete);
}

function readsRight(store: Store, piece: number): boolean {
  const { contents } = store;
  return contents.stampsOf(piece).every((stamp, block) => store.read(contents.indexOf(piece, block)) === stamp);
}
