// The network goes away and comes back, the machine sleeps: everybody is dialled again soon, trackers are asked soon, nothing is forgotten.

import { describe, expect, test } from 'vitest';
import { BLOCK, Lab, makeTorrent } from './lab.ts';

const { metainfo } = makeTorrent({
  totalBytes: 40 * BLOCK,
  pieceLength: 2 * BLOCK,
  trackers: [['http://one/announce']],
});
const PEERS = Array.from({ length: 3 }, (_, index) => ({ host: `10.9.0.${index}`, port: 1 }));
const HOURS = 3_600;

/** A lab that knows three seeds, connected to all of them. */
function connected(): Lab {
  const lab = new Lab({ metainfo });
  lab.announced({ peers: PEERS });
  answerDials(lab);
  expect(lab.status.peers.length).toBe(3);
  return lab;
}

/** Whoever was dialled is a seed. */
function answerDials(lab: Lab): void {
  for (const { conn, address } of [...lab.dials]) lab.peer({ dial: conn, has: 'all', id: address.host });
  lab.dials.length = 0;
}

/** Every dial fails in this way, for so long. */
function fail(lab: Lab, why: 'unreachable' | 'timeout', seconds: number): void {
  for (let second = 0; second < seconds; second += 1) {
    lab.pass(1);
    for (const { conn } of lab.dials.splice(0)) lab.disconnected(conn, why);
    while (lab.announces.length > 0) lab.announced({ ok: false, reason: 'network unreachable' });
  }
}

describe('network changed', () => {
  test.each(['unreachable', 'timeout'] as const)(
    'network changed: nobody is forgotten while nothing leads anywhere, and all are dialled as soon as it does (%s)',
    (why) => {
      const lab = connected();
      for (const { conn } of lab.status.peers) lab.disconnected(conn, why);
      fail(lab, why, 2 * HOURS);
      expect(lab.status.knownPeers).toBe(3);
      lab.engine.command(lab.now, { kind: 'networkChanged', lost: false });
      lab.run();
      expect(lab.dials.map(({ address }) => address.host).sort()).toEqual(PEERS.map(({ host }) => host));
      expect(lab.announces.length).toBe(1);
    },
  );

  test('network changed: when the first answers after a long silence, all are dialled and the tracker is asked (a line beyond the router)', () => {
    const lab = connected();
    for (const { conn } of lab.status.peers) lab.disconnected(conn, 'timeout');
    fail(lab, 'timeout', 2 * HOURS);
    while (lab.dials.length === 0) lab.pass(1);
    const [{ conn, address }] = lab.dials as [(typeof lab.dials)[0]];
    lab.peer({ dial: conn, has: 'all', id: address.host });
    expect(lab.count('networkChanged')).toBe(1);
    expect(lab.dials.length).toBe(3);
    expect(lab.announces.length).toBe(1);
  });

  test('network changed: the answer that ends a long silence counts itself (a UDP tracker that was asked all the time)', () => {
    const lab = connected();
    for (const { conn } of lab.status.peers) lab.disconnected(conn, 'timeout');
    while (lab.announces.length === 0) {
      lab.pass(1);
      for (const { conn } of lab.dials.splice(0)) lab.disconnected(conn, 'timeout');
    }
    const silent = lab.announces.splice(0);
    for (let second = 0; second < 600; second += 1) {
      lab.pass(1);
      for (const { conn } of lab.dials.splice(0)) lab.disconnected(conn, 'timeout');
    }
    expect(lab.count('trackerSilent')).toBe(1);
    lab.announces.splice(0, lab.announces.length, ...silent);
    lab.announced({ peers: [{ host: '10.9.1.1', port: 1 }] });
    expect(lab.dials.map(({ address }) => address.host)).toContain('10.9.1.1');
    expect(lab.count('networkChanged')).toBe(1);
  });

  test('network changed: a dial that was cut by it is no failure of the peer (four had failed before)', () => {
    const lab = new Lab({ metainfo, add: { peers: PEERS.slice(0, 1) } });
    for (let dial = 0; dial < 4; dial += 1) {
      while (lab.dials.length === 0) lab.pass(1);
      lab.disconnected((lab.dials.shift() as (typeof lab.dials)[0]).conn, 'refused');
    }
    while (lab.dials.length === 0) lab.pass(1);
    lab.dials.length = 0;
    lab.engine.command(lab.now, { kind: 'networkChanged', lost: true });
    lab.run();
    expect(lab.status.knownPeers).toBe(1);
    expect(lab.dials.length).toBe(1);
  });

  test('network changed: a peer that comes again is let in where its old connection is silent, and only there', () => {
    const lab = new Lab({ metainfo });
    const old = lab.peer({ id: 'same', has: 'all' });
    lab.pass(9);
    const tooEarly = lab.peer({ id: 'same', has: 'all' });
    expect([lab.closed.has(old), lab.closed.has(tooEarly)]).toEqual([false, true]);
    lab.pass(2);
    const again = lab.peer({ id: 'same', has: 'all' });
    expect([lab.closed.has(old), lab.closed.has(again)]).toEqual([true, false]);
    expect(lab.status.peers.map(({ conn }) => conn)).toEqual([again]);
  });

  test('network changed: a peer that fails while others answer is forgotten all the same', () => {
    const lab = connected();
    const [first] = lab.status.peers;
    lab.disconnected(first?.conn as number, 'reset');
    for (let second = 0; second < 600; second += 1) {
      lab.pass(1);
      for (const { conn } of lab.dials.splice(0)) lab.disconnected(conn, 'timeout');
      for (const { conn } of lab.status.peers) lab.say(conn, [0, 0, 0, 0]);
    }
    expect(lab.status.knownPeers).toBe(2);
  });

  test('network changed: what cannot have survived is ended, and dialled at once', () => {
    const lab = connected();
    lab.engine.command(lab.now, { kind: 'networkChanged', lost: true });
    lab.run();
    expect(lab.closed.size).toBe(3);
    expect(lab.dials.length).toBe(3);
    expect(lab.count('networkChanged')).toBe(1);
  });

  test('network changed: a tracker that answered is asked again no earlier than it allows', () => {
    const lab = new Lab({ metainfo });
    lab.announced({ peers: PEERS, intervalS: 1800, minIntervalS: 300 });
    lab.engine.command(lab.now, { kind: 'networkChanged', lost: true });
    lab.run();
    lab.pass(299);
    expect(lab.announces.length).toBe(0);
    lab.pass(2);
    expect(lab.announces.length).toBe(1);
  });

  test.each([1, 12, 24 * 30])(
    'clock: after %d hours of sleep everybody is dialled and the tracker asked at the next tick',
    (hours) => {
      const lab = connected();
      lab.pass(5);
      lab.now += hours * HOURS * 1_000_000;
      lab.engine.tick(lab.now);
      lab.run();
      expect(lab.closed.size).toBe(3);
      expect(lab.dials.length).toBe(3);
      expect(lab.announces.length).toBe(1);
      // And goes on as if nothing had been.
      lab.announced({ peers: PEERS });
      answerDials(lab);
      lab.pass(60);
      expect(lab.status.peers.length).toBe(3);
      // Who answers first after it is not taken for the end of a silence.
      expect(lab.count('networkChanged')).toBe(1);
    },
  );
});
