// Every event of the engine is reached by a scenario that promises it; that promises are kept is part of each run with the defaults.

import { expect, test } from 'vitest';
import { scenarios } from '../../scenarios/index.ts';
import { unstatedMarks } from '../../sim/command/marks.ts';

test('marks: every event that an engine can report is promised by some scenario (none is excepted)', () => {
  expect(unstatedMarks(scenarios)).toEqual([]);
});

test('marks: one that nobody promises is named', () => {
  const others = scenarios.filter(({ marks }) => !marks.includes('selfConnection'));
  expect(unstatedMarks(others)).toContain('selfConnection');
});
