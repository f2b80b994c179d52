// Draws the pictures of the README from real runs: `npm run pictures`.

import { readFileSync } from 'node:fs';
import { renderRun } from '#reports';
import { scenarios } from '#scenarios';
import { runRecord, runScenario, type Scenario } from '#sim';
import { Chromium, settled, type View } from './chromium.ts';

interface Picture extends View {
  readonly file: string;
  readonly scenario: string;
  readonly seed: number;
  /** Share of the run that has passed. */
  readonly at: number;
  /** Title of the card that stands at the top; the head of the page where it is left out. */
  readonly card?: string;
}

const PICTURES: readonly Picture[] = [
  { file: 'report-flash-crowd', scenario: 'flash-crowd', seed: 1, at: 0.62, widthPx: 1240, heightPx: 1390 },
  {
    file: 'report-faults',
    scenario: 'swarm',
    seed: 1,
    at: 0.6,
    card: 'Faults, violations and rare events',
    widthPx: 1100,
    heightPx: 900,
    scheme: 'dark',
  },
  { file: 'report-phone', scenario: 'parole', seed: 1, at: 0.4, widthPx: 390, heightPx: 844, card: 'Who has what' },
];

const assets = JSON.parse(readFileSync('dist/report-pages.json', 'utf8'));
const chromium = await Chromium.start();
for (const { file, scenario: name, seed, at, card, ...view } of PICTURES) {
  const scenario = scenarios.find((candidate) => candidate.name === name) as Scenario;
  const { result, swarm } = runScenario(scenario, seed, {}, { record: true });
  const replayCommand = `npm run sim scenario ${name} -- --seed ${seed}`;
  const { page } = await chromium.open(renderRun(runRecord({ scenario, result, swarm, replayCommand }), assets), view);
  const slider = page.getByRole('slider');
  await slider.fill(String(Math.round(at * Number(await slider.getAttribute('max')))));
  await slider.blur();
  if (card !== undefined)
    await page
      .getByRole('region', { name: card })
      .evaluate((element) => (element as unknown as { scrollIntoView(): void }).scrollIntoView());
  await settled(page);
  await page.screenshot({ path: `docs/${file}.png` });
  await page.close();
}
await chromium.stop();
