// The page of many runs, in a real browser, from the disk.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type IndexRow, renderIndex } from '#reports';
import { Chromium } from './chromium.ts';

const assets = JSON.parse(readFileSync('dist/report-pages.json', 'utf8'));
let chromium: Chromium;

beforeAll(async () => {
  chromium = await Chromium.start();
});
afterAll(() => chromium.stop());

function row(seed: number, reason: string | null, href: string | null = null): IndexRow {
  const replayCommand = `npm run sim scenario flash-crowd -- --seed ${seed}`;
  const claim = reason?.replace(/\d+/g, 'N') ?? null;
  const [scenario, digest] = ['flash-crowd', '91ac71b5dbcbf449'];
  return { scenario, seed, ok: reason === null, reason, claim, digest, virtualS: 9, wallS: 0.5, replayCommand, href };
}

test('index page: failed runs stand first with their reason and command; the filter finds', async () => {
  const rows = [row(1, null), row(2, null, 'flash-crowd-2.html'), row(13, 'node 3 counts piece 5'), row(4, 'too slow')];
  const { page, complaints } = await chromium.open(renderIndex({ title: 'four runs', commit: 'abc', rows }, assets));
  const runs = page.getByRole('region', { name: 'Runs' });
  const seeds = () => runs.locator('tbody tr td:nth-child(3)').allTextContents();
  expect(await page.getByRole('region', { name: 'What failed' }).textContent()).toContain('node N counts piece N');
  expect(await page.locator('header .verdict').textContent()).toBe('✗ 2 failed');
  expect(await seeds()).toEqual(['4', '13', '1', '2']);
  expect(await runs.locator('tbody tr').nth(1).textContent()).toContain('node 3 counts piece 5');
  expect(await runs.locator('tbody tr').nth(1).textContent()).toContain('--seed 13');
  expect(await runs.getByRole('link').getAttribute('href')).toBe('./flash-crowd-2.html');
  await page.getByLabel('failed only').check();
  expect(await seeds()).toEqual(['4', '13']);
  await page.getByLabel('Filter').fill('piece 5');
  expect(await seeds()).toEqual(['13']);
  expect(complaints).toEqual([]);
  await page.close();
});

test('index page: thousands of runs fit, on a phone too', async () => {
  const rows = Array.from({ length: 5000 }, (_, index) => row(index, index === 4321 ? 'the one' : null));
  const html = renderIndex({ title: 'many', commit: 'abc', rows }, assets);
  expect(html.length).toBeLessThan(1_500_000);
  const { page, complaints } = await chromium.open(html, { widthPx: 390, heightPx: 800, scheme: 'dark' });
  expect(await page.getByRole('region', { name: 'Runs' }).locator('tbody tr').count()).toBe(200);
  expect(await page.getByRole('region', { name: 'Runs' }).locator('tbody tr').first().textContent()).toContain('4321');
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  expect(complaints).toEqual([]);
  await page.close();
});

test('index page: a name is no markup and a link leads nowhere else', async () => {
  const evil = '</script><img src=x onerror="document.title=1">';
  const rows = [{ ...row(1, evil, 'javascript:document.title=1'), replayCommand: evil }];
  const { page, complaints } = await chromium.open(renderIndex({ title: evil, commit: evil, rows }, assets));
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.locator('h1').textContent()).toBe(evil);
  expect(
    await page
      .getByRole('link')
      .first()
      .evaluate((link) => (link as unknown as { protocol: string }).protocol),
  ).toBe('file:');
  expect(complaints).toEqual([]);
  await page.close();
});
