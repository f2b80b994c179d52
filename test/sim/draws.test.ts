// What validations draw has the distribution that its name says: mean, share above the mean, and, of the geometric, of none at all.

import { expect, test } from 'vitest';
import { Random } from '../../harness/random.ts';
import { exponential, geometric, mean } from '../../sim/validation/measure.ts';

const COUNT = 200_000;
const MEAN = 10;

test('draws: exponential by its mean, its deviation and what lies above one and three means', () => {
  const random = new Random('exponential');
  const values = Array.from({ length: COUNT }, () => exponential(random, MEAN));
  const average = mean(values);
  const deviation = Math.sqrt(mean(values.map((value) => (value - average) ** 2)));
  expect(average / MEAN).toBeCloseTo(1, 1.5);
  expect(deviation / MEAN).toBeCloseTo(1, 1.5);
  for (const means of [0.25, 1, 3])
    expect(values.filter((value) => value > means * MEAN).length / COUNT).toBeCloseTo(Math.exp(-means), 2);
});

test('draws: geometric by its mean and how often it is 0', () => {
  const random = new Random('geometric');
  const values = Array.from({ length: COUNT }, () => geometric(random, 0.5));
  expect(mean(values)).toBeCloseTo(0.5, 2);
  expect(values.filter((value) => value === 0).length / COUNT).toBeCloseTo(2 / 3, 2);
});
