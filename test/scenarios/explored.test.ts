// The laws of the four behaviours that the notes ask for, over drawn knobs: pausing loses nothing, end-game asks nobody twice, parole never
// hits the honest, a check is never off by one. Sizes are small; `npm run sim scenario NAME -- --runs N` explores further.

import { describe, expect, test } from 'vitest';
import { explore, type KnobValue } from '../../harness/index.ts';
import { scenarios } from '../../scenarios/index.ts';
import { runScenario } from '../../sim/index.ts';

const SMALL = { peers: 4, sizeMiB: 2 };

/** The smallest run that breaks a law of the scenario, or null. */
function counterexample(name: string, runCount: number, fixed: { readonly [name: string]: KnobValue } = {}) {
  const scenario = scenarios.find((each) => each.name === name)!;
  const run = (seed: number, values: { readonly [name: string]: KnobValue }) =>
    runScenario(scenario, seed, values).result.reason;
  return explore({ knobs: scenario.knobs, seed: 1, runCount, fixed, run });
}

describe('explored', () => {
  test('pause-resume: at any pause point nothing received is asked for again (in one program)', () => {
    expect(counterexample('pause-resume', 20, { ...SMALL, restart: false })).toBeNull();
  });

  test('pause-resume: at any pause point nothing received is asked for again (over a restart of the program)', () => {
    expect(counterexample('pause-resume', 20, { ...SMALL, restart: true })).toBeNull();
  });

  test('end-game: no peer is asked twice for a block, and an arrival ends its duplicates', () => {
    expect(counterexample('end-game', 20, SMALL)).toBeNull();
  });

  test('parole: an honest peer is never banned and a bad piece never counts', () => {
    expect(counterexample('parole', 20, SMALL)).toBeNull();
  });

  test('resume-check: any layout and any damage: exactly the pieces that a naive oracle names', () => {
    expect(counterexample('resume-check', 25)).toBeNull();
  });

  test('resume-check: damage that a re-check finds in a complete torrent is repaired (one byte, the seed is known as one)', () => {
    const knobs = { layout: 0, files: 1, padPercent: 0, pieceKiB: 16, damages: 2, how: 'recheck', upKBps: 20 };
    const scenario = scenarios.find(({ name }) => name === 'resume-check')!;
    expect(runScenario(scenario, 18, { ...knobs, downKBps: 50, latencyMs: 0 }).result.reason).toBeNull();
  });
});
