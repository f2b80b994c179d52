// Datagrams alone: what is sent is delivered, lost or under way, and the lines, knobs and partitions do to it what they say.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Clock, type DatagramFaults, Datagrams, type Link, Random, Trace } from '../../harness/index.ts';
import { DATAGRAM_BYTES_MAX } from '../../harness/network/datagrams.ts';
import { Links } from '../../harness/network/links.ts';
import { LINK } from './network-world.ts';

const HEADER_BYTES = 28;

class World {
  readonly clock = new Clock();
  readonly trace = new Trace();
  readonly links = new Links();
  readonly datagrams: Datagrams;
  readonly got: { readonly at: number; readonly to: number; readonly from: number; readonly bytes: number[] }[] = [];

  constructor(faults: Partial<DatagramFaults> = {}, links: readonly Partial<Link>[] = [{}, {}], seed = 1) {
    const { clock, trace } = this;
    this.datagrams = new Datagrams({
      links: this.links,
      clock,
      random: new Random(seed),
      trace,
      faults,
      handler: (to, from, bytes) => this.got.push({ at: clock.now, to, from, bytes: [...bytes] }),
    });
    for (const link of links) this.datagrams.setListening(this.links.add({ ...LINK, ...link }), true);
  }

  run(seconds: number): void {
    this.clock.run(this.clock.now + seconds * 1e6);
    this.datagrams.checkConservation();
  }
}

test('datagrams: one arrives whole after its time on the line and both latencies', () => {
  const world = new World();
  const bytes = Uint8Array.of(1, 2, 3);
  world.datagrams.send(0, 1, bytes);
  bytes.fill(9);
  expect(world.datagrams.underWay).toBe(1);
  world.run(1);
  expect(world.got).toEqual([{ at: 20_000 + (bytes.length + HEADER_BYTES), to: 1, from: 0, bytes: [1, 2, 3] }]);
});

test('datagrams: none, and the largest, pass; one byte over is refused', () => {
  const world = new World({}, [
    { upBps: Infinity, downBps: Infinity },
    { upBps: Infinity, downBps: Infinity },
  ]);
  world.datagrams.send(0, 1, new Uint8Array(0));
  world.datagrams.send(0, 1, new Uint8Array(DATAGRAM_BYTES_MAX));
  expect(() => world.datagrams.send(0, 1, new Uint8Array(DATAGRAM_BYTES_MAX + 1))).toThrow(RangeError);
  world.run(1);
  expect(world.got.map(({ bytes }) => bytes.length)).toEqual([0, DATAGRAM_BYTES_MAX]);
});

test('datagrams: they keep their order on a line without jitter and take turns on its rate (1,000 a second)', () => {
  const world = new World({}, [{ upBps: 1_000_000 }, {}]);
  for (let i = 0; i < 100; i += 1) world.datagrams.send(0, 1, new Uint8Array(972).fill(i));
  world.run(10);
  expect(world.got.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(world.got.at(-1)?.at).toBe(100 * 1_000 + 20_000);
});

test('datagrams: loss is real, near its rate, and nothing is sent again (3 % of 20,000)', () => {
  const world = new World({ lossPerMillion: 20_000 }, [{ lossPerMillion: 10_000 }, {}]);
  for (let i = 0; i < 20_000; i += 1) world.datagrams.send(0, 1, new Uint8Array(1));
  world.run(100);
  expect(world.datagrams.underWay).toBe(0);
  // Five deviations of the binomial.
  expect(Math.abs(world.datagrams.lost - 20_000 * 0.0298)).toBeLessThan(5 * Math.sqrt(20_000 * 0.0298 * 0.9702));
});

test('datagrams: those held back are overtaken, within the bound', () => {
  const world = new World({ reorderPerMillion: 300_000, reorderUs: 500_000 });
  for (let i = 0; i < 200; i += 1) {
    world.datagrams.send(0, 1, Uint8Array.of(i));
    world.run(0.01);
  }
  world.run(1);
  const order = world.got.map(({ bytes }) => bytes[0] as number);
  expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(order.some((sent, at) => at > 0 && sent < (order[at - 1] as number))).toBe(true);
  for (const { at, bytes } of world.got) expect(at - (bytes[0] as number) * 10_000).toBeLessThanOrEqual(520_100);
});

test('datagrams: a doubled one comes twice, and both are counted', () => {
  const world = new World({ duplicatePerMillion: 1_000_000, reorderUs: 1_000 });
  world.datagrams.send(0, 1, Uint8Array.of(7));
  world.run(1);
  expect(world.got.map(({ bytes }) => bytes)).toEqual([[7], [7]]);
  expect(world.datagrams).toMatchObject({ sent: 1, duplicated: 1, delivered: 2, lost: 0 });
});

test('datagrams: a partition loses one direction alone until it is healed', () => {
  const world = new World();
  const partition = world.links.partition([0], [1]);
  world.datagrams.send(0, 1, Uint8Array.of(1));
  world.datagrams.send(1, 0, Uint8Array.of(2));
  world.run(1);
  world.links.heal(partition);
  world.run(1);
  expect(world.got.map(({ bytes }) => bytes)).toEqual([[2]]);
  world.datagrams.send(0, 1, Uint8Array.of(3));
  world.run(1);
  expect(world.got.map(({ bytes }) => bytes)).toEqual([[2], [3]]);
});

test('datagrams: what reaches a node that does not listen is lost, also what was under way when it stopped', () => {
  const world = new World();
  world.datagrams.send(0, 1, Uint8Array.of(1));
  world.datagrams.setListening(1, false);
  world.run(1);
  expect(world.got).toEqual([]);
  expect(world.datagrams.lost).toBe(1);
  world.datagrams.send(1, 0, Uint8Array.of(2));
  world.run(1);
  expect(world.got.length).toBe(1);
});

test('datagrams: sent and doubled = delivered + lost + under way, contents unharmed, the same seed the same trace (any traffic)', () => {
  const sends = fc.array(fc.record({ from: fc.nat(3), to: fc.nat(3), length: fc.nat(2_000), waitMs: fc.nat(40) }), {
    maxLength: 60,
  });
  const faults = fc.record({
    lossPerMillion: fc.nat(300_000),
    reorderPerMillion: fc.nat(500_000),
    reorderUs: fc.nat(200_000),
    duplicatePerMillion: fc.nat(300_000),
  });
  fc.assert(
    fc.property(sends, faults, fc.nat(1000), (list, knobs, seed) => {
      const play = (): World => {
        const world = new World(knobs, [{ jitterUs: 5_000 }, { upBps: 20_000 }, { downBps: 20_000 }, {}], seed);
        for (const [index, { from, to, length, waitMs }] of list.entries()) {
          world.datagrams.send(from, to, new Uint8Array(length).fill(index));
          world.run(waitMs / 1000);
        }
        world.run(60);
        return world;
      };
      const world = play();
      expect(world.datagrams.underWay).toBe(0);
      for (const { to, from, bytes } of world.got) {
        const index = bytes[0] ?? -1;
        if (index === -1) continue;
        expect(list[index]).toMatchObject({ from, to, length: bytes.length });
        expect(new Set(bytes)).toEqual(new Set([index]));
      }
      expect(play().trace.digest()).toBe(world.trace.digest());
    }),
  );
});
