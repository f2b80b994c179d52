// CONFORMANCE 14-18: how a connection begins, as the other side sees it.

import { describe, expect, test } from 'vitest';
import { BLOCK, handshake, Lab, makeTorrent, message } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 4 * BLOCK, pieceLength: BLOCK });
const EXTENSION_BIT = 0x10;
const FAST_BIT = 0x04;

function ids(lab: Lab, conn: number): number[] {
  return lab.frames(conn).map((frame) => frame.id);
}

describe('conformance 14: the handshake is 68 bytes', () => {
  test('conformance 14: says protocol, reserved bits, info-hash and peer id', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.incoming();
    expect(lab.raw(conn).length).toBe(0);
    lab.say(conn, handshake(metainfo.infoHash, 'p').slice(0, 48));
    const said = lab.raw(conn);
    expect(said.length).toBe(68);
    expect(said[0]).toBe(19);
    expect(new TextDecoder().decode(said.subarray(1, 20))).toBe('BitTorrent protocol');
    expect([...said.subarray(20, 28)]).toEqual([0, 0, 0, 0, 0, EXTENSION_BIT, 0, FAST_BIT]);
    expect(said.subarray(28, 48)).toEqual(metainfo.infoHash);
    expect(new TextDecoder().decode(said.subarray(48, 56))).toBe('-SG0010-');
  });

  test('conformance 14: ignores unknown reserved bits (all of them set)', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.incoming();
    const bytes = handshake(metainfo.infoHash, 'p');
    lab.say(conn, bytes.fill(0xff, 20, 28));
    expect(lab.closed.has(conn)).toBe(false);
    expect(lab.status.peers.length).toBe(1);
  });

  test('conformance 14: another protocol name closes at its first wrong byte', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.incoming();
    lab.say(conn, [19, 0x62]);
    expect(lab.closed.get(conn)).toContain('protocolName');
  });

  test('conformance 14: cut anywhere it is the same (67 cuts)', () => {
    const bytes = handshake(metainfo.infoHash, 'p');
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const lab = new Lab({ metainfo });
      const conn = lab.incoming();
      lab.say(conn, bytes.slice(0, cut));
      expect(lab.status.peers.length).toBe(0);
      lab.say(conn, bytes.slice(cut));
      expect(lab.status.peers.length).toBe(1);
    }
  });
});

describe('conformance 15: the info-hash decides', () => {
  test('conformance 15: an unknown info-hash closes and is told nothing', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.incoming();
    lab.say(conn, handshake(new Uint8Array(20), 'p'));
    expect(lab.closed.get(conn)).toContain('infoHash');
    expect(lab.raw(conn).length).toBe(0);
  });

  test('conformance 15: a dialled peer that answers for another torrent is closed', () => {
    const lab = new Lab({ metainfo, add: { peers: [{ host: '10.0.0.9', port: 1 }] } });
    lab.dialAnswered(0);
    expect(lab.raw(0).length).toBe(68);
    lab.say(0, handshake(new Uint8Array(20).fill(1), 'p'));
    expect(lab.closed.get(0)).toContain('infoHash');
  });

  test('conformance 15: a paused torrent takes nobody in', () => {
    const lab = new Lab({ metainfo, add: { paused: true } });
    const conn = lab.incoming();
    lab.say(conn, handshake(metainfo.infoHash, 'p'));
    expect(lab.closed.has(conn)).toBe(true);
  });

  test('conformance 15: who dials sends nothing after its handshake before the whole answer came', () => {
    const lab = new Lab({ metainfo, disk: data, add: { peers: [{ host: '10.0.0.9', port: 1 }] } });
    expect(lab.dials.length).toBe(1);
    lab.dialAnswered(0);
    expect(lab.raw(0).length).toBe(68);
    const answer = handshake(metainfo.infoHash, 'p', { fast: true });
    lab.say(0, answer.slice(0, 67));
    expect(lab.raw(0).length).toBe(0);
    lab.say(0, answer.slice(67));
    expect([...lab.raw(0)]).toEqual(message(14));
  });
});

