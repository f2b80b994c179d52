// WebTorrent in a headless Chromium: the browser peer that only WebRTC reaches. Its page, its library, the torrent and the content come from
// a server of the test, which also takes what was downloaded.

import { createReadStream, createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import type { ClientDriver, ClientOptions, RunningClient } from './client.ts';
import { readWithStarling } from './starling.ts';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const LIBRARY = fileURLToPath(import.meta.resolve('webtorrent/dist/webtorrent.min.js'));
// A browser leaves loopback out of its candidates and hides its addresses behind mDNS names: the test's peers have nothing but loopback.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

interface PageJob {
  readonly role: 'seed' | 'leech';
  readonly name: string;
  readonly pieceLengthBytes: number;
  readonly announce: readonly string[];
  readonly infoHash: string;
}

export const webtorrent = {
  name: 'webtorrent in chromium',
  dials: false,
  createsEmptyFiles: false,
  async start(options: ClientOptions): Promise<RunningClient> {
    const { infoHash, name, pieceLengthBytes, trackers } = readWithStarling(options.torrentFile);
    const server = createServer((request, response) => void serve(options, request, response));
    server.listen(options.listen.port, options.listen.host);
    await once(server, 'listening');
    const launched = await chromium.launchServer({ executablePath: EXECUTABLE, args: ARGUMENTS });
    const browser = await chromium.connect(launched.wsEndpoint());
    const stop = async () => {
      await browser.close();
      await launched.close();
      server.closeAllConnections();
      server.close();
    };
    const complaints: string[] = [];
    try {
      const page = await browser.newPage();
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => complaints.push(message.text()));
      // Loopback is a secure context for a browser only by this name.
      await page.goto(`http://${options.listen.host}:${options.listen.port}/`);
      const job: PageJob = { role: options.role, name, pieceLengthBytes, announce: trackers.flat(), infoHash };
      await begin(page, job);
      return {
        name: 'webtorrent',
        listen: options.listen,
        pid: launched.process().pid as number,
        complete: (timeoutMs) => finish(page, timeoutMs, complaints),
        stop,
      };
    } catch (error) {
      await stop();
      throw new Error(`the page failed: ${complaints.join('; ')}`, { cause: error });
    }
  },
} satisfies ClientDriver;

/** Resolves when the torrent is there, and a seed announced. */
async function begin(page: Page, job: PageJob): Promise<void> {
  await page.evaluate(
    `(async (job) => {
      const { default: WebTorrent } = await import('/webtorrent.min.js');
      const client = new WebTorrent({ dht: false, lsd: false, utPex: false, tracker: { rtcConfig: { iceServers: [] } } });
      client.on('error', (error) => console.error(String(error)));
      const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
      if (job.role === 'leech') {
        globalThis.torrent = client.add(await bytes('/torrent'));
        return;
      }
      const file = new File([await bytes('/content')], job.name);
      const options = { name: job.name, pieceLength: job.pieceLengthBytes, announceList: [job.announce] };
      globalThis.torrent = client.seed(file, options);
      await Promise.all(['seed', 'trackerAnnounce'].map((name) => new Promise((resolve) => torrent.once(name, resolve))));
      if (torrent.infoHash !== job.infoHash) throw new Error('another info-hash: ' + torrent.infoHash);
    })(${JSON.stringify(job)})`,
  );
}

/** Waits for the download, and sends it back. */
async function finish(page: Page, timeoutMs: number, complaints: readonly string[]): Promise<void> {
  const done = page.evaluate(
    `(async () => {
      if (!torrent.done) await new Promise((resolve) => torrent.once('done', resolve));
      for (const file of torrent.files)
        await fetch('/result/' + encodeURIComponent(file.path), { method: 'POST', body: await file.blob() });
    })()`,
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not complete in time: ${complaints.join('; ')}`)), timeoutMs);
  });
  await Promise.race([done, late]).finally(() => clearTimeout(timer));
}

async function serve(options: ClientOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent(request.url ?? '/');
  if (request.method === 'POST') {
    const file = join(options.dir, path.slice('/result/'.length));
    mkdirSync(dirname(file), { recursive: true });
    await pipeline(request, createWriteStream(file));
    response.end();
    return;
  }
  if (path === '/content') {
    createReadStream(join(options.dir, readWithStarling(options.torrentFile).name)).pipe(response);
    return;
  }
  const bodies: Readonly<Record<string, () => Buffer | string>> = {
    '/': () => '<!doctype html><title>peer</title>',
    '/webtorrent.min.js': () => readFileSync(LIBRARY),
    '/torrent': () => readFileSync(options.torrentFile),
  };
  const body = bodies[path];
  response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html');
  response.writeHead(body === undefined ? 404 : 200).end(body?.());
}
