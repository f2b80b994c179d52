// CONFORMANCE 7, 62, 63, 66-68: when which tracker is asked what.

import { describe, expect, test } from 'vitest';
import { BLOCK, Lab, makeTorrent, message } from './lab.ts';
import { MetadataPeer } from './metadata-peer.ts';

const UNCHOKE = message(1);
const TRACKERS = [['http://a/x', 'http://b/x'], ['http://c/x']];
const torrent = makeTorrent({ totalBytes: 3 * BLOCK + 1, pieceLength: BLOCK, trackers: TRACKERS });
const { metainfo, data } = torrent;

function events(lab: Lab): string[] {
  return lab.announces.map(({ request }) => request.event);
}

function complete(lab: Lab): void {
  const conn = lab.peer({ has: 'all' });
  lab.say(conn, UNCHOKE);
  for (let i = 0; i < 9; i += 1) for (const asked of lab.requests(conn)) lab.give(conn, data, asked);
  expect(lab.status.complete).toBe(true);
}

describe('announces', () => {
  test('announces: WebSocket trackers are asked beside the others, whichever tier answers', () => {
    const trackers = [['http://a/x', 'wss://b/x'], ['http://c/x'], ['ws://d/x']];
    const mixed = makeTorrent({ totalBytes: BLOCK, pieceLength: BLOCK, trackers }).metainfo;
    const lab = new Lab({ metainfo: mixed });
    expect(lab.announces.map(({ request }) => request.url)).toEqual(['http://a/x', 'wss://b/x']);
    lab.announced({});
    lab.announced({ ok: false, reason: 'no' });
    expect(lab.announces.map(({ request }) => request.url)).toEqual(['ws://d/x']);
    lab.announced({});
    expect(lab.status.trackers.map(({ url, tier, lastError }) => [url, tier, lastError])).toEqual([
      ['http://a/x', 0, null],
      ['wss://b/x', 0, 'no'],
      ['http://c/x', 1, null],
      ['ws://d/x', 2, null],
    ]);
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(lab.announces.map(({ request }) => [request.url, request.event])).toEqual([
      ['http://a/x', 'stopped'],
      ['ws://d/x', 'stopped'],
    ]);
  });

  test('announces: a private torrent asks one tracker at a time, of whatever kind (BEP 27)', () => {
    const trackers = [['http://a/x'], ['wss://b/x']];
    const { metainfo: open } = makeTorrent({ totalBytes: BLOCK, pieceLength: BLOCK, trackers });
    const lab = new Lab({ metainfo: { ...open, private: true } });
    expect(lab.announces.map(({ request }) => request.url)).toEqual(['http://a/x']);
    lab.announced({ ok: false, reason: 'no' });
    expect(lab.announces.map(({ request }) => request.url)).toEqual(['wss://b/x']);
  });

  describe('a magnet that turns out private', () => {
    const trackers = [['wss://b/x'], ['http://a/x'], ['http://c/x']];
    const made = makeTorrent({ totalBytes: BLOCK, pieceLength: BLOCK, trackers, private: true }).metainfo;
    const sent = (lab: Lab) => lab.announces.map(({ request }) => `${request.event} ${request.url}`);
    const furnish = (lab: Lab) => {
      const giver = new MetadataPeer(lab, { has: 'none' }).offer(made.infoBytes.length);
      giver.asked();
      giver.give(0, made.infoBytes);
      expect(lab.status.pieceCount).toBe(1);
    };

    test('announces: a magnet that turns out private leaves the WebSocket trackers for the one that answers (BEP 27)', () => {
      const lab = new Lab({ metainfo: made, magnet: true });
      expect(sent(lab)).toEqual(['started http://a/x', 'started wss://b/x']);
      lab.announced({ intervalS: 600 });
      lab.announced({ intervalS: 600 });
      furnish(lab);
      expect(sent(lab)).toEqual(['stopped wss://b/x']);
      lab.announced({});
      lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
      lab.run();
      expect(sent(lab)).toEqual(['stopped http://a/x']);
      lab.announced({});
      expect(lab.status.state).toBe('paused');
    });

    test('announces: a magnet that turns out private asks a WebSocket tracker in its turn, where no other answers', () => {
      const lab = new Lab({ metainfo: made, magnet: true });
      lab.announced({ ok: false, reason: 'no' });
      expect(sent(lab)).toEqual(['started wss://b/x', 'started http://c/x']);
      const [early] = lab.announces.splice(0, 1);
      furnish(lab);
      expect(sent(lab)).toEqual(['started http://c/x', 'stopped wss://b/x']);
      lab.announced({ ok: false, reason: 'no' });
      expect(sent(lab)).toEqual(['stopped wss://b/x', 'started wss://b/x']);
      // What it was asked before says nothing now.
      lab.announces.unshift(early as (typeof lab.announces)[number]);
      lab.announced({ ok: false, reason: 'late' });
      expect(lab.status.trackers.map(({ url, status }) => [url, status])).toEqual([
        ['wss://b/x', 'asking'],
        ['http://a/x', 'failed'],
        ['http://c/x', 'failed'],
      ]);
    });
  });

  test('conformance 62: started first, completed once, stopped on leaving', () => {
    const lab = new Lab({ metainfo });
    expect(events(lab)).toEqual(['started']);
    lab.announced({});
    complete(lab);
    expect(events(lab)).toEqual(['completed']);
    lab.announced({});
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(events(lab)).toEqual(['stopped']);
    expect(lab.announces[0]?.request.numwant).toBe(0);
  });

  test('conformance 62: completed follows though started was not answered yet', () => {
    const lab = new Lab({ metainfo });
    complete(lab);
    expect(events(lab)).toEqual(['started']);
    lab.announced({});
    expect(events(lab)).toEqual(['completed']);
  });

  test('conformance 62: completed is never said by who was complete at the start', () => {
    const lab = new Lab({ metainfo, disk: data });
    expect(lab.announces[0]?.request).toMatchObject({ event: 'started', left: 0 });
    lab.announced({ intervalS: 60 });
    lab.pass(100);
    expect(events(lab)).toEqual(['']);
  });

  test('conformance 63: left is what is missing, downloaded what came, waste included', () => {
    const lab = new Lab({ metainfo });
    expect(lab.announces[0]?.request).toMatchObject({ left: 3 * BLOCK + 1, downloaded: 0, uploaded: 0 });
    lab.announced({ intervalS: 60 });
    const conn = lab.peer({ fast: false, has: Uint8Array.of(0b0001_0000) });
    lab.say(conn, UNCHOKE);
    for (const asked of lab.requests(conn)) lab.give(conn, data, asked);
    lab.give(conn, data, [3, 0, 1]);
    lab.engine.command(lab.now, { kind: 'announceNow', torrent: lab.torrent });
    lab.run();
    expect(lab.announces[0]?.request).toMatchObject({ left: 3 * BLOCK, downloaded: 2 });
  });

  test('conformance 66: the interval is kept where peers are enough', () => {
    const lab = new Lab({ metainfo, disk: data });
    lab.announced({ intervalS: 1_800 });
    lab.pass(1_798);
    expect(lab.announces.length).toBe(0);
    lab.pass(3);
    expect(lab.announces.length).toBe(1);
  });

  test.each([
    [1_800, 900, 900],
    [1_800, null, 60],
    [60, 900, 900],
  ])(
    'conformance 66: interval %i, least %j: asked again after %i s where peers are needed',
    (intervalS, minIntervalS, after) => {
      const lab = new Lab({ metainfo });
      lab.announced({ intervalS, minIntervalS });
      lab.pass(after - 2);
      expect(lab.announces.length).toBe(0);
      lab.pass(4);
      expect(lab.announces.length).toBe(1);
    },
  );

  test('conformance 67: one key for every tracker and announce, another for another seed', () => {
    const keys = new Set<number>();
    const lab = new Lab({ metainfo });
    for (let i = 0; i < 3; i += 1) {
      keys.add(lab.announces[0]?.request.key as number);
      lab.announced({ ok: false, reason: 'no' });
    }
    expect(keys.size).toBe(1);
    keys.add(new Lab({ metainfo, seed: 'other' }).announces[0]?.request.key as number);
    expect(keys.size).toBe(2);
  });

  test('conformance 68: a partial seed says paused, and never completed', () => {
    const two = makeTorrent({ fileLengths: [2 * BLOCK, 2 * BLOCK], pieceLength: BLOCK, trackers: TRACKERS });
    const lab = new Lab({ metainfo: two.metainfo, add: { fileLengths: [-1, -1] } });
    lab.announced({});
    lab.engine.command(lab.now, { kind: 'filePriority', torrent: lab.torrent, file: 1, priority: 0 });
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, UNCHOKE);
    for (let i = 0; i < 5; i += 1) for (const asked of lab.requests(conn)) lab.give(conn, two.data, asked);
    expect(lab.status.complete).toBe(true);
    expect(events(lab)).toEqual([]);
    lab.engine.command(lab.now, { kind: 'announceNow', torrent: lab.torrent });
    lab.run();
    expect(lab.announces[0]?.request).toMatchObject({ event: 'paused', left: 2 * BLOCK });
  });

  test('conformance 7: a tier is finished before the next, then all are tried again after 15 s, 30 s …', () => {
    const lab = new Lab({ metainfo });
    const asked: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      asked.push(lab.announces[0]?.request.url as string);
      lab.announced({ ok: false, reason: 'no' });
    }
    expect(asked.slice(0, 2).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(TRACKERS[0]);
    expect(asked[2]).toBe('http://c/x');
    expect(lab.announces.length).toBe(0);
    lab.pass(13);
    expect(lab.announces.length).toBe(0);
    lab.pass(4);
    expect(lab.announces.length).toBe(1);
    expect(lab.status.trackers.every((tracker) => tracker.lastError === 'no')).toBe(true);
  });

  test('conformance 7: who answers moves to the front of its tier; the order within a tier is drawn', () => {
    const first = new Set<string>();
    for (let seed = 0; seed < 30; seed += 1) {
      const lab = new Lab({ metainfo, seed: String(seed) });
      first.add(lab.announces[0]?.request.url as string);
      lab.announced({ ok: false, reason: 'no' });
      const answers = lab.announces[0]?.request.url;
      lab.announced({ intervalS: 60 });
      expect(lab.count('trackerPromoted')).toBe(1);
      lab.pass(62);
      expect(lab.announces[0]?.request.url).toBe(answers);
    }
    expect(first.size).toBe(2);
  });

  test('announces: a torrent without trackers, or told to use none, asks nobody', () => {
    expect(new Lab({ metainfo, add: { useTrackers: false } }).announces).toEqual([]);
    expect(new Lab({ metainfo: makeTorrent({ totalBytes: 1, pieceLength: BLOCK }).metainfo }).announces).toEqual([]);
  });

  test('announces: an answer from before a pause says nothing of the time after it (paused and resumed while `started` is under way)', () => {
    const lab = new Lab({ metainfo });
    const before = lab.announces.shift();
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(lab.announces.shift()?.request.event).toBe('stopped');
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    lab.announces.unshift(before as (typeof lab.announces)[number]);
    lab.announced({});
    expect(lab.announces[0]?.request.event).toBe('started');
    lab.announced({});
    expect(lab.announces).toEqual([]);
  });

  test('announces: a torrent that is resumed says `started` at once, whatever minimum the tracker named (CONFORMANCE 66: an event)', () => {
    const lab = new Lab({ metainfo });
    lab.announced({ intervalS: 1_800, minIntervalS: 1_800 });
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    lab.announced({});
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    expect(events(lab)).toEqual(['started']);
  });

  test('announces: stopped is said once for each start, whatever answers are still due (paused, resumed and paused)', () => {
    const lab = new Lab({ metainfo });
    const command = (kind: 'pause' | 'resume') => {
      lab.engine.command(lab.now, { kind, torrent: lab.torrent });
      lab.run();
    };
    lab.announced({ intervalS: 60 });
    lab.engine.command(lab.now, { kind: 'announceNow', torrent: lab.torrent });
    lab.run();
    command('pause');
    command('resume');
    command('pause');
    expect(events(lab)).toEqual(['', 'stopped', 'started', 'stopped']);
    expect(new Set(lab.announces.map(({ request }) => request.url)).size).toBe(1);
  });
});

