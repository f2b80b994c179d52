import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalIpAddress, formatIpAddress, parseIpAddress } from '../../engine/wire/ip-address.ts';

/** The platform's own canonical form: a URL's host. */
function oracle(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

test('ip address: one text for one address (RFC 5952’s examples)', () => {
  const examples: readonly (readonly [text: string, canonical: string])[] = [
    ['2001:0db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
  ];
  for (const [text, canonical] of examples) expect(canonicalIpAddress(text)).toBe(canonical);
});

test('ip address: IPv4 inside IPv6 is that IPv4 address (::ffff:a.b.c.d, and in hex)', () => {
  expect(canonicalIpAddress('::ffff:10.1.2.3')).toBe('10.1.2.3');
  expect(canonicalIpAddress('::FFFF:0a01:0203')).toBe('10.1.2.3');
  expect(parseIpAddress('::ffff:10.1.2.3')).toEqual(Uint8Array.of(10, 1, 2, 3));
  expect(canonicalIpAddress('::fffe:10.1.2.3')).toBe('::fffe:a01:203');
});

test('ip address: what is no numeric address is refused', () => {
  const refused = ['', 'localhost', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', '0x7f.0.0.1', '[::1]'];
  const refused6 = [':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '1::2::3', '12345::', 'g::'];
  const refusedMixed = [
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3.4:5',
    ':1::',
    '1:2:3:4:5:6:7:1.2.3.4',
    `::${'0'.repeat(60)}`,
  ];
  for (const text of [...refused, ...refused6, ...refusedMixed])
    expect([text, parseIpAddress(text)]).toEqual([text, null]);
});

test('ip address: IPv6 equals the platform’s canonical form (any 16 bytes, many of them zero)', () => {
  const byte = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { minLength: 16, maxLength: 16 }), (list) => {
      const bytes = Uint8Array.from(list);
      const text = formatIpAddress(bytes, 0, 16);
      fc.pre(!isIPv4(text));
      expect(text).toBe(oracle(text));
      expect(parseIpAddress(text)).toEqual(bytes);
    }),
    { numRuns: 1_000 },
  );
});

test('ip address: accepts what the platform accepts, but for leading zeros and zone ids (any text of its characters)', () => {
  const part = fc.oneof(fc.constantFrom('', '0', '1', 'ffff', 'ABcd', '1.2.3.4', '12345'), fc.string({ maxLength: 2 }));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
      const text = parts.join(':');
      fc.pre(!text.includes('%'));
      expect(parseIpAddress(text) !== null).toBe(isIPv6(text) || isIPv4(text));
    }),
    { numRuns: 3_000 },
  );
});

test('ip address: is read from the middle of a buffer (IPv4 at 2, IPv6 at 1)', () => {
  expect(formatIpAddress(Uint8Array.of(9, 9, 1, 2, 3, 4, 9), 2, 4)).toBe('1.2.3.4');
  expect(formatIpAddress(Uint8Array.of(9, ...new Uint8Array(15), 1, 9), 1, 16)).toBe('::1');
});
