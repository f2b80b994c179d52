// Who sends bad data is found out and nobody else: honest peers are never banned, bad pieces never count, and the download ends.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BLOCK, equalBytes, Lab, makeTorrent, message, uint32 } from './lab.ts';

const BLOCKS_PER_PIECE = 4;
const PIECES = 6;
const { metainfo, data } = makeTorrent({
  totalBytes: PIECES * BLOCKS_PER_PIECE * BLOCK - 7,
  pieceLength: BLOCKS_PER_PIECE * BLOCK,
});
const corrupt = data.map((byte) => byte ^ 0x55);
const CHOKE = message(0);
const UNCHOKE = message(1);
const HAVE = 4;
type Request = [number, number, number];

interface Actor {
  readonly conn: number;
  /** Percent of its blocks that are bad; 0: honest. */
  readonly lies: number;
  readonly waiting: Request[];
}

function actors(lab: Lab, lies: readonly number[], fast: boolean): Actor[] {
  return lies.map((share, i) => {
    const conn = lab.peer({ id: `peer ${i}`, has: 'all', fast, host: `10.0.0.${i + 1}` });
    lab.say(conn, UNCHOKE);
    return { conn, lies: share, waiting: [] };
  });
}

describe('parole', () => {
  test('parole: honest peers are never banned, liars never make a piece count, and the file completes', () => {
    const lies = fc.array(fc.constantFrom(0, 0, 0, 10, 50, 100), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(lies, fc.boolean(), fc.infiniteStream(fc.nat(9_999)), (shares, fast, chance) => {
        const lab = new Lab({ metainfo });
        const below = (bound: number) => (chance.next().value as number) % bound;
        const all = actors(lab, [0, ...shares], fast);
        const witness = lab.peer({ id: 'witness', fast: false, host: '10.0.1.1' });
        for (let step = 0; step < 3_000 && !lab.status.complete; step += 1) {
          const open = all.filter(({ conn }) => !lab.closed.has(conn));
          for (const actor of open) actor.waiting.push(...lab.requests(actor.conn));
          const ready = open.filter((actor) => actor.waiting.length > 0);
          if (ready.length === 0) {
            lab.pass(1);
            continue;
          }
          const actor = ready[below(ready.length)] as Actor;
          const asked = actor.waiting.shift() as Request;
          lab.give(actor.conn, below(100) < actor.lies ? corrupt : data, asked);
        }
        expect(lab.status.complete).toBe(true);
        expect(equalBytes(lab.disk, data)).toBe(true);
        const banned = lab.events.filter((event) => event.name === 'peerBanned').map((event) => event.a);
        for (const { conn, lies: share } of all) if (share === 0) expect(banned).not.toContain(conn);
        const said = lab.frames(witness).filter((frame) => frame.id === HAVE);
        expect(new Set(said.map((frame) => uint32(frame.body, 0))).size).toBe(PIECES);
        expect(said.length).toBe(PIECES);
      }),
      { numRuns: 60 },
    );
  });

  test('parole: who alone sent a piece that fails is banned at once, and not let in again', () => {
    const lab = new Lab({ metainfo });
    const liar = lab.peer({ id: 'liar', has: 'all' });
    lab.say(liar, UNCHOKE);
    let piece = -1;
    for (let i = 0; i < 9 && !lab.closed.has(liar); i += 1) {
      for (const asked of lab.requests(liar)) {
        if (piece === -1) piece = asked[0];
        lab.give(liar, corrupt, asked);
      }
    }
    expect(lab.closed.get(liar)).toBe('sent bad data');
    expect(lab.count('peerBanned')).toBe(1);
    expect(lab.closed.get(lab.peer({ id: 'liar', has: 'all' }))).toBe('banned');
    expect(lab.status.corruptBytes).toBe(lab.metainfo.geometry.pieceLength(piece));
    expect(lab.onDisk.includes(1)).toBe(false);
  });

  test('parole: who is banned is not let in under another peer id once it says where it listens', () => {
    const lab = new Lab({ metainfo, add: { peers: [{ host: '10.0.0.9', port: 7 }] } });
    const liar = lab.peer({ id: 'liar', has: 'all', dial: 0 });
    lab.say(liar, UNCHOKE);
    for (let i = 0; i < 9 && !lab.closed.has(liar); i += 1)
      for (const asked of lab.requests(liar)) lab.give(liar, corrupt, asked);
    expect(lab.closed.get(liar)).toBe('sent bad data');
    const [neighbour, again] = ['neighbour', 'again'].map((id) =>
      lab.peer({ id, host: '10.0.0.9', has: 'all', extensions: true }),
    ) as [number, number];
    const listensOn = (port: number) => message(20, 0, ...Buffer.from(`d1:pi${port}ee`));
    lab.say(neighbour, listensOn(8));
    lab.say(again, listensOn(7));
    expect(lab.closed.has(neighbour)).toBe(false);
    expect(lab.closed.get(again)).toBe('banned');
  });

  /** A piece that failed with two contributors: both are on parole. */
  function onParole(fast = true): {
    readonly lab: Lab;
    readonly honest: number;
    readonly liar: number;
    readonly small: Uint8Array;
  } {
    const small = makeTorrent({ totalBytes: 2 * BLOCK, pieceLength: 2 * BLOCK });
    const lab = new Lab({ metainfo: small.metainfo });
    const honest = lab.peer({ id: 'honest', has: 'all', fast });
    const liar = lab.peer({ id: 'liar', has: 'all', fast });
    lab.say(honest, UNCHOKE);
    lab.say(liar, UNCHOKE);
    lab.requests(honest);
    lab.requests(liar);
    lab.give(honest, small.data, [0, 0, BLOCK]);
    lab.give(
      liar,
      small.data.map((byte) => byte ^ 1),
      [0, BLOCK, BLOCK],
    );
    expect(lab.count('paroleStarted')).toBe(2);
    return { lab, honest, liar, small: small.data };
  }

  test('parole: a whole piece goes to one of them, and to nobody else meanwhile', () => {
    const { lab, honest, liar } = onParole();
    const other = lab.peer({ id: 'other', has: 'all' });
    lab.say(other, UNCHOKE);
    expect(lab.requests(other)).toEqual([]);
    const outstanding = lab.status.peers.map((peer) => [peer.conn, peer.outstanding]);
    expect(outstanding).toContainEqual([other, 0]);
    expect([outstanding[0]?.[1], outstanding[1]?.[1]].filter((count) => count === 2).length).toBe(1);
    expect([honest, liar].map((conn) => outstanding.find(([of]) => of === conn)?.[1])).toContain(0);
  });

  test('parole: the retry names the liar exactly and clears the other', () => {
    const { lab, honest, liar, small } = onParole();
    for (let i = 0; i < 5; i += 1) {
      for (const conn of [honest, liar]) {
        if (lab.closed.has(conn)) continue;
        for (const asked of lab.requests(conn))
          lab.give(conn, conn === liar ? small.map((byte) => byte ^ 1) : small, asked);
      }
    }
    const banned = lab.events.filter((event) => event.name === 'peerBanned').map((event) => event.a);
    expect(banned).toEqual([liar]);
    expect(lab.status.complete).toBe(true);
  });

  test('parole: who chokes keeps what it brought of its piece, until somebody else has nothing better to do', () => {
    const bytes = 8 * 2 * BLOCK;
    const { metainfo: many, data: good } = makeTorrent({ totalBytes: bytes, pieceLength: 2 * BLOCK });
    const lab = new Lab({ metainfo: many, settings: { pipelineBlocks: 2 } });
    const [suspect, second] = ['suspect', 'second'].map((id) => lab.peer({ id, has: 'all', fast: false })) as [
      number,
      number,
    ];
    lab.say(suspect, UNCHOKE);
    const failing = lab.requests(suspect);
    lab.give(suspect, good, failing[0] as Request);
    lab.say(suspect, CHOKE);
    lab.say(second, UNCHOKE);
    const rest = lab.requests(second).find(([piece]) => piece === failing[0]?.[0]) as Request;
    lab.give(second, corrupt, rest);
    expect(lab.count('paroleStarted')).toBe(2);
    lab.say(second, CHOKE);
    for (const conn of [suspect, second]) lab.requests(conn);

    lab.say(suspect, UNCHOKE);
    const alone = lab.requests(suspect);
    const own = alone.filter(([piece]) => piece === alone[0]?.[0]);
    expect(own.length).toBe(2);
    lab.give(suspect, good, own[0] as Request);
    lab.say(suspect, CHOKE);
    lab.requests(suspect);
    lab.say(suspect, UNCHOKE);
    const again = lab.requests(suspect);
    expect(again).toContainEqual(own[1]);
    expect(again).not.toContainEqual(own[0]);
    lab.say(suspect, CHOKE);

    const other = lab.peer({ id: 'other', has: 'all', fast: false });
    lab.say(other, UNCHOKE);
    const asked: Request[] = [];
    for (let turn = 0; turn < 40 && !lab.status.complete; turn += 1) {
      for (const request of lab.requests(other)) {
        asked.push(request);
        lab.give(other, good, request);
      }
    }
    expect(lab.status.complete).toBe(true);
    // All of the suspect's piece was fetched anew, after everything else.
    expect(asked.findIndex(([piece]) => piece === own[0]?.[0])).toBe(asked.length - 2);
    expect(new Set(asked.slice(-2).map(String))).toEqual(new Set(own.map(String)));
  });

  test('parole: who rejects instead of delivering does not hold its piece back from others', () => {
    const { lab, honest, liar, small } = onParole();
    const other = lab.peer({ id: 'other', has: 'all' });
    lab.say(other, UNCHOKE);
    for (let i = 0; i < 20 && !lab.status.complete; i += 1) {
      for (const conn of [honest, liar]) {
        for (const asked of lab.requests(conn)) {
          lab.say(
            conn,
            message(
              16,
              ...asked.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]),
            ),
          );
        }
      }
      for (const asked of lab.requests(other)) lab.give(other, small, asked);
      lab.pass(1);
    }
    expect(lab.status.complete).toBe(true);
  });

  test('parole: a piece that another began and left is finished, though all that are left are on parole', () => {
    const { lab, honest, liar, small } = onParole(false);
    lab.say(honest, CHOKE);
    lab.say(liar, CHOKE);
    const third = lab.peer({ id: 'third', has: 'all' });
    lab.say(third, UNCHOKE);
    const [first] = lab.requests(third) as [Request];
    lab.give(third, small, first);
    lab.disconnected(third);
    lab.requests(honest);
    lab.say(honest, UNCHOKE);
    for (let i = 0; i < 10; i += 1) for (const asked of lab.requests(honest)) lab.give(honest, small, asked);
    expect(lab.status.complete).toBe(true);
  });

  test('parole: who delivers, if slowly, keeps its piece till the end (a block every 20 s, all asked for at once)', () => {
    const long = makeTorrent({ totalBytes: 4 * BLOCK, pieceLength: 4 * BLOCK });
    const lab = new Lab({ metainfo: long.metainfo });
    const honest = lab.peer({ id: 'honest', has: 'all' });
    const liar = lab.peer({ id: 'liar', has: 'all' });
    lab.say(honest, UNCHOKE);
    lab.say(liar, UNCHOKE);
    for (const asked of lab.requests(honest).slice(0, 3)) lab.give(honest, long.data, asked);
    lab.disconnected(honest);
    for (const asked of lab.requests(liar))
      lab.give(
        liar,
        long.data.map((byte) => byte ^ 1),
        asked,
      );
    expect(lab.count('paroleStarted')).toBeGreaterThan(0);
    const asked = lab.requests(liar);
    expect(asked).toHaveLength(4);
    for (const request of asked) {
      lab.pass(20);
      lab.give(liar, long.data, request);
    }
    expect(lab.count('requestTimedOut')).toBe(0);
    expect(lab.status.complete).toBe(true);
  });
});
