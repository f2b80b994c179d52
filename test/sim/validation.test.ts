import { expect, test } from 'vitest';
import { runSim } from '../../sim/command/index.ts';
import { page } from '../../sim/command/validation-page.ts';
import { validate, type Validation, validations } from '../../sim/index.ts';

/** Those whose quick size is a matter of seconds; the rest is left to `npm run sim validate`. */
const QUICK = validations.filter(({ name }) => ['V1', 'V2', 'V3', 'V7', 'V8', 'V9', 'V10'].includes(name));

for (const validation of QUICK)
  test(`${validation.name}: every figure lies in its band (quick size)`, { timeout: 60_000 }, () => {
    for (const outcome of validate(validation, 1, 'quick'))
      expect.soft(outcome, `${outcome.quantity}: ${outcome.mean}`).toMatchObject({ ok: true });
  });

const HALF_IN: Validation = {
  name: 'V0',
  title: '',
  source: '',
  setup: () => '',
  findings: [],
  run: (seed) => [
    { quantity: 'in', unit: '', theory: 1, measured: seed, band: [1, 2] },
    { quantity: 'out', unit: '', theory: null, measured: seed, band: [-Infinity, 1.9] },
  ],
};

test('validate: a band is judged on the mean over seeds, both ends included, and seeds in it are counted', () => {
  expect(validate(HALF_IN, 3, 'full')).toEqual([
    {
      quantity: 'in',
      unit: '',
      theory: 1,
      band: [1, 2],
      mean: 2,
      least: 1,
      most: 3,
      seeds: 3,
      seedsInBand: 2,
      ok: true,
    },
    expect.objectContaining({ quantity: 'out', theory: null, mean: 2, seedsInBand: 1, ok: false }),
  ]);
});

test('validate: the page names source, set-up, figures and findings, and says first what was missed', () => {
  const validation = {
    ...HALF_IN,
    title: 'Half in',
    source: 'A paper',
    setup: () => 'A set-up.',
    findings: ['A finding.'],
  };
  const lines = page([{ validation, outcomes: validate(validation, 3, 'full') }], 3).split('\n');
  expect(lines).toContain('| V0 | Half in | **1 of 2 missed** |');
  expect(lines).toContain('Source: A paper.');
  expect(lines).toContain('A set-up.');
  expect(lines).toContain('| in | 1 | 2 | 1 … 3 | 1 … 2 | 2/3 | ok |');
  expect(lines).toContain('| out | – | 2 | 1 … 3 | ≤ 1.9 | 1/3 | MISSED |');
  expect(lines).toContain('A finding.');
});

async function sim(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runSim(argv, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out, err };
}

test('sim: validate prints theory beside measurement and band, or one JSON object a validation', async () => {
  const { code, out } = await sim('validate', 'v2', '--quick');
  expect(code).toBe(0);
  expect(out[0]).toMatch(/^V2 {2}Pipelining/);
  expect(out[1]).toMatch(/theory +measured .*band/);
  expect(out[2]).toMatch(/q = 1 .* 0\.615 .* 0\.597 … 0\.634 .* 1\/1 +ok$/);
  const json = await sim('validate', 'V2', '--quick', '--json');
  expect(json.out).toHaveLength(1);
  expect(JSON.parse(json.out[0]!)).toMatchObject({ name: 'V2', size: 'quick', ok: true });
});

test('sim: validate refuses what it does not know or cannot write (name, no seeds, a page of a part)', async () => {
  for (const argv of [['V99'], ['V2', '--seeds', '0'], ['V2', '--write'], ['--quick', '--write']]) {
    const { code, err } = await sim('validate', ...argv);
    expect([argv, code, err.length]).toEqual([argv, 2, 1]);
  }
});
