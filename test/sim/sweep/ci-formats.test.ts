import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { annotations, junit } from '../../../sim/command/sweep/ci-formats.ts';
import { lostOutcome, type Outcome } from '../../../sim/command/sweep/outcome.ts';

const NASTY = 'a < b & "c" > \'d\' ]]> \u0000\u001b[31m\ud800 ü 100% ::error::x\r\nsecond, line: 2';
const OK: Outcome = {
  ...{ scenario: 'churn', seed: 1, knobs: {}, ok: true, reason: null, claim: null },
  ...{ digest: '0123456789abcdef', virtualS: 3, wallS: 0.25, attempts: 1 },
};
const FAILED: Outcome = { ...OK, seed: 2, knobs: { peers: 3 }, ok: false, reason: NASTY, claim: NASTY };
const LOST = lostOutcome({ scenario: 'parole', seed: 3, knobs: {} }, 'no end after 5 s', 3);

/** Every element with its attributes and text, as Python's expat sees them. */
function parsed(document: string): [tag: string, attributes: { [name: string]: string }, text: string | null][] {
  const script =
    'import json,sys,xml.etree.ElementTree as T;print(json.dumps([[e.tag,e.attrib,e.text] for e in T.fromstring(sys.stdin.buffer.read()).iter()]))';
  return JSON.parse(execFileSync('python3', ['-c', script], { input: document, encoding: 'utf8' }));
}

test('junit: is XML that says what every run was, whatever text a reason holds', () => {
  const elements = parsed(junit([OK, FAILED, LOST]));
  const of = (tag: string) => elements.filter(([name]) => name === tag);
  expect(of('testsuites').map(([, attributes]) => attributes)).toEqual([
    { name: 'sim sweep', tests: '3', failures: '1', errors: '1', time: '0.500' },
  ]);
  expect(of('testsuite').map(([, { name, tests, failures, errors }]) => [name, tests, failures, errors])).toEqual([
    ['churn', '2', '1', '0'],
    ['parole', '1', '0', '1'],
  ]);
  expect(of('testcase').map(([, { classname, name }]) => [classname, name])).toEqual([
    ['churn', 'seed 1'],
    ['churn', 'seed 2'],
    ['parole', 'seed 3'],
  ]);
  const [[, { message }, text]] = of('failure') as [[string, { message: string }, string]];
  // An attribute's line end is read as a space; what XML cannot hold is gone.
  expect(message).toBe('a < b & "c" > \'d\' ]]> [31m ü 100% ::error::x second, line: 2');
  expect(text).toBe('npm run sim scenario churn -- --seed 2 --set peers=3');
  expect(of('error').map(([, attributes]) => attributes['message'])).toEqual(['no end after 5 s']);
});

test('annotations: one line for each failure, escaped, ten at most', () => {
  const [line, ...others] = annotations([OK, FAILED]);
  expect(others).toEqual([]);
  expect(line).toMatch(/^::error title=churn seed 2::a < b/);
  expect(line).toContain(
    '100%25 ::error::x%0D%0Asecond, line: 2%0Anpm run sim scenario churn -- --seed 2 --set peers=3',
  );
  expect(line).not.toMatch(/[\r\n]/);
  expect(annotations(Array.from({ length: 30 }, () => FAILED))).toHaveLength(10);
});
