// The page of one run, in a real browser, from the disk.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderRun } from '#reports';
import { scenarios } from '#scenarios';
import { type RunRecord, runRecord, runScenario, type Scenario } from '#sim';
import { Chromium, drawing, settled } from './chromium.ts';

const assets = JSON.parse(readFileSync('dist/report-pages.json', 'utf8'));
const MAP = 'Who has what';
const MATRIX = 'Who unchokes whom';
let chromium: Chromium;

beforeAll(async () => {
  chromium = await Chromium.start();
});
afterAll(() => chromium.stop());

function recordOf(scenario: Scenario, knobs = {}, seed = 1): RunRecord {
  const { result, swarm } = runScenario(scenario, seed, knobs, { record: true });
  return runRecord({
    scenario,
    result,
    swarm,
    replayCommand: `npm run sim scenario ${scenario.name} -- --seed ${seed}`,
  });
}

function named(name: string): Scenario {
  return scenarios.find((scenario) => scenario.name === name)!;
}

const flashCrowd = () => recordOf(named('flash-crowd'), { peers: 12, sizeMiB: 2 });

test.each([
  ['a run that held', flashCrowd, '✓ held'],
  ['liars', () => recordOf(named('parole')), '✓ held'],
  ['crashes and leaves', () => recordOf(named('churn'), { peers: 8, sizeMiB: 1 }), '✓ held'],
  ['a run that failed', () => recordOf(named('flash-crowd'), { peers: 3, sizeMiB: 1, ratioMax: -100 }), '✗ failed'],
  ['nobody at all', () => recordOf({ ...named('flash-crowd'), marks: [], play: () => {} }), '✓ held'],
])('run page: opens without an error or a request, in light and dark (%s)', async (_, record, verdict) => {
  const html = renderRun(record(), assets);
  for (const scheme of ['light', 'dark'] as const) {
    const { page, complaints } = await chromium.open(html, { scheme });
    expect(await page.locator('header .verdict').textContent()).toBe(verdict);
    expect(complaints).toEqual([]);
    await page.close();
  }
});

test('run page: the slider changes the map, the matrix and the legends, by mouse and by keyboard', async () => {
  const { page, complaints } = await chromium.open(renderRun(flashCrowd(), assets));
  const slider = page.getByRole('slider', { name: 'Time of the run' });
  const seen = async () => ({
    map: await drawing(page, MAP),
    matrix: await drawing(page, MATRIX),
    time: await slider.getAttribute('aria-valuetext'),
    legend: await page.getByRole('region', { name: 'Completion' }).locator('.legend').textContent(),
  });
  const middle = await seen();
  await slider.focus();
  await page.keyboard.press('Home');
  await settled(page);
  const first = await seen();
  expect(first.time).toBe('0 s');
  for (const key of ['map', 'matrix', 'time', 'legend'] as const) expect(first[key]).not.toBe(middle[key]);
  await page.keyboard.press('ArrowRight');
  expect(await slider.getAttribute('aria-valuetext')).not.toBe('0 s');
  await page.keyboard.press('End');
  await settled(page);
  const last = await seen();
  expect(last.map).not.toBe(first.map);
  expect(last.legend).toContain('slowest 100 %');
  await page.keyboard.press('Home');
  await settled(page);
  expect(await seen()).toEqual(first);

  const chart = page.getByRole('region', { name: 'Completion' }).locator('.u-over');
  await chart.click({ position: { x: 100, y: 50 } });
  await settled(page);
  expect((await seen()).map).not.toBe(first.map);
  expect(complaints).toEqual([]);
  await page.close();
});

test('run page: one peer is looked at by the list, a number, or its row in the map', async () => {
  const { page, complaints } = await chromium.open(renderRun(recordOf(named('parole')), assets));
  const one = page.getByRole('region', { name: 'One peer' });
  const chosen = () => one.getByRole('combobox').evaluate((list) => (list as unknown as { value: string }).value);
  const seen = () => drawing(page, 'One peer');
  expect(await chosen()).toBe('3');
  const first = await seen();
  await one.getByRole('combobox').selectOption('node 1, seed');
  await settled(page);
  const seed = await seen();
  expect(seed).not.toBe(first);
  await page.getByRole('region', { name: 'Peers' }).getByRole('button', { name: '4', exact: true }).click();
  await settled(page);
  expect([await chosen(), await seen()]).toEqual(['3', first]);
  await page
    .getByRole('region', { name: MAP })
    .locator('canvas')
    .click({ position: { x: 100, y: 12 } });
  await settled(page);
  expect([await chosen(), await seen()]).toEqual(['0', seed]);
  expect(complaints).toEqual([]);
  await page.close();
});

