import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RateMeter } from '../../engine/rate-meter.ts';
import { BLOCK, Lab, makeTorrent, message } from './lab.ts';

test('rate meter: after a while of silence nothing is left of a rate, however high it was', () => {
  const clock = { seconds: 0 };
  const meter = new RateMeter(clock);
  for (; clock.seconds < 10; clock.seconds += 1) meter.add(100_000_000);
  expect(meter.bytesPerSecond).toBe(100_000_000);
  clock.seconds += 19;
  expect(meter.bytesPerSecond).toBeGreaterThan(0);
  clock.seconds += 1;
  expect(meter.bytesPerSecond).toBe(0);
});

test('rate meter: it is the same who looks each second and who looks once (any bytes, any silence)', () => {
  const step = fc.record({ bytes: fc.nat(1_000_000), seconds: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clock = { seconds: 7 };
      const [seen, unseen] = [new RateMeter(clock), new RateMeter(clock)];
      for (const { bytes, seconds } of steps) {
        for (const meter of [seen, unseen]) meter.add(bytes);
        for (let second = 0; second < seconds; second += 1) {
          clock.seconds += 1;
          expect(seen.bytesPerSecond).toBeGreaterThanOrEqual(0);
        }
      }
      expect(unseen.bytesPerSecond).toBe(seen.bytesPerSecond);
      expect(unseen.recentBytes).toBe(steps.reduce((sum, { bytes }) => sum + bytes, 0));
    }),
  );
});

test('rate meter: a torrent that is complete downloads nothing any more', () => {
  const { metainfo, data } = makeTorrent({ totalBytes: 8 * BLOCK, pieceLength: BLOCK });
  const lab = new Lab({ metainfo });
  const peer = lab.peer({ id: 'seed', has: 'all' });
  lab.say(peer, message(1));
  const waiting: [number, number, number][] = [];
  for (let second = 0; second < 20 && !lab.status.complete; second += 1) {
    expect(lab.status.downloadBps > 0).toBe(second > 0);
    waiting.push(...lab.requests(peer));
    const request = waiting.shift();
    if (request !== undefined) lab.give(peer, data, request);
    lab.pass(1);
  }
  expect(lab.status.complete).toBe(true);
  expect(lab.status.downloadBps).toBe(0);
});
