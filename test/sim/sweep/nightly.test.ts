// The nightly workflow says nothing that the program does not understand: its commands are run here as they stand there, on one scenario.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSim } from '../../../sim/command/index.ts';

const WORKFLOW = readFileSync('.github/workflows/nightly-sweep.yml', 'utf8');
const SIM = 'npm run sim ';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'starling-nightly-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Commands in one line. */
const lines = [...WORKFLOW.matchAll(/^ +- run: (.+)$|^ +run: ([^|\n]+)$/gm)].map((match) => match[1] ?? match[2]!);
const simLines = lines.filter((line) => line.startsWith(SIM));

test('nightly: every command is one of ours, npm ci or mkdir', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(scripts.sim).toContain('sim');
  expect(simLines.length).toBeGreaterThanOrEqual(2);
  for (const line of lines) expect(line.startsWith(SIM) || ['npm ci', 'mkdir nightly'].includes(line)).toBe(true);
});

test.each(simLines)('nightly: %s (one scenario, one seed)', { timeout: 120_000 }, async (line) => {
  const argv = line
    .slice(SIM.length)
    .replace(' -- ', ' resume-check -- ')
    .replaceAll('nightly/', `${folder}/`)
    .replace('"$SEEDS"', '1000-1000')
    .replace('"$SHARD"', '1/1')
    .replace('--seeds 5', '--seeds 1')
    .split(' ')
    .filter((word) => word !== '--');
  const err: string[] = [];
  const code = await runSim(argv, { out: () => {}, err: (text) => err.push(text) });
  expect([code, err]).toEqual([0, []]);
  for (const file of line.matchAll(/--(?:out|junit|report) nightly\/(\S+)/g))
    expect([file[1], existsSync(join(folder, file[1]!))]).toEqual([file[1], true]);
});

test('nightly: the script that chooses the seeds gives a thousand others every night, or those that were asked for', () => {
  const [, script] = /name: seeds[\s\S]*?run: \|\n((?: {10}.*\n)+)/.exec(WORKFLOW)!;
  const seeds = (asked: string) => {
    const chosen = join(folder, `chosen ${asked}`);
    const env = { PATH: process.env['PATH'], SEEDS: asked, GITHUB_RUN_NUMBER: '7', GITHUB_ENV: chosen };
    execFileSync('bash', ['-ec', script!.replace('mkdir nightly', 'true')], { env });
    return readFileSync(chosen, 'utf8').trim();
  };
  expect(seeds('')).toBe('SEEDS=7000-7999');
  expect(seeds('3-9')).toBe('SEEDS=3-9');
});
