// A holder so slow that its first block takes 16 s, beside two fast ones: the swarm ends as if it were not there.

import { expect, test } from 'vitest';
import { scenarios } from '../../scenarios/index.ts';
import { runScenario } from '../../sim/index.ts';

const KNOBS = { peers: 4, pieceKiB: 64, upKBps: 904, latencyMs: 10, slowKBps: 1 };
/** Beyond what the swarm takes without it. Where what it was asked for first was late by the usual time of a block, it cost up to 5.2 s. */
const MORE_S = 2;

test.each([1, 2, 5])(
  'end-game: what one that has never given anything was asked for is asked of the idle (seed %i)',
  (seed) => {
    const endGame = scenarios.find(({ name }) => name === 'end-game')!;
    const { result } = runScenario(endGame, seed, KNOBS);
    expect(result.reason).toBeNull();
    const [, withS, withoutS] = /([\d.]+) s, ([\d.]+) s without/.exec(result.notes.join())!;
    expect(Number(withS)).toBeLessThanOrEqual(Number(withoutS) + MORE_S);
  },
);
