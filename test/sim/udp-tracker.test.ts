// Nodes of the simulated swarm reach UDP trackers by the engine's own machines, over datagrams, in either family.

import { describe, expect, test } from 'vitest';
import { type AnnounceRecord, type NodeSetting, Swarm, type SwarmOptions } from '../../sim/index.ts';

const URL = 'udp://tracker.example:6969/announce';
const LINE: NodeSetting = { upKBps: 500, downKBps: 1_000, latencyMs: 20 };

function swarmWith(families: readonly (4 | 6)[], more: Partial<SwarmOptions> = {}): Swarm {
  return new Swarm({
    seed: 1,
    contents: { sizeMiB: 1, pieceKiB: 64 },
    trackers: [{ url: URL, udp: { families } }],
    ...more,
  });
}

function eventsOf(swarm: Swarm, node: number): string[] {
  const records = swarm.trackers[0]?.records ?? [];
  return records.filter((record: AnnounceRecord) => record.node === node).map(({ request }) => request.event);
}

describe('udp tracker', () => {
  test('udp tracker: peers meet by datagrams, and each event is told', () => {
    const swarm = swarmWith([4]);
    const seed = swarm.addSeed(LINE);
    const leecher = swarm.addLeecher(LINE);
    swarm.untilComplete(60);
    swarm.run(1);
    for (const node of swarm.nodes) node.leave();
    swarm.run(5);
    expect(eventsOf(swarm, seed.index)).toEqual(['started', 'stopped']);
    expect(eventsOf(swarm, leecher.index)).toEqual(['started', 'completed', 'stopped']);
    expect(swarm.trackerWorld.datagrams.delivered).toBeGreaterThan(10);
    swarm.finish();
  });

  test('udp tracker 73: IPv6 nodes meet through a tracker on IPv6, by addresses of 16 bytes', () => {
    const swarm = swarmWith([6]);
    swarm.addSeed({ ...LINE, families: [6] });
    const leecher = swarm.addLeecher({ ...LINE, families: [6] });
    swarm.untilComplete(60);
    expect(leecher.address.host).toMatch(/^fd00::/);
    swarm.finish();
  });

  test('udp tracker: a node without the tracker’s family asks in vain, and is told so in one line', () => {
    const swarm = swarmWith([6]);
    const node = swarm.addLeecher(LINE);
    swarm.run(5);
    expect(node.status().trackers).toMatchObject([{ status: 'failed', lastError: 'the network is unreachable' }]);
    expect(swarm.trackers[0]?.records).toEqual([]);
  });

  test('udp tracker: where even that line is lost, the node is told so, and asks again', () => {
    const swarm = swarmWith([6], { faultPoint: { site: 'reply', number: 1, effect: 'fail' } });
    const node = swarm.addLeecher(LINE);
    swarm.run(5);
    expect(swarm.faultCount('replyPoint')).toBe(1);
    expect(node.status().trackers).toMatchObject([{ status: 'failed', lastError: 'the answer was lost' }]);
    swarm.run(60);
    expect(node.status().trackers).toMatchObject([{ status: 'failed', lastError: 'the network is unreachable' }]);
  });

  test('udp tracker 67: IPv4 and IPv6 leechers are both served by a seed that is on both, which the tracker counts once', () => {
    const swarm = swarmWith([4, 6]);
    const seed = swarm.addSeed({ ...LINE, families: [4, 6] });
    swarm.addLeecher({ ...LINE, families: [4] });
    swarm.addLeecher({ ...LINE, families: [6] });
    swarm.untilComplete(120);
    const records = (swarm.trackers[0]?.records ?? []).filter(({ node }) => node === seed.index);
    expect(new Set(records.map(({ family }) => family))).toEqual(new Set([4, 6]));
    expect(new Set(records.map(({ request }) => request.key)).size).toBe(1);
    swarm.run(5);
    expect(swarm.trackers[0]?.figures()).toEqual({ seeds: 3, leechers: 0, downloads: 2 });
    swarm.finish();
  });

  test('udp tracker 71: one that forgets its connection ids is asked on, under new ones', () => {
    const swarm = swarmWith([4]);
    const node = swarm.addLeecher(LINE);
    const udp = swarm.trackerWorld.udpOf(swarm.trackers[0]!);
    swarm.run(50);
    udp.restart();
    node.command({ kind: 'announceNow', torrent: 0 });
    swarm.run(5);
    expect(udp.wrongIds).toBe(1);
    expect(eventsOf(swarm, node.index)).toEqual(['started', '']);
    expect(node.status().trackers[0]).toMatchObject({ status: 'working', lastError: null });
  });

  test('udp tracker: a crash forgets what was under way; the program that starts again says `started` under new ids', () => {
    const swarm = swarmWith([4]);
    const node = swarm.addLeecher(LINE);
    swarm.run(5);
    node.crash();
    node.restart(swarm.contents);
    swarm.run(5);
    expect(eventsOf(swarm, node.index)).toEqual(['started', 'started']);
    expect(swarm.trackerWorld.udpOf(swarm.trackers[0]!).connects.length).toBe(2);
  });

  test.each(['fail', 'tear'] as const)('udp tracker: any one datagram to a node may %s: it is sent again', (effect) => {
    // The first messages that reach anybody are the tracker's.
    for (let number = 1; number <= 4; number += 1) {
      const swarm = swarmWith([4], { faultPoint: { site: 'message', number, effect } });
      swarm.addSeed(LINE);
      swarm.addLeecher(LINE);
      const answered = () => swarm.nodes.every((node) => node.status().trackers[0]?.status === 'working');
      swarm.until('both are answered', answered, 40);
      expect(swarm.nowS).toBeGreaterThan(15);
      expect(swarm.faultCount('messagePoint')).toBe(1);
    }
  });

  test('udp tracker: the same seed gives the same run', () => {
    const digest = () => {
      const swarm = swarmWith([4, 6]);
      swarm.trackerWorld.datagrams.faults = {
        lossPerMillion: 200_000,
        reorderPerMillion: 200_000,
        reorderUs: 1_000_000,
        duplicatePerMillion: 200_000,
      };
      swarm.addSeed({ ...LINE, families: [4, 6] });
      swarm.addLeechers(3, { ...LINE, families: [6, 4] });
      swarm.run(100);
      return swarm.trace.digest();
    };
    expect(digest()).toBe(digest());
  });
});
