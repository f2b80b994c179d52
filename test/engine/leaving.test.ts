// Removing, pausing, re-checking and shutting down in every phase: what was received is kept or given back, nothing is left outstanding,
// and `stopped` comes last.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command } from '#engine';
import { BLOCK, equalBytes, Lab, makeTorrent, message } from './lab.ts';

const { metainfo, data } = makeTorrent({
  totalBytes: 8 * BLOCK,
  pieceLength: 2 * BLOCK,
  trackers: [['http://one/announce']],
});
const UNCHOKE = message(1);
type Simple = 'pause' | 'resume' | 'remove' | 'recheck';

function command(lab: Lab, kind: Simple | 'shutdown'): void {
  const full = (kind === 'shutdown' ? { kind } : { kind, torrent: lab.torrent }) as Command;
  lab.engine.command(lab.now, full);
  lab.run();
}

/** Answers every announce that is outstanding. */
function answerAnnounces(lab: Lab): void {
  while (lab.announces.length > 0) lab.announced({});
}

const PHASES: { readonly name: string; readonly reach: () => Lab }[] = [
  {
    name: 'checking',
    reach: () => {
      const lab = new Lab({ metainfo, disk: data, add: { paused: true } });
      lab.holding.add('checkPieces');
      command(lab, 'resume');
      expect(lab.status.state).toBe('checking');
      return lab;
    },
  },
  {
    name: 'active, with blocks of unfinished pieces, a piece being hashed and one being written',
    reach: () => {
      const lab = new Lab({ metainfo });
      answerAnnounces(lab);
      const seed = lab.peer({ has: 'all' });
      lab.say(seed, UNCHOKE);
      const asked = [...lab.requests(seed)];
      lab.holding.add('writeBlocks');
      for (const next of asked.splice(0, 2)) lab.give(seed, data, next);
      lab.holding.add('hashPiece');
      asked.push(...lab.requests(seed));
      for (const next of asked.splice(0, 2)) lab.give(seed, data, next);
      asked.push(...lab.requests(seed));
      lab.give(seed, data, asked.shift() as [number, number, number]);
      expect(lab.held.length).toBe(2);
      return lab;
    },
  },
  {
    name: 'leaving',
    reach: () => {
      const lab = new Lab({ metainfo });
      const seed = lab.peer({ has: 'all' });
      lab.say(seed, UNCHOKE);
      lab.holding.add('writeBlocks');
      lab.give(seed, data, lab.requests(seed)[0] as [number, number, number]);
      command(lab, 'pause');
      expect(lab.status.state).toBe('pausing');
      return lab;
    },
  },
  {
    name: 'resting',
    reach: () => {
      const lab = new Lab({ metainfo, add: { paused: true } });
      expect(lab.status.state).toBe('paused');
      return lab;
    },
  },
];

function addAgain({ engine, now }: Lab) {
  return engine.add(now, {
    metainfo,
    resume: null,
    fileLengths: [-1],
    paused: true,
    check: 'trust',
    peers: [],
    useTrackers: false,
  });
}

