// Every attack with its default size: the laws and the expectation hold, and the attack really took place.

import { describe, expect, test } from 'vitest';
import { defaultsOf } from '../../harness/index.ts';
import { attacks } from '../../scenarios/index.ts';
import { runScenario, Swarm } from '../../sim/index.ts';

const TIMEOUT_MS = 120_000;

describe.each(attacks.map((attack) => attack.scenario.name))('%s', (name) => {
  const attack = attacks.find(({ scenario }) => scenario.name === name)!;

  test(`${name}: costs the honest no more than expected, and took place`, { timeout: TIMEOUT_MS }, () => {
    const { scenario } = attack;
    const knobs = defaultsOf(scenario.knobs);
    const swarm = new Swarm({ ...scenario.world(knobs), seed: 1 });
    const figures = attack.measure(swarm, knobs);
    swarm.finish();
    expect(figures.filter(({ holds }) => !holds)).toEqual([]);
    // What proves it says how often: each has one at least, and `holds` is false where it never happened.
    expect(figures.filter(({ unit }) => unit === 'x').length).toBeGreaterThan(0);
    expect(scenario.marks.filter((mark) => swarm.count(mark) === 0)).toEqual([]);
  });

  test(`${name}: the laws hold at another size, where nothing is expected of the cost`, { timeout: TIMEOUT_MS }, () => {
    const { result } = runScenario(attack.scenario, 2, { peers: 6, sizeMiB: 2, upKBps: 200, downKBps: 800 });
    expect(result.reason).toBeNull();
  });
});
