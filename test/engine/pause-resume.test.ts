// Pause keeps before it cuts, resume goes on where it was: nothing that was received is asked for again, in this run or the next.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeResume, encodeResume, type ResumeData } from '#engine';
import { BLOCK, equalBytes, Lab, makeTorrent, message, u32 } from './lab.ts';

const { metainfo, data } = makeTorrent({
  totalBytes: 9 * 3 * BLOCK + 1,
  pieceLength: 3 * BLOCK,
  trackers: [['http://one/announce']],
});
const BLOCKS = 28;
const UNCHOKE = message(1);
const PEERS = [1, 2, 3].map((port) => ({ host: '10.0.0.9', port }));
const ALL = Uint8Array.of(0xff, 0b1100_0000);

interface Shape {
  readonly given: number;
  readonly partBytes: number;
  readonly peers: number;
  readonly fast: boolean;
  readonly seed: number;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  given: fc.integer({ min: 0, max: BLOCKS - 1 }),
  partBytes: fc.integer({ min: 0, max: BLOCK - 1 }),
  peers: fc.integer({ min: 1, max: 3 }),
  fast: fc.boolean(),
  seed: fc.nat(1_000),
});

/** Takes every dial that is open, as peers that have everything and unchoke. Returns their connections. */
function connect(lab: Lab, from: number, fast: boolean): number[] {
  return lab.dials.slice(from).map(({ conn, address }) => {
    lab.peer({ dial: conn, id: `peer ${address.port}`, fast, has: ALL });
    lab.say(conn, UNCHOKE);
    return conn;
  });
}

/** Gives blocks in turn until `count` were given; the blocks given, and a request that is left. */
function give(
  lab: Lab,
  conns: readonly number[],
  count: number,
): { given: string[]; left: [number, [number, number, number]][] } {
  const left: [number, [number, number, number]][] = [];
  const given: string[] = [];
  for (let idle = 0; idle < 3; ) {
    for (const conn of conns)
      if (!lab.closed.has(conn)) for (const asked of lab.requests(conn)) left.push([conn, asked]);
    const next = given.length < count ? left.shift() : undefined;
    if (next === undefined) idle += 1;
    else if (!lab.closed.has(next[0]) && !given.includes(String(next[1]))) {
      lab.give(next[0], data, next[1]);
      given.push(String(next[1]));
    }
  }
  return { given, left };
}

/** Begins a block and does not end it. */
function beginBlock(
  lab: Lab,
  conn: number,
  [piece, begin, length]: readonly [number, number, number],
  bytes: number,
): void {
  const at = piece * 3 * BLOCK + begin;
  const part = data.subarray(at, at + Math.min(bytes, length - 1));
  lab.say(conn, [...u32(9 + length), 7, ...u32(piece), ...u32(begin), ...part]);
}

/** A torrent that was given some blocks by several peers, and paused in the middle of the next. */
function paused({ given, partBytes, peers, fast, seed }: Shape): {
  readonly lab: Lab;
  readonly received: readonly string[];
} {
  const lab = new Lab({ metainfo, seed: String(seed), add: { peers: PEERS.slice(0, peers) } });
  lab.announced({});
  const conns = connect(lab, 0, fast);
  const { given: received, left } = give(lab, conns, given);
  const next = left.find(([, asked]) => !received.includes(String(asked)));
  if (next) beginBlock(lab, next[0], next[1], partBytes);
  lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
  lab.run();
  return { lab, received };
}

function expectOnlyTheRest(lab: Lab, from: number, shapeOf: Shape, received: readonly string[]): void {
  const conns = connect(lab, from, shapeOf.fast);
  expect(conns.length).toBe(shapeOf.peers);
  const again = give(lab, conns, BLOCKS).given;
  expect(again.filter((asked) => received.includes(asked))).toEqual([]);
  expect(again.length).toBe(BLOCKS - received.length);
  expect(lab.status.complete).toBe(true);
  expect(equalBytes(lab.disk, data)).toBe(true);
}

/** Length of the file as a file system reports it that grows with what is written. */
function grownLength(lab: Lab): number {
  return lab.onDisk.lastIndexOf(1) + 1;
}

