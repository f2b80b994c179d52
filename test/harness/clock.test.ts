import { expect, test } from 'vitest';
import { Clock, Timers } from '../../harness/index.ts';

test('clock: stands at the event while it happens and at the limit afterwards', () => {
  const clock = new Clock();
  const seen: [number, number][] = [];
  const kind = clock.kind((a) => seen.push([clock.now, a]));
  clock.schedule(5, kind, 1, 0);
  clock.schedule(11, kind, 2, 0);
  expect(clock.run(10)).toBe(false);
  expect(seen).toEqual([[5, 1]]);
  expect(clock.now).toBe(10);
  clock.run(11);
  expect(seen).toEqual([
    [5, 1],
    [11, 2],
  ]);
});

test('clock: stops after the event that fulfils the condition', () => {
  const clock = new Clock();
  let count = 0;
  const kind = clock.kind(() => {
    count += 1;
  });
  for (let at = 1; at <= 10; at += 1) clock.schedule(at, kind, 0, 0);
  expect(clock.run(10, () => count === 4)).toBe(true);
  expect([clock.now, count]).toEqual([4, 4]);
});

test('timers: fire once at the instant set last (moved earlier, later, unset, in the past)', () => {
  const clock = new Clock();
  const fired: [number, number][] = [];
  const timers = new Timers(clock, (owner) => fired.push([owner, clock.now]));
  timers.set(0, 100);
  timers.set(0, 50);
  timers.set(1, 100);
  timers.set(1, 200);
  timers.set(2, 70);
  timers.set(2, null);
  timers.set(1000, 60);
  clock.run(40);
  timers.set(3, 7);
  clock.run(1_000);
  expect(fired).toEqual([
    [3, 40],
    [0, 50],
    [1000, 60],
    [1, 200],
  ]);
  expect(clock.outstanding).toBe(0);
});

test('timers: a thousand moves to later cost one event more, not a thousand', () => {
  const clock = new Clock();
  const timers = new Timers(clock, () => {});
  for (let at = 10; at < 1_010; at += 1) timers.set(0, at);
  expect(clock.outstanding).toBe(1);
  clock.run(2_000);
  expect(clock.eventCount).toBe(2);
});
