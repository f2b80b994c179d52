// One run as a message: what a worker thread or another process is asked for, and what it answers. The same task gives the same digest,
// wherever it runs and however often memory is collected meanwhile.

import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import type { Engine, Settings } from '#engine';
import { defaultsOf, type KnobValue, type TraceEvent, type TraceWindow } from '#harness';
import { type RunResult, runScenario, type Scenario } from '#sim';

export interface RunTask {
  readonly scenario: string;
  readonly seed: number;
  /** Values given; the other knobs have their defaults. */
  readonly knobs: { readonly [name: string]: KnobValue };
  readonly settings?: Partial<Settings>;
  readonly keepTrace?: TraceWindow;
  /** Memory is collected in full again and again while it runs. */
  readonly collecting?: boolean;
}

export interface RunAnswer {
  readonly result: RunResult;
  readonly wallS: number;
  readonly checkpoints: readonly number[];
  readonly kept: readonly TraceEvent[];
}

/** Ticks of engines from one collection to the next. */
const TICKS_PER_COLLECTION = 200;

export function runTask(scenarios: readonly Scenario[], task: RunTask): RunAnswer {
  const { seed, settings, keepTrace = null } = task;
  const found = scenarios.find(({ name }) => name === task.scenario);
  if (found === undefined) throw new Error(`no scenario "${task.scenario}"`);
  const started = performance.now();
  // Every knob is named: what a scenario must reach is asked of the runs with its defaults together, not of each seed.
  const knobs = { ...defaultsOf(found.knobs), ...task.knobs };
  const options = settings === undefined ? { keepTrace } : { keepTrace, settings };
  const { result, swarm } = runScenario(task.collecting ? collecting(found) : found, seed, knobs, options);
  const wallS = (performance.now() - started) / 1000;
  return { result, wallS, checkpoints: swarm.trace.checkpoints, kept: swarm.trace.kept() };
}

function collecting(scenario: Scenario): Scenario {
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
