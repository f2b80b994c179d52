import bencode from 'bencode';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnnounceReply, AnnounceRequest } from '../../engine/contract.ts';
import { PEERS_PER_ANNOUNCE_MAX, TRACKER_REPLY_BYTES_MAX, TRACKER_TEXT_BYTES_MAX } from '../../engine/limits.ts';
import { httpAnnounceUrl, parseHttpReply } from '../../engine/trackers/http-announce.ts';
import { clampInterval, clampMinInterval } from '../../engine/trackers/intervals.ts';
import { announceRequest } from './announce-request.ts';

const REQUEST = announceRequest({
  url: 'http://tracker.example/announce',
  peerId: new Uint8Array(Buffer.from('-SG0010-abcdefghijkl')),
  uploaded: 2 ** 40,
  downloaded: 0,
  key: 0xbeef,
});

type Accepted = Extract<AnnounceReply, { ok: true }>;

function accepted(content: Parameters<typeof bencode.encode>[0]): Accepted {
  const reply = parseHttpReply(bencode.encode(content));
  if (!reply.ok) throw new Error(reply.reason);
  return reply;
}

function reasonOf(body: string | Uint8Array): string {
  const reply = parseHttpReply(typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body);
  return reply.ok ? 'accepted' : reply.reason;
}

const url = (change: Partial<AnnounceRequest>): string => httpAnnounceUrl({ ...REQUEST, ...change });

test('http announce: says the whole truth (byte counts beyond 2³²)', () => {
  expect(url({})).toBe(
    `http://tracker.example/announce?info_hash=${'%AA'.repeat(20)}&peer_id=-SG0010-abcdefghijkl&port=6881` +
      '&uploaded=1099511627776&downloaded=0&left=8589934593&compact=1&key=0000beef&numwant=100&event=started',
  );
});

test('http announce: an announce at an interval names no event', () => {
  expect(url({ event: '' })).not.toContain('event');
  for (const event of ['completed', 'stopped', 'paused'] as const) expect(url({ event })).toContain(`&event=${event}`);
});

test('http announce: the hash is percent-encoded byte by byte (all 256 values)', () => {
  for (let first = 0; first < 256; first += 1) {
    const text = /info_hash=([^&]*)/.exec(url({ infoHash: new Uint8Array(20).fill(first) }))?.[1] as string;
    const bytes = text.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    expect(Buffer.from(bytes, 'latin1')).toEqual(Buffer.alloc(20, first));
    expect(text).toMatch(/^[\w.~%-]*$/);
  }
});

test('http announce: a passkey in path or query is kept, a fragment is not', () => {
  expect(url({ url: 'http://t/a?passkey=x%20y' })).toMatch(/^http:\/\/t\/a\?passkey=x%20y&info_hash=/);
  expect(url({ url: 'https://t:444/abc/announce?' })).toMatch(/^https:\/\/t:444\/abc\/announce\?info_hash=/);
  expect(url({ url: 'http://t/a?b&' })).toMatch(/^http:\/\/t\/a\?b&info_hash=/);
  expect(url({ url: 'http://t/a?b#c?d' })).toMatch(/^http:\/\/t\/a\?b&info_hash=/);
});

test('http announce: the URL is printable ASCII whatever the torrent says (any text)', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      (text) => {
        expect(url({ url: `http://t/${text}` })).toMatch(/^[\x21-\x7e]+$/);
      },
    ),
  );
});

test('http announce: the tracker id goes back byte for byte (bytes that are not UTF-8)', () => {
  const { trackerId } = accepted({ 'tracker id': Uint8Array.of(0x61, 0xff, 0x00, 0x26) });
  expect(url({ trackerId })).toMatch(/&trackerid=a%FF%00%26$/);
});

