import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../../../sim/command/sweep/outcome.ts';
import { ResultsFile } from '../../../sim/command/sweep/results-file.ts';

const IDENTITY = { build: 'abc', guard: false };
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'starling-results-'));
  path = join(folder, 'sweep.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

function outcome(seed: number, reason: string | null = null): Outcome {
  const ok = reason === null;
  return {
    scenario: 'churn',
    seed,
    knobs: {},
    ok,
    reason,
    claim: reason,
    digest: 'd',
    virtualS: 1,
    wallS: 1,
    attempts: 1,
  };
}

async function kept(...outcomes: Outcome[]): Promise<void> {
  const file = await ResultsFile.open(path, IDENTITY);
  for (const each of outcomes) file.add(each);
  await file.close();
}

async function reopened(): Promise<readonly Outcome[]> {
  const file = await ResultsFile.open(path, IDENTITY);
  await file.close();
  return file.before;
}

test('results file: what was added is there again, each job once', async () => {
  const odd = outcome(2, 'two\nlines, "quotes", ü and \u2028');
  await kept(outcome(1), odd, outcome(1, 'another'));
  await kept(outcome(2), outcome(3));
  expect(await reopened()).toEqual([outcome(1), odd, outcome(3)]);
});

test('results file: a line is on the disk when flush resolves', async () => {
  const file = await ResultsFile.open(path, IDENTITY);
  for (let seed = 1; seed <= 50; seed += 1) {
    file.add(outcome(seed));
    const flushed = file.flush();
    if (seed % 7 === 0) {
      await flushed;
      expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(1 + seed);
    }
  }
  await file.close();
});

test('results file: a line that was cut off is dropped, at every byte', async () => {
  await kept(outcome(1), outcome(2));
  const whole = readFileSync(path);
  const first = whole.indexOf(10) + 1;
  const second = whole.indexOf(10, first) + 1;
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(path, whole);
    truncateSync(path, length);
    const before = await reopened();
    expect([length, before.map(({ seed }) => seed)]).toEqual([length, length < second ? [] : [1]]);
    await kept(outcome(9));
    expect((await reopened()).at(-1)).toEqual(outcome(9));
  }
});

test('results file: another sweep, or no results at all, is refused with a line that says so', async () => {
  await kept(outcome(1));
  await expect(ResultsFile.open(path, { ...IDENTITY, build: 'def' })).rejects.toThrow(
    `${path} holds another sweep (build "abc", not "def"): name another file`,
  );
  appendFileSync(path, '{}\n');
  await expect(reopened()).rejects.toThrow(`${path}:3: no result of a run`);
  for (const text of ['hello\n', '{"a":1}\n', 'null\n']) {
    writeFileSync(path, text);
    await expect(reopened()).rejects.toThrow(`${path} holds no results of a sweep`);
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
  await expect(ResultsFile.open(folder, IDENTITY)).rejects.toThrow(folder);
});
