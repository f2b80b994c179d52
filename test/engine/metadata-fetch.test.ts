// A torrent that begins with its info-hash alone: whom it asks, whom no longer, what becomes of it once the metadata is here.

import bencode from 'bencode';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMetainfo, wrapInfo } from '../../engine/metainfo/create.ts';
import { METADATA_BYTES_MAX, METADATA_COPIES_MAX, METADATA_REQUESTS_MAX } from '../../engine/limits.ts';
import { parseMetainfo } from '../../engine/metainfo/parse.ts';
import { sha1 } from '../../engine/sha1.ts';
import { JournalWriter } from '#harness/journal';
import { Bytes } from '../harness/journal-bytes.ts';
import { equalBytes, Lab, makeTorrent } from './lab.ts';
import { data, info, MetadataPeer, metainfo, METADATA_PIECE, spoilt } from './metadata-peer.ts';

const PIECES = metainfo.geometry.pieceCount;
const magnet = (options: Partial<ConstructorParameters<typeof Lab>[0]> = {}) =>
  new Lab({ metainfo, magnet: true, ...options });
const peer = (lab: Lab, at: number) => new MetadataPeer(lab, { id: `peer ${at}`, host: `10.0.1.${at}` });
const known = (lab: Lab) => lab.status.pieceCount === PIECES;

describe('metadata: asking', () => {
  test('metadata: several peers are asked at once, each for other pieces', () => {
    const lab = magnet();
    const [one, two] = [peer(lab, 1).offer(info.length), peer(lab, 2)];
    const first = one.asked();
    expect(first).toEqual([0, 1, 2].slice(0, METADATA_REQUESTS_MAX));
    one.give(0);
    two.offer(info.length);
    expect(two.asked()).toEqual([]);
    // Asked for nothing else, it is asked for what the first is late with.
    lab.pass(4);
    expect(two.asked()).toEqual([1]);
    two.give(1);
    expect(two.asked()).toEqual([2]);
    two.give(2);
    expect(known(lab)).toBe(true);
    expect(lab.events.find(({ name }) => name === 'metadataVerified')).toMatchObject({ a: info.length, b: 2 });
  });

  test('metadata: one that does not answer is given up, and what it was asked for is asked of others', () => {
    const lab = magnet();
    const mute = peer(lab, 1).offer(info.length);
    expect(mute.asked().length).toBe(3);
    lab.pass(11);
    expect(lab.count('metadataTimedOut')).toBe(1);
    peer(lab, 2).offer(info.length).giveAll();
    expect(known(lab)).toBe(true);
  });

  test('metadata: one that rejects is asked less and less often (5 minutes of rejects)', () => {
    const lab = magnet();
    const none = peer(lab, 1).offer(info.length);
    let rejects = 0;
    for (let second = 0; second < 300; second += 1) {
      for (const piece of none.asked()) {
        none.reject(piece);
        rejects += 1;
      }
      lab.pass(1);
    }
    expect(lab.count('metadataRejected')).toBe(rejects);
    expect(rejects).toBeGreaterThan(6);
    expect(rejects).toBeLessThan(40);
    none.handshake({ metadata_size: info.length });
    expect(lab.closed.size).toBe(0);
  });

  test('metadata: a peer that leaves takes its requests with it', () => {
    const lab = magnet();
    const goes = peer(lab, 1).offer(info.length);
    expect(goes.asked().length).toBe(3);
    lab.disconnected(goes.conn);
    peer(lab, 2).offer(info.length).giveAll();
    expect(known(lab)).toBe(true);
  });

  test('metadata: what was not asked for is ignored', () => {
    const lab = magnet();
    const pushy = peer(lab, 1);
    for (const piece of [0, 1, 2]) pushy.give(piece);
    expect(lab.count('metadataReceived')).toBe(0);
    pushy.offer(info.length);
    pushy.asked();
    pushy.give(7, new Uint8Array(8 * METADATA_PIECE));
    pushy.reject(7);
    expect(lab.count('metadataReceived') + lab.count('metadataRejected') + lab.count('metadataMalformed')).toBe(0);
  });
});

