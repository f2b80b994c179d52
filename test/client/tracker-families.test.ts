// Trackers and peers over IPv6, over both families at once, and figures without announcing, against real sockets.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { Server } from 'bittorrent-tracker';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AnnounceReply, type AnnounceRequest, DEFAULT_SETTINGS, type ScrapeReply } from '#engine';
import { Random } from '#harness';
import { OpenFiles } from '../../client/disk/open-files.ts';
import { Storage } from '../../client/disk/storage.ts';
import { readTorrent } from '../../client/read-torrent.ts';
import { ResumeStore } from '../../client/resume-store.ts';
import { Session } from '../../client/session.ts';
import { firstAndOther } from '../../client/trackers/both-families.ts';
import { TrackerClient } from '../../client/trackers/tracker-client.ts';
import { isSame, makeShare, transferArguments } from './share.ts';
import { start, starling } from './support.ts';

const HASH = new Uint8Array(20).fill(0xab);

function requestTo(url: string, over: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    torrent: 0,
    url,
    infoHash: HASH,
    peerId: new TextEncoder().encode('-SG0010-abcdefghijkl'),
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 0,
    event: 'started',
    key: 0xdead_beef,
    numwant: 50,
    trackerId: null,
    ...over,
  };
}

function makeClient() {
  const announces = new Map<number, (reply: AnnounceReply) => void>();
  const scrapes = new Map<number, (reply: ScrapeReply) => void>();
  const client = new TrackerClient(
    { bind: null },
    {
      announced: (job, reply) => announces.get(job)?.(reply),
      scraped: (job, reply) => scrapes.get(job)?.(reply),
      signalled: () => undefined,
      forgotten: () => undefined,
    },
  );
  onTestFinished(() => client.close());
  let job = 0;
  return {
    announce: (request: AnnounceRequest) =>
      new Promise<AnnounceReply>((resolve) => {
        announces.set((job += 1), resolve);
        client.announce(job, request);
      }),
    scrape: (url: string, infoHashes: readonly Uint8Array[]) =>
      new Promise<ScrapeReply>((resolve) => {
        scrapes.set((job += 1), resolve);
        client.scrape(job, { url, infoHashes });
      }),
  };
}

