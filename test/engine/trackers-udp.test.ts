import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnnounceReply, AnnounceRequest, JobId, RandomStream, ScrapeReply } from '../../engine/contract.ts';
import { PEERS_PER_ANNOUNCE_MAX } from '../../engine/limits.ts';
import { UdpTracker } from '../../engine/trackers/udp-tracker.ts';
import { announceRequest } from './announce-request.ts';

const SECOND = 1_000_000;

const REQUEST = announceRequest({ url: 'udp://tracker.example:6969' });

/** 1, 2, 3 …: so that a test can see which draw an id was. */
function counting(): RandomStream {
  let last = 0;
  return {
    fork: counting,
    uint32: () => {
      last += 1;
      return last;
    },
    below: () => 0,
  };
}

/** A tracker's client with what it has put out so far. */
class Driven {
  readonly tracker: UdpTracker;
  readonly sent: Buffer[] = [];
  readonly replies: (readonly [JobId, AnnounceReply])[] = [];
  readonly figures: (readonly [JobId, ScrapeReply])[] = [];
  now = 0;

  constructor(addressBytes: 4 | 16 = 4) {
    this.tracker = new UdpTracker({ addressBytes, random: counting() });
  }

  announce(job: JobId, change: Partial<AnnounceRequest> = {}): void {
    // Each job is of another torrent.
    const infoHash = new Uint8Array(20).fill(0xaa - 5 + job);
    this.tracker.announce(this.now, job, { ...REQUEST, infoHash, ...change });
    this.#drain();
  }

  received(bytes: Uint8Array): void {
    this.tracker.received(this.now, bytes);
    this.#drain();
  }

  /** Lets time pass to the next timeout; returns when, in seconds. */
  next(): number | null {
    const next = this.tracker.nextTimeout();
    if (next === null) return null;
    this.at(next / SECOND);
    return next / SECOND;
  }

  at(seconds: number): void {
    this.now = seconds * SECOND;
    this.tracker.tick(this.now);
    this.#drain();
  }

  last(): Buffer {
    return this.sent.at(-1) as Buffer;
  }

  /** Answers the connect request that was sent last. */
  connect(connectionId = 0x1122334455667788n): void {
    expect(kindOf(this.last())).toBe('connect');
    this.received(connectReply(this.last().readUInt32BE(12), connectionId));
  }

  #drain(): void {
    this.tracker.drain({
      sendDatagram: (bytes) => this.sent.push(Buffer.from(bytes)),
      announced: (job, reply) => this.replies.push([job, reply]),
      scraped: (job, reply) => this.figures.push([job, reply]),
    });
  }
}

function kindOf(packet: Buffer): string {
  if (packet.readBigUInt64BE(0) === 0x41727101980n && packet.readUInt32BE(8) === 0) return 'connect';
  return packet.readUInt32BE(8) === 1 ? 'announce' : 'other';
}

function connectReply(transaction: number, connectionId: bigint): Buffer {
  const reply = Buffer.alloc(16);
  reply.writeUInt32BE(transaction, 4);
  reply.writeBigUInt64BE(connectionId, 8);
  return reply;
}

function announceReply(transaction: number, peers: Uint8Array = new Uint8Array()): Buffer {
  const reply = Buffer.alloc(20);
  reply.writeUInt32BE(1, 0);
  reply.writeUInt32BE(transaction, 4);
  reply.writeUInt32BE(1800, 8);
  reply.writeUInt32BE(7, 12);
  reply.writeUInt32BE(3, 16);
  return Buffer.concat([reply, peers]);
}

function errorReply(transaction: number, text: string): Buffer {
  const reply = Buffer.alloc(8);
  reply.writeUInt32BE(3, 0);
  reply.writeUInt32BE(transaction, 4);
  return Buffer.concat([reply, Buffer.from(text)]);
}

const transactionOf = (packet: Buffer): number => packet.readUInt32BE(12);

