// Download memory is one pool for all torrents: pieces that nobody can finish must not keep it.

import { expect, test } from 'vitest';
import {
  BLOCK_LENGTH_BYTES,
  createEngine,
  DEFAULT_SETTINGS,
  DOWNLOAD_BUFFER_BYTES_MAX,
  type JobId,
  type Sink,
} from '#engine';
import { Random } from '#harness';
import { handshake, makeTorrent, message, u32, uint32 } from './lab.ts';

test('memory: unfinished pieces are written when memory is full, and the download goes on (no piece ever gets its first block)', () => {
  const pieceLength = 1024 * 1024;
  const { metainfo } = makeTorrent({ totalBytes: DOWNLOAD_BUFFER_BYTES_MAX * 2, pieceLength });
  const settings = { ...DEFAULT_SETTINGS, requestTimeoutMs: 1_000_000 };
  const engine = createEngine({ random: new Random('memory'), settings, allocateBlock: () => new Uint8Array(0) });
  let now = 1;
  const begun = new Set<number>();
  const wanted: [number, number][] = [];
  const writes: JobId[] = [];
  const ignore = () => {};
  const sink: Sink = {
    dial: ignore,
    send: (_, bytes) => {
      for (let at = 0; at + 17 <= bytes.length; at += 4 + uint32(bytes, at)) {
        if (uint32(bytes, at) === 13 && bytes[at + 4] === 6)
          wanted.push([uint32(bytes, at + 5), uint32(bytes, at + 9)]);
        else if (bytes[at] === 19) at += 64;
      }
    },
    sendPayload: ignore,
    setReading: ignore,
    close: (_, why) => expect.fail(why),
    readBlock: ignore,
    hashPiece: () => expect.fail('no piece is complete'),
    hashBlocks: ignore,
    writeBlocks: (job) => writes.push(job),
    sync: ignore,
    checkPieces: ignore,
    saveResume: ignore,
    announce: ignore,
    openTorrent: ignore,
    scrape: ignore,
    event: (name, _, a) => {
      if (name === 'pieceStarted') begun.add(a);
    },
  };
  const say = (bytes: number[]) => {
    engine.received(now, 1, Uint8Array.from(bytes));
    engine.drain(sink);
  };
  engine.add(now, {
    metainfo,
    resume: null,
    fileLengths: [-1],
    paused: false,
    check: 'trust',
    peers: [],
    useTrackers: false,
  });
  engine.connected(now, 1, { host: '10.0.0.2', port: 5 }, false);
  say(handshake(metainfo.infoHash, 'seed', { fast: true }));
  say(message(14));
  say(message(1));
  for (let second = 0; second < 30; second += 1) {
    for (const [piece, begin] of wanted.splice(0)) {
      if (begin === 0) continue;
      say([...u32(9 + BLOCK_LENGTH_BYTES), 7, ...u32(piece), ...u32(begin)]);
      engine.receivedPayload(now, 1, 1, BLOCK_LENGTH_BYTES);
      engine.drain(sink);
    }
    now += 1_000_000;
    engine.tick(now);
    engine.drain(sink);
    for (const job of writes.splice(0)) engine.blocksWritten(now, job, null);
    engine.drain(sink);
    engine.checkInvariants();
  }
  expect(begun.size).toBeGreaterThan(DOWNLOAD_BUFFER_BYTES_MAX / pieceLength + 4);
});