test('run page: the command that gives the run again is copied', async () => {
  const { page, complaints } = await chromium.open(renderRun(flashCrowd(), assets));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const copy = page.getByRole('button', { name: 'Copy the command' });
  await copy.click();
  await expect.poll(() => copy.textContent()).toBe('Copied');
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe('npm run sim scenario flash-crowd -- --seed 1');
  expect(complaints).toEqual([]);
  await page.close();
});

test('run page: the play button runs to the end and the clock says so', async () => {
  const { page } = await chromium.open(renderRun(flashCrowd(), assets));
  const slider = page.getByRole('slider', { name: 'Time of the run' });
  const before = Number(await slider.inputValue());
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(async () => Number(await slider.inputValue())).toBeGreaterThan(before);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  expect(await page.getByRole('button', { name: 'Play', exact: true }).getAttribute('aria-pressed')).toBe('false');
  await page.close();
});

test('run page: the button turns light into dark, and the drawings with it', async () => {
  const { page } = await chromium.open(renderRun(flashCrowd(), assets));
  const looks = async () => ({
    page: await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'),
    map: await drawing(page, MAP),
    chart: await drawing(page, 'Completion'),
  });
  const light = await looks();
  await page.getByRole('button', { name: 'Use dark colours' }).click();
  await settled(page);
  const dark = await looks();
  for (const part of ['page', 'map', 'chart'] as const) expect(dark[part]).not.toBe(light[part]);
  await page.getByRole('button', { name: 'Use light colours' }).click();
  await settled(page);
  expect(await looks()).toEqual(light);
  await page.close();
});

test.each([320, 390, 768])('run page: nothing is wider than the screen (%i px)', async (widthPx) => {
  const record = recordOf(named('parole'));
  const { page, complaints } = await chromium.open(renderRun(record, assets), { widthPx, heightPx: 800 });
  const [wide, high] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.scrollHeight]',
  );
  expect(wide).toBe(widthPx);
  expect(high).toBeGreaterThan(800);
  expect(complaints).toEqual([]);
  await page.close();
});

const EVIL =
  '</script></style><img src=x onerror="document.title=\'broken in\'"><script>document.title="broken in"</script>';

test('run page: names are text, whatever they hold; a script that got in would not run', async () => {
  const plain = flashCrowd();
  const evil: RunRecord = {
    ...plain,
    doc: EVIL,
    replayCommand: EVIL,
    knobs: plain.knobs.map((knob) => ({ ...knob, doc: EVIL, value: EVIL, unit: EVIL })),
    torrent: { ...plain.torrent, name: `${EVIL}\u202egpj.exe`, files: [{ path: EVIL, lengthBytes: 1 }] },
    result: { ...plain.result, scenario: EVIL, ok: false, notes: [EVIL], marks: { ...plain.result.marks, [EVIL]: 3 } },
    violations: [{ atS: 1, text: EVIL }],
    eventMeanings: { [EVIL]: EVIL },
  };
  const { page, complaints } = await chromium.open(renderRun(evil, assets));
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.locator('h1').textContent()).toBe(EVIL);
  expect(await page.locator('.facts').textContent()).toContain(`${EVIL}\ufffdgpj.exe`);
  expect(await page.getByRole('alert').textContent()).toContain(EVIL);
  expect(await page.title()).toBe(`${EVIL}, seed 1 · Starling`);
  expect(complaints).toEqual([]);
  await page.evaluate(`{
    const script = document.createElement('script');
    script.textContent = 'document.title = "broken in"';
    document.body.append(script);
  }`);
  expect(await page.title()).not.toBe('broken in');
  expect(complaints.join()).toContain('Content Security Policy');
  await page.close();
});

test('run page: hundreds of peers are drawn, and the file stays small', async () => {
  const record = recordOf(named('flash-crowd'), { peers: 300, sizeMiB: 1 });
  const html = renderRun(record, assets);
  expect(html.length).toBeLessThan(2_000_000);
  const { page, complaints } = await chromium.open(html);
  const before = await drawing(page, MAP);
  await page.getByRole('slider', { name: 'Time of the run' }).press('Home');
  await settled(page);
  expect(await drawing(page, MAP)).not.toBe(before);
  expect(await page.getByRole('region', { name: 'Peers' }).locator('tbody tr').count()).toBe(25);
  await page.getByRole('region', { name: 'Peers' }).getByRole('button', { name: 'Show all 301' }).click();
  expect(await page.getByRole('region', { name: 'Peers' }).locator('tbody tr').count()).toBe(301);
  expect(complaints).toEqual([]);
  await page.close();
});
