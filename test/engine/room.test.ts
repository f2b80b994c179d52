// Places are for those who exchange something: who may have to go for others, and whom we dial where hardly anybody is of use.

import { describe, expect, test } from 'vitest';
import { type KnownPeer, PeerBook } from '../../engine/peers/peer-book.ts';
import { BLOCK, Lab, makeTorrent, message, u32 } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 200 * BLOCK, pieceLength: 4 * BLOCK });
const UNCHOKE = message(1);
const INTERESTED = message(2);
const PLACES = 4;
const settings = { connectionsPerTorrentMax: PLACES };
const KNOWN = Array.from({ length: 3 }, (_, index) => ({ host: `10.9.0.${index}`, port: 1 }));

/** `count` peers that have nothing and want nothing. */
const idlers = (lab: Lab, count: number) =>
  Array.from({ length: count }, (_, index) => lab.peer({ id: `idle ${index}` }));

/** Lets time pass without anybody falling silent. */
function pass(lab: Lab, conns: readonly number[], seconds: number): void {
  for (let second = 0; second < seconds; second += 1) {
    lab.pass(1);
    for (const conn of conns) lab.say(conn, u32(0));
  }
}

describe('room', () => {
  test('room: the first of the idle makes room for one who comes, after three seconds', () => {
    const lab = new Lab({ metainfo, settings });
    const idle = idlers(lab, PLACES);
    pass(lab, idle, 2);
    expect(lab.closed.has(lab.peer({ id: 'early' }))).toBe(true);
    pass(lab, idle, 2);
    expect(lab.closed.has(lab.peer({ id: 'late' }))).toBe(false);
    expect(idle.map((conn) => lab.closed.has(conn))).toEqual([true, false, false, false]);
    expect(lab.count('peerEvicted')).toBe(1);
  });

  test('room: nobody goes who wants something, has something, or exchanges something', () => {
    const lab = new Lab({ metainfo, settings });
    const conns = [lab.peer({ id: 'a', has: 'all' }), ...idlers(lab, PLACES - 1)];
    for (const conn of conns.slice(1)) lab.say(conn, INTERESTED);
    pass(lab, conns, 50);
    expect(lab.closed.has(lab.peer({ id: 'late' }))).toBe(true);
    expect(lab.count('peerEvicted')).toBe(0);
  });

  test('room: who let two turns pass without asking for anything is idle, whatever it says that it wants', () => {
    const lab = new Lab({ metainfo, disk: data, settings: { ...settings, uploadSlots: 1 } });
    const conns = idlers(lab, PLACES);
    for (const conn of conns) lab.say(conn, INTERESTED);
    pass(lab, conns, 3);
    expect(lab.closed.has(lab.peer({ id: 'early' }))).toBe(true);
    pass(lab, conns, 28);
    expect(lab.closed.has(lab.peer({ id: 'late' }))).toBe(false);
    expect(conns.filter((conn) => lab.closed.has(conn)).length).toBe(1);
    expect(lab.count('peerEvicted')).toBe(1);
  });

  test('room: a peer that answers nothing in the time of a request is idle, whatever it claims; one that is slow is not', () => {
    const lab = new Lab({ metainfo, settings: { ...settings, requestTimeoutMs: 20_000 } });
    const conns = Array.from({ length: PLACES }, (_, index) => lab.peer({ id: `liar ${index}`, has: 'all' }));
    lab.say(conns[2] as number, UNCHOKE);
    pass(lab, conns, 12);
    expect(lab.status.peers.filter(({ snubbed }) => snubbed).map(({ conn }) => conn)).toEqual([conns[2]]);
    expect(lab.closed.has(lab.peer({ id: 'early' }))).toBe(true);
    pass(lab, conns, 10);
    expect(lab.closed.has(lab.peer({ id: 'late' }))).toBe(false);
    expect(lab.closed.has(conns[2] as number)).toBe(true);
  });

  test('room: who was of no use is left alone for a minute, and for longer each time', () => {
    const book = new PeerBook();
    const known = book.heardOf(KNOWN[0] as (typeof KNOWN)[0]) as KnownPeer;
    for (const minutes of [1, 2, 3]) {
      known.foundUseless(0);
      expect(book.best(minutes * 60e6 - 1, false)).toBe(null);
      expect(book.best(minutes * 60e6, false)).toBe(known);
    }
  });

  test('room: no room is made for one that was found useless, until its time is over', () => {
    const lab = new Lab({ metainfo, settings });
    const host = '10.7.7.7';
    const first = lab.peer({ id: 'first', host });
    pass(lab, [first, ...idlers(lab, PLACES - 1)], 6);
    lab.peer({ id: 'other', host: '10.7.7.8' });
    expect(lab.closed.has(first)).toBe(true);
    const connected = () => lab.status.peers.map(({ conn }) => conn);
    pass(lab, connected(), 6);
    expect(lab.closed.has(lab.peer({ id: 'first', host }))).toBe(true);
    expect(lab.closed.has(lab.peer({ id: 'another', host: '10.7.7.9' }))).toBe(false);
    pass(lab, connected(), 60);
    expect(lab.closed.has(lab.peer({ id: 'first', host }))).toBe(false);
  });

  test('room: nobody goes for a dial while nothing is proven and somebody is of use', () => {
    const lab = new Lab({ metainfo, settings });
    const conns = [lab.peer({ id: 'a', has: 'all' }), ...idlers(lab, PLACES - 1)];
    lab.engine.command(lab.now, { kind: 'addPeers', torrent: lab.torrent, peers: KNOWN });
    pass(lab, conns, 50);
    expect(lab.count('peerEvicted')).toBe(0);
    expect(lab.dials).toEqual([]);
  });

  test('room: who wants nothing of what we have had for a while goes for a dial, somebody else being of use', () => {
    const onDisk = new Uint8Array(data.length).fill(1, 0, 4 * BLOCK);
    const lab = new Lab({
      metainfo,
      settings,
      disk: data.subarray(0, 4 * BLOCK),
      onDisk,
      add: { fileLengths: [data.length] },
    });
    const conns = [lab.peer({ id: 'a', has: 'all' }), ...idlers(lab, PLACES - 1)];
    lab.engine.command(lab.now, { kind: 'addPeers', torrent: lab.torrent, peers: KNOWN });
    pass(lab, conns, 15);
    expect(lab.count('peerEvicted')).toBeGreaterThan(0);
    expect(lab.closed.has(conns[0] as number)).toBe(false);
    expect(lab.dials.length).toBeGreaterThan(0);
  });

  test('room: idle connections that fill every place do not keep us from dialling others', () => {
    const lab = new Lab({ metainfo, settings });
    const idle = idlers(lab, PLACES);
    lab.engine.command(lab.now, { kind: 'addPeers', torrent: lab.torrent, peers: KNOWN });
    lab.run();
    expect(lab.dials).toEqual([]);
    pass(lab, idle, 8);
    expect(lab.dials.length).toBeGreaterThan(1);
    expect(lab.status.peers.length).toBeLessThanOrEqual(PLACES);
  });

  test.each([0, 1])(
    'room: those who only say that they want something keep us from dialling for a minute, not longer (%i of use)',
    (useful) => {
      const lab = new Lab({ metainfo, settings });
      const wanting = idlers(lab, PLACES - 1 - useful);
      for (const conn of wanting) lab.say(conn, INTERESTED);
      pass(lab, wanting, 50);
      const holders = Array.from({ length: useful }, (_, index) => lab.peer({ id: `holder ${index}`, has: 'all' }));
      lab.engine.command(lab.now, { kind: 'addPeers', torrent: lab.torrent, peers: KNOWN });
      pass(lab, [...wanting, ...holders], 5);
      expect(lab.dials).toEqual([]);
      pass(lab, [...wanting, ...holders], 10);
      expect(lab.dials.length).toBeGreaterThan(0);
      expect(lab.status.peers.length).toBeLessThanOrEqual(PLACES);
      for (const conn of holders) expect(lab.closed.has(conn)).toBe(false);
    },
  );

  test('room: who was of no use is dialled after everybody else', () => {
    const lab = new Lab({ metainfo, settings, add: { peers: KNOWN.slice(0, 2) } });
    const first = lab.dials.map(({ conn }) => lab.peer({ id: `first ${conn}`, dial: conn }));
    const idle = idlers(lab, PLACES - first.length);
    pass(lab, [...first, ...idle], 4);
    lab.engine.command(lab.now, { kind: 'addPeers', torrent: lab.torrent, peers: KNOWN });
    pass(lab, [...first, ...idle], 4);
    expect(first.some((conn) => lab.closed.has(conn))).toBe(true);
    expect(lab.dials.map(({ address }) => address.host)).toEqual(KNOWN.map(({ host }) => host));
  });
});
