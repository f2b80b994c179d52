// CONFORMANCE 38: who is unchoked, in rounds of 10 s, 4 slots of which one is optimistic, and by a seed in turn or to the fastest.

import { describe, expect, test } from 'vitest';
import { BLOCK, Lab, makeTorrent, message, u32 } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 64 * BLOCK, pieceLength: 4 * BLOCK });
const UNCHOKE = message(1);
const INTERESTED = message(2);
type Request = [number, number, number];
/** A leecher that has the first piece, of which it is asked. */
const onDisk = new Uint8Array(data.length).fill(1, 0, 4 * BLOCK);
const leecher = { metainfo, disk: data, onDisk };

function unchoked(lab: Lab): number[] {
  return lab.status.peers.filter((peer) => !peer.amChoking).map((peer) => peer.conn);
}

function interested(lab: Lab, count: number, has: 'all' | 'none' = 'none'): number[] {
  return Array.from({ length: count }, (_, i) => {
    // What gives us blocks must not be a seed: it lacks the last piece.
    const bits = has === 'all' ? Uint8Array.of(0xff, 0xfe) : 'none';
    const conn = lab.peer({ id: `peer ${lab.events.length}-${i}`, has: bits });
    lab.say(conn, INTERESTED);
    return conn;
  });
}

const ask = (lab: Lab, conn: number) => lab.say(conn, message(6, ...u32(0), ...u32(0), ...u32(BLOCK)));

/** Lets `seconds` pass; nobody falls silent, or asks for anything. */
function wait(lab: Lab, conns: readonly number[], seconds: number): void {
  for (let second = 0; second < seconds; second += 1) {
    lab.pass(1);
    for (const conn of conns) lab.say(conn, u32(0));
  }
}

/** Lets `seconds` pass, in which whoever is unchoked takes a block now and then. */
function pass(lab: Lab, conns: readonly number[], seconds: number): void {
  for (let second = 0; second < seconds; second += 1) {
    for (const conn of unchoked(lab)) {
      ask(lab, conn);
      lab.engine.writable(lab.now, conn);
    }
    wait(lab, conns, 1);
  }
}

