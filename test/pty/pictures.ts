// Draws the pictures of the terminal UI in the README from a real run over a swarm on loopback: `npm run pictures`.

import { afterAll, beforeAll, test } from 'vitest';
import { Chromium } from '../browser/chromium.ts';
import { pageOf } from './page.ts';
import { KEYS, type Screen } from './screen.ts';
import { makeHome, makeSwarm, startUi } from './swarm.ts';

const MIB = 1024 * 1024;
const LIFE_MS = 280_000;
let chromium: Chromium;

beforeAll(async () => {
  chromium = await Chromium.start();
});
afterAll(() => chromium.stop());

async function photograph(screen: Screen, file: string): Promise<void> {
  const { html, widthPx, heightPx } = pageOf(screen);
  const { page } = await chromium.open(html, { widthPx, heightPx });
  await page.screenshot({ path: `docs/${file}.png` });
  await page.close();
}

test('pictures', async () => {
  const home = makeHome();
  const shared = { home, lifeMs: LIFE_MS };
  const screen = startUi(home, { columns: 132, rows: 38, lifeMs: LIFE_MS, environment: { COLORTERM: 'truecolor' } });
  const feature = {
    'feature.mkv': 28 * MIB,
    'subtitles/de.srt': 90_000,
    'subtitles/ja.srt': 110_000,
    'making of.mkv': 5 * MIB,
  };
  const albums = await Promise.all([
    makeSwarm(feature, { ...shared, name: 'Sintel (2010)', seeds: 3, uploadLimit: '600KiB' }),
    makeSwarm(
      { '01 夜明け.flac': 9 * MIB, '02 川.flac': 8 * MIB },
      { ...shared, name: '風の音楽 live', uploadLimit: '250KiB' },
    ),
    makeSwarm({ 'netinst.iso': 20 * MIB }, { ...shared, name: 'debian-13-amd64', uploadLimit: '400KiB' }),
    makeSwarm({ 'handbook.pdf': MIB }, { ...shared, name: 'Field handbook, 3rd edition' }),
  ]);
  for (const { torrent, name } of albums.toReversed()) {
    await screen.shows(/\? keys|added|seeding/);
    screen.paste(torrent);
    await screen.shows((now) => now.text().includes('Enter opens') && now.text().includes(name.slice(0, 4)));
    await screen.shows(/Pieces +\d+ of/);
    if (name === albums[0]?.name) await photograph(screen, 'terminal-explorer');
    screen.type(KEYS.enter);
    await screen.shows(/Enter adds/);
    screen.type(KEYS.enter);
    await screen.shows((now) => !now.text().includes('Enter adds') && /added|adding/.test(now.text()));
  }
  await screen.shows(/Field.* seeding/);
  await screen.shows((now) => /Sintel.* [2-9]\d\.\d %.*downloading/.test(now.text()));
  screen.type('1', KEYS.escape);
  await screen.shows((now) => /p pause/.test(now.text()));
  await photograph(screen, 'terminal');
  screen.type('3');
  await screen.shows(/127\.0\.0\.1:\d+/);
  await photograph(screen, 'terminal-peers');
  screen.type('q');
  await screen.ended;
});
