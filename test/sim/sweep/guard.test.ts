// The determinism guard finds nondeterminism that was planted and names where it struck; what is deterministic passes it in every place.

import { expect, test } from 'vitest';
import type { Engine } from '../../../engine/index.ts';
import { scenarios } from '../../../scenarios/index.ts';
import { collectingThread, divergence, inPool, OWN_PROCESS, type Placement } from '../../../sim/command/sweep/guard.ts';
import { RunPool } from '../../../sim/command/sweep/run-pool.ts';
import { runTask } from '../../../sim/command/sweep/run-task.ts';
import type { Scenario } from '../../../sim/index.ts';

const flashCrowd = scenarios.find(({ name }) => name === 'flash-crowd')!;
const TASK = { scenario: 'flash-crowd', seed: 1, knobs: { peers: 6, sizeMiB: 2 } };

function inThisProcess(name: string, scenario: Scenario, before: () => void = () => {}): Placement {
  return {
    name,
    run: async (task) => {
      before();
      return runTask([scenario], task);
    },
  };
}

/** What the guard says of a scenario that runs in two places; `before`: what each of them does first. */
async function guarded(scenario: Scenario, before?: { here: () => void; there: () => void }): Promise<string | null> {
  const here = inThisProcess('here', scenario, before?.here);
  return divergence(TASK, await here.run(TASK), here, inThisProcess('there', scenario, before?.there));
}

/** flash-crowd with an engine that hears of peers in another order. */
function reordering(order: (hosts: readonly string[]) => readonly string[]): Scenario {
  const wrap = (engine: Engine): Engine => {
    const announced = engine.announced.bind(engine);
    engine.announced = (now, job, reply) => {
      if (!reply.ok) return announced(now, job, reply);
      const peers = order(reply.peers.map(({ host }) => host)).map((host) => ({ host, port: reply.peers[0]!.port }));
      return announced(now, job, { ...reply, peers });
    };
    return engine;
  };
  return { ...flashCrowd, world: (knobs) => ({ ...flashCrowd.world(knobs), wrap }) };
}

test('guard: a thread, a thread that collects memory and a process of its own give one digest', {
  timeout: 60_000,
}, async () => {
  const pool = new RunPool({ threads: 1 });
  const pressed = new RunPool({ threads: 1, youngMiB: 1 });
  const here = inThisProcess('here', flashCrowd);
  const answer = await here.run(TASK);
  for (const there of [inPool(pool), collectingThread(pressed), OWN_PROCESS])
    expect(await divergence(TASK, answer, here, there)).toBeNull();
  await Promise.all([pool.close(), pressed.close()]);
});

test('guard: an engine that asks Math.random is caught, at the event where it first matters', async () => {
  let asked = 0;
  const byChance = (hosts: readonly string[]) => {
    asked += 1;
    return [...hosts].sort(() => Math.random() - 0.5);
  };
  const said = await guarded(reordering(byChance));
  expect(asked).toBeGreaterThan(0);
  expect(said).toMatch(
    /^two digests of one seed \(here [0-9a-f]{16} ≠ there [0-9a-f]{16}\): they part at #\d+ \d+ µs [a-zA-Z].* ≠ #\d+ \d+ µs [a-zA-Z]/,
  );
});

test('guard: an order that comes from what ran before in the same process is caught (a set of addresses that outlives the run)', async () => {
  const long = new Set(['10.0.0.7', '10.0.0.6']);
  let seen = new Set<string>();
  const asFirstSeen = (hosts: readonly string[]) => {
    for (const host of hosts) seen.add(host);
    return [...seen].filter((host) => hosts.includes(host));
  };
  const fresh = () => {
    seen = new Set();
  };
  const longRunning = () => {
    seen = long;
  };
  expect(await guarded(reordering(asFirstSeen), { here: fresh, there: fresh })).toBeNull();
  expect(await guarded(reordering(asFirstSeen), { here: longRunning, there: fresh })).toMatch(
    /they part at #\d+ \d+ µs/,
  );
});

test('guard: a draw too many is named with its stream, as the first difference', async () => {
  let runs = 0;
  const drawing: Scenario = {
    ...flashCrowd,
    play(swarm, knobs) {
      runs += 1;
      const even = runs % 2 === 0;
      swarm.at(3, () => {
        if (even) swarm.random.fork('node 3').fork('picker').below(10);
      });
      flashCrowd.play(swarm, knobs);
    },
  };
  const said = await guarded(drawing);
  expect(said).toMatch(/they part at #\d+ .* ≠ #\d+ 3000000 µs draw 1\/node 3\/picker \d+ 0$/);
});

test('guard: a difference that does not come again is reported as such', async () => {
  let runs = 0;
  const once: Scenario = {
    ...flashCrowd,
    play(swarm, knobs) {
      runs += 1;
      if (runs === 2) swarm.random.uint32();
      flashCrowd.play(swarm, knobs);
    },
  };
  expect(await guarded(once)).toMatch(/they part behind event #0, and not again where it was looked for$/);
});