describe('metadata: liars', () => {
  test('metadata: of several contributors to a wrong copy none is banned; whoever gives a whole wrong copy is', () => {
    const lab = magnet();
    const liar = peer(lab, 1).offer(info.length);
    const asked = liar.asked();
    liar.give(asked[0] as number, spoilt(0));
    lab.disconnected(liar.conn);
    const honest = peer(lab, 2).offer(info.length);
    while (lab.count('metadataFailed') === 0) for (const piece of honest.asked()) honest.give(piece);
    expect(lab.count('peerBanned')).toBe(0);
    const again = peer(lab, 3).offer(info.length);
    again.giveAll(spoilt(2));
    expect(lab.closed.get(again.conn)).toContain('bad data');
    honest.giveAll();
    expect(known(lab)).toBe(true);
    expect(lab.closed.get(honest.conn)).toBeUndefined();
    expect(lab.count('peerBanned')).toBe(1);
  });

  test('metadata: sizes are kept apart, and more sizes than copies do not keep the right one from its turn', () => {
    const lab = magnet();
    const liars = Array.from({ length: 3 * METADATA_COPIES_MAX }, (_, at) =>
      peer(lab, at + 1).offer(info.length + 1 + at),
    );
    const asked = liars.filter((liar) => liar.asked().length > 0).length;
    expect(asked).toBe(METADATA_COPIES_MAX);
    const honest = peer(lab, 99).offer(info.length);
    let waitedS = 0;
    while (!known(lab) && waitedS < 60) {
      honest.giveAll();
      lab.pass(1);
      waitedS += 1;
    }
    expect(known(lab)).toBe(true);
    expect(lab.closed.get(honest.conn)).toBeUndefined();
  });

  test('metadata: peers that give a little forever do not keep one that gives it all from its turn (all of one disputed size)', () => {
    const lab = magnet();
    // A copy of two senders fails: from now on this size is asked whole of single peers.
    const [one, two] = [peer(lab, 1).offer(info.length), peer(lab, 2)];
    one.asked();
    one.give(0, spoilt(0));
    lab.disconnected(one.conn);
    two.offer(info.length).giveAll();
    expect(lab.count('metadataFailed')).toBe(1);
    lab.disconnected(two.conn);
    const slow = Array.from({ length: METADATA_COPIES_MAX }, (_, at) => peer(lab, 10 + at).offer(info.length));
    const honest = peer(lab, 99).offer(info.length);
    for (let second = 0; second < 120 && !known(lab); second += 1) {
      if (second % 15 === 0) for (const each of slow) for (const piece of each.asked().slice(0, 1)) each.give(piece);
      honest.giveAll();
      lab.pass(1);
    }
    expect(known(lab)).toBe(true);
  });

  test('metadata: liars that fill all memory hold it neither beyond its bound nor for ever', {
    timeout: 120_000,
  }, () => {
    const lab = magnet();
    const half = new Uint8Array(METADATA_BYTES_MAX);
    const liars = [0, 1, 2].map((at) => peer(lab, at).offer(METADATA_BYTES_MAX - at));
    // Each gives all that it is asked for, of sizes that are more than memory together.
    for (let given = 1; given > 0; ) {
      given = 0;
      const asked = liars.map((liar) => liar.asked());
      liars.forEach((liar, at) => {
        for (const piece of asked[at] as number[]) {
          liar.give(piece, half.subarray(at));
          given += 1;
        }
      });
      if (lab.count('peerBanned') > 0) break;
    }
    peer(lab, 9).offer(info.length).giveAll();
    lab.pass(1);
    expect(known(lab)).toBe(true);
  });

  test('metadata: peers that name another size every second cost nothing but their own turns', () => {
    const lab = magnet();
    const fickle = Array.from({ length: METADATA_COPIES_MAX }, (_, at) => peer(lab, at));
    let asked = 0;
    const change = (second: number) => {
      for (const [at, liar] of fickle.entries()) asked += liar.offer(1_000_000 + second * 10 + at).asked().length;
    };
    for (let second = 0; second < 30; second += 1) {
      change(second);
      lab.pass(1);
    }
    // At 0, 1 + 5, 7 + 10 and 18 + 20 s.
    expect(asked).toBeLessThanOrEqual(3 * METADATA_COPIES_MAX * METADATA_REQUESTS_MAX);
    const honest = peer(lab, 9).offer(info.length);
    change(30);
    honest.giveAll();
    expect(known(lab)).toBe(true);
  });
});

