import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../harness/index.ts';

const draws = (random: Random, count = 8) => Array.from({ length: count }, () => random.uint32());

test('random: the same label gives the same stream, whatever else was drawn', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(20), (seed, label, others) => {
      const plain = new Random(seed).fork(label);
      const busy = new Random(seed);
      draws(busy, others);
      draws(busy.fork(`${label}'`), others);
      expect(draws(busy.fork(label))).toEqual(draws(plain));
    }),
  );
});

test('random: other labels and other paths give other streams (even where the joined text is equal)', () => {
  const root = new Random(1);
  const streams = [
    root.fork('a/b'),
    root.fork('a').fork('b'),
    root.fork('ab'),
    root.fork('a'),
    new Random(2).fork('a'),
  ];
  expect(new Set(streams.map((stream) => draws(stream).join())).size).toBe(streams.length);
});

test('random: below stays in range and reaches both ends (bounds 1, 2, 3, 2³²)', () => {
  const random = new Random('below');
  const seen = new Set<number>();
  for (let draw = 0; draw < 1_000; draw += 1) seen.add(random.below(3));
  expect([...seen].sort((one, other) => one - other)).toEqual([0, 1, 2]);
  expect(random.below(1)).toBe(0);
  expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
});

test('random: below is even (χ² of 12 classes, 120,000 draws)', () => {
  const random = new Random('even');
  const counts = Array.from({ length: 12 }, () => 0);
  for (let draw = 0; draw < 120_000; draw += 1) {
    const value = random.below(12);
    counts[value] = (counts[value] as number) + 1;
  }
  const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chi).toBeLessThan(31.3);
});

test('random: shuffle keeps every item', () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const shuffled = new Random(3).shuffle([...items]);
  expect(shuffled).not.toEqual(items);
  expect(shuffled.sort((one, other) => one - other)).toEqual(items);
});

test('random: every draw is told under the name of its stream, and telling changes none', () => {
  const told: [string, number][] = [];
  const labels: string[] = [];
  const random = new Random(7, {
    label: (text) => labels.push(text) - 1,
    drawn: (label, value) => told.push([labels[label]!, value]),
  });
  const stream = random.fork('node 1').fork('picker');
  const [first, second] = draws(stream, 2);
  const other = random.fork('network').uint32();
  expect(told).toEqual([
    ['draw 7/node 1/picker', first],
    ['draw 7/node 1/picker', second],
    ['draw 7/network', other],
  ]);
  expect([first, second]).toEqual(draws(new Random(7).fork('node 1').fork('picker'), 2));
});