describe('conformance 17: ourselves and doubles', () => {
  test('conformance 17: a dial that reaches ourselves is closed on both sides and not dialled again', () => {
    const lab = new Lab({ metainfo, add: { peers: [{ host: '10.0.0.9', port: 6881 }] } });
    lab.dialAnswered(0);
    const conn = lab.incoming('10.0.0.9');
    lab.say(conn, lab.raw(0));
    expect(lab.closed.has(conn)).toBe(true);
    lab.say(0, lab.raw(conn));
    expect(lab.closed.has(0)).toBe(true);
    expect(lab.count('selfConnection')).toBe(2);
    lab.pass(600);
    expect(lab.dials.length).toBe(1);
    // True of this run and this network alone: somebody else may listen there later.
    lab.engine.command(lab.now, { kind: 'networkChanged', lost: true });
    lab.pass(1);
    expect(lab.dials.length).toBe(2);
    lab.engine.command(lab.now, { kind: 'pause', torrent: 0 });
    lab.pass(1);
    expect(lab.saved.at(-1)?.peers).toMatchObject([{ host: '10.0.0.9', port: 6881, banned: false }]);
  });

  test('conformance 17: a second connection under the same peer id is closed (both incoming)', () => {
    const lab = new Lab({ metainfo });
    const first = lab.peer({ id: 'twin' });
    const second = lab.peer({ id: 'twin' });
    expect(lab.closed.has(first)).toBe(false);
    expect(lab.closed.has(second)).toBe(true);
    expect(lab.count('duplicatePeer')).toBe(1);
  });

  test.each([
    { id: ' lower', kept: 'outgoing' },
    { id: '~higher', kept: 'incoming' },
  ])('conformance 17: of two crossing connections the one begun by the higher id stays ($kept)', ({ id, kept }) => {
    const lab = new Lab({ metainfo, add: { peers: [{ host: '10.0.0.9', port: 7 }] } });
    const incoming = lab.peer({ id, host: '10.0.0.9' });
    lab.peer({ id, dial: 0 });
    expect(lab.status.peers.map((peer) => peer.outgoing)).toEqual([kept === 'outgoing']);
    expect(lab.closed.has(kept === 'outgoing' ? incoming : 0)).toBe(true);
  });

  test('conformance 17: several peers on one loopback address are several peers', () => {
    const lab = new Lab({ metainfo });
    for (const id of ['one', 'two', 'three']) lab.peer({ id, host: '127.0.0.1' });
    expect(lab.status.peers.length).toBe(3);
    expect(lab.status.knownPeers).toBe(3);
  });

  test('conformance 17: a peer that came in is not dialled at the port it names', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({ id: 'in', host: '10.0.0.9', extensions: true });
    lab.say(conn, message(20, 0, ...new TextEncoder().encode('d1:pi7000ee')));
    lab.engine.command(lab.now, {
      kind: 'addPeers',
      torrent: lab.torrent,
      peers: [{ host: '10.0.0.9', port: 7000 }],
    });
    lab.run();
    expect(lab.dials).toEqual([]);
  });
});

describe('conformance 18: handshake timeout', () => {
  test('conformance 18: who connects and names no torrent is closed after 10 s', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.incoming();
    lab.say(conn, [19]);
    lab.pass(8);
    expect(lab.closed.has(conn)).toBe(false);
    lab.pass(4);
    expect(lab.closed.has(conn)).toBe(true);
  });

  test('conformance 18: so it is when no torrent is active', () => {
    const lab = new Lab({ metainfo, add: { paused: true } });
    const conn = lab.incoming();
    lab.pass(12);
    expect(lab.closed.has(conn)).toBe(true);
    expect(lab.engine.nextTimeout()).toBe(null);
  });

  test('conformance 18: who names the torrent and no peer id is closed', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.incoming();
    lab.say(conn, handshake(metainfo.infoHash, 'p').slice(0, 67));
    lab.pass(12);
    expect(lab.closed.has(conn)).toBe(true);
  });

  test('conformance 18: a dialled peer that never answers counts as a failed dial', () => {
    const lab = new Lab({ metainfo, add: { peers: [{ host: '10.0.0.9', port: 7 }] } });
    lab.dialAnswered(0);
    lab.pass(12);
    expect(lab.closed.has(0)).toBe(true);
    expect(lab.count('dialFailed')).toBe(1);
  });

  test('conformance 18: after the handshake silence is borne', () => {
    const lab = new Lab({ metainfo });
    const conn = lab.peer({});
    expect(ids(lab, conn)).toEqual([15]);
    lab.pass(60);
    expect(lab.closed.has(conn)).toBe(false);
  });
});

describe('conformance 16: the peer id that the tracker gave', () => {
  const idOf = (name: string) => new TextEncoder().encode(name.padEnd(20, '-'));
  const found = () => {
    const tracked = makeTorrent({ totalBytes: 4 * BLOCK, pieceLength: BLOCK, trackers: [['http://t/announce']] });
    const lab = new Lab({ metainfo: tracked.metainfo });
    lab.announced({ peers: [{ host: '10.1.1.1', port: 5, peerId: idOf('expected') }] });
    expect(lab.dials.length).toBe(1);
    return lab;
  };

  test('conformance 16: another id closes', () => {
    const lab = found();
    const conn = lab.peer({ dial: 0, id: 'other' });
    expect(lab.closed.get(conn)).toContain('peerId');
  });

  test('conformance 16: the same id is welcome', () => {
    const lab = found();
    const conn = lab.peer({ dial: 0, id: 'expected' });
    expect(lab.closed.has(conn)).toBe(false);
    expect(lab.status.peers.length).toBe(1);
  });
});
