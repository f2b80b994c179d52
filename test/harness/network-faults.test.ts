import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LINK, World } from './network-world.ts';

const BLOCK = 16_384;

function pair(options = {}) {
  const world = new World(options);
  world.network.addNode(LINK);
  world.network.addNode(LINK);
  return world;
}

test('network: a dial to a node behind NAT is lost on the way, one from it succeeds', () => {
  const world = pair();
  world.network.setReachable(1, false);
  world.network.connect(0, 1);
  world.network.connect(1, 0);
  world.clock.run(1e7);
  expect(world.log).toEqual(['40000 connected 2', '60000 connected 3', '5000000 disconnected 0 timeout']);
});

test('network: of two partitions over the same pair each ends by itself, and what waited arrives whole', () => {
  const world = pair();
  const end = world.connect(0, 1);
  const [one, other] = [world.network.links.partition([0], [1]), world.network.links.partition([0], [1])];
  world.network.sendPayload(end, 7, BLOCK);
  world.network.flush();
  world.clock.run(1e6);
  world.network.heal(one);
  world.clock.run(2e6);
  expect(world.payloadBytes.get(end + 1)).toBeUndefined();
  world.network.heal(one);
  world.network.heal(other);
  world.clock.run(3e6);
  expect(world.payloadBytes.get(end + 1)).toBe(BLOCK);
  world.network.checkConservation();
});

test('network: a latency that changes holds for open connections too', () => {
  const world = pair();
  const end = world.connect(0, 1);
  world.network.setLink(1, { ...LINK, latencyUs: 500_000 });
  const at = world.clock.now;
  world.network.send(end, Uint8Array.of(1));
  world.network.flush();
  world.clock.run(at + 1e6);
  expect(world.lastAt.get(end + 1)).toBe(at + 510_001);
});

test('network: bytes keep their order and none is lost while latencies change (any instants, also while a dial is under way)', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ waitUs: fc.nat(40_000), latencyUs: fc.nat(200_000) })), (changes) => {
      const world = pair();
      world.network.setLink(1, { ...LINK, latencyUs: 200_000 });
      const end = world.network.connect(0, 1);
      let sent = 0;
      world.onConnected = (connected) => {
        if (connected === end) world.network.send(end, Uint8Array.of(sent++));
      };
      for (const { waitUs, latencyUs } of changes) {
        world.clock.run(world.clock.now + waitUs);
        world.network.setLink(1, { ...LINK, latencyUs });
        if (sent === 0) continue;
        world.network.send(end, Uint8Array.of(sent++));
        world.network.flush();
      }
      world.clock.run(world.clock.now + 1e7);
      const items = world.got.get(end + 1)?.items ?? [];
      expect(items).toEqual(Array.from({ length: sent }, (_, at) => at));
      world.network.checkConservation();
    }),
  );
});
