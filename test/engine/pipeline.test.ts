import { expect, test } from 'vitest';
import { Pipeline } from '../../engine/peers/pipeline.ts';
import { RateMeter } from '../../engine/rate-meter.ts';

const BLOCK = 16_384;
const SECOND = 1_000_000;

/** The largest target of ten minutes with a peer that sends a block every `gapUs`, each a round trip after its request. */
function largestTarget(gapUs: number, roundTripUs: number): number {
  const pipeline = new Pipeline(2_000);
  const clock = { seconds: 0 };
  const meter = new RateMeter(clock);
  let largest = 0;
  for (let at = gapUs, second = SECOND; at < 600 * SECOND; at += gapUs) {
    for (; second <= at; second += SECOND) {
      clock.seconds += 1;
      pipeline.second(meter.bytesPerSecond);
    }
    pipeline.blockArrived(at - roundTripUs, at);
    meter.add(BLOCK);
    largest = Math.max(largest, pipeline.target);
  }
  return largest;
}

test('pipeline: a slow peer is never asked for more than half a minute of blocks (a block every 0.5 to 2.9 s, whose rate jumps when measured)', () => {
  for (const gapUs of [500_000, 1_300_000, 1_638_400, 2_900_000])
    expect(largestTarget(gapUs, 80_000) * gapUs).toBeLessThanOrEqual(30 * SECOND);
});

test('pipeline: a fast peer is soon asked for what it sends in a round trip and the queue time', () => {
  const pipeline = new Pipeline(2_000);
  const clock = { seconds: 0 };
  const meter = new RateMeter(clock);
  // 1 MB/s: 62 blocks a second.
  for (let second = 1; second <= 5; second += 1) {
    for (let block = 0; block < 62; block += 1) {
      pipeline.blockArrived(second * SECOND - 200_000, second * SECOND);
      meter.add(BLOCK);
    }
    clock.seconds += 1;
    pipeline.second(meter.bytesPerSecond);
    expect(pipeline.target).toBeGreaterThanOrEqual(62);
  }
});

test('pipeline: a fixed target is kept full block by block, and comes back after a snub', () => {
  const pipeline = new Pipeline(2_000, 17);
  expect([pipeline.target, pipeline.lowWater]).toEqual([17, 16]);
  pipeline.blockArrived(0, SECOND);
  pipeline.second(1_000);
  expect(pipeline.target).toBe(17);
  pipeline.snubbed();
  expect(pipeline.target).toBe(1);
  pipeline.restart();
  expect(pipeline.target).toBe(17);
  pipeline.setReqq(5);
  expect(pipeline.target).toBe(5);
});
