// Magnet links (BEP 9, 53): what is taken from them, and that nothing in one can throw.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAGNET_LENGTH_MAX, MAGNET_PEERS_MAX, SELECTION_RANGES_MAX, TRACKERS_MAX } from '../../engine/limits.ts';
import { isMagnet, type Magnet, parseMagnet } from '../../engine/metainfo/magnet.ts';

const HEX = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
/** The same twenty bytes. */
const BASE32 = 'YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK';
const LINK = `magnet:?xt=urn:btih:${HEX}`;

function parsed(text: string): Magnet {
  const result = parseMagnet(text);
  if (!result.ok) throw new Error(result.detail);
  return result.value;
}

function errorOf(text: string): string {
  const result = parseMagnet(text);
  return result.ok ? 'accepted' : result.error;
}

describe('magnet', () => {
  test.each([
    ['hexadecimal', `magnet:?xt=urn:btih:${HEX}`],
    ['in capitals', `MAGNET:?XT=URN:BTIH:${HEX.toUpperCase()}`],
    ['base32', `magnet:?xt=urn:btih:${BASE32}`],
    ['base32 in small letters', `magnet:?xt=urn:btih:${BASE32.toLowerCase()}`],
    ['numbered', `magnet:?xt.1=urn:btih:${HEX}`],
    ['beside a version 2 hash', `magnet:?xt=urn:btmh:1220${'00'.repeat(32)}&xt=urn:btih:${HEX}`],
    ['after other topics', `magnet:?xt=urn:sha1:${BASE32}&xt=urn:btih:${HEX}`],
    ['with escapes', `magnet:?xt=urn%3Abtih%3A${HEX}`],
  ])('magnet: the info-hash is read (%s)', (_, text) => {
    expect(Buffer.from(parsed(text).infoHash).toString('hex')).toBe(HEX);
  });

  test('magnet: name, trackers, peers and files are read; the rest is ignored', () => {
    const more = [
      'dn=A+name%20%C3%A9',
      'tr=http%3A%2F%2Fone%2Fannounce',
      'tr.2=udp%3A%2F%2Ftwo%3A1%2F',
      'tr=http://one/announce',
      'tr=ftp%3A%2F%2Fthree%2F',
      'x.pe=10.0.0.1:6881',
      'x.pe=%5B2001:db8::1%5D:1',
      'x.pe=host.example:80',
      'so=0,2,4-6',
      'xl=10',
      'nonsense',
      '=',
    ];
    const { name, announceTiers, peers, selection } = parsed(`${LINK}&${more.join('&')}`);
    expect(name).toBe('A name é');
    expect(announceTiers).toEqual([['http://one/announce'], ['udp://two:1/']]);
    expect(peers).toEqual([
      { host: '10.0.0.1', port: 6881 },
      { host: '2001:db8::1', port: 1 },
      { host: 'host.example', port: 80 },
    ]);
    expect(selection).toEqual([
      { first: 0, last: 0 },
      { first: 2, last: 2 },
      { first: 4, last: 6 },
    ]);
  });

  test('magnet: what is not said is not there', () => {
    const { name, announceTiers, peers, selection } = parsed(`${LINK}&dn=`);
    expect([name, announceTiers, peers, selection]).toEqual([null, [], [], null]);
  });

  test.each([
    ['http://x/', 'notMagnet'],
    ['magnet:', 'notMagnet'],
    ['magnet:?', 'noInfoHash'],
    ['magnet:?dn=x', 'noInfoHash'],
    [`magnet:?xt=urn:btmh:1220${'00'.repeat(32)}`, 'v2Only'],
    [`magnet:?xt=urn:btih:${HEX.slice(1)}`, 'infoHash'],
    [`magnet:?xt=urn:btih:${HEX}0`, 'infoHash'],
    [`magnet:?xt=urn:btih:${BASE32.slice(1)}1`, 'infoHash'],
    [`${LINK}&so=`, 'selection'],
    [`${LINK}&so=1-`, 'selection'],
    [`${LINK}&so=3-1`, 'selection'],
    [`${LINK}&so=1,,2`, 'selection'],
    [`${LINK}&so=9999999999`, 'selection'],
    [`${LINK}&so=${'1,'.repeat(SELECTION_RANGES_MAX)}1`, 'selection'],
    [LINK.padEnd(MAGNET_LENGTH_MAX + 1, '&'), 'tooLong'],
  ])('magnet: refused with its kind (%.60s)', (text, kind) => {
    expect(errorOf(text)).toBe(kind);
  });

  test('magnet: a version 2 hash alone is refused with a reason', () => {
    const result = parseMagnet('magnet:?xt=urn:btmh:1220');
    expect(result.ok ? '' : result.detail).toContain('version 2');
  });

  test.each([
    '10.0.0.1',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '256.0.0.1:1',
    '2001:db8::1:1',
    '[1.2.3:1',
    '[:::]:1',
    'a b:1',
  ])('magnet: a peer that is none is left out (%s)', (peer) => {
    expect(parsed(`${LINK}&x.pe=${encodeURIComponent(peer)}`).peers).toEqual([]);
  });

  test('magnet: trackers and peers are bounded', () => {
    const many = Array.from({ length: 400 }, (_, i) => `tr=http://t${i}/&x.pe=10.0.${i >> 8}.${i & 255}:1`).join('&');
    const { announceTiers, peers } = parsed(`${LINK}&${many}`);
    expect(announceTiers.length).toBe(TRACKERS_MAX);
    expect(peers.length).toBe(MAGNET_PEERS_MAX);
  });

  test('magnet: a path is none', () => {
    expect(['a.torrent', '/magnet', 'magnet', './magnet:?'].map(isMagnet)).toEqual([false, false, false, false]);
    expect(isMagnet(LINK)).toBe(true);
  });

  test('magnet: no text throws, and what is accepted keeps every bound (any text)', () => {
    const piece = fc.constantFrom(
      '&',
      '=',
      '%',
      '%4',
      '%zz',
      '%c3%28',
      '+',
      'xt',
      'urn:btih:',
      HEX,
      'so',
      '0-3',
      'x.pe',
      '[',
      ']:1',
      'tr',
      '\0',
    );
    const many = fc.tuple(fc.constantFrom('tr=udp://t#:1/', 'x.pe=10.0.0.1:1#'), fc.nat(600));
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(piece, fc.string())).map((parts) => parts.join('')),
      fc.nat(2 * SELECTION_RANGES_MAX).map((count) => `so=${'1,'.repeat(count)}1`),
      fc
        .array(many)
        .map((all) =>
          all.flatMap(([one, count]) => Array.from({ length: count }, (_, at) => one.replace('#', `${at}`))).join('&'),
        ),
    );
    let reached = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseMagnet(`${LINK}&${text}`);
        if (result.ok) {
          const { infoHash, announceTiers, peers, selection } = result.value;
          expect(infoHash.length).toBe(20);
          expect(announceTiers.flat().length).toBeLessThanOrEqual(TRACKERS_MAX);
          expect(peers.length).toBeLessThanOrEqual(MAGNET_PEERS_MAX);
          expect(selection?.length ?? 0).toBeLessThanOrEqual(SELECTION_RANGES_MAX);
          if (announceTiers.length === TRACKERS_MAX || peers.length === MAGNET_PEERS_MAX) reached += 1;
        }
        parseMagnet(text);
        parseMagnet(`magnet:?${text}`);
      }),
      { numRuns: 500 },
    );
    expect(reached).toBeGreaterThan(0);
  });
});
