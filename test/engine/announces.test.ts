// CONFORMANCE 7, 62, 63, 66-68: when which tracker is asked what.

import { describe, expect, test } from 'vitest';
import { BLOCK, Lab, makeTorrent, message } from './lab.ts';

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
      ['http://c/x', 1, null],
      ['wss://b/x', 0, 'no'],
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
    lab.pass(130);
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

  test('announces: stopped is said once, not again for an answer that is still due (paused, resumed and paused)', () => {
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
    expect(events(lab)).toEqual(['', 'stopped']);
  });
});
