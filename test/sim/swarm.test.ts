import { expect, test } from 'vitest';
import type { TraceWindow } from '../../harness/index.ts';
import { corrupted, distributionBoundS, Swarm, type SwarmOptions, Violation } from '../../sim/index.ts';

const LINE = { upKBps: 200, downKBps: 800, latencyMs: 40 };

function swarmOf(options: Partial<SwarmOptions> = {}): Swarm {
  return new Swarm({ seed: 1, contents: { sizeMiB: 2, pieceKiB: 64 }, ...options });
}

test('swarm: a seed and a leecher take the time of the uplink, and 3 % at most', () => {
  const swarm = swarmOf();
  swarm.addSeed(LINE);
  const leecher = swarm.addLeecher(LINE);
  swarm.untilComplete(60);
  swarm.run(5);
  swarm.finish();
  const least = (2 * 2 ** 20) / 200_000;
  expect(leecher.completedAt! / 1e6).toBeGreaterThanOrEqual(least);
  expect(leecher.completedAt! / 1e6).toBeLessThan(least * 1.03 + 0.5);
});

test('swarm: half of 40 leechers finish within 1.3 of the least possible time, all within 2 (64 KiB pieces, seed at twice their rate)', () => {
  const swarm = swarmOf({ contents: { sizeMiB: 8, pieceKiB: 64 } });
  swarm.addSeed({ ...LINE, upKBps: 400 });
  const leechers = swarm.addLeechers(40, LINE);
  const boundS = distributionBoundS({
    sizeBytes: 8 * 2 ** 20,
    seedUpBps: [400_000],
    leecherUpBps: leechers.map(() => 200_000),
    leecherDownBps: leechers.map(() => 800_000),
  });
  swarm.untilComplete(boundS * 2);
  swarm.finish();
  const times = leechers.map(({ completedAt }) => completedAt! / 1e6).sort((one, other) => one - other);
  expect(times[20]!).toBeLessThan(boundS * 1.3);
});

test('swarm: the bound is the greatest of its three terms (Kumar & Ross)', () => {
  const run = { sizeBytes: 1000, seedUpBps: [10], leecherUpBps: [100, 100], leecherDownBps: [200, 50] };
  expect(distributionBoundS(run)).toBe(100);
  expect(distributionBoundS({ ...run, seedUpBps: [1000, 1000] })).toBe(20);
  expect(distributionBoundS({ ...run, seedUpBps: [100], leecherUpBps: [0, 0], leecherDownBps: [1e9, 1e9] })).toBe(20);
  const alike = { sizeBytes: 1200, seedUpBps: [100], leecherUpBps: [100, 100, 100], leecherDownBps: [1e9, 1e9, 1e9] };
  // Of one piece three copies come one after the other, by one, two and three holders; of four the other three come by all four holders.
  expect(distributionBoundS(alike)).toBe(12);
  expect(distributionBoundS({ ...alike, pieceBytes: 1200 })).toBe(12 + 6 + 4);
  expect(distributionBoundS({ ...alike, pieceBytes: 300 })).toBe(3 + 1.5 + 1 + (3 * 900) / 400);
});

test('swarm: everyone finishes over a bad network (deliveries cut, jitter, 1 % loss, a partition for a minute, resets)', () => {
  const swarm = swarmOf({ cutPerMillion: 300_000 });
  const line = { ...LINE, jitterMs: 30, lossPercent: 1 };
  const seed = swarm.addSeed(line);
  const leechers = swarm.addLeechers(6, line, 5);
  swarm.at(8, () => swarm.network.links.partition([seed.index], [1, 2, 3, 4]));
  swarm.at(68, () => swarm.network.heal());
  swarm.at(75, () => swarm.network.openEnds().forEach((end) => end % 4 === 0 && swarm.network.reset(end)));
  swarm.untilComplete(900, leechers);
  swarm.run(30);
  swarm.finish();
});

test('swarm: a crash loses no piece that was flushed, and the restart asks for no more than the rest', () => {
  const swarm = swarmOf();
  swarm.addSeed(LINE);
  const leecher = swarm.addLeecher({ ...LINE, settings: { resumeIntervalMs: 1_000 } });
  swarm.until('half is flushed', () => (leecher.engine?.status(0)?.flushedBytes ?? 0) >= 2 ** 20, 30);
  swarm.run(2);
  const flushed = leecher.status().flushedBytes;
  leecher.crash();
  swarm.run(10);
  leecher.restart(swarm.contents);
  swarm.run(1);
  expect(leecher.status().haveBytes).toBeGreaterThanOrEqual(2 ** 20);
  swarm.untilComplete(60);
  expect(leecher.status().downloadedBytes).toBeGreaterThanOrEqual(2 * 2 ** 20 - flushed);
  swarm.finish();
});

