// A tracker's URL without the user's secrets.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { publicUrl } from '../../engine/trackers/public-url.ts';

test.each([
  ['http://t.example/announce', 'http://t.example/announce'],
  ['HTTPS://t.example:8443/announce.php', 'HTTPS://t.example:8443/announce.php'],
  ['udp://t.example:6969', 'udp://t.example:6969'],
  ['wss://t.example/', 'wss://t.example/'],
  ['http://user:word@t.example/announce', 'http://t.example/announce'],
  ['http://[::1]:80/announce', 'http://[::1]:80/announce'],
])('public url: what says nothing of the user stays (%s)', (url, shown) => {
  expect(publicUrl(url)).toBe(shown);
});

test.each([
  'https://t.example/0123456789abcdef/announce',
  'https://t.example/announce?passkey=0123456789abcdef',
  'https://t.example/announce.php?a=1&pid=0123456789abcdef',
  'https://t.example?0123456789abcdef',
  'https://t.example/announce#0123456789abcdef',
  'https://0123456789abcdef@t.example/announce?x',
  'https://t.example/announce\n0123456789abcdef',
])('public url: a passkey is not in it (%s)', (url) => {
  expect(publicUrl(url)).toMatch(/^https:\/\/t\.example\/~[0-9a-f]{8}$/);
});

test('public url: two secrets stay two, and what is hidden once is not hidden again (any path)', () => {
  const url = fc.string().map((rest) => `http://t.example/${rest}`);
  fc.assert(
    fc.property(url, url, (one, other) => {
      const shown = publicUrl(one) as string;
      expect(publicUrl(shown)).toBe(shown);
      fc.pre(!one.includes('@') && !other.includes('@'));
      expect(shown === publicUrl(other)).toBe(one === other);
    }),
  );
});

test('public url: what is none is null', () => {
  expect(publicUrl('passkey')).toBeNull();
  expect(publicUrl('')).toBeNull();
});
