import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Link } from '../../harness/index.ts';
import { LINK, World } from './network-world.ts';

const BLOCK = 16_384;
const bytes = (...values: number[]) => Uint8Array.from(values);

function pair(one: Partial<Link> = {}, other: Partial<Link> = {}, options = {}) {
  const world = new World(options);
  world.network.addNode({ ...LINK, ...one });
  world.network.addNode({ ...LINK, ...other });
  return world;
}

test('network: a dial costs one round trip, the other side knows half a trip later', () => {
  const world = pair();
  world.network.connect(0, 1);
  world.clock.run(1_000_000);
  expect(world.log).toEqual(['40000 connected 0', '60000 connected 1']);
});

test('network: a dial is refused after a round trip (nobody listens) or times out (crashed, partitioned one way)', () => {
  const refused = pair();
  refused.network.setListening(1, false);
  refused.network.connect(0, 1);
  refused.clock.run(1e7);
  expect(refused.log).toEqual(['40000 disconnected 0 refused']);

  const crashed = pair();
  crashed.network.crash(1, 0);
  crashed.network.connect(0, 1);
  crashed.clock.run(1e7);
  expect(crashed.log).toEqual(['5000000 disconnected 0 timeout']);

  const cut = pair();
  cut.network.links.partition([1], [0]);
  cut.network.connect(0, 1);
  cut.clock.run(1e7);
  expect(cut.log).toEqual(['5000000 disconnected 0 timeout']);
});

test('network: 100 blocks in a row take exactly their bytes over the uplink rate, and one latency', () => {
  const world = pair({ upBps: 300_000 });
  const end = world.connect(0, 1);
  const start = world.clock.now;
  for (let block = 0; block < 100; block += 1) world.network.sendPayload(end, block, BLOCK);
  world.network.flush();
  world.clock.run(1e9);
  expect(world.lastAt.get(end + 1)).toBe(start + Math.ceil((100 * BLOCK * 1e6) / 300_000) + 20_000);
  expect(world.got.get(end + 1)!.items).toHaveLength(100);
});

test('network: the downlink bounds the sum of ten fast senders', () => {
  const world = new World();
  const receiver = world.network.addNode({ ...LINK, downBps: 200_000 });
  const ends = Array.from({ length: 10 }, () =>
    world.connect(world.network.addNode({ ...LINK, upBps: Infinity }), receiver),
  );
  const start = world.clock.now;
  for (const end of ends) for (let block = 0; block < 10; block += 1) world.network.sendPayload(end, block, BLOCK);
  world.network.flush();
  world.clock.run(1e9);
  const took = Math.max(...ends.map((end) => world.lastAt.get(end + 1)!)) - start - 20_000;
  expect(took).toBeGreaterThanOrEqual((99 * BLOCK * 1e6) / 200_000);
  expect(took).toBeLessThanOrEqual((101 * BLOCK * 1e6) / 200_000);
});

test('network: blocks of several connections take turns, one each', () => {
  const world = new World();
  const sender = world.network.addNode(LINK);
  const ends = [1, 2, 3].map(() => world.connect(sender, world.network.addNode(LINK)));
  const order: number[] = [];
  world.onPayload = (end) => order.push(end - 1);
  for (const end of ends) for (let block = 0; block < 4; block += 1) world.network.sendPayload(end, block, BLOCK);
  world.network.flush();
  world.clock.run(1e9);
  expect(order).toEqual([...ends, ...ends, ...ends, ...ends]);
});

test('network: a message passes the blocks of other connections, and no byte of its own', () => {
  const world = new World();
  const sender = world.network.addNode(LINK);
  const busy = world.connect(sender, world.network.addNode(LINK));
  const idle = world.connect(sender, world.network.addNode(LINK));
  const start = world.clock.now;
  for (let block = 0; block < 5; block += 1) world.network.sendPayload(busy, block, BLOCK);
  world.network.send(busy, bytes(9));
  world.network.send(idle, bytes(7));
  world.network.flush();
  world.clock.run(1e9);
  expect(world.lastAt.get(idle + 1)).toBe(start + 20_001);
  expect(world.got.get(busy + 1)!.items.at(-1)).toBe(9);
});