describe('metadata: giving', () => {
  test.each([
    ['took the metadata', true, 0, 4],
    ['took the metadata, and thought about it for ten seconds', true, 10, 4],
    ['took nothing', false, 0, 31],
  ])(
    'metadata: a peer that ends the connection is dialled again, soon where it may begin anew with what it got (%s)',
    (_, takes, staysS, withinS) => {
      const lab = new Lab({
        metainfo,
        disk: data,
        add: { peers: [{ host: '10.0.2.1', port: 1 }], useTrackers: false },
      });
      const dial = lab.dials[0] as (typeof lab.dials)[number];
      const conn = lab.peer({ dial: dial.conn, extensions: true });
      const extended = (id: number, content: Parameters<typeof bencode.encode>[0]) => {
        const payload = bencode.encode(content);
        lab.say(conn, [0, 0, 0, payload.length + 2, 20, id, ...payload]);
      };
      extended(0, { m: { ut_metadata: 7 } });
      if (takes) extended(2, { msg_type: 0, piece: 0 });
      expect(lab.count('metadataServed')).toBe(Number(takes));
      lab.pass(staysS);
      lab.disconnected(conn, 'ended');
      lab.pass(withinS - 2);
      expect(lab.dials.length).toBe(1);
      lab.pass(3);
      expect(lab.dials.length).toBe(2);
    },
  );
});

describe('metadata: the torrent', () => {
  test('metadata: while it is unknown the torrent says so, announces that something is left, and is no seed', () => {
    const lab = magnet();
    expect(lab.status).toMatchObject({ state: 'metadata', complete: false, pieceCount: 0, totalBytes: 0 });
    expect(lab.announces[0]?.request).toMatchObject({ event: 'started', left: 16_384 });
    const seed = peer(lab, 1).offer(null);
    expect(lab.closed.size).toBe(0);
    seed.heard();
    expect(seed.said['upload_only']).toBe(0);
  });

  test('metadata: is told what was received of it', () => {
    const lab = magnet();
    const giver = peer(lab, 1).offer(info.length);
    giver.asked();
    giver.give(1);
    const metadata = { sizeBytes: info.length, receivedBytes: METADATA_PIECE, sources: 1 };
    expect(lab.status.metadata).toEqual(metadata);
    expect(lab.engine.inspect(lab.torrent)?.status.metadata).toEqual(metadata);
  });

  test('metadata: then the torrent downloads from the same peer, and tells the tracker once that it started', () => {
    const lab = magnet();
    lab.announced({ peers: [] });
    const giver = peer(lab, 1);
    lab.say(giver.conn, [0, 0, 0, 1, 1]);
    giver.offer(info.length);
    for (const piece of giver.asked()) giver.give(piece);
    for (let requests = lab.requests(giver.conn); requests.length > 0; requests = lab.requests(giver.conn))
      for (const request of requests) lab.give(giver.conn, data, request);
    expect(lab.status.complete).toBe(true);
    expect(equalBytes(lab.disk, data)).toBe(true);
    expect(lab.count('peerConnected')).toBe(1);
    expect(lab.announces.map(({ request }) => request.event)).toEqual(['completed']);
    expect(lab.announces[0]?.request.left).toBe(0);
  });

  test('metadata: what is on the disk already is checked, told to peers that were met before, and asked of nobody', () => {
    const lab = magnet({ disk: data });
    const leecher = new MetadataPeer(lab, { id: 'leecher', host: '10.0.0.7', has: 'none' }).offer(info.length);
    leecher.giveAll();
    expect(lab.status).toMatchObject({ state: 'seeding', havePieces: PIECES });
    expect(lab.count('checkFinished')).toBe(1);
    expect(lab.closed.get(leecher.conn)).toBeUndefined();
    expect(lab.announces.map(({ request }) => request.event)).not.toContain('completed');
  });

  test('metadata: peers stay while the disk is checked, kept alive, and what they say then counts', () => {
    const lab = magnet({ disk: data });
    lab.holding.add('checkPieces');
    const giver = new MetadataPeer(lab, { id: 'giver', host: '10.0.0.7', has: 'none' }).offer(info.length);
    for (const piece of giver.asked()) giver.give(piece);
    expect(lab.status.state).toBe('checking');
    lab.say(giver.conn, [0, 0, 0, 5, 4, 0, 0, 0, 3]);
    for (let i = 0; i < 3; i += 1) {
      lab.pass(100);
      lab.say(giver.conn, [0, 0, 0, 0]);
    }
    expect(lab.frames(giver.conn).filter(({ id }) => id === -1).length).toBeGreaterThan(1);
    lab.holding.clear();
    lab.release();
    expect(lab.status.state).toBe('seeding');
    expect(lab.status.peers[0]?.pieces).toBe(1);
    expect(lab.frames(giver.conn).filter(({ id }) => id === 4).length).toBe(PIECES);
  });

  test('metadata: paused and resumed while it is unknown, it is asked for anew', () => {
    const lab = magnet({ add: { peers: [{ host: '10.0.2.1', port: 1 }] } });
    const before = peer(lab, 1).offer(info.length);
    before.asked();
    before.give(0);
    lab.engine.command(lab.now, { kind: 'pause', torrent: lab.torrent });
    lab.run();
    expect(lab.status.state).toBe('paused');
    expect(lab.closed.get(before.conn)).toBe('paused');
    expect(lab.saved).toEqual([]);
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    expect(lab.status.state).toBe('metadata');
    expect(lab.dials.length).toBe(2);
    peer(lab, 2).offer(info.length).giveAll();
    expect(known(lab)).toBe(true);
  });

  test.each(['pause', 'remove', 'recheck'] as const)(
    'metadata: a command while the driver opens the torrent (%s)',
    (kind) => {
      const lab = magnet();
      lab.holding.add('openTorrent');
      peer(lab, 1).offer(info.length).giveAll();
      lab.engine.command(lab.now, { kind, torrent: lab.torrent });
      lab.run();
      lab.announced({});
      while (lab.announces.length > 0) lab.announced({});
      lab.holding.clear();
      lab.release();
      const state = lab.engine.status(lab.torrent)?.state ?? 'gone';
      expect(state).toBe({ pause: 'paused', remove: 'gone', recheck: 'downloading' }[kind]);
      if (kind !== 'remove') expect(known(lab)).toBe(true);
    },
  );

  test('metadata: a storage that does not open fails the torrent, and is tried again when the user resumes', () => {
    const lab = magnet();
    lab.openFault = 'denied';
    peer(lab, 1).offer(info.length).giveAll();
    expect(lab.status).toMatchObject({ state: 'failed', pieceCount: 0 });
    expect(lab.status.error).toContain('permission');
    lab.openFault = null;
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    expect(lab.status.state).toBe('downloading');
    expect(lab.opened.length).toBe(2);
  });

  test('metadata: removed and left in any state of it', () => {
    for (const kind of ['remove', 'shutdown'] as const) {
      const lab = magnet();
      peer(lab, 1).offer(info.length).asked();
      lab.engine.command(lab.now, kind === 'remove' ? { kind, torrent: lab.torrent } : { kind });
      lab.run();
      while (lab.announces.length > 0) lab.announced({});
      expect(lab.engine.status(lab.torrent)?.state ?? 'gone').toBe(kind === 'remove' ? 'gone' : 'paused');
      expect(lab.count('stopped')).toBe(kind === 'shutdown' ? 1 : 0);
    }
  });

  test('metadata: a duplicate of a torrent that is here is refused, whichever form it has', () => {
    const lab = magnet();
    const { infoHash, name, announceTiers } = metainfo;
    const common = { paused: false, check: 'trust', peers: [], useTrackers: true } as const;
    const added = lab.engine.add(lab.now, { ...common, magnet: { infoHash, name, announceTiers } });
    expect(added.ok ? '' : added.error).toBe('duplicate');
  });

  test('metadata: bytes that are right and no torrent for us fail it for good, with the reason', () => {
    const lone = bencode.encode({ 'meta version': 2, name: 'x', 'piece length': 16_384 });
    const lab = magnet({ metainfo: { ...metainfo, infoHash: sha1(lone) } });
    new MetadataPeer(lab, { id: 'giver', host: '10.0.0.3' }).offer(lone.length);
    const giver = lab.status.peers[0]?.conn as number;
    const payload = [...bencode.encode({ msg_type: 1, piece: 0, total_size: lone.length }), ...lone];
    lab.say(giver, [0, 0, 0, payload.length + 2, 20, 2, ...payload]);
    expect(lab.status.state).toBe('failed');
    expect(lab.status.error).toContain('version 2');
    lab.engine.command(lab.now, { kind: 'resume', torrent: lab.torrent });
    lab.run();
    expect(lab.status.state).toBe('failed');
  });
});

