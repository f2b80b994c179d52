// A run is a seed, on every machine: held where it is hardest, under an engine of JavaScript that shares no code with ours. What depends on
// the order in which an engine sorts equals, on the last bit of a logarithm or on when memory is given back gives another digest there.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Child } from '../interop/support/processes.ts';
import { Workspace } from '../interop/support/workspace.ts';
import { Installed, OTHER_ENGINE, OTHER_ENGINE_VERSION, pack, runtimes } from './installed.ts';

const RUN_TIMEOUT_MS = 120_000;
const SCENARIOS_MIN = 30;

const workspace = new Workspace();
let installed: Installed;

beforeAll(async () => {
  const tarball = await pack(workspace.folder('tarball'));
  const beside = [`${OTHER_ENGINE}@${OTHER_ENGINE_VERSION}`];
  ({ installed } = await Installed.install(tarball, runtimes()[0]!, join(workspace.dir, 'both'), beside));
});
afterAll(() => workspace.close());

describe('engines', () => {
  test.each(['1', '2'])(
    'engines: every scenario has one digest under V8 and JavaScriptCore (seed %s)',
    async (seed) => {
      const args = ['sim', 'scenario', '--seed', seed, '--json'];
      const here = await digestsOf(installed.starling(...args));
      expect(here.length).toBeGreaterThanOrEqual(SCENARIOS_MIN);
      expect(await digestsOf(installed.starlingElsewhere(...args))).toEqual(here);
    },
  );

  test('engines: what is drawn from a distribution, and what comes of it, is the same', async () => {
    const args = ['sim', 'validate', 'V6', '--quick', '--json'];
    const [here, there] = [installed.starling(...args), installed.starlingElsewhere(...args)];
    await Promise.all([here.succeeded(RUN_TIMEOUT_MS), there.succeeded(RUN_TIMEOUT_MS)]);
    expect(here.output).toContain('"name":"V6"');
    expect(there.output).toBe(here.output);
  });

  test('engines: what one recorded the other replays, and every output is as recorded', async () => {
    const journal = join(installed.folder, 'parole.journal');
    await installed.run('sim', 'scenario', 'parole', '--seed', '7', '--record', '2', journal);
    const replay = installed.starlingElsewhere('sim', 'replay', journal);
    await replay.succeeded(RUN_TIMEOUT_MS);
    expect(replay.output).toMatch(/as recorded|same|every output/i);
  });
});

/** `scenario digest`, a line of output each. */
async function digestsOf(child: Child): Promise<string[]> {
  await child.succeeded(RUN_TIMEOUT_MS);
  return [...child.output.matchAll(/^\{"scenario":"([^"]+)".*?"digest":"([^"]+)"/gm)].map(
    ([, scenario, digest]) => `${scenario} ${digest}`,
  );
}