test('swarm: forged blocks never count, their sender is found and no honest peer is banned', () => {
  const swarm = swarmOf();
  swarm.addSeed(LINE);
  const liar = swarm.addSeed({
    ...LINE,
    honest: false,
    forge: (stamp, random) => (random.below(4) === 0 ? corrupted(stamp) : stamp),
  });
  const leechers = swarm.addLeechers(5, LINE);
  swarm.untilComplete(300, leechers);
  swarm.finish();
  expect(swarm.count('pieceFailed')).toBeGreaterThan(0);
  expect(swarm.count('peerBanned')).toBeGreaterThan(0);
  expect(liar.running).toBe(true);
});

test('swarm: a full disk holds a download up and no longer than that', () => {
  const swarm = swarmOf();
  swarm.addSeed(LINE);
  const leecher = swarm.addLeecher({ ...LINE, disk: { capacityBytes: 2 ** 20 } });
  swarm.run(60);
  expect(leecher.complete).toBe(false);
  expect(swarm.count('diskFull')).toBeGreaterThan(0);
  leecher.disk.options = { ...leecher.disk.options, capacityBytes: Infinity };
  swarm.untilComplete(300);
  expect(swarm.count('diskRecovered')).toBeGreaterThan(0);
  swarm.run(5);
  swarm.finish();
});

test('swarm: nobody meets through a dead tracker, everybody after it came back', () => {
  const swarm = swarmOf({ trackers: [{ intervalS: 60 }] });
  swarm.trackers[0]!.alive = false;
  swarm.addSeed(LINE);
  const leecher = swarm.addLeecher(LINE);
  swarm.run(120);
  expect(leecher.openConnections).toBe(0);
  expect(swarm.count('announceFailed')).toBeGreaterThan(0);
  swarm.trackers[0]!.alive = true;
  swarm.untilComplete(1_800);
  swarm.finish();
});

test('swarm: who leaves says stopped and is gone', () => {
  const swarm = swarmOf();
  const seed = swarm.addSeed(LINE);
  const leecher = swarm.addLeecher(LINE);
  swarm.run(5);
  leecher.leave();
  swarm.until('it has left', () => !leecher.running, 10);
  swarm.run(2);
  expect(seed.openConnections).toBe(0);
  expect(swarm.count('stopped')).toBe(1);
  swarm.finish();
});

test('swarm: a piece that counts before its hash passed is a violation, as is a false claim in resume data', () => {
  const swarm = swarmOf();
  const leecher = swarm.addLeecher(LINE);
  expect(() => swarm.happened(leecher, 'pieceVerified', 0, 3, 0)).toThrow(Violation);
  const store = leecher.stores[0]!;
  const flushed = Uint8Array.from({ length: 4 }, (_, at) => (at === 0 ? 0x80 : 0));
  const data = { flushed, partials: [] } as never;
  expect(() => swarm.resumeSaved(leecher, store, data)).toThrow(/holds something else/);
  swarm.contents.stampsOf(0).forEach((stamp, block) => store.write(block, stamp));
  expect(() => swarm.resumeSaved(leecher, store, data)).toThrow(/not durable/);
  store.syncUpTo(store.writeCount);
  swarm.resumeSaved(leecher, store, data);
});

test('swarm: an engine that takes every hash for right is found (planted fault)', () => {
  const swarm = swarmOf();
  swarm.addSeed({ ...LINE, honest: false, forge: (stamp) => corrupted(stamp) });
  swarm.addLeecher({
    ...LINE,
    wrap: (engine) => {
      const pieceHashed = engine.pieceHashed.bind(engine);
      let piece = -1;
      const drain = engine.drain.bind(engine);
      engine.drain = (sink) => {
        const hashPiece = sink.hashPiece.bind(sink);
        sink.hashPiece = (job, torrent, asked, blocks) => {
          piece = asked;
          hashPiece(job, torrent, asked, blocks);
        };
        drain(sink);
        sink.hashPiece = hashPiece;
      };
      engine.pieceHashed = (now, job) => pieceHashed(now, job, swarm.contents.hashOf(piece));
      return engine;
    },
  });
  expect(() => swarm.run(60)).toThrow(/counts piece \d+ whose hash did not pass/);
});

test('swarm: keeping the trace changes no digest; another seed changes it', () => {
  const digest = (seed: number, keepTrace: TraceWindow | null) => {
    const swarm = swarmOf({ seed, keepTrace });
    swarm.addSeed(LINE);
    swarm.addLeechers(3, LINE, 2);
    swarm.run(10);
    return swarm.trace.digest();
  };
  expect(digest(1, { from: 10, count: 1_000 })).toBe(digest(1, null));
  expect(digest(2, null)).not.toBe(digest(1, null));
});