/** One announce that has been sent. */
function announcing(addressBytes: 4 | 16 = 4): Driven {
  const driven = new Driven(addressBytes);
  driven.announce(5);
  driven.connect();
  expect(kindOf(driven.last())).toBe('announce');
  return driven;
}

const ACCEPTED: AnnounceReply = {
  ok: true,
  intervalS: 1800,
  minIntervalS: null,
  peers: [],
  seeds: 3,
  leechers: 7,
  trackerId: null,
  warning: null,
};

test('udp announce 70: connects with the magic number, then announces the whole truth', () => {
  const driven = new Driven();
  driven.announce(5);
  expect(driven.last().toString('hex')).toBe('00000417271019800000000000000002');
  driven.connect();
  expect(driven.last().toString('hex')).toBe(
    `11223344556677880000000100000001${'aa'.repeat(20)}${'bb'.repeat(20)}` +
      '000000010000000000000002000000010000010000000003' +
      '0000000200000000deadbeef000000641ae1',
  );
  driven.received(announceReply(1));
  expect(driven.replies).toEqual([[5, ACCEPTED]]);
  expect(driven.tracker.nextTimeout()).toBeNull();
});

test('udp announce: events have BEP 15’s numbers, and a paused peer none', () => {
  const events = { '': 0, completed: 1, started: 2, stopped: 3, paused: 0 } as const;
  const driven = announcing();
  for (const [event, code] of Object.entries(events)) {
    driven.announce(5, { event: event as AnnounceRequest['event'] });
    expect(driven.last().readUInt32BE(80)).toBe(code);
  }
});

test('udp announce 70: answers that are too short are ignored (15, 19 and 7 bytes), longer ones are read', () => {
  const driven = new Driven();
  driven.announce(5);
  const connect = connectReply(transactionOf(driven.last()), 1n);
  driven.received(connect.subarray(0, 15));
  expect(driven.sent.length).toBe(1);
  driven.received(Buffer.concat([connect, Buffer.alloc(9)]));
  expect(driven.sent.length).toBe(2);
  driven.received(announceReply(1).subarray(0, 19));
  driven.received(errorReply(1, '').subarray(0, 7));
  expect(driven.replies).toEqual([]);
  driven.received(announceReply(1, new Uint8Array(5).fill(1)));
  expect(driven.replies).toEqual([[5, ACCEPTED]]);
});

test('udp announce 70: another transaction id or action is ignored', () => {
  const driven = new Driven();
  driven.announce(5);
  const transaction = transactionOf(driven.last());
  driven.received(connectReply(transaction + 1, 1n));
  driven.received(announceReply(transaction));
  expect(driven.sent.length).toBe(1);
  driven.connect();
  driven.received(announceReply(99));
  driven.received(connectReply(1, 1n));
  expect(driven.replies).toEqual([]);
  expect(driven.sent.length).toBe(2);
});

test('udp announce 70: an error is the answer, to a connect and to an announce', () => {
  const driven = new Driven();
  driven.announce(5);
  driven.announce(6);
  driven.received(errorReply(transactionOf(driven.last()), 'closed'));
  expect(driven.replies).toEqual([
    [5, { ok: false, reason: 'closed' }],
    [6, { ok: false, reason: 'closed' }],
  ]);
  expect(driven.tracker.nextTimeout()).toBeNull();
  const later = announcing();
  later.received(errorReply(1, ''));
  expect(later.replies).toEqual([[5, { ok: false, reason: 'refused without a reason' }]]);
  later.announce(6);
  expect(kindOf(later.last())).toBe('connect');
});

test('udp announce: late and repeated datagrams are ignored', () => {
  const driven = announcing();
  driven.received(connectReply(2, 9n));
  driven.received(announceReply(1));
  driven.received(announceReply(1));
  driven.received(errorReply(1, 'late'));
  expect(driven.replies).toEqual([[5, ACCEPTED]]);
  expect(driven.sent.length).toBe(2);
});

