// Bugs at the contract: an input or an output of the real engine is changed on its way.

import { BLOCK_LENGTH_BYTES, type JobId, type Metainfo, SHA1_LENGTH_BYTES } from '#engine';
import { changed, type PlantedBug } from './planted-bug.ts';

const CHOKE = 0;
const HAVE = 4;
const CANCEL = 8;
const UNCHOKE = 1;
const REJECT = 16;

export const contractBugs: readonly PlantedBug[] = [
  {
    name: 'the check names one piece too many',
    area: 'check',
    inputs: (engine, metainfo) => {
      const firsts = new Map<JobId, number>();
      return {
        drain: (sink) =>
          engine.drain(
            changed(sink, {
              checkPieces(job, torrent, first, count) {
                firsts.set(job, first);
                sink.checkPieces(job, torrent, first, count);
              },
            }),
          ),
        piecesChecked(now, job, digests) {
          const right = digests.map((_, i) => hashOf(metainfo(), (firsts.get(job) as number) + i));
          const bad = digests.findIndex((digest, i) => digest?.join() !== right[i]?.join());
          engine.piecesChecked(now, job, bad === -1 ? digests : digests.with(bad, right[bad] as Uint8Array));
        },
      };
    },
  },
  {
    name: 'the check names one piece too few',
    area: 'check',
    inputs: (engine) => ({
      piecesChecked: (now, job, digests) => engine.piecesChecked(now, job, digests.with(digests.length - 1, null)),
    }),
  },
  {
    name: 'a piece counts without its hash',
    area: 'storage',
    inputs: (engine, metainfo) => {
      const pieces = new Map<JobId, number>();
      return {
        drain: (sink) =>
          engine.drain(
            changed(sink, {
              hashPiece(job, torrent, piece, blocks) {
                pieces.set(job, piece);
                sink.hashPiece(job, torrent, piece, blocks);
              },
            }),
          ),
        pieceHashed(now, job, digest) {
          engine.pieceHashed(now, job, digest && hashOf(metainfo(), pieces.get(job) as number));
        },
      };
    },
  },
  {
    name: 'a good piece fails now and then',
    area: 'storage',
    inputs: (engine) => {
      let hashed = 0;
      return {
        pieceHashed(now, job, digest) {
          hashed += 1;
          engine.pieceHashed(now, job, digest && hashed % 5 === 0 ? digest.map((byte) => byte ^ 1) : digest);
        },
      };
    },
  },
  {
    name: 'resume data claims what is not synced',
    area: 'resume',
    outputs: (sink) => ({
      saveResume: (job, torrent, data) =>
        sink.saveResume(job, torrent, {
          ...data,
          flushed: data.flushed.map((byte, i) => byte | (data.unsynced[i] as number)),
          unsynced: new Uint8Array(data.unsynced.length),
        }),
    }),
  },
  {
    name: 'resume data forgets flushed pieces',
    area: 'resume',
    outputs: (sink) => ({
      saveResume: (job, torrent, data) =>
        sink.saveResume(job, torrent, { ...data, flushed: new Uint8Array(data.flushed.length) }),
    }),
  },
  {
    name: 'resume data forgets the blocks of unfinished pieces',
    area: 'pause cache',
    outputs: (sink) => ({
      saveResume: (job, torrent, data) => sink.saveResume(job, torrent, { ...data, partials: [] }),
    }),
  },
  {
    name: 'a full disk is taken for success',
    area: 'storage',
    inputs: (engine) => ({ blocksWritten: (now, job) => engine.blocksWritten(now, job, null) }),
  },
  {
    name: 'HAVE before the piece is written',
    area: 'storage',
    inputs: (engine) => {
      let last = -1;
      return {
        drain: (sink) =>
          engine.drain(
            changed(sink, {
              send(conn, bytes) {
                if (bytes[0] !== HANDSHAKE_FIRST_BYTE) last = conn;
                sink.send(conn, bytes);
              },
              event(name, torrent, a, b) {
                if (name === 'pieceVerified' && last !== -1) sink.send(last, haveOf(a));
                sink.event(name, torrent, a, b);
              },
            }),
          ),
      };
    },
  },
  {
    name: 'bans are forgotten',
    area: 'parole',
    outputs: (sink) => ({
      saveResume: (job, torrent, data) =>
        sink.saveResume(job, torrent, { ...data, peers: data.peers.map((peer) => ({ ...peer, banned: false })) }),
    }),
  },
  {
    name: 'end-game without CANCEL',
    area: 'end-game',
    outputs: (sink) => ({ send: (conn, bytes) => sink.send(conn, without(bytes, CANCEL)) }),
  },
  {
    name: 'nobody is ever unchoked',
    area: 'choker',
    outputs: (sink) => ({ send: (conn, bytes) => sink.send(conn, without(bytes, UNCHOKE)) }),
  },
  {
    name: 'blocks are read from one block further on',
    area: 'upload',
    outputs: (sink) => ({
      readBlock: (job, torrent, piece, beginBytes, lengthBytes) =>
        sink.readBlock(job, torrent, piece, beginBytes === 0 ? BLOCK_LENGTH_BYTES : beginBytes, lengthBytes),
    }),
  },
  {
    name: '"stopped" is not announced',
    area: 'tracker',
    outputs: (sink) => ({
      announce: (job, request) => sink.announce(job, request.event === 'stopped' ? { ...request, event: '' } : request),
    }),
  },
  {
    name: 'a pause leaves the connections open',
    area: 'pause cache',
    outputs: (sink) => ({ close: (conn, why) => (why === 'paused' ? undefined : sink.close(conn, why)) }),
  },
  {
    name: 'nobody is choked again',
    area: 'choker',
    outputs: (sink) => ({ send: (conn, bytes) => sink.send(conn, without(bytes, CHOKE)) }),
  },
  {
    name: 'a request that is dropped is not rejected',
    area: 'wire',
    outputs: (sink) => ({ send: (conn, bytes) => sink.send(conn, without(bytes, REJECT)) }),
  },
  {
    name: '"left" is always everything',
    area: 'tracker',
    inputs: (engine, metainfo) => ({
      drain: (sink) =>
        engine.drain(
          changed(sink, {
            announce: (job, request) => sink.announce(job, { ...request, left: metainfo().geometry.totalBytes }),
          }),
        ),
    }),
  },
  {
    name: 'the interval of the tracker is ignored',
    area: 'tracker',
    inputs: (engine) => ({
      announced: (now, job, reply) =>
        engine.announced(now, job, reply.ok ? { ...reply, intervalS: 5, minIntervalS: null } : reply),
    }),
  },
  {
    name: 'the least interval of the tracker is ignored',
    area: 'tracker',
    inputs: (engine) => ({
      announced: (now, job, reply) => engine.announced(now, job, reply.ok ? { ...reply, minIntervalS: null } : reply),
    }),
  },
  {
    name: '"stopped" is told to one tracker alone',
    area: 'tracker',
    outputs: (sink) => {
      let told = false;
      return {
        announce: (job, request) => {
          const again = request.event === 'stopped' && told;
          told = request.event === 'stopped';
          sink.announce(job, again ? { ...request, event: '' } : request);
        },
      };
    },
  },
  {
    name: 'the figures of a scrape are lost',
    area: 'tracker',
    inputs: (engine) => ({
      scraped: (now, job, reply) =>
        engine.scraped(now, job, reply.ok ? { ...reply, figures: reply.figures.map(() => null) } : reply),
    }),
  },
  {
    name: 'no peers are asked for',
    area: 'tracker',
    outputs: (sink) => ({ announce: (job, request) => sink.announce(job, { ...request, numwant: 0 }) }),
  },
  {
    name: '"completed" is not announced',
    area: 'tracker',
    outputs: (sink) => ({
      announce: (job, request) =>
        sink.announce(job, request.event === 'completed' ? { ...request, event: '' } : request),
    }),
  },
];