describe('leaving', () => {
  test.each(PHASES)('remove: takes the torrent out, gives all memory back ($name)', ({ reach }) => {
    const lab = reach();
    command(lab, 'remove');
    lab.holding.clear();
    lab.release();
    answerAnnounces(lab);
    expect(lab.engine.status(lab.torrent)).toBe(null);
    expect(lab.count('torrentRemoved')).toBe(1);
    expect(addAgain(lab)).toEqual({ ok: true, value: lab.torrent });
    lab.run();
  });

  test('remove: the id is given again only when the end of its torrent was drained', () => {
    const lab = new Lab({ metainfo, add: { paused: true } });
    const { engine, now, torrent } = lab;
    engine.command(now, { kind: 'remove', torrent });
    expect(engine.status(torrent)).toBe(null);
    expect(addAgain(lab)).toEqual({ ok: true, value: torrent + 1 });
    expect(lab.count('torrentRemoved')).toBe(0);
    engine.command(now, { kind: 'remove', torrent: torrent + 1 });
    lab.run();
    expect(lab.count('torrentRemoved')).toBe(2);
    expect(addAgain(lab)).toEqual({ ok: true, value: torrent });
    lab.run();
  });

  test.each(PHASES)('shutdown: flushes, saves, says stopped last ($name)', ({ reach }) => {
    const lab = reach();
    command(lab, 'shutdown');
    lab.holding.clear();
    lab.release();
    answerAnnounces(lab);
    expect(lab.count('stopped')).toBe(1);
    expect(lab.events.at(-1)?.name).toBe('stopped');
    expect(lab.status.peers).toEqual([]);
    lab.pass(60);
    expect(lab.events.at(-1)?.name).toBe('stopped');
    expect(lab.engine.nextTimeout()).toBe(null);
  });

  test.each(PHASES)('shutdown: is not held up by a torrent that is being removed ($name)', ({ reach }) => {
    const lab = reach();
    command(lab, 'remove');
    command(lab, 'shutdown');
    answerAnnounces(lab);
    lab.holding.clear();
    lab.release();
    answerAnnounces(lab);
    expect(lab.count('stopped')).toBe(1);
  });

  test('shutdown: without a torrent it is over at once', () => {
    const lab = new Lab({ metainfo, add: { paused: true } });
    command(lab, 'remove');
    command(lab, 'shutdown');
    expect(lab.count('stopped')).toBe(1);
  });

  test('shutdown: closes who has named no torrent, and takes in nobody', () => {
    const lab = new Lab({ metainfo });
    answerAnnounces(lab);
    const silent = lab.incoming();
    command(lab, 'shutdown');
    answerAnnounces(lab);
    expect(lab.closed.has(silent)).toBe(true);
    expect(lab.events.at(-1)?.name).toBe('stopped');
    expect(lab.closed.has(lab.incoming())).toBe(true);
  });

  test('recheck: is not forgotten when the torrent is paused at once', () => {
    const lab = new Lab({ metainfo, disk: data });
    answerAnnounces(lab);
    lab.disk.fill(0xff, 0, 1);
    lab.holding.add('saveResume');
    command(lab, 'recheck');
    command(lab, 'pause');
    lab.holding.clear();
    lab.release();
    answerAnnounces(lab);
    expect(lab.status).toMatchObject({ state: 'paused', havePieces: 3 });
  });

  test('leaving: any order of commands, answers and time ends well and keeps every law', () => {
    const step = fc.constantFrom('pause', 'resume', 'recheck', 'release', 'give', 'announce', 'fault', 'second');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, remove) => {
        const lab = new Lab({ metainfo });
        for (const kind of ['hashPiece', 'writeBlocks', 'sync', 'saveResume', 'checkPieces']) lab.holding.add(kind);
        let peers = 0;
        for (const what of steps) {
          if (what === 'release') lab.release();
          else if (what === 'announce') answerAnnounces(lab);
          else if (what === 'fault') lab.writeFault = lab.writeFault === null ? 'failed' : null;
          else if (what === 'second') lab.pass(1);
          else if (what === 'give') {
            peers += 1;
            const conn = lab.peer({ id: `peer ${peers}`, has: 'all', fast: peers % 2 === 0 });
            lab.say(conn, UNCHOKE);
            for (const asked of lab.requests(conn).slice(0, 3)) lab.give(conn, data, asked);
          } else command(lab, what as Simple);
        }
        lab.writeFault = null;
        lab.holding.clear();
        lab.release();
        answerAnnounces(lab);
        if (remove) command(lab, 'remove');
        command(lab, 'shutdown');
        for (let i = 0; i < 5; i += 1) answerAnnounces(lab);
        expect(lab.count('stopped')).toBe(1);
        expect(lab.engine.status(lab.torrent) === null).toBe(remove);
        const claimed = lab.saved.at(-1)?.flushed[0] ?? 0;
        for (let piece = 0; piece < 4 && !remove; piece += 1) {
          if (((claimed << piece) & 0x80) === 0) continue;
          const [from, to] = [piece * 2 * BLOCK, (piece + 1) * 2 * BLOCK];
          expect(equalBytes(lab.disk.subarray(from, to), data.subarray(from, to))).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});
