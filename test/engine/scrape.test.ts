// CONFORMANCE 69, 73; BEP 48: figures of torrents without announcing.

import bencode from 'bencode';
import { describe, expect, test } from 'vitest';
import { SCRAPE_HASHES_MAX } from '../../engine/limits.ts';
import { httpScrapeUrl, parseHttpScrape } from '../../engine/trackers/http-scrape.ts';
import { BLOCK, Lab, makeTorrent } from './lab.ts';

const HASHES = [1, 2].map((byte) => new Uint8Array(20).fill(byte));
const FIGURES = { seeds: 5, leechers: 6, downloads: 7 };

function torrentWith(trackers: string[][], totalBytes = BLOCK) {
  return makeTorrent({ totalBytes, pieceLength: BLOCK, trackers }).metainfo;
}

function scrape(lab: Lab): void {
  lab.engine.command(lab.now, { kind: 'scrape', torrent: lab.torrent });
  lab.run();
}

describe('http scrape', () => {
  test.each([
    ['http://t/announce', 'http://t/scrape?'],
    ['http://t/x/announce', 'http://t/x/scrape?'],
    ['https://t:444/announce.php', 'https://t:444/scrape.php?'],
    ['http://t/announce?x=2%0644', 'http://t/scrape?x=2%0644&'],
    ['http://t/a/announce?', 'http://t/a/scrape?'],
    ['http://t/announce?x=/announce', 'http://t/scrape?x=/announce&'],
  ])('http scrape 69: only `announce` at the beginning of the last path part is replaced (%s)', (url, expected) => {
    expect(httpScrapeUrl(url, HASHES)).toBe(`${expected}info_hash=${'%01'.repeat(20)}&info_hash=${'%02'.repeat(20)}`);
  });

  test.each([
    'http://t/a',
    'http://t/announce/x',
    'http://t/x?announce',
    'http://announce',
    'http://t/xannounce',
    'udp://t:1/announce',
  ])('http scrape 69: where there is none, there is none (%s)', (url) => {
    expect(httpScrapeUrl(url, HASHES)).toBeNull();
  });

  test('http scrape: figures are found by their raw hash, whatever else is there', () => {
    const entry = (complete: number) =>
      Buffer.concat([Buffer.from('d8:completei'), Buffer.from(`${complete}e10:downloadedi9e10:incompletei-1ee`)]);
    const body = Buffer.concat([
      Buffer.from('d5:filesd20:'),
      Buffer.alloc(20, 2),
      entry(4),
      Buffer.from('20:'),
      Buffer.alloc(20, 9),
      entry(1),
      Buffer.from('e5:flagsd20:min_request_intervali900eee'),
    ]);
    expect(parseHttpScrape(body, HASHES)).toEqual({
      ok: true,
      figures: [null, { seeds: 4, leechers: null, downloads: 9 }],
      minIntervalS: 900,
    });
    const asText = bencode.encode({ files: { ['\u00ab'.repeat(20)]: { complete: 3 } } });
    expect(parseHttpScrape(asText, [new Uint8Array(20).fill(0xab)])).toMatchObject({ figures: [{ seeds: 3 }] });
    expect(parseHttpScrape(bencode.encode({ 'failure reason': 'no' }), HASHES)).toEqual({ ok: false, reason: 'no' });
    expect(parseHttpScrape(bencode.encode({}), HASHES)).toMatchObject({ ok: true, figures: [null, null] });
    expect(parseHttpScrape(new Uint8Array(3), HASHES)).toMatchObject({ ok: false });
  });
});

describe('scrape', () => {
  test('scrape: a torrent that is added paused asks for figures, and announces nothing', () => {
    const lab = new Lab({ metainfo: torrentWith([['http://a/announce']]), add: { paused: true } });
    expect(lab.announces).toEqual([]);
    expect(lab.scrapes.map(({ request }) => request.url)).toEqual(['http://a/announce']);
    lab.scraped({ ok: true, figures: [FIGURES], minIntervalS: null });
    expect(lab.status.trackers[0]).toMatchObject({ status: 'idle', ...FIGURES });
  });

  test('scrape: at the user’s wish, once a minute, or as seldom as the tracker wants', () => {
    const lab = new Lab({ metainfo: torrentWith([['http://a/announce']]) });
    expect(lab.scrapes).toEqual([]);
    scrape(lab);
    scrape(lab);
    expect(lab.scrapes.length).toBe(1);
    lab.scraped({ ok: true, figures: [FIGURES], minIntervalS: 300 });
    expect(lab.status.trackers[0]).toMatchObject(FIGURES);
    lab.pass(299);
    scrape(lab);
    expect(lab.scrapes).toEqual([]);
    lab.pass(2);
    scrape(lab);
    expect(lab.scrapes.length).toBe(1);
  });

  test('scrape: where one fails the next tracker is asked, one that has no scrape is passed by', () => {
    const lab = new Lab({
      metainfo: torrentWith([['wss://b/announce'], ['udp://c:1'], ['http://d/announce']]),
      add: { paused: true },
    });
    expect(lab.scrapes.map(({ request }) => request.url)).toEqual(['udp://c:1']);
    lab.scraped({ ok: false, reason: 'the tracker does not answer' });
    expect(lab.scrapes.map(({ request }) => request.url)).toEqual(['http://d/announce']);
    lab.scraped({ ok: true, figures: [null], minIntervalS: null });
    expect(lab.scrapes).toEqual([]);
    expect(lab.status.trackers.map(({ lastError }) => lastError)).toEqual([
      null,
      'the tracker does not answer',
      'the tracker does not know this torrent',
    ]);
    expect(lab.count('scrapeFailed')).toBe(2);
  });

  test(`scrape 73: torrents of one tracker share requests, ${SCRAPE_HASHES_MAX} at most (75 at once)`, () => {
    const lab = new Lab({ metainfo: torrentWith([['http://a/announce']]), add: { useTrackers: false } });
    const torrents = Array.from({ length: SCRAPE_HASHES_MAX + 1 }, (_, index) => {
      const added = lab.engine.add(lab.now, {
        metainfo: torrentWith([['udp://many:1']], BLOCK + 1 + index),
        resume: null,
        fileLengths: [-1],
        paused: true,
        check: 'trust',
        peers: [],
        useTrackers: true,
      });
      return added.ok ? added.value : -1;
    });
    lab.run();
    // Added one by one, each asked for itself; wanted together, they share.
    while (lab.scrapes.length > 0) lab.scraped({ ok: true, figures: [FIGURES], minIntervalS: null });
    lab.pass(61);
    for (const torrent of torrents) lab.engine.command(lab.now, { kind: 'scrape', torrent });
    lab.run();
    expect(lab.scrapes.map(({ request }) => request.infoHashes.length)).toEqual([SCRAPE_HASHES_MAX, 1]);
  });

  test('scrape: an answer for a torrent that was removed is for nobody', () => {
    const lab = new Lab({ metainfo: torrentWith([['http://a/announce']]), add: { paused: true } });
    lab.engine.command(lab.now, { kind: 'remove', torrent: lab.torrent });
    lab.run();
    lab.scraped({ ok: true, figures: [FIGURES], minIntervalS: null });
    expect(lab.engine.status(lab.torrent)).toBeNull();
  });
});
