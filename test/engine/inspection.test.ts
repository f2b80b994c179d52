// What `inspect` shows of a torrent, and why decisions fell as they did.

import { expect, test } from 'vitest';
import type { TorrentInspection } from '#engine';
import { BLOCK, Lab, makeTorrent, message, u32 } from './lab.ts';

const UNCHOKE = message(1);
const INTERESTED = message(2);
/** Eight pieces of two blocks. */
const { metainfo, data } = makeTorrent({ totalBytes: 16 * BLOCK, pieceLength: 2 * BLOCK });

function inspected(lab: Lab): TorrentInspection {
  return lab.engine.inspect(lab.torrent) as TorrentInspection;
}

function peerOf(lab: Lab, conn: number) {
  return inspected(lab).peers.find((peer) => peer.conn === conn)!;
}

test('inspect: requests, blocks and who was asked for them agree (two peers, eight pieces)', () => {
  const lab = new Lab({ metainfo });
  const first = lab.peer({ id: 'first', has: Uint8Array.of(0xf0) });
  const second = lab.peer({ id: 'second', has: Uint8Array.of(0x0f) });
  lab.say(first, UNCHOKE);
  const { status, pieces, copies, partials, peers } = inspected(lab);
  expect(copies).toEqual(Array.from({ length: 8 }, () => 1));
  expect(peers.map(({ conn }) => conn)).toEqual([first, second]);
  const [asked, idle] = peers;
  expect(asked?.requests.length).toBe(asked?.outstanding);
  expect(asked?.requests.length).toBeGreaterThan(0);
  for (const { piece, block, live } of asked?.requests ?? []) {
    expect(live).toBe(true);
    const partial = partials.find((candidate) => candidate.piece === piece);
    expect(partial?.blocks[block]).toMatchObject({ state: 'requested', askedOf: [first], from: null });
    expect(pieces[piece]).toBe('partial');
  }
  expect(partials.flatMap(({ blocks }) => blocks).filter(({ state }) => state === 'requested').length).toBe(
    asked?.requests.length,
  );
  expect(idle).toMatchObject({ notAsked: 'choked', requests: [], peerChoking: true, amInterested: true });
  expect(lab.engine.peers(lab.torrent)).toEqual(status.peers);
  expect(lab.engine.peers(lab.torrent + 1)).toEqual([]);
  expect(lab.engine.inspect(lab.torrent + 1)).toBeNull();
});

test('inspect: without `explain` no reasons are kept', () => {
  const lab = new Lab({ metainfo });
  const conn = lab.peer({ id: 'first', has: Uint8Array.of(0xff) });
  lab.say(conn, UNCHOKE);
  expect(peerOf(lab, conn)).toMatchObject({ picks: [], choke: null });
});

test('inspect: a new piece is the rarest, with its ties and what else could have been', () => {
  const lab = new Lab({ metainfo, explain: true });
  lab.peer({ id: 'first', has: Uint8Array.of(0b1111_1100) });
  lab.peer({ id: 'second', has: Uint8Array.of(0b1111_0000) });
  const third = lab.peer({ id: 'third', has: Uint8Array.of(0b1111_1111) });
  lab.say(third, UNCHOKE);
  const { picks } = peerOf(lab, third);
  expect(picks.length).toBeGreaterThan(1);
  expect(picks[0]).toMatchObject({ rule: 'rarestFirst', copies: 1, candidates: 8, ties: 2, firstBlock: 0 });
  expect(picks[1]).toMatchObject({ rule: 'rarestFirst', copies: 1, candidates: 7, ties: 1 });
  expect(new Set([picks[0]?.piece, picks[1]?.piece])).toEqual(new Set([6, 7]));
});

test('inspect: a piece that another peer left is gone on with', () => {
  const lab = new Lab({ metainfo, explain: true });
  const first = lab.peer({ id: 'first', has: Uint8Array.of(0xff) });
  lab.say(first, UNCHOKE);
  const begun = peerOf(lab, first).requests[0]!;
  lab.give(first, data, [begun.piece, begun.block * BLOCK, BLOCK]);
  const from = inspected(lab).partials.find(({ piece }) => piece === begun.piece)?.blocks[begun.block]?.from;
  expect(from).toBe('10.0.0.2 (incoming)');
  const second = lab.peer({ id: 'second', has: Uint8Array.of(0xff) });
  lab.disconnected(first);
  lab.say(second, UNCHOKE);
  expect(peerOf(lab, second).picks[0]).toMatchObject({ rule: 'partial', piece: begun.piece, candidates: 0 });
});

test('inspect: the choker says by which rule each peer is unchoked or not (6 interested peers)', () => {
  const lab = new Lab({ metainfo, disk: data, explain: true });
  const conns = Array.from({ length: 6 }, (_, i) => lab.peer({ id: `peer ${i}`, has: 'none' }));
  for (const conn of conns.slice(0, 5)) lab.say(conn, INTERESTED);
  expect(peerOf(lab, conns[0]!).choke).toMatchObject({ rule: 'freeSlot', unchoked: true });
  for (const { conn, amChoking } of lab.status.peers)
    if (!amChoking) lab.say(conn, message(6, ...u32(0), ...u32(0), ...u32(BLOCK)));
  lab.pass(10);
  const reasons = conns.map((conn) => peerOf(lab, conn).choke);
  const rules = reasons.map((reason) => reason?.rule);
  expect(rules.filter((rule) => rule === 'turn').length).toBe(3);
  expect(rules.filter((rule) => rule === 'optimistic').length).toBe(1);
  expect(rules.filter((rule) => rule === 'noSlot').length).toBe(1);
  expect(rules[5]).toBe('notInterested');
  for (const conn of conns) expect(peerOf(lab, conn).choke?.unchoked).toBe(!peerOf(lab, conn).amChoking);
  expect(inspected(lab).choker.optimistic).toBe(conns[rules.indexOf('optimistic')]);
  expect(lab.engine.peers(lab.torrent).filter(({ optimistic }) => optimistic).length).toBe(1);
});

test('inspect: who is unchoked and asks for nothing is said to leave its slot', () => {
  const lab = new Lab({ metainfo, disk: data, explain: true });
  const conn = lab.peer({ id: 'squatter', has: 'none' });
  lab.say(conn, INTERESTED);
  lab.pass(5);
  expect(peerOf(lab, conn).choke).toMatchObject({ rule: 'unused', unchoked: true });
  lab.pass(10);
  expect(peerOf(lab, conn).choke).toMatchObject({ rule: 'unused', unchoked: true });
});

test('inspect: a block that is asked for twice is named as end-game (one piece, the first peer sends nothing)', () => {
  const lab = new Lab({
    metainfo: makeTorrent({ totalBytes: 2 * BLOCK, pieceLength: 2 * BLOCK }).metainfo,
    explain: true,
  });
  const [first, second] = ['first', 'second'].map((id) => lab.peer({ id, has: 'all' })) as [number, number];
  lab.say(first, UNCHOKE);
  lab.say(second, UNCHOKE);
  lab.pass(1);
  const [pick] = peerOf(lab, second).picks;
  expect(pick).toMatchObject({ rule: 'endGame', piece: 0, blockCount: 1, copies: 2 });
  expect(inspected(lab).partials[0]?.blocks[pick!.firstBlock]?.askedOf).toEqual([first, second]);
});
