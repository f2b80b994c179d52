// The linter enforces which folder may import what and that the pure ones know no clock, chance or promise-driven world. Each planted
// violation must turn it red: a law that is not seen to fail is not enforced.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
let workspace: string;

beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'starling-law-'));
  cpSync(join(root, '.oxlintrc.json'), join(workspace, '.oxlintrc.json'));
});

afterAll(() => rmSync(workspace, { recursive: true, force: true }));

/** What the linter says about one file with this source, '' when it is content. */
function lint(file: string, source: string): string {
  const path = join(workspace, file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, source);
  try {
    execFileSync(join(root, 'node_modules/.bin/oxlint'), ['--deny-warnings', file], { cwd: workspace, stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout);
  } finally {
    rmSync(path);
  }
}

const importing = (what: string) => `import * as it from '${what}';\nexport const used = it;\n`;

const FORBIDDEN: readonly [file: string, source: string, rule: string][] = [
  ['engine/a.ts', importing('node:fs'), 'no-restricted-imports'],
  ['engine/a.ts', importing('#harness'), 'no-restricted-imports'],
  ['engine/a.ts', importing('../sim/index.ts'), 'no-restricted-imports'],
  ['engine/pieces/a.ts', importing('../../client/main.ts'), 'no-restricted-imports'],
  ['engine/a.ts', importing('seedrandom'), 'no-restricted-imports'],
  ['engine/a.ts', importing('fast-check'), 'no-restricted-imports'],
  ['engine/a.ts', importing('bittorrent-tracker'), 'no-restricted-imports'],
  ['engine/a.ts', importing('fs'), 'no-restricted-imports'],
  ['engine/a.ts', 'export const now = Date.now();\n', 'no-restricted-globals'],
  ['engine/a.ts', 'export const later = () => setTimeout(() => {}, 1);\n', 'no-restricted-globals'],
  ['engine/a.ts', 'export const chance = Math.random();\n', 'no-restricted-properties'],
  ['engine/a.ts', 'export const root = Math.cbrt(2);\n', 'no-restricted-properties'],
  ['engine/a.ts', "export const bytes = Buffer.from('a');\n", 'no-restricted-globals'],
  ['engine/a.ts', 'export const here = process.cwd();\n', 'no-restricted-globals'],
  ['harness/a.ts', importing('node:fs'), 'no-restricted-imports'],
  ['harness/a.ts', importing('fs'), 'no-restricted-imports'],
  ['harness/a.ts', importing('stream'), 'no-restricted-imports'],
  ['harness/a.ts', importing('#engine'), 'no-restricted-imports'],
  ['harness/a.ts', importing('../engine/index.ts'), 'no-restricted-imports'],
  ['harness/a.ts', 'export const chance = Math.random();\n', 'no-restricted-properties'],
  ['sim/a.ts', 'export const waits = -Math.log(0.5);\n', 'no-restricted-properties'],
  ['sim/validation/a.ts', 'export const size = Math.exp(2);\n', 'no-restricted-properties'],
  ['sim/a.ts', importing('node:fs'), 'no-restricted-imports'],
  ['sim/a.ts', importing('fs/promises'), 'no-restricted-imports'],
  ['scenarios/a.ts', importing('worker_threads'), 'no-restricted-imports'],
  ['sim/a.ts', importing('../engine/engine.ts'), 'no-restricted-imports'],
  ['sim/a.ts', importing('#client'), 'no-restricted-imports'],
  ['sim/a.ts', 'export const now = performance.now();\n', 'no-restricted-globals'],
  ['scenarios/a.ts', importing('node:fs'), 'no-restricted-imports'],
  ['scenarios/a.ts', importing('#client'), 'no-restricted-imports'],
  ['scenarios/a.ts', importing('../sim/swarm.ts'), 'no-restricted-imports'],
  ['reports/a.ts', importing('#sim'), 'no-restricted-imports'],
  ['reports/a.ts', importing('#engine'), 'no-restricted-imports'],
  ['reports/a.ts', importing('#scenarios'), 'no-restricted-imports'],
  ['reports/a.ts', importing('#sim-command'), 'no-restricted-imports'],
  ['reports/page/a.ts', importing('../../sim/run-record.ts'), 'no-restricted-imports'],
  ['reports/page/a.ts', importing('node:fs'), 'no-restricted-imports'],
  ['reports/page/a.ts', importing('undici'), 'no-restricted-imports'],
  ['client/a.ts', importing('../engine/engine.ts'), 'no-restricted-imports'],
  ['client/disk/a.ts', importing('../../engine/engine.ts'), 'no-restricted-imports'],
  ['client/a.ts', importing('#scenarios'), 'no-restricted-imports'],
];

const ALLOWED: readonly [file: string, source: string][] = [
  ['engine/a.ts', importing('./b.ts')],
  ['engine/pieces/a.ts', importing('../limits.ts')],
  ['engine/a.ts', "import bencode from 'bencode';\nexport const used = bencode;\n"],
  ['harness/a.ts', importing('fast-check')],
  ['harness/a.ts', importing('seedrandom')],
  ['sim/a.ts', importing('#engine')],
  ['scenarios/a.ts', importing('#sim')],
  ['sim/command/a.ts', importing('node:worker_threads')],
  ['reports/a.ts', "import type { RunResult } from '#sim';\nexport type Used = RunResult;\n"],
  ['reports/page/a.ts', "import uPlot from 'uplot';\nexport const used = uPlot;\n"],
  ['client/a.ts', importing('node:fs')],
];

describe('import law', () => {
  test.each(FORBIDDEN)('law: %s may not say %j', (file, source, rule) => {
    expect(lint(file, source)).toContain(rule);
  });

  test.each(ALLOWED)('law: %s may say %j', (file, source) => {
    expect(lint(file, source)).toBe('');
  });
});