describe('metadata: file selection (BEP 53)', () => {
  const many = makeTorrent({ fileLengths: [16, 16, 16, 16, 16], pieceLength: 16 });
  const wantedOf = (ranges: readonly { first: number; last: number }[]) => {
    const lab = new Lab({ metainfo: many.metainfo, magnet: true, add: { selection: ranges } });
    const giver = new MetadataPeer(lab, { has: 'none' }).offer(many.metainfo.infoBytes.length);
    giver.asked();
    giver.give(0, many.metainfo.infoBytes);
    return lab.status.wantedBytes;
  };

  test('metadata: only what the link selects is wanted; an index that no file has selects nothing', () => {
    expect(
      wantedOf([
        { first: 0, last: 0 },
        { first: 3, last: 9 },
      ]),
    ).toBe(48);
    expect(wantedOf([{ first: 7, last: 9 }])).toBe(0);
  });

  test('metadata: the same selection holds where the metadata is known from the start', () => {
    const lab = new Lab({ metainfo: many.metainfo, add: { selection: [{ first: 1, last: 2 }] } });
    expect(lab.status.wantedBytes).toBe(32);
  });
});

test('metadata: no passkey of a tracker that a link names is in the journal', () => {
  const file = new Bytes();
  const log = new JournalWriter(file.write, { build: 'test', about: {} });
  const announceTiers = [['http://tracker.example/0123456789abcdef/announce']];
  const lab = new Lab({ metainfo: { ...metainfo, announceTiers }, magnet: true, log });
  peer(lab, 1).offer(info.length).giveAll();
  log.flush();
  expect(known(lab)).toBe(true);
  // Texts in a journal are UTF-16 units, each a byte where it is ASCII.
  expect(Buffer.from(file.bytes).includes('tracker.example')).toBe(true);
  expect(Buffer.from(file.bytes).includes('0123456789abcdef')).toBe(false);
});

