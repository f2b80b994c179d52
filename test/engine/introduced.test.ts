// Peers that cannot be dialled at an address but are introduced for a while: one connection type among others.

import { describe, expect, test } from 'vitest';
import { encodeExtensionHandshake, INTRODUCTION_US, introducedPeer, isIntroduced } from '#engine';
import { BLOCK, handshake, Lab, makeTorrent, message } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 3 * BLOCK, pieceLength: BLOCK });
const INTRODUCTION_S = INTRODUCTION_US / 1_000_000;
const PEER = introducedPeer(idOf('them'));

function idOf(name: string): Uint8Array {
  return new TextEncoder().encode(name.padEnd(20, '-'));
}

function hello(id: string): number[] {
  return handshake(metainfo.infoHash, id, { fast: true, extensions: true });
}

function introduce(lab: Lab, peer = PEER): void {
  lab.engine.command(lab.now, { kind: 'addPeers', torrent: lab.torrent, peers: [peer] });
  lab.run();
}

/** Introduces, and answers the dial that follows. */
function connect(lab: Lab, outgoing: boolean, id = 'them'): number {
  introduce(lab);
  const [dial] = lab.dials.splice(0);
  if (dial === undefined) throw new Error('nobody was dialled');
  lab.engine.connected(lab.now, dial.conn, dial.address, outgoing);
  lab.run();
  lab.say(dial.conn, hello(id));
  return dial.conn;
}

const KEEP_ALIVE = [0, 0, 0, 0];

describe('introduced peers', () => {
  test('introduced peer: is dialled with its torrent, and exchanges like any other (whoever offered)', () => {
    for (const outgoing of [true, false]) {
      const lab = new Lab({ metainfo });
      const conn = connect(lab, outgoing);
      expect(lab.status.peers).toMatchObject([{ conn, outgoing, address: { host: PEER.host, port: 0 } }]);
      lab.say(conn, message(14), message(1));
      for (let i = 0; i < 4; i += 1) for (const asked of lab.requests(conn)) lab.give(conn, data, asked);
      expect(lab.status.complete).toBe(true);
    }
  });

  test.each([
    [INTRODUCTION_S - 1, 1],
    [INTRODUCTION_S, 0],
  ])('introduced peer: waits for a place while its introduction is fresh (%i s: %i dials)', (seconds, dials) => {
    const lab = new Lab({ metainfo, settings: { connectionsMax: 1 } });
    const other = lab.incoming();
    lab.say(other, hello('other'));
    introduce(lab);
    lab.pass(seconds);
    expect(lab.dials).toEqual([]);
    lab.disconnected(other);
    // The engine looks for somebody to dial.
    lab.engine.command(lab.now, { kind: 'addPeers', torrent: lab.torrent, peers: [] });
    lab.run();
    expect(lab.dials.filter(({ address }) => address.host === PEER.host)).toHaveLength(dials);
  });

  test('introduced peer: is dialled once an introduction', () => {
    const lab = new Lab({ metainfo });
    introduce(lab);
    const [dial] = lab.dials.splice(0);
    lab.disconnected(dial?.conn as number, 'unreachable');
    lab.pass(600);
    expect(lab.dials).toEqual([]);
    introduce(lab);
    expect(lab.dials).toHaveLength(1);
  });

  test('introduced peer: one that failed is left alone for longer each time (introduced every second)', () => {
    const lab = new Lab({ metainfo });
    const dialledAt: number[] = [];
    const other = lab.peer({ id: 'another' });
    for (let second = 0; second < 120; second += 1) {
      // While nobody is heard, a failure would count as our own network's.
      lab.say(other, KEEP_ALIVE);
      introduce(lab);
      for (const { conn } of lab.dials.splice(0)) {
        dialledAt.push(second);
        lab.disconnected(conn, 'timeout');
      }
      lab.pass(1);
    }
    const waits = dialledAt.slice(1).map((at, index) => at - (dialledAt[index] as number));
    expect(waits.slice(0, 3)).toEqual([15, 30, 45]);
  });

  test('introduced peer: one whose id is another than the introduction said is closed (conformance 16)', () => {
    const lab = new Lab({ metainfo });
    const conn = connect(lab, false, 'somebody else');
    expect(lab.closed.get(conn)).toMatch(/peerId/);
  });

  test('introduced peer: a ban survives its connections', () => {
    const lab = new Lab({ metainfo });
    const conn = connect(lab, true);
    lab.say(conn, message(14), message(1));
    for (const [piece, begin, length] of lab.requests(conn)) {
      lab.give(conn, new Uint8Array(data.length).fill(1), [piece, begin, length]);
    }
    expect(lab.count('peerBanned')).toBe(1);
    lab.pass(600);
    introduce(lab);
    lab.pass(1);
    expect(lab.dials).toEqual([]);
  });

  test('introduced peer: is not dialled while it is connected by its address', () => {
    const lab = new Lab({ metainfo });
    lab.say(lab.incoming(), hello('them'));
    introduce(lab);
    expect(lab.dials).toEqual([]);
  });

  test('introduced peer: of two connections the one with an address stays, on both sides (either first)', () => {
    const first = new Lab({ metainfo });
    const introduced = connect(first, false);
    const plain = first.incoming();
    first.say(plain, hello('them'));
    expect([...first.closed.keys()]).toEqual([introduced]);

    const second = new Lab({ metainfo });
    introduce(second);
    const [dial] = second.dials.splice(0);
    const earlier = second.incoming();
    second.say(earlier, hello('them'));
    second.engine.connected(second.now, dial?.conn as number, PEER, true);
    second.run();
    second.say(dial?.conn as number, hello('them'));
    expect([...second.closed.keys()]).toEqual([dial?.conn]);
  });

  test('introduced peer: its source is WebRTC, whoever offered', () => {
    for (const outgoing of [false, true]) {
      const lab = new Lab({ metainfo });
      connect(lab, outgoing);
      expect(lab.status.peers.map(({ source }) => source)).toEqual(['webrtc']);
    }
  });

  test('introduced peer: the port that it says it listens on names nobody', () => {
    const lab = new Lab({ metainfo });
    const conn = connect(lab, false);
    const payload = encodeExtensionHandshake({
      messages: new Map(),
      port: 6881,
      client: null,
      reqq: 100,
      yourIp: null,
      uploadOnly: false,
      metadataSizeBytes: null,
    });
    lab.say(conn, message(20, 0, ...payload));
    expect(lab.status.knownPeers).toBe(1);
  });

  test('introduced peer: is not remembered in resume data', () => {
    const lab = new Lab({ metainfo });
    const conn = connect(lab, true);
    lab.say(conn, message(14), message(1));
    for (let i = 0; i < 4; i += 1) for (const asked of lab.requests(conn)) lab.give(conn, data, asked);
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(lab.saved.at(-1)?.peers).toEqual([]);
  });

  test('introduced peer: is told by its name', () => {
    expect(isIntroduced(PEER)).toBe(true);
    expect(isIntroduced({ host: '10.0.0.1', port: 0 })).toBe(false);
  });
});
