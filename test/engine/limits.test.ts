// What others can make the engine hold or do is bounded: requests, unread blocks, known peers, dials; and what memory held is given back.

import { describe, expect, test } from 'vitest';
import { BLOCK, Lab, makeTorrent, message, u32 } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 200 * BLOCK, pieceLength: 4 * BLOCK });
const UNCHOKE = message(1);
const INTERESTED = message(2);
const REJECT = 16;
const PIECE = 7;

const request = (index: number) => message(6, ...u32(index >> 2), ...u32((index & 3) * BLOCK), ...u32(BLOCK));
const count = (lab: Lab, conn: number, id: number) => lab.frames(conn).filter((frame) => frame.id === id).length;

describe('limits', () => {
  test('limits: a peer has at most 500 requests waiting, the next is rejected', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conn = lab.peer({});
    lab.say(conn, INTERESTED);
    lab.holding.add('readBlock');
    for (let i = 0; i < 504; i += 1) lab.say(conn, request(i % 200));
    expect(count(lab, conn, REJECT)).toBe(0);
    lab.say(conn, request(0));
    expect(count(lab, conn, REJECT)).toBe(1);
    expect(lab.closed.has(conn)).toBe(false);
  });

  test('limits: blocks are read only as fast as the peer takes them (64 KiB ahead of one whose rate is unknown)', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conn = lab.peer({});
    lab.say(conn, INTERESTED);
    for (let i = 0; i < 100; i += 1) lab.say(conn, request(i));
    expect(count(lab, conn, PIECE)).toBe(4);
    lab.engine.writable(lab.now, conn);
    lab.run();
    expect(count(lab, conn, PIECE)).toBe(4);
  });

  test('limits: who sends and never reads is not read from, until it has taken all', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conn = lab.peer({});
    lab.say(conn, INTERESTED);
    let said = 0;
    for (; said < 200_000 && lab.reading.get(conn) !== false; said += 1) lab.say(conn, request(said % 200));
    expect(lab.reading.get(conn)).toBe(false);
    expect(lab.raw(conn).length).toBeLessThan(1024 * 1024 + 64 * 1024 + 4 * BLOCK);
    lab.engine.writable(lab.now, conn);
    lab.run();
    expect(lab.reading.get(conn)).toBe(true);
    expect(lab.count('backPressure')).toBe(2);
  });

  test('limits: a tracker fills the book of peers to its bound and no further', () => {
    const torrent = makeTorrent({ totalBytes: BLOCK, pieceLength: BLOCK, trackers: [['http://t/announce']] });
    const lab = new Lab({ metainfo: torrent.metainfo });
    for (let reply = 0; reply < 5; reply += 1) {
      const peers = Array.from({ length: 5_000 }, (_, i) => ({ host: `10.${reply}.${i >> 8}.${i & 255}`, port: 1 }));
      lab.announced({ peers, intervalS: 60 });
      lab.pass(61);
    }
    expect(lab.status.knownPeers).toBe(2_000);
    expect(lab.dials.length).toBe(20);
  });

  test('limits: connections of a torrent, the engine and dials are bounded', () => {
    const lab = new Lab({ metainfo, settings: { connectionsMax: 6, connectionsPerTorrentMax: 4, dialsMax: 2 } });
    const peers = Array.from({ length: 9 }, (_, i) => ({ host: '10.1.1.1', port: i + 1 }));
    lab.engine.command(lab.now, { kind: 'addPeers', torrent: lab.torrent, peers });
    lab.run();
    expect(lab.dials.length).toBe(2);
    lab.peer({ dial: 0, id: 'a' });
    lab.peer({ dial: 2, id: 'b' });
    lab.pass(1);
    expect(lab.dials.length).toBe(2);
    expect(lab.closed.has(lab.peer({ id: 'c' }))).toBe(false);
    expect(lab.closed.has(lab.peer({ id: 'd' }))).toBe(false);
    const late = lab.peer({ id: 'e' });
    expect(lab.closed.has(late)).toBe(true);
    lab.incoming();
    lab.incoming();
    const tooMany = lab.incoming();
    expect(lab.closed.has(tooMany)).toBe(true);
    expect(lab.count('connectionRefused')).toBe(2);
  });

  test('limits: a dial that fails is repeated after 15 s, 30 s, …, five times in all', () => {
    const lab = new Lab({ metainfo, add: { peers: [{ host: '10.1.1.1', port: 1 }] } });
    const begin = lab.now;
    const times: number[] = [];
    for (let second = 0; second < 600; second += 1) {
      if (lab.dials.length > times.length) {
        times.push(Math.round((lab.now - begin) / 1_000_000));
        lab.disconnected(0, 'refused');
      }
      lab.pass(1);
    }
    const waits = times.slice(1).map((time, i) => time - (times[i] as number));
    expect(waits.length).toBe(4);
    waits.forEach((wait, i) => expect(Math.abs(wait - (i + 1) * 15)).toBeLessThanOrEqual(2));
    expect(lab.status.knownPeers).toBe(0);
  });

  test('limits: a peer that hung up is left alone for half a minute, then dialled again', () => {
    const lab = new Lab({ metainfo, add: { peers: [{ host: '10.1.1.1', port: 1 }] } });
    lab.peer({ dial: 0 });
    lab.disconnected(0, 'ended');
    lab.pass(28);
    expect(lab.dials.length).toBe(1);
    lab.pass(4);
    expect(lab.dials.length).toBe(2);
  });

  test('limits: a peer that was asked and is quiet for ten seconds is snubbed, and what it was asked for is free for others', () => {
    const lab = new Lab({ metainfo, settings: { uploadSlots: 1 } });
    const silent = lab.peer({ id: 'silent', has: 'all' });
    lab.say(silent, UNCHOKE);
    const asked = lab.requests(silent);
    expect(asked.length).toBe(4);
    const other = lab.peer({ id: 'other', has: 'all' });
    lab.say(other, UNCHOKE);
    const waiting = lab.requests(other);
    expect(waiting.map(String)).not.toContain(String(asked[0]));
    // The other takes a second for a block, whatever it is asked for.
    for (let i = 0; i < 11; i += 1) {
      lab.pass(1);
      lab.give(other, data, waiting.pop() as [number, number, number]);
      waiting.push(...lab.requests(other));
    }
    expect(lab.count('peerSnubbed')).toBe(1);
    expect(lab.status.peers.find((peer) => peer.conn === silent)).toMatchObject({ snubbed: true, target: 1 });
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      lab.give(other, data, next);
      waiting.push(...lab.requests(other));
    }
    expect(lab.status.complete).toBe(true);
  });

  test('limits: a peer that sends some of what it was asked for has a minute for the rest (one block is withheld)', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, UNCHOKE);
    const waiting = lab.requests(conn).slice(1);
    for (let second = 0; second < 57; second += 3) {
      lab.pass(3);
      lab.give(conn, data, waiting.shift() as [number, number, number]);
      waiting.push(...lab.requests(conn));
    }
    expect(lab.count('requestTimedOut')).toBe(0);
    lab.pass(5);
    expect(lab.count('requestTimedOut')).toBe(1);
    expect(lab.count('peerSnubbed')).toBe(0);
  });

  test('limits: a snubbed peer is asked again after a minute, or at once when it answers', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, UNCHOKE);
    const [late] = lab.requests(conn) as [[number, number, number]];
    lab.pass(12);
    lab.say(conn, u32(0));
    lab.pass(50);
    expect(lab.requests(conn)).toEqual([]);
    lab.say(conn, u32(0));
    lab.pass(15);
    const [again] = lab.requests(conn) as [[number, number, number]];
    lab.give(conn, data, late);
    lab.give(conn, data, again);
    expect(lab.requests(conn).length).toBeGreaterThan(1);
  });

  test('limits: a peer that answers again after it was snubbed is no longer', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, UNCHOKE);
    const [late] = lab.requests(conn) as [[number, number, number]];
    for (let i = 0; i < 7; i += 1) {
      lab.pass(10);
      lab.say(conn, u32(0));
    }
    expect(lab.status.peers[0]?.snubbed).toBe(true);
    lab.give(conn, data, late);
    expect(lab.status.peers[0]?.snubbed).toBe(false);
    expect(lab.count('peerUnsnubbed')).toBe(1);
  });

  test('limits: a request that was lost is asked again of the only peer (fast extension)', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ has: 'all' });
    lab.say(conn, UNCHOKE);
    let lost: string | null = null;
    for (let i = 0; i < 2_000 && !lab.status.complete; i += 1) {
      const asked = lab.requests(conn);
      for (const next of asked) {
        if (lost === null) lost = String(next);
        else lab.give(conn, data, next);
      }
      if (asked.length === 0) {
        lab.pass(5);
        lab.say(conn, u32(0));
      }
    }
    expect(lab.count('peerFault')).toBe(0);
    expect(lab.status.complete).toBe(true);
  });

  test.each([
    { kind: 'filePriority', file: 0, priority: 8 },
    { kind: 'filePriority', file: 0, priority: -1 },
    { kind: 'filePriority', file: 0, priority: 1.5 },
    { kind: 'rateLimits', downloadBps: -1, uploadBps: 0 },
    { kind: 'rateLimits', downloadBps: 0, uploadBps: Number.NaN },
  ])('limits: a command out of range changes nothing and says so (%j)', (command) => {
    const lab = new Lab({ metainfo });
    const result = lab.engine.command(lab.now, { torrent: lab.torrent, ...command } as never);
    expect(result).toMatchObject({ ok: false, error: 'outOfRange' });
    lab.run();
  });

  test.each([-1, 1, 0.5])('limits: a file that is not there has no priority (file %d of 1)', (file) => {
    const lab = new Lab({ metainfo });
    const command = { kind: 'filePriority', torrent: lab.torrent, file, priority: 1 } as const;
    expect(lab.engine.command(lab.now, command)).toMatchObject({ ok: false, error: 'noSuchFile' });
    expect(lab.engine.command(lab.now, { kind: 'pause', torrent: 7 })).toMatchObject({ error: 'noSuchTorrent' });
  });
});
