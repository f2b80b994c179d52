// A simulated node's life, recorded and run again.

import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Engine, type EventName, Replay, ReplayError, type Sink } from '#engine';
import { Random } from '#harness';
import { JournalError, JournalReader, JournalWriter } from '#harness/journal';
import { scenarios } from '#scenarios';
import { runScenario } from '#sim';
import { changed } from '../../scenarios/canaries/planted-bug.ts';
import { Bytes } from '../harness/journal-bytes.ts';

/** What a node's life must hold to be worth looking at. */
const PLAYED: readonly (readonly [name: string, mark: EventName])[] = [
  ['pause-resume', 'paused'],
  ['parole', 'blameAssigned'],
  ['end-game', 'endGameCancel'],
  ['crash-restart', 'downloadCompleted'],
  ['disk-full', 'diskFull'],
  ['resume-check', 'checkFinished'],
];
const NODES_MAX = 12;
const HEADER = { build: 'test', about: {} };

/** The journal of one node of a scenario's run with seed 1. */
function recorded(name: string, node: number): { readonly digest: string; readonly bytes: Uint8Array } {
  const scenario = scenarios.find((candidate) => candidate.name === name)!;
  const file = new Bytes();
  const log = new JournalWriter(file.write, HEADER);
  const { result } = runScenario(scenario, 1, {}, { journal: { node, log } });
  log.flush();
  return { digest: result.digest, bytes: file.bytes };
}

/** The first node's in whose life the mark is, after the seeds. */
function recordedWith(name: string, mark: EventName) {
  for (let node = 2; node <= NODES_MAX; node += 1) {
    const life = recorded(name, node);
    let seen = false;
    const look = (event: EventName) => {
      seen ||= event === mark;
    };
    replayed(life.bytes, { wrap: (engine) => drainedThrough(engine, (sink) => listening(sink, look)) });
    if (seen) return life;
  }
  throw new Error(`no node of ${name} sees ${mark}`);
}

function listening(sink: Sink, look: (name: EventName) => void): Partial<Sink> {
  return {
    event: (name, torrent, a, b) => {
      look(name);
      sink.event(name, torrent, a, b);
    },
  };
}

interface Looks {
  readonly wrap?: (engine: Engine) => Engine;
  readonly explain?: boolean;
}

function replayOf(bytes: Uint8Array, { wrap, explain = false }: Looks = {}): Replay {
  const random = (seed: string) => new Random(seed);
  return new Replay(new JournalReader(bytes), { random, explain, ...(wrap === undefined ? {} : { wrap }) });
}

function replayed(bytes: Uint8Array, looks: Looks = {}): Replay {
  const replay = replayOf(bytes, looks);
  replay.run(Infinity);
  return replay;
}

/** The engine whose outputs pass through `change`. */
function drainedThrough(engine: Engine, change: (sink: Sink) => Partial<Sink>): Engine {
  return changed(engine, { drain: (sink) => engine.drain(changed(sink, change(sink))) });
}

describe('journal: a simulated node is run again with every output equal, and recording changes nothing', () => {
  test.each(PLAYED)('journal: %s (a node that sees %s)', (name, mark) => {
    const { digest, bytes } = recordedWith(name, mark);
    const scenario = scenarios.find((candidate) => candidate.name === name)!;
    expect(digest).toBe(runScenario(scenario, 1).result.digest);
    for (const looks of [{}, { explain: true }]) {
      const { divergence, broke, outputCount, ended } = replayed(bytes, looks);
      expect({ divergence, broke, ended }).toEqual({ divergence: null, broke: null, ended: true });
      expect(outputCount).toBeGreaterThan(0);
    }
  });

  test('journal: the lives of one node, between its crashes, are one journal (crash-restart)', () => {
    const { engineCount, divergence, ended } = replayed(recorded('crash-restart', 2).bytes);
    expect({ divergence, ended }).toEqual({ divergence: null, ended: true });
    expect(engineCount).toBeGreaterThan(1);
  });
});