/** What the torrent wants a piece to hash to. */
function hashOf({ pieceHashes }: Metainfo, piece: number): Uint8Array {
  return pieceHashes.slice(piece * SHA1_LENGTH_BYTES, (piece + 1) * SHA1_LENGTH_BYTES);
}

/** A HAVE message. */
function haveOf(piece: number): Uint8Array {
  const message = Uint8Array.of(0, 0, 0, 5, HAVE, 0, 0, 0, 0);
  new DataView(message.buffer).setUint32(5, piece);
  return message;
}

/** A run of whole messages (or a handshake before them) without those of one id. */
function without(bytes: Uint8Array, id: number): Uint8Array {
  const kept: number[] = [];
  let at = 0;
  if (bytes[0] === HANDSHAKE_FIRST_BYTE && bytes.length >= HANDSHAKE_BYTES) {
    kept.push(...bytes.subarray(0, HANDSHAKE_BYTES));
    at = HANDSHAKE_BYTES;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (at < bytes.length) {
    // The payload of a PIECE is handed over by itself, behind its header.
    const isPiece = bytes[at + 4] === PIECE;
    const length = isPiece ? PIECE_HEADER_BYTES : 4 + view.getUint32(at);
    if (bytes[at + 4] !== id || length === 4) kept.push(...bytes.subarray(at, at + length));
    at += length;
  }
  return Uint8Array.from(kept);
}

const HANDSHAKE_FIRST_BYTE = 19;
const HANDSHAKE_BYTES = 68;
const PIECE = 7;
const PIECE_HEADER_BYTES = 13;
