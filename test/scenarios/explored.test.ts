// The laws of the four behaviours that the notes ask for, over drawn knobs: pausing loses nothing, end-game asks nobody twice, parole never
// hits the honest, a check is never off by one; and of everything at once. Sizes are small; `npm run sim search NAME -- --runs N` explores further.

import { describe, expect, test } from 'vitest';
import { explore, type KnobValue } from '../../harness/index.ts';
import { scenarios } from '../../scenarios/index.ts';
import { runScenario } from '../../sim/index.ts';

const SMALL = { peers: 4, sizeMiB: 2 };

/** The smallest run for each law of the scenario that is broken. */
function counterexamples(name: string, runCount: number, fixed: { readonly [name: string]: KnobValue } = {}) {
  const scenario = scenarios.find((each) => each.name === name)!;
  const run = (seed: number, values: { readonly [name: string]: KnobValue }) =>
    runScenario(scenario, seed, values).result;
  return explore({ knobs: scenario.knobs, seed: 1, runCount, fixed, run }).counterexamples;
}

describe('explored', () => {
  test('pause-resume: at any pause point nothing received is asked for again (in one program)', () => {
    expect(counterexamples('pause-resume', 20, { ...SMALL, restart: false })).toEqual([]);
  });

  test('pause-resume: at any pause point nothing received is asked for again (over a restart of the program)', () => {
    expect(counterexamples('pause-resume', 20, { ...SMALL, restart: true })).toEqual([]);
  });

  test('end-game: no peer is asked twice for a block, and an arrival ends its duplicates', () => {
    expect(counterexamples('end-game', 20, SMALL)).toEqual([]);
  });

  test('parole: an honest peer is never banned and a bad piece never counts', () => {
    expect(counterexamples('parole', 20, SMALL)).toEqual([]);
  });

  test('resume-check: any layout and any damage: exactly the pieces that a naive oracle names', () => {
    expect(counterexamples('resume-check', 25)).toEqual([]);
  });

  test('resume-check: damage that a re-check finds in a complete torrent is repaired (one byte, the seed is known as one)', () => {
    const knobs = { layout: 0, files: 1, padPercent: 0, pieceKiB: 16, damages: 2, how: 'recheck', upKBps: 20 };
    const scenario = scenarios.find(({ name }) => name === 'resume-check')!;
    expect(runScenario(scenario, 18, { ...knobs, downKBps: 50, latencyMs: 0 }).result.reason).toBeNull();
  });

  test('swarm: any peers, layout, lines and faults: safe while they strike, everyone complete after healing', {
    timeout: 120_000,
  }, () => {
    expect(counterexamples('swarm', 25)).toEqual([]);
  });
});