describe('journal: what was changed in the engine is named', () => {
  const { bytes } = recordedWith('end-game', 'endGameCancel');

  test('journal: an output that is changed is the first divergence, with its time, input and both sides', () => {
    let unchokes = 0;
    let changedAt = -1;
    const wrap = (engine: Engine) =>
      drainedThrough(engine, (sink) => ({
        event: (name, torrent, a, b) => {
          if (name === 'unchoked') unchokes += 1;
          const change = name === 'unchoked' && unchokes === 2;
          if (change) changedAt = replay.now;
          sink.event(name, torrent, change ? a + 1 : a, b);
        },
      }));
    const replay = replayOf(bytes, { wrap });
    replay.run(Infinity);
    expect(changedAt).toBeGreaterThan(0);
    expect(replay.divergence).toMatchObject({ at: changedAt, input: replay.inputCount });
    expect(replay.divergence?.recorded).toMatch(/^output \d+: event with another content$/);
    expect(replay.divergence?.replayed).toMatch(/^output \d+: event\(unchoked, 0, \d+, \d\)$/);
    expect(replay.divergence?.inputs.join()).toMatch(/^(received|tick|connected|disconnected|blockRead|pieceHashed)/);
  });

  test('journal: an output that is missing is named by its kind', () => {
    const wrap = (engine: Engine) => drainedThrough(engine, () => ({ announce: () => undefined }));
    const { divergence } = replayed(bytes, { wrap });
    expect(divergence?.recorded).toMatch(/^output \d+: announce$/);
    expect(divergence?.replayed).not.toMatch(/announce\(/);
  });

  test('journal: an input that is handled otherwise shows in what follows', () => {
    const wrap = (engine: Engine) => changed(engine, { pieceHashed: (now, job) => engine.pieceHashed(now, job, null) });
    expect(replayed(bytes, { wrap }).divergence?.inputs.join()).toMatch(/pieceHashed\(job \d+\)/);
  });

  test('journal: an engine that breaks where the recorded one did not is a divergence', () => {
    const wrap = (engine: Engine) =>
      changed(engine, {
        tick: () => {
          throw new Error('planted');
        },
      });
    const { divergence } = replayed(bytes, { wrap });
    expect(divergence).toMatchObject({ recorded: 'the engine went on', replayed: 'Error: planted' });
  });
});

test('journal: what stands inside at an instant is shown, with the reasons (end-game, a leecher)', () => {
  const replay = replayOf(recordedWith('end-game', 'endGameCancel').bytes, { explain: true });
  const rules = new Set<string>();
  for (let at = 0; !replay.ended; at += 5_000) {
    replay.run(at);
    expect(replay.now).toBeLessThanOrEqual(at);
    for (const { picks, choke } of replay.engine?.inspect(0)?.peers ?? []) {
      for (const { rule } of picks) rules.add(rule);
      if (choke !== null) rules.add(choke.rule);
    }
  }
  expect([...rules]).toEqual(expect.arrayContaining(['rarestFirst', 'partial', 'endGame', 'rate', 'freeSlot']));
});

test('journal: a journal from a stranger ends in a verdict or one line, never a crash (one value of any entry changed)', () => {
  const { bytes } = recordedWith('parole', 'blameAssigned');
  const payloadFrom = framesOf(bytes).at(1)!.from;
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const at = payloadFrom + (place % (bytes.length - payloadFrom));
      const changed = bytes.with(at, bytes[at]! ^ change);
      for (const { from, to } of framesOf(bytes)) {
        if (at < from || at >= to) continue;
        new DataView(changed.buffer).setUint32(from - 4, crc32(changed.subarray(from, to)), true);
        try {
          replayed(changed);
        } catch (error) {
          expect(error instanceof JournalError || error instanceof ReplayError, String(error)).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** Payloads of the frames, the header's first. */
function framesOf(bytes: Uint8Array): { readonly from: number; readonly to: number }[] {
  const frames = [];
  for (let at = 9; at < bytes.length; ) {
    const to = at + 8 + new DataView(bytes.buffer).getUint32(at, true);
    frames.push({ from: at + 8, to });
    at = to;
  }
  return frames;
}