test('network: writable comes when at most one block has not left', () => {
  const world = pair();
  const end = world.connect(0, 1);
  const start = world.clock.now;
  const at: number[] = [];
  world.onWritable = () => at.push(world.clock.now - start);
  for (let block = 0; block < 4; block += 1) world.network.sendPayload(end, block, BLOCK);
  world.network.flush();
  world.clock.run(1e9);
  expect(at).toEqual([3 * BLOCK, 4 * BLOCK]);
});

test('network: many small messages are told as writable too (every 16 KiB)', () => {
  const world = pair();
  const end = world.connect(0, 1);
  let count = 0;
  world.onWritable = () => (count += 1);
  for (let message = 0; message < 1_024; message += 1) {
    world.network.send(end, new Uint8Array(33));
    world.network.flush();
  }
  world.clock.run(1e9);
  expect(count).toBe(2);
});

/** One side asks for q blocks and for another at each arrival: the rate that comes of it, in bits per second. */
function pipelineRate(depth: number): number {
  const world = pair(
    { upBps: 1.25e6, latencyUs: 50_000 },
    { downBps: 1.25e6, latencyUs: 50_000 },
    { windowBytesMax: 2 ** 22 },
  );
  const sender = world.connect(0, 1);
  let received = 0;
  world.onReceived = (end, requests) => {
    if (end === sender)
      for (let block = 0; block < requests.length; block += 1) world.network.sendPayload(sender, 1, BLOCK);
  };
  world.onPayload = (_end, length) => {
    received += length;
    if (received % BLOCK === 0) world.network.send(sender + 1, bytes(1));
  };
  world.network.send(sender + 1, new Uint8Array(depth));
  world.network.flush();
  world.clock.run(world.clock.now + 20e6);
  received = 0;
  world.clock.run(world.clock.now + 100e6);
  return (received * 8) / 100;
}

test('network: rate = min(C, qB / (RTT + B/C)) within 3 % (C = 10 Mb/s, RTT 200 ms; q = 1, 5, 17)', () => {
  for (const depth of [1, 5, 17]) {
    const expected = Math.min(10e6, (depth * BLOCK * 8) / (0.2 + BLOCK / 1.25e6));
    expect(Math.abs(pipelineRate(depth) / expected - 1)).toBeLessThan(0.03);
  }
});

test('network: a window bounds the rate to window / round trip within 5 % (64 KiB, 200 ms)', () => {
  const world = pair(
    { upBps: 1e8, latencyUs: 50_000 },
    { downBps: 1e8, latencyUs: 50_000 },
    { windowBytesMax: 8 * BLOCK },
  );
  const end = world.connect(0, 1);
  for (let block = 0; block < 10_000; block += 1) world.network.sendPayload(end, block, BLOCK);
  world.network.flush();
  world.clock.run(world.clock.now + 10e6);
  const before = world.payloadBytes.get(end + 1)!;
  world.clock.run(world.clock.now + 50e6);
  const rate = (world.payloadBytes.get(end + 1)! - before) / 50;
  expect(Math.abs(rate / ((8 * BLOCK) / 0.2) - 1)).toBeLessThan(0.05);
});

test('network: loss slows a connection down and loses nothing (1 % against none)', () => {
  const arrival = (lossPerMillion: number) => {
    const world = pair({ lossPerMillion }, {}, { windowBytesMax: 2 ** 20 });
    const end = world.connect(0, 1);
    for (let block = 0; block < 200; block += 1) world.network.sendPayload(end, block, BLOCK);
    world.network.flush();
    world.clock.run(1e9);
    expect(world.payloadBytes.get(end + 1)).toBe(200 * BLOCK);
    return world.lastAt.get(end + 1)!;
  };
  expect(arrival(10_000)).toBeGreaterThan(arrival(0) * 1.3);
});