async function startTracker(http = '127.0.0.1'): Promise<Server> {
  const server = new Server({ http: true, udp: true, ws: false });
  server.listen(0, { http, udp: '127.0.0.1', udp6: '::1' });
  await once(server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return server;
}

/** A UDP tracker on ::1 that names everybody who ever announced (bittorrent-tracker's names no IPv6 peers over UDP). */
async function startUdp6(): Promise<{ readonly url: string; readonly announced: Promise<void> }> {
  const socket = createSocket({ type: 'udp6', ipv6Only: true });
  socket.bind(0, '::1');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  const ports = new Set<number>();
  const { promise: announced, resolve } = Promise.withResolvers<void>();
  socket.on('message', (bytes, from) => {
    const connecting = bytes.readUInt32BE(8) === 0;
    if (!connecting) ports.add(bytes.readUInt16BE(96));
    const peers = [...ports].map((port) => {
      const peer = Buffer.alloc(18);
      peer[15] = 1;
      peer.writeUInt16BE(port, 16);
      return peer;
    });
    const answer = connecting ? Buffer.alloc(16) : Buffer.concat([Buffer.alloc(20), ...peers]);
    answer.writeUInt32BE(connecting ? 0 : 1, 0);
    bytes.copy(answer, 4, 12, 16);
    if (!connecting) answer.writeUInt32BE(1800, 8);
    socket.send(answer, from.port, from.address);
    if (!connecting) resolve();
  });
  return { url: `udp://[0:0:0:0:0:0:0:1]:${socket.address().port}/announce`, announced };
}

const OK: AnnounceReply = {
  ok: true,
  intervalS: 60,
  minIntervalS: null,
  peers: [{ host: '10.0.0.9', port: 6881 }],
  seeds: 1,
  leechers: 5,
  trackerId: null,
  warning: null,
};
const OTHER: AnnounceReply = {
  ...OK,
  intervalS: 90,
  minIntervalS: 30,
  peers: [{ host: '2001:db8::9', port: 6881 }],
  leechers: 2,
  trackerId: 'id',
};
const REFUSED: AnnounceReply = { ok: false, reason: 'network unreachable' };

describe('tracker families', () => {
  test('conformance 67: what both families of an HTTP tracker say is one answer: all peers, longer waits, larger counts', async () => {
    expect(await firstAndOther([Promise.resolve(OK), Promise.resolve(OTHER)])).toEqual({
      ...OTHER,
      peers: [...OK.peers, ...OTHER.peers],
      leechers: 5,
    });
  });

  test('tracker families: one that refuses or is silent costs a moment, not the answer', async () => {
    const never = new Promise<AnnounceReply>(() => undefined);
    expect(await firstAndOther([Promise.resolve(REFUSED), Promise.resolve(OK)])).toEqual(OK);
    expect(await firstAndOther([Promise.resolve(OK), Promise.resolve(REFUSED)])).toEqual(OK);
    expect(await firstAndOther([never, Promise.resolve(OK)], 1)).toEqual(OK);
    expect(await firstAndOther([Promise.resolve(REFUSED), Promise.resolve(REFUSED)])).toEqual(REFUSED);
  });

  test('conformance 73: a UDP tracker on ::1 names peers of 18 bytes, whatever form its address has in the URL', async () => {
    const { url } = await startUdp6();
    const { announce } = makeClient();
    await announce(requestTo(url));
    const reply = await announce(requestTo(url, { peerId: new Uint8Array(20), port: 7000, left: 5 }));
    expect(reply.ok && reply.peers).toEqual([
      { host: '::1', port: 6881 },
      { host: '::1', port: 7000 },
    ]);
  });

  test('tracker families: an HTTP tracker on ::1 names IPv6 peers (bittorrent-tracker, peers6)', async () => {
    const server = await startTracker('::1');
    const { announce } = makeClient();
    const url = `http://[::1]:${server.http.address().port}/announce`;
    expect(await announce(requestTo(url))).toMatchObject({ ok: true, seeds: 1 });
    const reply = await announce(requestTo(url, { peerId: new Uint8Array(20), port: 7000, left: 5 }));
    expect(reply.ok && reply.peers).toContainEqual({ host: '::1', port: 6881 });
  });

  test.each(['udp', 'http'])(
    'tracker families: peers meet and transfer over ::1 through a tracker on ::1 (%s)',
    async (kind) => {
      const udp = await startUdp6();
      const server = await startTracker('::1');
      const share = makeShare(3_000_001, [
        kind === 'udp' ? udp.url : `http://[::1]:${server.http.address().port}/announce`,
      ]);
      const announced = kind === 'udp' ? udp.announced : once(server, 'start');
      const seed = start([...transferArguments('seed', share, '::1'), '--json']);
      onTestFinished(() => {
        seed.child.kill('SIGKILL');
      });
      await seed.prints(/"event":"completed"/);
      await announced;
      const get = await starling(...transferArguments('get', share, '::1'), '--exit');
      expect(get).toMatchObject({ code: 0, stderr: '' });
      expect(isSame(share, share.target)).toBe(true);
    },
  );
});

describe('scrape', () => {
  test.each(['http', 'udp', 'udp6'])(
    'scrape: seeds, leechers and downloads of several torrents (bittorrent-tracker, %s)',
    async (kind) => {
      const server = await startTracker();
      const url = {
        http: `http://127.0.0.1:${server.http.address().port}/announce`,
        udp: `udp://127.0.0.1:${server.udp4.address().port}/announce`,
        udp6: `udp://[::1]:${server.udp6.address().port}/announce`,
      }[kind] as string;
      const { announce, scrape } = makeClient();
      await announce(requestTo(url, { left: 5 }));
      await announce(requestTo(url, { event: 'completed' }));
      await announce(requestTo(url, { peerId: new Uint8Array(20), port: 7000, left: 5 }));
      const other = new Uint8Array(20).fill(1);
      const reply = await scrape(url, [other, HASH]);
      expect(reply).toMatchObject({ ok: true });
      expect(reply.ok && reply.figures[1]).toMatchObject({ seeds: 1, leechers: 1, downloads: expect.any(Number) });
      expect(reply.ok && [reply.figures[0]?.seeds ?? 0, reply.figures[0]?.leechers ?? 0]).toEqual([0, 0]);
    },
  );

  test.each([
    ['http://127.0.0.1:1/announce', 'connection refused'],
    ['http://127.0.0.1:1/x', 'this tracker cannot be asked for figures'],
    ['ws://127.0.0.1:1/announce', 'this tracker cannot be asked for figures'],
    ['udp://127.0.0.1', 'a UDP tracker needs a port'],
    ['udp://127.0.0.1:0', 'a UDP tracker needs a port'],
  ])('scrape: what cannot be is said in one line (%s)', async (url, reason) => {
    expect(await makeClient().scrape(url, [HASH])).toEqual({ ok: false, reason });
  });

  test('scrape: a paused torrent of a session shows the figures, and is announced to nobody', async () => {
    const server = await startTracker();
    const url = `udp://127.0.0.1:${server.udp4.address().port}/announce`;
    const share = makeShare(100_000, [url]);
    await makeClient().announce(requestTo(url, { infoHash: share.infoHash }));
    const announced: unknown[] = [];
    server.on('start', (from) => announced.push(from));
    const metainfo = await readTorrent(share.torrent);
    const storage = await Storage.open(share.source, metainfo, new OpenFiles());
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const session = new Session({
      settings: DEFAULT_SETTINGS,
      random: new Random('session'),
      record: (engine) => engine,
      bind: '127.0.0.1',
      iceServers: () => [],
      resumeStore: new ResumeStore(join(share.folder, 'state')),
      onEvent: (name) => {
        if (name === 'scraped') resolve();
      },
      onClose: () => undefined,
      afterDrain: () => undefined,
    });
    onTestFinished(() => session.close());
    const options = {
      metainfo,
      storage,
      fileLengths: await storage.fileLengths(),
      resume: null,
      paused: true,
      check: 'trust',
      peers: [],
      useTrackers: true,
    } as const;
    const added = session.add(options);
    await heard;
    expect(added.ok && session.status(added.value)?.trackers).toMatchObject([
      { url, status: 'idle', seeds: 1, leechers: 0 },
    ]);
    expect(announced).toEqual([]);
  });

  test('scrape: `info --scrape` shows what each tracker counts, or why it does not', async () => {
    const server = await startTracker();
    const good = `http://127.0.0.1:${server.http.address().port}/announce`;
    const share = makeShare(100_000, [good, 'http://127.0.0.1:1/announce']);
    await makeClient().announce(requestTo(good, { infoHash: share.infoHash }));
    const text = await starling('info', share.torrent, '--scrape');
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain(`${good}: seeds 1, leechers 0, downloads `);
    expect(text.stdout).toContain('http://127.0.0.1:1/announce: connection refused\n');
    const json = JSON.parse((await starling('info', share.torrent, '--scrape', '--json')).stdout);
    expect(json.figures).toMatchObject([
      { url: good, seeds: 1, leechers: 0, error: null },
      { seeds: null, error: 'connection refused' },
    ]);
  });
});
