// The page of many runs, in a real browser, from the disk.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type IndexRow, renderIndex } from '#reports';
import { scenarios } from '#scenarios';
import { runScenario } from '#sim';
import { Chromium } from './chromium.ts';

const assets = JSON.parse(readFileSync('dist/report-pages.json', 'utf8'));
let chromium: Chromium;

beforeAll(async () => {
  chromium = await Chromium.start();
});
afterAll(() => chromium.stop());

const { result } = runScenario(scenarios[0]!, 1, { peers: 2, sizeMiB: 1 });

function row(seed: number, reason: string | null, href: string | null = null): IndexRow {
  const replayCommand = `npm run sim scenario flash-crowd -- --seed ${seed}`;
  return { result: { ...result, seed, ok: reason === null, reason }, href, replayCommand };
}

test('index page: failed runs stand first with their reason and command; the filter finds', async () => {
  const rows = [row(1, null), row(2, null, 'flash-crowd-2.html'), row(13, 'node 3 counts piece 5'), row(4, 'too slow')];
  const { page, complaints } = await chromium.open(renderIndex('four runs', rows, assets));
  const seeds = () => page.locator('tbody tr td:nth-child(3)').allTextContents();
  expect(await page.locator('header .verdict').textContent()).toBe('✗ 2 failed');
  expect(await seeds()).toEqual(['4', '13', '1', '2']);
  expect(await page.locator('tbody tr').nth(1).textContent()).toContain('node 3 counts piece 5');
  expect(await page.locator('tbody tr').nth(1).textContent()).toContain('--seed 13');
  expect(await page.getByRole('link').getAttribute('href')).toBe('./flash-crowd-2.html');
  await page.getByLabel('failed only').check();
  expect(await seeds()).toEqual(['4', '13']);
  await page.getByLabel('Filter').fill('piece 5');
  expect(await seeds()).toEqual(['13']);
  expect(complaints).toEqual([]);
  await page.close();
});

test('index page: thousands of runs fit, on a phone too', async () => {
  const rows = Array.from({ length: 5000 }, (_, index) => row(index, index === 4321 ? 'the one' : null));
  const html = renderIndex('many', rows, assets);
  expect(html.length).toBeLessThan(1_500_000);
  const { page, complaints } = await chromium.open(html, { widthPx: 390, heightPx: 800, scheme: 'dark' });
  expect(await page.locator('tbody tr').count()).toBe(200);
  expect(await page.locator('tbody tr').first().textContent()).toContain('4321');
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  expect(complaints).toEqual([]);
  await page.close();
});

test('index page: a name is no markup and a link leads nowhere else', async () => {
  const evil = '</script><img src=x onerror="document.title=1">';
  const rows = [{ ...row(1, evil, 'javascript:document.title=1'), replayCommand: evil }];
  const { page, complaints } = await chromium.open(renderIndex(evil, rows, assets));
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.locator('h1').textContent()).toBe(evil);
  expect(await page.getByRole('link').evaluate((link) => (link as unknown as { protocol: string }).protocol)).toBe(
    'file:',
  );
  expect(complaints).toEqual([]);
  await page.close();
});
