// A run is a seed, on every machine: held where it is hardest, under an engine of JavaScript that shares no code with ours, and under a V8 whose
// small integers and pointers have half the bits. What depends on the order in which an engine sorts equals, on the last bit of a logarithm or on
// when memory is given back gives another digest there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarios } from '../../scenarios/index.ts';
import { Workspace } from '../interop/support/workspace.ts';
import { Installed, OTHER_ENGINE, OTHER_ENGINE_VERSION, pack, runtimes } from './installed.ts';

const RUN_TIMEOUT_MS = 120_000;

const workspace = new Workspace();
let installed: Installed;

beforeAll(async () => {
  const tarball = await pack(workspace.folder('tarball'));
  const beside = [`${OTHER_ENGINE}@${OTHER_ENGINE_VERSION}`, `workerd@${workerdVersion()}`];
  ({ installed } = await Installed.install(tarball, runtimes()[0]!, join(workspace.dir, 'both'), beside));
});
afterAll(() => workspace.close());

describe('engines', () => {
  test.each(['1', '2'])(
    'engines: every scenario has one digest under V8, JavaScriptCore and workerd (seed %s)',
    async (seed) => {
      const argv = ['sim', 'scenario', '--seed', seed, '--json'];
      const [here, there] = (await underBoth(...argv)).map(digestsIn);
      expect(here!.length).toBe(scenarios.length);
      expect(there).toEqual(here);
      const inWorkerd = installed.starling(...argv, '--runtime', 'workerd');
      await inWorkerd.succeeded(RUN_TIMEOUT_MS);
      expect(digestsIn(inWorkerd.output)).toEqual(here);
    },
  );

  test('engines: what is drawn from a distribution, and what comes of it, is the same', async () => {
    const [here, there] = await underBoth('sim', 'validate', 'V6', '--quick', '--json');
    expect(here).toContain('"name":"V6"');
    expect(there).toBe(here);
  });

  test('engines: what one recorded the other replays, and every output is as recorded', async () => {
    const journal = join(installed.folder, 'parole.journal');
    await installed.run('sim', 'scenario', 'parole', '--seed', '7', '--record', '2', journal);
    const replay = installed.starlingElsewhere('sim', 'replay', journal);
    await replay.succeeded(RUN_TIMEOUT_MS);
    expect(replay.output).toContain('every output is as recorded');
  });
});

/** The one that this checkout develops with. */
function workerdVersion(): string {
  return JSON.parse(readFileSync('package.json', 'utf8')).devDependencies.workerd;
}

/** What the one prints and what the other, at the same time. */
async function underBoth(...args: readonly string[]): Promise<string[]> {
  const both = [installed.starling(...args), installed.starlingElsewhere(...args)];
  await Promise.all(both.map((child) => child.succeeded(RUN_TIMEOUT_MS)));
  return both.map(({ output }) => output);
}

/** `scenario digest` for each run. */
function digestsIn(output: string): string[] {
  return [...output.matchAll(/^\{"scenario":"([^"]+)".*?"digest":"([^"]+)"/gm)].map(
    ([, scenario, digest]) => `${scenario} ${digest}`,
  );
}
