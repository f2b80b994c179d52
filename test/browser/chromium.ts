// A real browser, headless, and pages of which every error, console line and request is kept.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface OpenPage {
  readonly page: Page;
  /** What went wrong: errors, console lines of any kind, requests other than the page itself. */
  readonly complaints: string[];
}

export interface View {
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly scheme?: 'light' | 'dark';
}

export class Chromium {
  readonly #browser: Browser;
  /** Its home, and where its pages lie. */
  readonly folder: string;

  private constructor(browser: Browser, folder: string) {
    this.#browser = browser;
    this.folder = folder;
  }

  static async start(): Promise<Chromium> {
    const folder = mkdtempSync(join(tmpdir(), 'starling-report-'));
    const env = { ...process.env, HOME: folder };
    return new Chromium(await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS, env }), folder);
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Opens a page from the disk, as a user would. */
  async open(html: string, { widthPx = 1280, heightPx = 900, scheme = 'light' }: View = {}): Promise<OpenPage> {
    const path = join(this.folder, 'page.html');
    writeFileSync(path, html);
    const page = await this.#browser.newPage({
      viewport: { width: widthPx, height: heightPx },
      colorScheme: scheme,
    });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on('request', (request) => {
      if (!request.isNavigationRequest()) complaints.push(`request: ${request.url()}`);
    });
    await page.goto(`file://${path}`);
    await settled(page);
    return { page, complaints };
  }
}

/** Waits until the page has drawn what it was told. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))');
}

/** What a canvas shows, as text that is equal exactly when the pixels are. `section`: the title of its card. */
export async function drawing(page: Page, section: string, nth = 0): Promise<string> {
  const canvas = page.getByRole('region', { name: section }).locator('canvas').nth(nth);
  return canvas.evaluate((element) => (element as unknown as { toDataURL(): string }).toDataURL());
}