describe('metadata: kept as a file', () => {
  test('metadata: the file that is made of it holds the info dictionary byte for byte (keys that nobody knows, no tracker, many)', () => {
    for (const announceTiers of [[], [['http://one/']], [['http://one/', 'http://two/'], ['udp://three:1']]]) {
      const parsed = parseMetainfo(wrapInfo({ infoBytes: info, announceTiers }));
      if (!parsed.ok) throw new Error(parsed.detail);
      expect(parsed.value.infoHash).toEqual(metainfo.infoHash);
      expect(equalBytes(parsed.value.infoBytes, info)).toBe(true);
      expect(parsed.value.announceTiers).toEqual(announceTiers);
    }
  });

  test('metadata: a private torrent is private from then on', () => {
    const file = createMetainfo({
      name: 'x',
      files: [{ path: [], lengthBytes: 5, pad: false }],
      pieceLengthBytes: 16_384,
      pieceHashes: sha1(new Uint8Array(5)),
      announceTiers: [],
      private: true,
      comment: null,
      createdBy: null,
      creationDate: null,
    });
    const parsed = parseMetainfo(file);
    if (!parsed.ok) throw new Error(parsed.detail);
    const lab = new Lab({ metainfo: parsed.value, magnet: true });
    const giver = new MetadataPeer(lab, { has: 'none' });
    expect(giver.conn).toBe(1);
    giver.offer(parsed.value.infoBytes.length);
    giver.asked();
    giver.give(0, parsed.value.infoBytes);
    expect(lab.opened[0]?.private).toBe(true);
    expect(lab.status.pieceCount).toBe(1);
  });
});

describe('metadata: any peers', () => {
  /** What one of several peers does next; `at`: which of them, or which piece. */
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom(
        'offer',
        'offerOther',
        'give',
        'giveWrong',
        'giveShort',
        'reject',
        'leave',
        'second',
        'wait',
      ),
      who: fc.nat(5),
      at: fc.nat(3),
    }),
    { maxLength: 80 },
  );

  test('metadata: whatever they do nothing throws, memory is counted, and one that is honest is believed in the end', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const lab = magnet();
        const peers = new Map<number, MetadataPeer>();
        for (const { what, who, at } of list) {
          let each = peers.get(who);
          if (each === undefined || lab.closed.has(each.conn)) {
            each = new MetadataPeer(lab, { id: `peer ${who}`, host: `10.0.1.${who}`, has: 'none' });
            peers.set(who, each);
          }
          if (lab.closed.has(each.conn)) continue;
          if (what === 'offer') each.offer(info.length);
          else if (what === 'offerOther') each.offer(1 + at * METADATA_PIECE);
          else if (what === 'give') each.give(at);
          else if (what === 'giveWrong') each.give(at, spoilt(Math.min(at, 2)));
          else if (what === 'giveShort') each.say({ msg_type: 1, piece: at }, info.subarray(0, 100));
          else if (what === 'reject') each.reject(at);
          else if (what === 'second') lab.pass(1);
          else if (what === 'wait') lab.pass(12);
          else {
            lab.disconnected(each.conn);
            peers.delete(who);
          }
        }
        const honest = new MetadataPeer(lab, { id: 'honest', host: '10.0.3.1', has: 'none' }).offer(info.length);
        for (let second = 0; second < 200 && !known(lab); second += 1) {
          honest.giveAll();
          lab.pass(1);
        }
        expect(known(lab)).toBe(true);
        expect(lab.closed.get(honest.conn)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });
});