test('udp announce 71: a connection id serves every announce for 60 s, then a new one is asked for', () => {
  const driven = announcing();
  driven.now = 60 * SECOND - 1;
  driven.announce(6);
  expect(kindOf(driven.last())).toBe('announce');
  expect(driven.last().readBigUInt64BE(0)).toBe(0x1122334455667788n);
  driven.now = 60 * SECOND;
  driven.announce(7);
  expect(kindOf(driven.last())).toBe('connect');
  driven.connect(0x42n);
  expect(driven.last().readBigUInt64BE(0)).toBe(0x42n);
});

test('udp announce: one connect serves all that wait for it (3 announces)', () => {
  const driven = new Driven();
  for (const job of [5, 6, 7]) driven.announce(job);
  expect(driven.sent.map(kindOf)).toEqual(['connect']);
  driven.connect();
  expect(driven.sent.map(kindOf)).toEqual(['connect', 'announce', 'announce', 'announce']);
  expect(new Set(driven.sent.slice(1).map(transactionOf)).size).toBe(3);
});

test('udp announce 72: a connect is sent again at 15·2ⁿ s, n ≤ 8, then all that wait fail', () => {
  const driven = new Driven();
  driven.announce(5);
  const times: (number | null)[] = [];
  for (let n = 0; n <= 8; n += 1) times.push(driven.next());
  expect(times).toEqual([15, 45, 105, 225, 465, 945, 1905, 3825, 7665]);
  expect(driven.sent.map(kindOf)).toEqual(Array.from({ length: 9 }, () => 'connect'));
  expect(driven.replies).toEqual([[5, { ok: false, reason: 'the tracker does not answer' }]]);
  expect(driven.next()).toBeNull();
});

test('udp announce 72: nothing is sent before its time (1 µs short)', () => {
  const driven = new Driven();
  driven.announce(5);
  driven.now = 15 * SECOND - 1;
  driven.tracker.tick(driven.now);
  driven.at(driven.now / SECOND);
  expect(driven.sent.length).toBe(1);
  driven.at(15);
  expect(driven.sent.length).toBe(2);
});

test('udp announce 72: an announce is sent again, and asks for a new connection id when its own has expired (BEP 15’s example)', () => {
  const driven = new Driven();
  driven.announce(5);
  driven.at(1);
  driven.connect();
  const times: (number | null)[] = [];
  for (let n = 0; n < 4; n += 1) times.push(driven.next());
  expect(times).toEqual([16, 46, 106, 226]);
  expect(driven.sent.map(kindOf)).toEqual(['connect', 'announce', 'announce', 'announce', 'connect', 'connect']);
  expect(driven.sent.slice(1, 4).map(transactionOf)).toEqual([1, 1, 1]);
});

test('udp announce 72: a tracker that answers every connect and no announce is given up too', () => {
  const driven = new Driven();
  driven.announce(5);
  let connects = 0;
  while (driven.replies.length === 0 && connects < 100) {
    if (kindOf(driven.last()) === 'connect') {
      connects += 1;
      driven.connect();
    }
    driven.next();
  }
  expect(driven.replies).toEqual([[5, { ok: false, reason: 'the tracker does not answer' }]]);
  expect(driven.tracker.nextTimeout()).toBeNull();
});

test('udp announce: a late answer counts while a new connection id is asked for', () => {
  const driven = announcing();
  for (let n = 0; n < 3; n += 1) driven.next();
  expect(kindOf(driven.last())).toBe('connect');
  driven.received(announceReply(1));
  expect(driven.replies).toEqual([[5, ACCEPTED]]);
  expect(driven.tracker.nextTimeout()).toBeNull();
});

test('udp announce: news is sent at once to a tracker that has been silent (n starts again)', () => {
  const driven = new Driven();
  driven.announce(5);
  for (let n = 0; n < 4; n += 1) driven.next();
  const before = driven.sent.length;
  driven.announce(6, { event: 'stopped' });
  expect(driven.sent.length).toBe(before + 1);
  expect(driven.next()).toBe(225 + 15);
});

