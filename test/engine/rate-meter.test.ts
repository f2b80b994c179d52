import { expect, test } from 'vitest';
import { RateMeter } from '../../engine/rate-meter.ts';
import { BLOCK, Lab, makeTorrent, message } from './lab.ts';

test('rate meter: after a while of silence nothing is left of a rate, however high it was', () => {
  const meter = new RateMeter();
  for (let second = 0; second < 10; second += 1) {
    meter.add(100_000_000);
    meter.second();
  }
  expect(meter.bytesPerSecond).toBe(100_000_000);
  for (let second = 0; second < 19; second += 1) meter.second();
  expect(meter.bytesPerSecond).toBeGreaterThan(0);
  expect(meter.idle).toBe(false);
  meter.second();
  expect(meter.bytesPerSecond).toBe(0);
  expect(meter.idle).toBe(true);
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
