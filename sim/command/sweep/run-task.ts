// One run as a message: what a worker thread or another process is asked for, and what it answers. The same task gives the same digest,
// wherever it runs and however often memory is collected meanwhile. Asks nothing of the machine but a clock, so that any engine of JavaScript
// runs it.

import type { Settings } from '#engine';
import { defaultsOf, type KnobValue, type TraceEvent, type TraceWindow } from '#harness';
import {
  type FaultPoint,
  type RunOptions,
  type RunRecord,
  runRecord,
  type RunResult,
  runScenario,
  type Scenario,
} from '#sim';

export interface RunTask {
  readonly scenario: string;
  readonly seed: number;
  /** Values given; the other knobs have their defaults. */
  readonly knobs: { readonly [name: string]: KnobValue };
  /** Without values given, what the scenario is about must happen. Else that is asked of all seeds together, and not of each. */
  readonly asksMarks?: boolean;
  readonly settings?: Partial<Settings>;
  readonly faultPoint?: FaultPoint;
  readonly keepTrace?: TraceWindow;
  /** What the page of the run says besides what happened; without it nothing is recorded. */
  readonly page?: Pick<RunRecord, 'replayCommand' | 'commit'>;
  /** Memory is collected in full again and again while it runs. */
  readonly collecting?: boolean;
}

export interface RunAnswer {
  readonly result: RunResult;
  readonly wallS: number;
  readonly checkpoints: readonly number[];
  readonly kept: readonly TraceEvent[];
  /** Null where no page was asked for. */
  readonly record: RunRecord | null;
}

/** `journal`: where the inputs of one node go. */
export function runTask(scenarios: readonly Scenario[], task: RunTask, journal?: RunOptions['journal']): RunAnswer {
  const { seed, settings, faultPoint, keepTrace = null, page } = task;
  const scenario = scenarios.find(({ name }) => name === task.scenario);
  if (scenario === undefined) throw new Error(`no scenario "${task.scenario}"`);
  const started = performance.now();
  const { result, swarm } = runScenario(
    scenario,
    seed,
    task.asksMarks ? task.knobs : { ...defaultsOf(scenario.knobs), ...task.knobs },
    {
      keepTrace,
      record: page !== undefined,
      ...(settings && { settings }),
      ...(faultPoint && { faultPoint }),
      ...(journal && { journal }),
    },
  );
  const wallS = (performance.now() - started) / 1000;
  const { checkpoints } = swarm.trace;
  const record = page === undefined ? null : runRecord({ scenario, result, swarm, ...page });
  return { result, wallS, checkpoints, kept: swarm.trace.kept(), record };
}