test('udp announce: a later announce of a torrent takes the place of the earlier, which is never sent again (same URL alone)', () => {
  const driven = new Driven();
  driven.announce(5);
  driven.announce(6);
  driven.tracker.announce(driven.now, 9, { ...REQUEST, event: 'stopped' });
  driven.announce(10, { infoHash: REQUEST.infoHash, url: 'udp://tracker.example:6969/other' });
  expect(driven.replies).toEqual([[5, { ok: false, reason: expect.stringContaining('later') }]]);
  driven.connect();
  expect(driven.sent.slice(1).map((packet) => packet.readUInt32BE(80))).toEqual([2, 3, 2]);
});

test('udp announce: `stopped` is given up after 15 s where the tracker has never answered, after 45 s where it has', () => {
  const dead = new Driven();
  dead.announce(5, { event: 'stopped' });
  expect(dead.next()).toBe(15);
  expect(dead.replies.length).toBe(1);
  const alive = announcing();
  alive.received(announceReply(1));
  alive.announce(6, { event: 'stopped' });
  expect([alive.next(), alive.next()]).toEqual([15, 45]);
  expect(alive.replies.length).toBe(2);
  expect(alive.sent.length).toBe(4);
});

test('udp announce 71: an id that the tracker no longer knows is replaced when it complains; of the new one the first complaint may be that old one, the second is believed', () => {
  const driven = announcing();
  driven.received(announceReply(1));
  driven.announce(6);
  driven.received(errorReply(transactionOf(driven.last()), 'bad connection id'));
  expect(kindOf(driven.last())).toBe('connect');
  driven.connect(0x99n);
  expect(driven.last().readBigUInt64BE(0)).toBe(0x99n);
  const complaint = errorReply(transactionOf(driven.last()), 'closed');
  driven.received(complaint);
  driven.connect();
  expect(driven.replies.length).toBe(1);
  driven.received(complaint);
  expect(driven.replies.at(-1)).toEqual([6, { ok: false, reason: 'closed' }]);
});

test('udp announce 71: an id that the tracker no longer knows is replaced when it says nothing to it', () => {
  const driven = announcing();
  driven.received(announceReply(1));
  driven.announce(6);
  expect(driven.next()).toBe(15);
  expect(kindOf(driven.last())).toBe('connect');
});

test('udp scrape 73: seeds, downloads and leechers of several torrents; those beyond the end are not known', () => {
  const driven = announcing();
  driven.received(announceReply(1));
  const hashes = [1, 2, 3].map((byte) => new Uint8Array(20).fill(byte));
  driven.tracker.scrape(driven.now, 7, hashes);
  driven.at(0);
  const request = driven.last();
  expect(request.readUInt32BE(8)).toBe(2);
  expect(request.subarray(16).toString('hex')).toBe(`${'01'.repeat(20)}${'02'.repeat(20)}${'03'.repeat(20)}`);
  const reply = Buffer.alloc(8 + 2 * 12 + 5);
  reply.writeUInt32BE(2, 0);
  reply.writeUInt32BE(transactionOf(request), 4);
  [5, 6, 7, 8, 9, 10].forEach((value, index) => reply.writeUInt32BE(value, 8 + 4 * index));
  driven.received(announceReply(transactionOf(request)));
  expect(driven.figures).toEqual([]);
  driven.received(reply);
  const figures = [{ seeds: 5, downloads: 6, leechers: 7 }, { seeds: 8, downloads: 9, leechers: 10 }, null];
  expect(driven.figures).toEqual([[7, { ok: true, figures, minIntervalS: null }]]);
});

