// All UDP trackers of a program: one machine an address, two families as one tracker.

import { expect, test } from 'vitest';
import type { AnnounceReply, AnnounceRequest, JobId, PeerAddress } from '../../engine/contract.ts';
import { UdpTrackers } from '../../engine/trackers/udp-trackers.ts';
import { Random } from '#harness';

const SECOND = 1_000_000;
const V4: PeerAddress = { host: '10.0.0.1', port: 80 };
const V6: PeerAddress = { host: 'fd00::1', port: 80 };

function requestOf(torrent: number, url = 'udp://t:80/announce'): AnnounceRequest {
  const numbers = { port: 6881, uploaded: 0, downloaded: 0, left: 0, key: 7, numwant: 1 };
  const infoHash = new Uint8Array(20).fill(torrent);
  return { ...numbers, torrent, url, infoHash, peerId: new Uint8Array(20), event: 'started', trackerId: null };
}

/** Trackers whose answers a test gives. */
class World {
  readonly trackers = new UdpTrackers(new Random('udp'));
  now = 0;
  readonly sent: { readonly to: PeerAddress; readonly packet: Buffer }[] = [];
  readonly replies: (readonly [JobId, AnnounceReply])[] = [];

  announce(job: JobId, to: readonly PeerAddress[], request = requestOf(1)): void {
    this.trackers.announce(this.now, job, request, to);
    this.drain();
  }

  drain(): void {
    this.trackers.drain(this.now, {
      sendDatagram: (to, bytes) => this.sent.push({ to, packet: Buffer.from(bytes) }),
      announced: (job, reply) => this.replies.push([job, reply]),
      scraped: () => undefined,
    });
  }

  /** Answers whatever was sent to an address last, as it wants it. */
  answer(from: PeerAddress, peer: readonly number[] = []): void {
    const { packet } = this.sent.findLast(({ to }) => to.host === from.host) as { packet: Buffer };
    const action = packet.readUInt32BE(8);
    const reply = Buffer.concat([Buffer.alloc(action === 0 ? 16 : 20), Buffer.from(action === 0 ? [] : peer)]);
    reply.writeUInt32BE(action, 0);
    packet.copy(reply, 4, 12, 16);
    this.trackers.received(this.now, from, reply);
    this.drain();
  }

  tickAt(seconds: number): void {
    this.now = seconds * SECOND;
    this.trackers.tick(this.now);
    this.drain();
  }
}

test('udp trackers 67: both families are asked under one key, and their peers are one answer', () => {
  const world = new World();
  world.announce(5, [V4, V6]);
  for (const address of [V4, V6]) world.answer(address);
  const keys = world.sent.filter(({ packet }) => packet.length >= 98).map(({ packet }) => packet.readUInt32BE(88));
  expect(keys).toEqual([7, 7]);
  world.answer(V4, [10, 0, 0, 9, 0, 1]);
  expect(world.replies).toEqual([]);
  world.answer(V6, [...new Uint8Array(15), 9, 0, 2]);
  expect(world.replies).toMatchObject([
    [
      5,
      {
        ok: true,
        peers: [
          { host: '10.0.0.9', port: 1 },
          { host: '::9', port: 2 },
        ],
      },
    ],
  ]);
});

test('udp trackers: the right id from another address is for nobody, also from a tracker that was asked itself', () => {
  const world = new World();
  const stranger = { host: '10.0.0.2', port: 80 };
  const otherPort = { ...V4, port: 81 };
  world.announce(5, [V4]);
  world.announce(6, [V6], requestOf(2));
  const { packet: asked } = world.sent.find(({ to }) => to === V4) as { packet: Buffer };
  const connected = Buffer.alloc(16);
  asked.copy(connected, 4, 12, 16);
  for (const from of [stranger, otherPort, V6]) world.trackers.received(world.now, from, connected);
  world.drain();
  expect(world.sent.length).toBe(2);
  world.trackers.received(world.now, V4, connected);
  world.drain();
  expect(world.sent.length).toBe(3);
});

test('udp trackers: a family that is silent costs 3 s, and its late answer is for nobody', () => {
  const world = new World();
  world.announce(5, [V4, V6]);
  world.answer(V6);
  world.answer(V6, [...new Uint8Array(15), 9, 0, 2]);
  expect(world.trackers.nextTimeout()).toBe(3 * SECOND);
  world.tickAt(3);
  expect(world.replies).toMatchObject([[5, { ok: true, peers: [{ host: '::9', port: 2 }] }]]);
  world.answer(V4);
  world.answer(V4, [10, 0, 0, 9, 0, 1]);
  expect(world.replies.length).toBe(1);
});

test('udp trackers: where both fail the answer is a failure, of the first; an address out of reach fails at once', () => {
  const world = new World();
  world.announce(5, [V4, V6]);
  world.trackers.unreachable(V4, 'network unreachable');
  world.drain();
  expect(world.replies).toEqual([]);
  world.trackers.unreachable(V6, 'other');
  world.drain();
  expect(world.replies).toEqual([[5, { ok: false, reason: 'network unreachable' }]]);
});

test('udp trackers: torrents share the machine of an address and its connection id; another port is another', () => {
  const world = new World();
  for (const torrent of [1, 2, 3]) world.announce(torrent, [V4], requestOf(torrent));
  world.announce(4, [{ ...V4, port: 81 }], requestOf(4));
  expect(world.sent.map(({ to }) => to.port)).toEqual([80, 81]);
  world.sent.pop();
  world.answer(V4);
  expect(world.sent.filter(({ packet }) => packet.length >= 98).length).toBe(3);
});

test('udp trackers: a machine is forgotten once its connection id has run out, not before', () => {
  const world = new World();
  world.announce(5, [V4]);
  world.answer(V4);
  world.answer(V4);
  expect(world.trackers.nextTimeout()).toBe(60 * SECOND);
  world.tickAt(60);
  expect(world.trackers.nextTimeout()).toBeNull();
  world.announce(6, [V4], requestOf(2));
  expect(world.sent.at(-1)?.packet.length).toBe(16);
});