describe('pause', () => {
  test('pause: what rests has no rate, though it had one a moment ago', () => {
    const lab = new Lab({ metainfo, add: { peers: [{ host: '10.0.0.1', port: 6881 }] } });
    const conns = connect(lab, 0, true);
    give(lab, conns, 3);
    lab.pass(2);
    expect(lab.status.downloadBps).toBeGreaterThan(0);
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(lab.status).toMatchObject({ downloadBps: 0, uploadBps: 0 });
    expect(lab.status.downloadedBytes).toBeGreaterThan(0);
  });

  test('pause: keeps what was received, says stopped, closes, remembers (any point, any peers)', () => {
    fc.assert(
      fc.property(shape, (drawn) => {
        const { lab, received } = paused(drawn);
        expect(lab.announces.map(({ request }) => request.event)).toEqual(['stopped']);
        expect(lab.status).toMatchObject({ state: 'paused', peers: [], knownPeers: drawn.peers });
        const saved = lab.saved.at(-1) as ResumeData;
        expect(saved.paused).toBe(true);
        expect(saved.peers.every((peer) => peer.seed && peer.bitfield?.[0] === 0xff)).toBe(true);
        let kept = 0;
        for (let bit = 0; bit < 10; bit += 1) {
          if (((saved.flushed[bit >>> 3] as number) & (0x80 >>> (bit & 7))) !== 0) kept += bit === 9 ? 1 : 3;
        }
        for (const { blocks } of saved.partials)
          for (let bits = blocks[0] as number; bits > 0; bits &= bits - 1) kept += 1;
        expect(kept).toBe(received.length);
      }),
      { numRuns: 60 },
    );
  });

  test('resume: asks only for what is missing, of the peers it knew (same run)', () => {
    fc.assert(
      fc.property(shape, (drawn) => {
        const { lab, received } = paused(drawn);
        const from = lab.dials.length;
        lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
        lab.run();
        expectOnlyTheRest(lab, from, drawn, received);
      }),
      { numRuns: 60 },
    );
  });

  test('resume: so it is in a new run, whose file is as long as what was written', () => {
    fc.assert(
      fc.property(shape, (drawn) => {
        const { lab, received } = paused(drawn);
        const decoded = decodeResume(encodeResume(lab.saved.at(-1) as ResumeData), metainfo);
        if (!decoded.ok) throw new Error(decoded.detail);
        const length = grownLength(lab);
        const next = new Lab({
          metainfo,
          disk: lab.disk,
          onDisk: lab.onDisk,
          add: { resume: decoded.value, fileLengths: [length === 0 ? -1 : length] },
        });
        expect(next.count('checkStarted')).toBe(0);
        expectOnlyTheRest(next, 0, drawn, received);
      }),
      { numRuns: 60 },
    );
  });

  test('resume: a remembered bitfield is never a reason to ask (a seed that came back with nothing)', () => {
    const { lab } = paused({ given: 5, partBytes: 9, peers: 1, fast: false, seed: 1 });
    const from = lab.dials.length;
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    const { conn } = lab.dials[from] as { conn: number };
    lab.peer({ dial: conn, id: 'peer 1', fast: false });
    lab.say(conn, UNCHOKE);
    expect(lab.requests(conn)).toEqual([]);
    expect(lab.status.peers[0]).toMatchObject({ amInterested: false, pieces: 0 });
  });

  test('resume: what was remembered outlives a connection that ended before it said anything', () => {
    const { lab } = paused({ given: 5, partBytes: 0, peers: 1, fast: false, seed: 1 });
    const from = lab.dials.length;
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    lab.peer({ dial: (lab.dials[from] as { conn: number }).conn, id: 'peer 1', fast: false });
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(lab.saved.at(-1)?.peers[0]).toMatchObject({ seed: true, bitfield: ALL });
  });

  test('resume: dials the peer that gave most first', () => {
    const lab = new Lab({ metainfo, add: { peers: PEERS }, settings: { dialsMax: 3 } });
    const conns = connect(lab, 0, true);
    const generous = conns[2] as number;
    for (const asked of lab.requests(generous)) lab.give(generous, data, asked);
    lab.pass(1);
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    expect(lab.dials.at(3)?.address.port).toBe(3);
  });
});

describe('restart', () => {
  test.each([0, 1, 3 * BLOCK - 1, 3 * BLOCK, 3 * BLOCK + 1, 27 * BLOCK, 27 * BLOCK + 1])(
    'restart: claims that the file is too short for are dropped (%i bytes), the others believed',
    (length) => {
      const resume = {
        infoHash: metainfo.infoHash,
        flushed: ALL,
        unsynced: new Uint8Array(2),
        partials: [],
        uploadedBytes: 1,
        downloadedBytes: 2,
        paused: true,
        sequential: false,
        filePriorities: [4],
        peers: [],
      } as ResumeData;
      const lab = new Lab({ metainfo, disk: data, add: { resume, fileLengths: [length], paused: true } });
      expect(lab.status.havePieces).toBe(length === data.length ? 10 : Math.floor(length / (3 * BLOCK)));
      expect(lab.count('checkStarted')).toBe(0);
    },
  );
});