test('http reply 64: `failure reason` requires no other key, and wins over all others', () => {
  expect(reasonOf('d14:failure reason9:not here!e')).toBe('not here!');
  expect(reasonOf('d14:failure reason9:not here!8:intervali60ee')).toBe('not here!');
  expect(reasonOf('d14:failure reason0:e')).toBe('refused without a reason');
  expect(reasonOf('d14:failure reasoni5ee')).toBe('refused without a reason');
});

test('http reply 65: compact peers, list peers and peers6 are accepted', () => {
  const v4 = Uint8Array.of(10, 0, 0, 1, 0x1a, 0xe1, 10, 0, 0, 2, 0xff, 0xff);
  const v6 = Uint8Array.of(0x20, 1, ...new Uint8Array(13), 7, 0, 80);
  expect(accepted({ peers: v4, peers6: v6 }).peers).toEqual([
    { host: '10.0.0.1', port: 6881 },
    { host: '10.0.0.2', port: 65_535 },
    { host: '2001::7', port: 80 },
  ]);
  const list = [
    { ip: '10.0.0.1', port: 6881, 'peer id': 'x'.repeat(20) },
    { ip: '2001:0DB8::0001', port: 1 },
    { ip: '::ffff:10.0.0.3', port: 2 },
  ];
  expect(accepted({ peers: list }).peers).toEqual([
    { host: '10.0.0.1', port: 6881, peerId: new Uint8Array(20).fill(0x78) },
    { host: '2001:db8::1', port: 1 },
    { host: '10.0.0.3', port: 2 },
  ]);
  expect(accepted({}).peers).toEqual([]);
});

test('http reply 65: a string that is no whole number of peers gives none (one byte short, one over)', () => {
  for (const length of [1, 5, 7, 11, 13]) expect(accepted({ peers: new Uint8Array(length).fill(1) }).peers).toEqual([]);
  for (const length of [17, 19]) expect(accepted({ peers6: new Uint8Array(length).fill(1) }).peers).toEqual([]);
  expect(accepted({ peers: new Uint8Array(6).fill(1), peers6: new Uint8Array(18).fill(1) }).peers.length).toBe(2);
});

test('http reply 65: names, bad ports and things that are no peer are left out, the rest stays', () => {
  const good = { ip: '10.0.0.1', port: 1 };
  const bad = [
    { ip: 'localhost', port: 1 },
    { ip: '10.0.0.1', port: 0 },
    { ip: '10.0.0.1', port: 65_536 },
    { ip: '10.0.0.1', port: -1 },
    { ip: '10.0.0.1' },
    { port: 1 },
    { ip: 5, port: '5' },
    'text',
    [1],
  ];
  expect(accepted({ peers: [...bad, good] }).peers).toEqual([{ host: '10.0.0.1', port: 1 }]);
  expect(accepted({ peers: Uint8Array.of(1, 2, 3, 4, 0, 0) }).peers).toEqual([]);
});

test('http reply 65: peers are bounded (one over, in every form)', () => {
  const count = PEERS_PER_ANNOUNCE_MAX + 1;
  const peers = new Uint8Array(6 * count).fill(1);
  const peers6 = new Uint8Array(18 * count).fill(1);
  expect(accepted({ peers }).peers.length).toBe(PEERS_PER_ANNOUNCE_MAX);
  expect(accepted({ peers6 }).peers.length).toBe(PEERS_PER_ANNOUNCE_MAX);
  expect(accepted({ peers, peers6 }).peers.length).toBe(PEERS_PER_ANNOUNCE_MAX);
  const list = Array.from({ length: count }, () => ({ ip: '1.2.3.4', port: 5 }));
  expect(accepted({ peers: list }).peers.length).toBe(PEERS_PER_ANNOUNCE_MAX);
});

