import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from '../../harness/event-queue.ts';

/** Distances that meet every level of the wheel, its borders and the epochs beyond. */
const distance = fc.oneof(
  fc.nat(3),
  fc.nat(5_000),
  fc.constantFrom(1023, 1024, 2 ** 20 - 1, 2 ** 20, 2 ** 30 - 1, 2 ** 30),
  fc.nat(2 ** 22),
  fc.nat({ max: 2 ** 40 }),
);

test('event queue: leaves in the order of a sorted list, equal instants as pushed (any mix of pushes and pops)', () => {
  const step = fc.oneof(fc.record({ push: distance }), fc.record({ pop: distance }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new EventQueue();
      const oracle: { at: number; serial: number }[] = [];
      let now = 0;
      let serial = 0;
      for (const next of steps) {
        if ('push' in next) {
          queue.push(now + next.push, 7, serial, ~serial);
          oracle.push({ at: now + next.push, serial });
          serial += 1;
          continue;
        }
        const limit = now + next.pop;
        oracle.sort((one, other) => one.at - other.at || one.serial - other.serial);
        const due = oracle.filter((event) => event.at <= limit);
        for (const event of due) {
          expect(queue.pop(limit)).toBe(true);
          expect([queue.at, queue.kind, queue.a, queue.b]).toEqual([event.at, 7, event.serial, ~event.serial]);
        }
        expect(queue.pop(limit)).toBe(false);
        oracle.splice(0, due.length);
        now = limit;
        expect(queue.size).toBe(oracle.length);
      }
    }),
    { numRuns: 500 },
  );
});

test('event queue: refuses an instant before the event taken last', () => {
  const queue = new EventQueue();
  queue.push(10, 0, 0, 0);
  queue.pop(10);
  expect(() => queue.push(9, 0, 0, 0)).toThrow(RangeError);
  queue.push(10, 0, 1, 0);
  expect(queue.pop(10)).toBe(true);
});

test('event queue: keeps 5,000 events of one instant in order (beyond the first capacity)', () => {
  const queue = new EventQueue();
  for (let index = 0; index < 5_000; index += 1) queue.push(2 ** 33, 1, index, 0);
  for (let index = 0; index < 5_000; index += 1) {
    expect(queue.pop(Infinity)).toBe(true);
    expect(queue.a).toBe(index);
  }
  expect(queue.pop(Infinity)).toBe(false);
});
