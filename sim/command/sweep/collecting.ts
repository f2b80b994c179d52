// A scenario in whose runs memory is collected in full again and again: nothing may depend on when that happens.

import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import type { Engine } from '#engine';
import type { Scenario } from '#sim';

/** Ticks of engines from one collection to the next. */
const TICKS_PER_COLLECTION = 200;

export function collecting(scenario: Scenario): Scenario {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  let ticks = 0;
  const wrap = (engine: Engine): Engine => {
    const tick = engine.tick.bind(engine);
    engine.tick = (now) => {
      ticks += 1;
      if (ticks % TICKS_PER_COLLECTION === 0) collect();
      tick(now);
    };
    return engine;
  };
  return {
    ...scenario,
    world: (knobs) => {
      const world = scenario.world(knobs);
      return { ...world, wrap: (engine, node) => wrap(world.wrap?.(engine, node) ?? engine) };
    },
  };
}
