// The disk is full, fails to write, read, sync or save: what the torrent does, what it says of it, and how it goes on.

import { describe, expect, test } from 'vitest';
import { BLOCK, equalBytes, Lab, makeTorrent, message } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 8 * BLOCK, pieceLength: 2 * BLOCK });
const UNCHOKE = message(1);

function downloading(): { readonly lab: Lab; readonly seed: number } {
  const lab = new Lab({ metainfo });
  const seed = lab.peer({ has: 'all' });
  lab.say(seed, UNCHOKE);
  return { lab, seed };
}

/** Gives everything that the engine asks for. */
function feed(lab: Lab, seed: number, contents = data, rounds = 50): void {
  for (let round = 0; round < rounds; round += 1) {
    if (lab.closed.has(seed)) return;
    for (const asked of lab.requests(seed)) lab.give(seed, contents, asked);
  }
}

describe('disk full', () => {
  test('disk full: verified pieces wait, the error is said, and all goes on when there is room', () => {
    const { lab, seed } = downloading();
    lab.writeFault = 'full';
    feed(lab, seed);
    expect(lab.status.state).toBe('downloading');
    expect(lab.status.error).toContain('full');
    expect(lab.status.havePieces).toBe(0);
    const received = lab.count('blockReceived');
    lab.pass(35);
    feed(lab, seed);
    expect(lab.count('blockReceived')).toBe(received);
    lab.writeFault = null;
    lab.pass(11);
    expect(lab.status.error).toBe(null);
    expect(lab.count('diskRecovered')).toBe(1);
    feed(lab, seed);
    expect(lab.status.complete).toBe(true);
    expect(equalBytes(lab.disk, data)).toBe(true);
    expect(lab.count('blockReceived')).toBe(8);
  });

  test('disk full: the torrent can be paused, and ends up paused without what found no room', () => {
    const { lab, seed } = downloading();
    lab.writeFault = 'full';
    feed(lab, seed);
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(['paused', 'failed']).toContain(lab.status.state);
    expect(lab.status.havePieces).toBe(0);
    lab.writeFault = null;
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    const again = lab.peer({ id: 'again', has: 'all' });
    lab.say(again, UNCHOKE);
    feed(lab, again);
    expect(equalBytes(lab.disk, data)).toBe(true);
  });
});

describe('disk failure', () => {
  test.each(['failed', 'denied', 'missing'] as const)(
    'disk failure: a write that fails (%s) stops the torrent, says why, and resume goes on',
    (fault) => {
      const { lab, seed } = downloading();
      lab.writeFault = fault;
      feed(lab, seed);
      expect(lab.status.state).toBe('failed');
      expect(lab.status.error).not.toBe(null);
      expect(lab.closed.has(seed)).toBe(true);
      expect(lab.count('torrentFailed')).toBe(1);
      lab.writeFault = null;
      lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
      lab.run();
      expect(lab.status.error).toBe(null);
      const again = lab.peer({ id: 'again', has: 'all' });
      lab.say(again, UNCHOKE);
      feed(lab, again);
      expect(lab.status.state).toBe('seeding');
      expect(equalBytes(lab.disk, data)).toBe(true);
    },
  );

  test('disk failure: resume data that cannot be saved is saved later; nothing is flushed before', () => {
    const { lab, seed } = downloading();
    lab.saveFault = 'full';
    feed(lab, seed);
    expect(lab.status.complete).toBe(true);
    lab.pass(40);
    expect(lab.status.flushedBytes).toBe(0);
    lab.saveFault = null;
    lab.pass(40);
    expect(lab.status.flushedBytes).toBe(data.length);
    expect(lab.saved.at(-1)?.flushed).toEqual(Uint8Array.of(0b1111_0000));
  });

  test('disk failure: a piece whose hash cannot be computed is asked for again', () => {
    const { lab, seed } = downloading();
    lab.holding.add('hashPiece');
    feed(lab, seed);
    const answers = lab.held.splice(0);
    expect(answers.length).toBe(4);
    lab.holding.clear();
    lab.onDisk.fill(0);
    answers.forEach((answer) => answer());
    lab.run();
    expect(lab.status.complete).toBe(true);
  });

  test('disk failure: a skipped file with a failed piece of two contributors does no harm', () => {
    const small = makeTorrent({ totalBytes: 2 * BLOCK, pieceLength: 2 * BLOCK });
    const lab = new Lab({ metainfo: small.metainfo });
    const one = lab.peer({ id: 'one', has: 'all' });
    const two = lab.peer({ id: 'two', has: 'all' });
    lab.say(one, UNCHOKE);
    lab.say(two, UNCHOKE);
    const bad = Uint8Array.from(small.data, (byte) => byte ^ 1);
    lab.holding.add('hashBlocks');
    lab.give(one, bad, [0, 0, BLOCK]);
    lab.give(two, small.data, [0, BLOCK, BLOCK]);
    expect(lab.held.length).toBe(1);
    lab.engine.command(lab.now, { kind: 'filePriority', torrent: lab.torrent, file: 0, priority: 0 });
    lab.holding.clear();
    lab.release();
    expect(lab.status.havePieces).toBe(0);
    lab.engine.command(lab.now, { kind: 'filePriority', torrent: lab.torrent, file: 0, priority: 4 });
    lab.run();
    const late = lab.peer({ id: 'late', has: 'all' });
    lab.say(late, UNCHOKE);
    feed(lab, late, small.data);
    expect(equalBytes(lab.disk, small.data)).toBe(true);
  });
});

test('disk failure: after a failed sync nothing that was written is claimed; it is fetched again', () => {
  const { metainfo, data } = makeTorrent({ totalBytes: 4 * BLOCK, pieceLength: BLOCK });
  const lab = new Lab({ metainfo });
  lab.holding.add('sync');
  const seed = lab.peer({ has: 'all' });
  lab.say(seed, message(1));
  for (let i = 0; i < 4; i += 1) for (const asked of lab.requests(seed)) lab.give(seed, data, asked);
  expect(lab.status.complete).toBe(true);
  lab.writeFault = 'failed';
  lab.holding.clear();
  lab.release();
  expect(lab.status.state).toBe('failed');
  expect(lab.status.havePieces).toBe(0);
  expect(lab.saved.at(-1)?.flushed).toEqual(Uint8Array.of(0));
  expect(lab.saved.at(-1)?.unsynced).toEqual(Uint8Array.of(0));
  lab.writeFault = null;
  lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
  lab.run();
  expect(lab.status.state).toBe('downloading');
  expect(lab.status.error).toBe(null);
});

test('flushing: what is written while a sync is under way is synced after it, not half a minute later', () => {
  const { metainfo, data } = makeTorrent({ totalBytes: 2 * BLOCK, pieceLength: BLOCK });
  const lab = new Lab({ metainfo, settings: { resumeIntervalMs: 1_000 } });
  const seed = lab.peer({ has: 'all' });
  lab.say(seed, message(1));
  const [first, second] = lab.requests(seed) as [[number, number, number], [number, number, number]];
  lab.holding.add('sync');
  lab.give(seed, data, first);
  lab.pass(2);
  expect(lab.held.length).toBe(1);
  lab.give(seed, data, second);
  expect(lab.status.complete).toBe(true);
  lab.holding.clear();
  lab.release();
  expect(lab.status.flushedBytes).toBe(data.length);
});