/** A torrent that nobody has, with these tiers. */
function downloading(trackers: string[][]): Lab {
  return new Lab({ metainfo: makeTorrent({ totalBytes: 3 * BLOCK, pieceLength: BLOCK, trackers }).metainfo });
}

function askedOf(lab: Lab): string[] {
  return lab.announces.map(({ request }) => `${request.event} ${request.url}`);
}

describe('announces: who is silent, who fails', () => {
  test('conformance 7, 72: after 45 s of silence the next is asked, and the silent one is not asked anew (first tier)', () => {
    const lab = downloading([['udp://a:1'], ['http://b/x']]);
    lab.pass(43);
    expect(askedOf(lab)).toEqual(['started udp://a:1']);
    lab.pass(3);
    expect(askedOf(lab)).toEqual(['started udp://a:1', 'started http://b/x']);
    expect(lab.count('trackerSilent')).toBe(1);
    const silent = lab.announces.shift();
    lab.announced({ intervalS: 60 });
    lab.pass(62);
    expect(askedOf(lab)).toEqual([' http://b/x']);
    expect(lab.status.trackers).toMatchObject([{ status: 'failed' }, { status: 'asking' }]);
    expect(lab.status.trackers[0]?.lastError).toContain('no answer');
    // It answers after all: it is the first again.
    lab.announced({ intervalS: 60 });
    lab.announces.unshift(silent as (typeof lab.announces)[number]);
    lab.announced({ intervalS: 60 });
    expect(lab.status.trackers).toMatchObject([{ status: 'working', lastError: null }, { status: 'working' }]);
    lab.pass(62);
    expect(askedOf(lab)).toEqual([' udp://a:1']);
  });

  test('conformance 72: a lone silent tracker is asked once, by the engine, for as long as BEP 15 takes', () => {
    const lab = downloading([['udp://a:1']]);
    lab.pass(7_600);
    expect(askedOf(lab)).toEqual(['started udp://a:1']);
    lab.announced({ ok: false, reason: 'the tracker does not answer' });
    lab.pass(13);
    expect(lab.announces).toEqual([]);
    lab.pass(3);
    expect(askedOf(lab)).toEqual(['started udp://a:1']);
  });

  test('announces: the user’s wish asks a silent tracker anew, and nothing that the first attempt hears counts', () => {
    const lab = downloading([['udp://a:1']]);
    lab.pass(100);
    lab.engine.command(lab.now, { kind: 'announceNow', torrent: lab.torrent });
    lab.run();
    expect(askedOf(lab)).toEqual(['started udp://a:1', 'started udp://a:1']);
    lab.announced({ ok: false, reason: 'a later announce took its place' });
    expect(lab.status.trackers[0]).toMatchObject({ status: 'asking', lastError: expect.stringContaining('no answer') });
    lab.announced({});
    expect(lab.status.trackers[0]).toMatchObject({ status: 'working', lastError: null });
  });

  test('announces: who fails rests for itself alone, in pauses that double, while another serves', () => {
    const lab = downloading([['http://a/x'], ['http://b/x']]);
    const gaps: number[] = [];
    let failedAt = 0;
    for (let round = 0; round < 60; round += 1) {
      for (let asked = lab.announces[0]; asked !== undefined; asked = lab.announces[0]) {
        if (asked.request.url === 'http://b/x') lab.announced({ intervalS: 30, minIntervalS: 30 });
        else {
          if (failedAt > 0) gaps.push((lab.now - failedAt) / 1e6);
          failedAt = lab.now;
          lab.announced({ ok: false, reason: 'HTTP status 500' });
        }
      }
      lab.pass(30);
    }
    expect(gaps.length).toBeGreaterThan(4);
    gaps.forEach((gap, round) => expect(gap).toBeGreaterThanOrEqual(15 * 2 ** round));
  });

  test('conformance 62: completed goes to every tracker that counts us as a leecher, once (two that were told started)', () => {
    const two = makeTorrent({
      totalBytes: 3 * BLOCK + 1,
      pieceLength: BLOCK,
      trackers: [['udp://a:1'], ['http://b/x']],
    });
    const lab = new Lab({ metainfo: two.metainfo });
    lab.pass(46);
    lab.announced({});
    lab.announced({});
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, UNCHOKE);
    for (let i = 0; i < 9; i += 1) for (const asked of lab.requests(conn)) lab.give(conn, two.data, asked);
    expect(askedOf(lab)).toEqual(['completed udp://a:1']);
    lab.announced({});
    expect(askedOf(lab)).toEqual(['completed http://b/x']);
    lab.announced({ ok: false, reason: 'HTTP status 500' });
    lab.pass(13);
    expect(askedOf(lab)).toEqual([]);
    lab.pass(3);
    expect(askedOf(lab)).toEqual(['completed http://b/x']);
    lab.announced({});
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(askedOf(lab)).toEqual(['stopped udp://a:1', 'stopped http://b/x']);
  });

  test.each([0, -1, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.NaN])(
    'conformance 66: an interval that is a lie is kept within 30 s and a day (%d)',
    (intervalS) => {
      const lab = new Lab({ metainfo, disk: data });
      lab.announced({ intervalS });
      const inS = ((lab.status.trackers[0]?.nextAnnounce ?? 0) - lab.now) / 1e6;
      expect(inS).toBeGreaterThanOrEqual(30);
      expect(inS).toBeLessThanOrEqual(86_400);
    },
  );

  test('conformance 66: a least interval that is a lie keeps who needs peers waiting for two hours at most', () => {
    const lab = downloading([['http://a/x']]);
    lab.announced({ intervalS: 60, minIntervalS: 2 ** 40 });
    lab.pass(7_198);
    expect(lab.announces).toEqual([]);
    lab.pass(4);
    expect(lab.announces.length).toBe(1);
  });

  test('conformance 66: the user’s wish keeps to a minimum that the tracker named', () => {
    const lab = downloading([['http://a/x']]);
    lab.announced({ intervalS: 1_800, minIntervalS: 300 });
    const wish = () => {
      lab.engine.command(lab.now, { kind: 'announceNow', torrent: lab.torrent });
      lab.run();
    };
    wish();
    expect(lab.announces).toEqual([]);
    lab.pass(301);
    expect(lab.announces.length).toBe(1);
  });

  test('announces: one that works is waited for, and nobody after it is asked meanwhile (a need before its minimum)', () => {
    const lab = downloading([['http://a/x'], ['http://b/x'], ['http://c/x']]);
    lab.announced({ ok: false, reason: 'no' });
    lab.announced({ intervalS: 1_800, minIntervalS: 600 });
    lab.pass(599);
    expect(lab.announces).toEqual([]);
    lab.pass(3);
    expect(askedOf(lab)).toEqual(['started http://a/x']);
    lab.announced({ ok: false, reason: 'no' });
    expect(askedOf(lab)).toEqual([' http://b/x']);
  });
});

describe('tracker status', () => {
  test('tracker status: idle, asking, working, failed, each with tier, next announce and what was said last', () => {
    const lab = downloading([['http://a/x'], ['http://b/x']]);
    expect(lab.status.trackers).toMatchObject([
      { tier: 0, status: 'asking', nextAnnounce: null, lastError: null },
      { tier: 1, status: 'idle', lastError: null, seeds: null, leechers: null, downloads: null },
    ]);
    lab.announced({ ok: false, reason: 'connection refused' });
    lab.announced({ intervalS: 900, seeds: 3, leechers: 4, warning: 'be nice' });
    const [first, second] = lab.status.trackers;
    // The first tier is tried before the one that answered, whenever the next announce is due.
    const nextAnnounce = lab.now + 900e6;
    expect(first).toMatchObject({ status: 'failed', lastError: 'connection refused', nextAnnounce });
    expect(second).toMatchObject({
      status: 'working',
      lastError: 'be nice',
      seeds: 3,
      leechers: 4,
      downloads: null,
      nextAnnounce,
    });
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(lab.status.trackers.map(({ status, nextAnnounce }) => [status, nextAnnounce])).toEqual([
      ['idle', null],
      ['idle', null],
    ]);
  });
});