describe('conformance 38: choker', () => {
  test('conformance 38: at most four are unchoked, at once while slots are free', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conns = interested(lab, 9);
    expect(unchoked(lab)).toEqual(conns.slice(0, 4));
    for (let round = 0; round < 12; round += 1) {
      pass(lab, conns, 10);
      expect(unchoked(lab).length).toBe(4);
    }
  });

  test('conformance 38: a slot that falls free goes to who has waited longest', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conns = interested(lab, 6);
    lab.disconnected(conns[1] as number);
    expect(unchoked(lab)).toContain(conns[4]);
    lab.say(conns[0] as number, message(3));
    expect(unchoked(lab)).toEqual([2, 3, 4, 5].map((i) => conns[i]));
  });

  test('conformance 38: a seed serves everybody in turn (9 peers, 2 minutes)', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conns = interested(lab, 9);
    const served = new Set<number>();
    for (let round = 0; round < 12; round += 1) {
      pass(lab, conns, 10);
      for (const conn of unchoked(lab)) served.add(conn);
    }
    expect(served.size).toBe(9);
  });

  test('conformance 38: fastest first keeps the slots of who takes most', () => {
    const lab = new Lab({ metainfo, disk: data, settings: { seedChoke: 'fastestFirst' } });
    const conns = interested(lab, 9);
    const fast = conns.slice(0, 3);
    for (let second = 0; second < 60; second += 1) {
      for (const conn of fast) {
        lab.say(conn, message(6, ...u32(0), ...u32(0), ...u32(BLOCK)));
        lab.engine.writable(lab.now, conn);
      }
      pass(lab, conns, 1);
      expect(unchoked(lab)).toEqual(expect.arrayContaining(fast));
    }
  });

  test('conformance 38: tit for tat: who gives is unchoked within two rounds, and stays', () => {
    const lab = new Lab(leecher);
    const conns = interested(lab, 9, 'all');
    const givers = conns.slice(6);
    for (const conn of givers) lab.say(conn, UNCHOKE);
    const waiting: [number, Request][] = [];
    for (let second = 0; second < 40; second += 1) {
      for (const conn of givers) for (const asked of lab.requests(conn)) waiting.push([conn, asked]);
      if (second % 3 === 0) {
        for (const giver of givers) {
          const at = waiting.findIndex(([conn]) => conn === giver);
          if (at !== -1) for (const [conn, asked] of waiting.splice(at, 1)) lab.give(conn, data, asked);
        }
      }
      pass(lab, conns, 1);
      if (second > 20) expect(unchoked(lab)).toEqual(expect.arrayContaining(givers));
    }
    expect(lab.count('blockReceived')).toBeGreaterThan(30);
  });

  test('conformance 38: the optimistic slot moves every 30 s, a newcomer is drawn three times as likely', () => {
    let newcomers = 0;
    let draws = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const lab = new Lab({ ...leecher, seed: `choker ${seed}`, settings: { uploadSlots: 2 } });
      const giver = interested(lab, 1, 'all')[0] as number;
      lab.say(giver, UNCHOKE);
      const old = [giver, ...interested(lab, 2)];
      pass(lab, old, 35);
      for (const asked of lab.requests(giver)) lab.give(giver, data, asked);
      pass(lab, old, 4);
      const fresh = interested(lab, 1)[0] as number;
      expect(unchoked(lab)).not.toContain(fresh);
      const before = lab.events.length;
      pass(lab, [...old, fresh], 2);
      const drawn = lab.events.slice(before).filter((event) => event.name === 'unchoked' && event.b === 1);
      draws += 1;
      if (drawn.some((event) => event.a === fresh)) newcomers += 1;
    }
    expect(draws).toBe(200);
    // The giver has the regular slot. The other is drawn from the newcomer, of weight 3, and two old peers of weight 1: 3 of 5.
    expect(newcomers).toBeGreaterThan(100);
    expect(newcomers).toBeLessThan(140);
  });

  test('conformance 38: who snubs us loses its regular slot to others (anti-snubbing)', () => {
    const lab = new Lab({ ...leecher, settings: { uploadSlots: 2, requestTimeoutMs: 20_000 } });
    const snubber = interested(lab, 1, 'all')[0] as number;
    lab.say(snubber, UNCHOKE);
    const [first] = lab.requests(snubber) as [Request];
    lab.give(snubber, data, first);
    const others = interested(lab, 4);
    let held = 0;
    for (let second = 0; second < 120; second += 1) {
      pass(lab, [snubber, ...others], 1);
      if (second > 45 && unchoked(lab).includes(snubber)) held += 1;
    }
    expect(lab.count('peerSnubbed')).toBe(1);
    expect(held).toBeLessThan(75);
  });

  test('choker: without tit-for-tat a leecher takes turns, and who gives has no more of them than others', () => {
    const slotsOfGiver = (titForTat: boolean): number => {
      const lab = new Lab({ ...leecher, settings: { titForTat, uploadSlots: 2 } });
      const giver = interested(lab, 1, 'all')[0] as number;
      lab.say(giver, UNCHOKE);
      const others = interested(lab, 5);
      const waiting: Request[] = [];
      let held = 0;
      for (let second = 0; second < 150; second += 1) {
        pass(lab, [giver, ...others], 1);
        waiting.push(...lab.requests(giver));
        const request = second % 5 === 0 ? waiting.shift() : undefined;
        if (request !== undefined) lab.give(giver, data, request);
        if (unchoked(lab).includes(giver)) held += 1;
      }
      return held;
    };
    expect(slotsOfGiver(true)).toBeGreaterThan(110);
    expect(slotsOfGiver(false)).toBeLessThan(100);
  });

  test('conformance 38: the same seed draws the same peers', () => {
    const run = () => {
      const lab = new Lab({ metainfo, seed: 'same' });
      pass(lab, interested(lab, 9), 120);
      return lab.events.filter((event) => event.name === 'unchoked');
    };
    expect(run()).toEqual(run());
  });

  test('choker: who asks for nothing leaves its slot to others after two seconds, and may still ask until the next round', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conns = interested(lab, 9);
    const [first, second, third, fourth] = conns as [number, number, number, number];
    for (const conn of [first, second]) ask(lab, conn);
    wait(lab, conns, 1);
    expect(unchoked(lab)).toEqual(conns.slice(0, 4));
    wait(lab, conns, 1);
    expect(lab.events.filter(({ name }) => name === 'slotUnused').map(({ a }) => a)).toEqual([third, fourth]);
    expect(unchoked(lab)).toEqual(conns.slice(0, 6));
    const sent = lab.count('blockSent');
    ask(lab, third);
    expect(lab.count('blockSent')).toBe(sent + 1);
    wait(lab, conns, 8);
    expect(unchoked(lab).length).toBe(4);
    expect(unchoked(lab)).toEqual(expect.arrayContaining([first, second, third]));
    expect(unchoked(lab)).not.toContain(fourth);
  });

  test('choker: who asked keeps its slot for a turn, also when a block takes long', () => {
    const lab = new Lab({ metainfo, disk: data });
    const conns = interested(lab, 4);
    const slow = conns[0] as number;
    ask(lab, slow);
    wait(lab, conns, 29);
    const left = () => lab.events.filter(({ name }) => name === 'slotUnused').map(({ a }) => a);
    expect(left()).not.toContain(slow);
    wait(lab, conns, 3);
    expect(left()).toContain(slow);
  });

  test('choker: who left its slot unused waits half a minute longer than others, also after it connected again, until it asks', () => {
    const lab = new Lab({ metainfo, disk: data, settings: { uploadSlots: 1 } });
    const squatter = { id: 'squatter', host: '10.8.0.1' };
    const connect = () => {
      const conn = lab.peer(squatter);
      lab.say(conn, INTERESTED);
      return conn;
    };
    const before = connect();
    wait(lab, [before], 4);
    expect(lab.count('slotUnused')).toBe(1);
    lab.disconnected(before);
    const holder = interested(lab, 1)[0] as number;
    const again = connect();
    const patient = interested(lab, 1)[0] as number;
    ask(lab, holder);
    lab.say(holder, message(3));
    expect(unchoked(lab)).toEqual([patient]);
    lab.disconnected(patient);
    expect(unchoked(lab)).toEqual([again]);
    ask(lab, again);
    lab.disconnected(again);
    const honest = connect();
    expect(unchoked(lab)).toEqual([honest]);
    wait(lab, [honest], 1);
    expect(lab.count('slotUnused')).toBe(1);
  });

  test('choker: a slot more is given at once to who has waited (the command `places`)', () => {
    const lab = new Lab({ metainfo, settings: { uploadSlots: 1 } });
    const conns = interested(lab, 2);
    expect(unchoked(lab)).toEqual(conns.slice(0, 1));
    const places = { connectionsMax: 10, connectionsPerTorrentMax: 10 };
    lab.engine.command(lab.now, { kind: 'places', ...places, uploadSlots: 2 });
    lab.run();
    expect(unchoked(lab)).toEqual(conns);
  });
});
