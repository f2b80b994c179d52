// Figures of torrents over HTTP, without announcing (BEP 48): the request as a URL, and the reply from its body.

import { decodeUtf8 } from '../bencode/utf8.ts';
import { binaryText, sameBytes } from '../bytes.ts';
import type { ScrapeReply, SwarmFigures } from '../contract.ts';
import { asciiUrl } from './announce-url.ts';
import { count, percentEncoded, readReply, withQuery } from './http-announce.ts';

/** The URL to get for these info-hashes; null where the tracker has none, as the last part of its path does not begin with `announce`. */
export function httpScrapeUrl(url: string, infoHashes: readonly Uint8Array[]): string | null {
  const match = /^(https?:\/\/[^?]*\/)announce([^/?]*(?:\?.*)?)$/i.exec(asciiUrl(url));
  if (match === null) return null;
  const [, before, after] = match;
  return withQuery(
    `${before}scrape${after}`,
    infoHashes.map((infoHash) => `info_hash=${percentEncoded(infoHash)}`),
  );
}

/** Reads the body (borrowed) of a tracker's answer about these info-hashes. */
export function parseHttpScrape(body: Uint8Array, infoHashes: readonly Uint8Array[]): ScrapeReply {
  const read = readReply(body);
  if (!read.ok) return read;
  const figures: (SwarmFigures | null)[] = infoHashes.map(() => null);
  for (const [key, entry] of read.reply.get('files')?.entries() ?? []) {
    const index = infoHashes.findIndex((infoHash) => names(key, infoHash));
    if (index === -1) continue;
    figures[index] = {
      seeds: count(entry.get('complete')),
      leechers: count(entry.get('incomplete')),
      downloads: count(entry.get('downloaded')),
    };
  }
  const least = read.reply.get('flags')?.get('min_request_interval')?.integer();
  return { ok: true, figures, minIntervalS: least ?? null };
}

/** The hash as it is, or with each byte written as a character of UTF-8, as the package bittorrent-tracker does. */
function names(key: Uint8Array, infoHash: Uint8Array): boolean {
  return sameBytes(key, infoHash) || decodeUtf8(key) === binaryText(infoHash);
}