test('http reply 66: intervals are read as they are named (absent, 0, negative); beyond 2⁵³ as absent', () => {
  const intervals = (content: Parameters<typeof bencode.encode>[0]) => {
    const { intervalS, minIntervalS } = accepted(content);
    return [intervalS, minIntervalS];
  };
  expect(intervals({ interval: 900, 'min interval': 60 })).toEqual([900, 60]);
  expect(intervals({ interval: 0, 'min interval': -5 })).toEqual([0, -5]);
  expect(intervals({})).toEqual([1800, null]);
  const reply = parseHttpReply(new Uint8Array(Buffer.from('d8:intervali99999999999999999999ee')));
  expect(reply).toMatchObject({ ok: true, intervalS: 1800 });
});

test('intervals 66: whatever a tracker names is kept within 30 s and a day, a minimum within two hours', () => {
  expect([1800, 30, 29, 0, -5, Number.NaN].map(clampInterval)).toEqual([1800, 30, 30, 30, 30, 30]);
  expect([86_400, 86_401, 2 ** 52, Infinity].map(clampInterval)).toEqual([86_400, 86_400, 86_400, 86_400]);
  expect([900, 30, 29, 0, -5, Number.NaN].map(clampMinInterval)).toEqual([900, 30, 30, 30, 30, 30]);
  expect([7_200, 7_201, 2 ** 52].map(clampMinInterval)).toEqual([7_200, 7_200, 7_200]);
});

test('http announce 67: the key is the same text for every family (0, 2³² − 1)', () => {
  expect(url({ key: 0 })).toContain('&key=00000000&');
  expect(url({ key: 2 ** 32 - 1 })).toContain('&key=ffffffff&');
});

test('http reply: counts and texts are read and bounded', () => {
  const long = 'x'.repeat(TRACKER_TEXT_BYTES_MAX + 1);
  const reply = accepted({ complete: 3, incomplete: 0, 'warning message': long, 'tracker id': 'abc' });
  expect([reply.seeds, reply.leechers, reply.trackerId]).toEqual([3, 0, 'abc']);
  expect(reply.warning).toBe('x'.repeat(TRACKER_TEXT_BYTES_MAX));
  expect(reasonOf(bencode.encode({ 'failure reason': long }))).toBe('x'.repeat(TRACKER_TEXT_BYTES_MAX));
  const odd = accepted({ complete: -1, incomplete: 'many', 'tracker id': long, 'warning message': 5 });
  expect([odd.seeds, odd.leechers, odd.trackerId, odd.warning]).toEqual([null, null, null, null]);
});

test('http reply: what is no reply is refused with a reason (empty, a page, a list, truncated, too long)', () => {
  expect(reasonOf('')).toBe('the reply is not readable (bencode: truncated at byte 0)');
  expect(reasonOf('<html>')).toBe('the reply is not readable (bencode: unexpectedByte at byte 0)');
  expect(reasonOf('le')).toBe('the reply is not a dictionary');
  expect(reasonOf('d5:peers')).toContain('not readable');
  expect(reasonOf(new Uint8Array(TRACKER_REPLY_BYTES_MAX + 1))).toBe('the reply is too long');
});

test('http reply: mutated replies never throw and stay in their bounds', () => {
  const valid = bencode.encode({
    interval: 1800,
    'min interval': 900,
    complete: 1,
    incomplete: 2,
    'tracker id': 'id',
    'warning message': 'careful',
    peers: [{ ip: '10.0.0.1', port: 6881 }],
    peers6: new Uint8Array(36).fill(7),
  });
  const change = fc.tuple(
    fc.nat(valid.length - 1),
    fc.oneof(fc.nat(255), fc.constantFrom(0x64, 0x65, 0x69, 0x6c, 0x30)),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), fc.nat(valid.length), (changes, length) => {
      const body = valid.slice();
      for (const [at, value] of changes) body[at] = value;
      const reply = parseHttpReply(length % 2 === 0 ? body : body.subarray(0, length));
      if (!reply.ok) expect(reply.reason).not.toBe('');
      else expect(reply.intervalS >= 30 && reply.intervalS <= 86_400 && reply.peers.length <= 3).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});
