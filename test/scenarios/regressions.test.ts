// Every failure that was ever shrunk to a file is run again, and must hold.

import { expect, test } from 'vitest';
import { runScenario } from '../../sim/index.ts';
import { readRegression, regressionFiles } from '../../sim/command/regressions.ts';

test('regressions: every case that was found holds', () => {
  for (const path of regressionFiles('scenarios/regressions')) {
    const { scenario, regression } = readRegression(path);
    const { reason } = runScenario(scenario, regression.seed, regression.knobs).result;
    expect([path, reason]).toEqual([path, null]);
  }
});
