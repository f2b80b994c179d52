import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runSim } from '../../sim/command/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'starling-reports-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function sim(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runSim(argv, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out, err };
}

test('report: one run is one file, with its command and verdict, and the digest is that of a run without', async () => {
  const path = join(folder, 'run.html');
  const argv = ['scenario', 'flash-crowd', '--peers', '2', '--set', 'sizeMiB=1', '--json'];
  const plain = await sim(...argv);
  const reported = await sim(...argv, '--report', path);
  expect(reported.code).toBe(0);
  expect(JSON.parse(reported.out[0]!).digest).toBe(JSON.parse(plain.out[0]!).digest);
  const html = readFileSync(path, 'utf8');
  expect(html).toContain('npm run sim scenario flash-crowd -- --seed 1 --set peers=2 --set sizeMiB=1');
  expect(html).not.toMatch(/(src|href)=/);
});

test('report: several runs are a folder with an index', async () => {
  const path = join(folder, 'all');
  const { out } = await sim('scenario', '--set', 'sizeMiB=1', '--peers', '1', '--seed', '3', '--report', path);
  expect(out.at(-1)).toBe(`report: ${join(path, 'index.html')}`);
  const files = readdirSync(path);
  expect(files).toContain('flash-crowd-3.html');
  expect(files.length).toBe(out.filter((line) => /(ok|FAILED)$/.test(line)).length + 1);
});

test('report: a sweep is an index of all runs, and a page for each that failed', async () => {
  const path = join(folder, 'sweep');
  const argv = ['sweep', 'flash-crowd', '--seeds', '3-5', '--set', 'peers=2', '--set', 'sizeMiB=1', '--threads', '1'];
  expect((await sim(...argv, '--report', path)).code).toBe(0);
  expect(readdirSync(path)).toEqual(['index.html']);
  expect((await sim(...argv, '--set', 'ratioMax=-100', '--report', path)).code).toBe(1);
  expect(readdirSync(path)).toEqual(['flash-crowd-3.html', 'flash-crowd-4.html', 'flash-crowd-5.html', 'index.html']);
  expect(readFileSync(join(path, 'index.html'), 'utf8')).toContain('"href":"flash-crowd-5.html"');
});

test('report: a path that cannot be written is one line and exit code 2', async () => {
  const path = join(folder, 'no', 'such', 'folder.html');
  const { code, err } = await sim('scenario', 'flash-crowd', '--peers', '1', '--set', 'sizeMiB=1', '--report', path);
  expect(code).toBe(2);
  expect(err).toHaveLength(1);
  expect(err[0]).toContain(path);
});
