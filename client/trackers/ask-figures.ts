// Asks every tracker of a torrent for its figures, without announcing: for a look from the command line.

import type { JobId, ScrapeReply, SwarmFigures } from '#engine';
import { TrackerClient } from './tracker-client.ts';

/** Nobody looks at a command for longer. */
const TIMEOUT_MS = 20_000;

/** What one tracker said, or why it did not; `error` may hold untrusted text. */
export interface TrackerFigures extends SwarmFigures {
  readonly url: string;
  readonly error: string | null;
}

/** In the order of `urls`, at the latest after 20 s; never throws. */
export async function askFigures(urls: readonly string[], infoHash: Uint8Array): Promise<TrackerFigures[]> {
  const waiting = new Map<JobId, (reply: ScrapeReply) => void>();
  const client = new TrackerClient(
    { bind: null },
    {
      announced: () => undefined,
      scraped: (job, reply) => waiting.get(job)?.(reply),
      signalled: () => undefined,
      forgotten: () => undefined,
    },
  );
  const asked = urls.map((url, job) => {
    const reply = new Promise<ScrapeReply>((resolve) => {
      waiting.set(job, resolve);
      setTimeout(() => resolve({ ok: false, reason: 'no answer in time' }), TIMEOUT_MS).unref();
    });
    client.scrape(job, { url, infoHashes: [infoHash] });
    return reply.then((came) => figuresOf(url, came));
  });
  // The thread keeps no process alive; this does, until everybody has answered.
  const alive = setInterval(() => undefined, TIMEOUT_MS);
  const figures = await Promise.all(asked);
  clearInterval(alive);
  await client.close();
  return figures;
}

function figuresOf(url: string, reply: ScrapeReply): TrackerFigures {
  const none = { url, seeds: null, leechers: null, downloads: null };
  if (!reply.ok) return { ...none, error: reply.reason };
  const [figures] = reply.figures;
  return figures ? { url, ...figures, error: null } : { ...none, error: 'the tracker does not know this torrent' };
}