test('network: an end that does not read gets nothing, and holds its sender to the window', () => {
  const world = pair({}, {}, { windowBytesMax: 8 * BLOCK });
  const end = world.connect(0, 1);
  world.network.setReading(end + 1, false);
  for (let block = 0; block < 50; block += 1) world.network.sendPayload(end, block, BLOCK);
  world.network.flush();
  world.clock.run(world.clock.now + 60e6);
  expect(world.payloadBytes.get(end + 1)).toBeUndefined();
  expect(world.network.links.sentBytes(0)).toBeLessThanOrEqual(4 * BLOCK);
  world.network.setReading(end + 1, true);
  world.clock.run(world.clock.now + 60e6);
  expect(world.payloadBytes.get(end + 1)).toBe(50 * BLOCK);
});

test('network: a close lets what is under way arrive and drops the rest', () => {
  const world = pair();
  const end = world.connect(0, 1);
  for (let block = 0; block < 3; block += 1) world.network.sendPayload(end, block, BLOCK);
  world.network.flush();
  world.network.close(end);
  world.clock.run(1e9);
  expect(world.payloadBytes.get(end + 1)).toBe(BLOCK);
  expect(world.log.at(-1)).toMatch(/disconnected 1 ended/);
  expect(world.network.droppedBytes).toBe(2 * BLOCK);
  world.network.checkConservation();
});

test('network: what was said in the instant of a close is heard before it, where no payload is in its way', () => {
  const world = pair();
  const end = world.connect(0, 1);
  world.network.send(end, new Uint8Array(9));
  world.network.close(end);
  world.network.flush();
  world.clock.run(1e9);
  expect(world.got.get(end + 1)?.items).toEqual([...new Uint8Array(9)]);
  expect(world.log.at(-1)).toMatch(/disconnected 1 ended/);
  expect(world.network.droppedBytes).toBe(0);

  const behind = world.connect(0, 1);
  world.network.sendPayload(behind, 1, BLOCK);
  world.network.send(behind, new Uint8Array(9));
  world.network.close(behind);
  world.network.flush();
  world.clock.run(2e9);
  expect(world.network.droppedBytes).toBe(BLOCK + 9);
  world.network.checkConservation();
});

test('network: a partition holds bytes back until it heals', () => {
  const world = pair();
  const end = world.connect(0, 1);
  world.network.links.partition([0], [1]);
  world.network.send(end, bytes(1, 2, 3));
  world.network.send(end + 1, bytes(4));
  world.network.flush();
  world.clock.run(10e6);
  expect(world.got.get(end + 1)!.items).toEqual([]);
  expect(world.got.get(end)!.items).toEqual([4]);
  world.network.heal();
  world.clock.run(20e6);
  expect(world.got.get(end + 1)!.items).toEqual([1, 2, 3]);
});

const message = fc.oneof(
  { weight: 3, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 100 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 4_000, maxLength: 9_000 }) },
  { weight: 3, arbitrary: fc.record({ stamp: fc.nat(), lengthBytes: fc.integer({ min: 1, max: BLOCK }) }) },
);