test('udp scrape: it waits for the connect that is under way, and is given up after 45 s', () => {
  const driven = new Driven();
  driven.announce(5);
  driven.tracker.scrape(driven.now, 7, [REQUEST.infoHash]);
  while (driven.figures.length === 0) driven.next();
  expect(driven.now).toBe(45 * SECOND);
  expect(driven.figures).toEqual([[7, { ok: false, reason: 'the tracker does not answer' }]]);
  expect(driven.sent.map(kindOf)).toEqual(['connect', 'connect', 'connect']);
});

test('udp announce 66: an interval beyond 2³¹ is a negative one (−1)', () => {
  const driven = announcing();
  const reply = announceReply(1);
  reply.writeInt32BE(-1, 8);
  driven.received(reply);
  expect(driven.replies[0]?.[1]).toMatchObject({ intervalS: -1 });
});

test('udp announce 73: the stride follows the address family (6 and 18); port 0 is left out; peers are bounded', () => {
  const v4 = announcing(4);
  v4.received(announceReply(1, Uint8Array.of(10, 0, 0, 1, 0x1a, 0xe1, 10, 0, 0, 2, 0, 0, 10, 0, 0, 3, 0, 1, 9)));
  expect(v4.replies).toEqual([
    [
      5,
      {
        ...ACCEPTED,
        peers: [
          { host: '10.0.0.1', port: 6881 },
          { host: '10.0.0.3', port: 1 },
        ],
      },
    ],
  ]);
  const v6 = announcing(16);
  v6.received(announceReply(1, Uint8Array.of(0x20, 1, ...new Uint8Array(13), 7, 0, 80)));
  expect(v6.replies).toEqual([[5, { ...ACCEPTED, peers: [{ host: '2001::7', port: 80 }] }]]);
  const many = announcing(4);
  many.received(announceReply(1, new Uint8Array(6 * (PEERS_PER_ANNOUNCE_MAX + 1)).fill(1)));
  expect(many.replies[0]?.[1]).toMatchObject({ peers: { length: PEERS_PER_ANNOUNCE_MAX } });
});

test('udp announce 74: path and query go as URLData in pieces of at most 255 bytes (0, 1, 255, 256, 511 bytes)', () => {
  for (const length of [0, 1, 255, 256, 511]) {
    const driven = new Driven();
    const path = `/${'x?'.repeat(300)}`.slice(0, length);
    driven.announce(5, { url: `udp://[::1]:6969${path}#fragment` });
    driven.connect();
    const options = driven.last().subarray(98);
    let text = '';
    for (let at = 0; at < options.length; ) {
      expect(options[at]).toBe(2);
      const partBytes = options[at + 1] as number;
      text += options.toString('latin1', at + 2, at + 2 + partBytes);
      at += 2 + partBytes;
    }
    expect(text).toBe(path);
    expect(options.length).toBe(length + 2 * Math.ceil(length / 255));
  }
});

test('udp announce: any datagrams never throw, and only answers end an announce', () => {
  const datagram = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(fc.nat(4), fc.nat(9), fc.uint8Array({ maxLength: 40 })).map(([action, transaction, rest]) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(action, 0);
      head.writeUInt32BE(transaction, 4);
      return new Uint8Array(Buffer.concat([head, rest]));
    }),
  );
  fc.assert(
    fc.property(fc.array(datagram, { maxLength: 20 }), fc.array(fc.nat(200), { maxLength: 20 }), (datagrams, waits) => {
      const driven = new Driven();
      for (const job of [5, 6]) driven.announce(job);
      driven.tracker.scrape(driven.now, 7, [REQUEST.infoHash]);
      for (const [index, bytes] of datagrams.entries()) {
        driven.received(bytes);
        driven.at(driven.now / SECOND + (waits[index] ?? 1));
      }
      while (driven.tracker.nextTimeout() !== null) driven.next();
      expect(driven.replies.map(([job]) => job).toSorted((a, b) => a - b)).toEqual([5, 6]);
      expect(driven.figures.map(([job]) => job)).toEqual([7]);
    }),
    { numRuns: 500 },
  );
});
