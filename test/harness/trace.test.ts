import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHECKPOINT_EVENTS, firstDifference, Trace, type TraceWindow } from '../../harness/index.ts';

const events = fc.array(fc.tuple(fc.nat({ max: 2 ** 50 }), fc.nat(3), fc.integer(), fc.integer()), {
  minLength: 1,
  maxLength: 50,
});

function traced(list: readonly (readonly [number, number, number, number])[], keep: TraceWindow | null = null): Trace {
  const trace = new Trace(keep);
  for (const name of ['w', 'x', 'y', 'z']) trace.label(name);
  for (const [at, label, a, b] of list) trace.record(at, label, a, b);
  return trace;
}

test('trace: a digest is 16 hexadecimal digits, equal for equal runs and not for one event changed, more or swapped', () => {
  fc.assert(
    fc.property(events, fc.nat(), fc.constantFrom(1, 2, 3), (list, which, field) => {
      const digest = traced(list).digest();
      expect(digest).toMatch(/^[0-9a-f]{16}$/);
      expect(traced(list, { from: 3, count: 10 }).digest()).toBe(digest);
      const index = which % list.length;
      const changed = list.map((event, at) =>
        event.map((value, place) => (at === index && place === field ? value ^ 1 : value)),
      );
      expect(traced(changed as never).digest()).not.toBe(digest);
      expect(traced([...list, [0, 0, 0, 0]]).digest()).not.toBe(digest);
      const [first, second] = list;
      if (first && second && String(first) !== String(second))
        expect(traced([second, first, ...list.slice(2)]).digest()).not.toBe(digest);
    }),
  );
});

test('trace: keeps the events of its window with their labels, and names the first difference', () => {
  const one = traced(
    [
      [1, 0, 5, 6],
      [2, 1, 7, 8],
      [3, 2, 9, 9],
    ],
    { from: 1, count: 5 },
  ).kept();
  expect(one).toEqual([
    { index: 1, at: 2, label: 'x', a: 7, b: 8 },
    { index: 2, at: 3, label: 'y', a: 9, b: 9 },
  ]);
  expect(firstDifference(one, one)).toBeNull();
  expect(firstDifference(one, one.slice(0, 1))).toBe('#2 3 µs y 9 9 ≠ (end)');
});

test('trace: the first checkpoint that differs is the one behind the first event that does', () => {
  const checkpoints = (changedAt: number) => {
    const trace = traced([]);
    for (let index = 0; index < 3 * CHECKPOINT_EVENTS; index += 1)
      trace.record(index, 0, index === changedAt ? 1 : 0, 0);
    return trace.checkpoints;
  };
  const plain = checkpoints(-1);
  expect(plain).toHaveLength(3);
  for (const [changedAt, first] of [
    [0, 0],
    [CHECKPOINT_EVENTS - 1, 0],
    [CHECKPOINT_EVENTS, 1],
    [3 * CHECKPOINT_EVENTS - 1, 2],
  ] as const)
    expect(checkpoints(changedAt).findIndex((value, index) => value !== plain[index])).toBe(first);
});
