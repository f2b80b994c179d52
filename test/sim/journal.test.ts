// A simulated node's life, recorded and run again.

import { describe, expect, test } from 'vitest';
import { type Engine, Replay } from '#engine';
import { Random } from '#harness';
import { JournalReader, JournalWriter } from '#harness/journal';
import { scenarios } from '#scenarios';
import { runScenario } from '#sim';
import { Bytes } from '../harness/journal-bytes.ts';

const PLAYED = ['pause-resume', 'parole', 'end-game', 'crash-restart', 'churn', 'disk-full', 'resume-check'];
const HEADER = { build: 'test', about: {} };

/** The journal of one node of a scenario's run with seed 1. */
function recorded(name: string, node: number) {
  const scenario = scenarios.find((candidate) => candidate.name === name)!;
  const file = new Bytes();
  const log = new JournalWriter(file.write, HEADER);
  const { result } = runScenario(scenario, 1, {}, { journal: { node, log } });
  log.flush();
  return { result, bytes: file.bytes, plain: runScenario(scenario, 1).result };
}

function replayed(bytes: Uint8Array, wrap?: (engine: Engine) => Engine, explain = false): Replay {
  const random = (seed: string) => new Random(seed);
  const replay = new Replay(new JournalReader(bytes), { random, explain, ...(wrap === undefined ? {} : { wrap }) });
  replay.run(Infinity);
  return replay;
}

describe('journal: a simulated node is run again with every output equal', () => {
  test.each(PLAYED)('%s', (name) => {
    for (const node of [1, 2]) {
      const { result, plain, bytes } = recorded(name, node);
      expect(result.digest).toBe(plain.digest);
      const replay = replayed(bytes);
      expect(replay.divergence).toBeNull();
      expect(replay.broke).toBeNull();
      expect(replay.outputCount).toBeGreaterThan(0);
      expect(replay.ended).toBe(true);
    }
  });
});