test('network: each direction delivers its bytes in order and whole (any messages, every delivery cut, jitter, loss)', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.tuple(fc.nat(3), message, fc.boolean()), { maxLength: 60 }), (seed, steps) => {
      const world = pair(
        { jitterUs: 30_000, lossPerMillion: 20_000 },
        {},
        { seed, cutPerMillion: 500_000, windowBytesMax: 65_536 },
      );
      const ends = [world.connect(0, 1), world.connect(1, 0)].flatMap((end) => [end, end + 1]);
      const sent = new Map(ends.map((end) => [end, [] as unknown[]]));
      steps.forEach(([which, item, wait], step) => {
        const end = ends[which]!;
        if (item instanceof Uint8Array) {
          world.network.send(end, item);
          sent.get(end)!.push(...item);
        } else {
          const stamp = step * 2 ** 31 + item.stamp;
          world.network.sendPayload(end, stamp, item.lengthBytes);
          sent.get(end)!.push({ stamp, lengthBytes: item.lengthBytes });
        }
        if (wait) world.network.flush();
        if (wait) world.clock.run(world.clock.now + (seed % 50_000));
      });
      world.network.flush();
      world.clock.run(1e10);
      for (const end of ends) expect(world.got.get(end ^ 1)!.items).toEqual(sent.get(end));
      expect(world.network.deliveredBytes).toBe(world.network.sentBytes);
    }),
    { numRuns: 100 },
  );
});

const fault = fc.record({
  kind: fc.constantFrom('send', 'block', 'close', 'reset', 'crash', 'restart', 'partition', 'heal', 'dial', 'deaf'),
});

function chaos(seed: number, steps: { kind: string }[], pick: number[]): World {
  const world = new World({ seed, cutPerMillion: 200_000, windowBytesMax: 100_000 });
  for (let node = 0; node < 4; node += 1) world.network.addNode({ ...LINK, jitterUs: 1_000, lossPerMillion: 5_000 });
  for (let node = 1; node < 4; node += 1) world.network.connect(0, node);
  world.clock.run(100_000);
  steps.forEach(({ kind }, step) => {
    const chosen = pick[step % pick.length]!;
    const ends = world.network.openEnds();
    const end = ends[chosen % Math.max(1, ends.length)];
    const node = chosen % 4;
    if (kind === 'dial') world.network.connect(node, (node + 1) % 4);
    else if (kind === 'crash') world.network.crash(node, chosen % 10_000);
    else if (kind === 'restart') world.network.restart(node);
    else if (kind === 'partition') world.network.links.partition([node], [(node + 1) % 4]);
    else if (kind === 'heal') world.network.heal();
    else if (end === undefined) return;
    else if (kind === 'send') world.network.send(end, new Uint8Array(1 + (chosen % 200)));
    else if (kind === 'block') for (let block = 0; block < 3; block += 1) world.network.sendPayload(end, chosen, BLOCK);
    else if (kind === 'close') world.network.close(end);
    else if (kind === 'reset') world.network.reset(end);
    else world.network.setReading(end, chosen % 2 === 0);
    world.network.flush();
    world.clock.run(world.clock.now + (chosen % 30_000));
    world.network.checkConservation();
  });
  world.network.heal();
  world.clock.run(world.clock.now + 1e9);
  world.network.checkConservation();
  return world;
}

const chaosRun = [
  fc.nat(),
  fc.array(fault, { maxLength: 80 }),
  fc.array(fc.nat(1e6), { minLength: 1, maxLength: 40 }),
] as const;

test('network: every byte is delivered, dropped or under way (resets, crashes, partitions, closes, reused connections)', () => {
  fc.assert(
    fc.property(...chaosRun, (seed, steps, pick) => {
      const world = chaos(seed, steps, pick);
      for (const end of world.network.openEnds()) world.network.close(end);
      world.clock.run(world.clock.now + 1e9);
      expect(world.network.deliveredBytes + world.network.droppedBytes).toBe(world.network.sentBytes);
      expect(world.clock.outstanding).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('network: the same seed gives the same digest, another one another', () => {
  fc.assert(
    fc.property(...chaosRun, (seed, steps, pick) => {
      const digest = chaos(seed, steps, pick).trace.digest();
      expect(chaos(seed, steps, pick).trace.digest()).toBe(digest);
    }),
    { numRuns: 20 },
  );
  const steps = Array.from({ length: 20 }, () => ({ kind: 'block' }));
  expect(chaos(1, steps, [3]).trace.digest()).not.toBe(chaos(2, steps, [3]).trace.digest());
});
