// A leecher that asks for every block once, in order, and throws the payload away: the measure of a seed, the same for every client and
// cheaper than any of them. It speaks BEP 3 only, keeps a fixed number of requests outstanding and reads into one buffer.

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { BLOCK_LENGTH_BYTES } from '#engine';
import type { LibtorrentReading } from '../interop/drivers/libtorrent.ts';
import type { Endpoint } from '../interop/support/loopback.ts';

/** Requests outstanding: BEP 10's default of what a peer must queue. */
const REQUESTS_OUTSTANDING = 250;
/** One write carries at least this many requests. */
const REQUESTS_BATCH = 32;
const READ_BUFFER_BYTES = 1 << 20;

const HANDSHAKE_LENGTH_BYTES = 68;
const REQUEST_LENGTH_BYTES = 17;
const CHOKE = 0;
const UNCHOKE = 1;
const INTERESTED = 2;
const REQUEST = 6;
const PIECE = 7;
/** Length prefix, id, piece and begin. */
const PIECE_HEADER_BYTES = 13;

export interface Drained {
  readonly bytes: number;
  /** From the first byte of payload to the last. */
  readonly seconds: number;
  /** From the call to the first byte of payload: connection, handshake and the seed's choker. */
  readonly waitSeconds: number;
}

/** Downloads all of `torrent` from `seed` and discards it. Rejects when the connection ends early. */
export function drainSeed(seed: Endpoint, localAddress: string, torrent: LibtorrentReading): Promise<Drained> {
  const blocks = new BlockSequence(torrent);
  const started = performance.now();
  let firstPayload = 0;
  let payloadBytes = 0;
  let outstanding = 0;
  let handshakeLeft = HANDSHAKE_LENGTH_BYTES;
  /** Header bytes of the message that is being read: up to `PIECE_HEADER_BYTES`. */
  const header = Buffer.alloc(PIECE_HEADER_BYTES);
  let headerBytes = 0;
  let bodyLeft = 0;
  let bodyIsPayload = false;
  let unchoked = false;

  return new Promise((resolve, reject) => {
    const socket = connect({
      ...seed,
      localAddress,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
        callback: (length, buffer) => {
          read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the seed closed after ${payloadBytes} bytes`)));
    socket.on('connect', () => {
      const peerId = createHash('sha1').update(`sink ${started}`).digest();
      socket.write(
        Buffer.concat([
          Buffer.from('\x13BitTorrent protocol'),
          Buffer.alloc(8),
          Buffer.from(torrent.infoHash, 'hex'),
          peerId,
        ]),
      );
    });

    function read(bytes: Buffer): void {
      let at = Math.min(handshakeLeft, bytes.length);
      // aria2 bans a peer that says more before both handshakes are through.
      if (handshakeLeft > 0 && handshakeLeft === at) socket.write(Buffer.from([0, 0, 0, 1, INTERESTED]));
      handshakeLeft -= at;
      while (at < bytes.length) {
        if (bodyLeft > 0) {
          const taken = Math.min(bodyLeft, bytes.length - at);
          at += taken;
          bodyLeft -= taken;
          if (bodyIsPayload) payloadBytes += taken;
          if (bodyLeft === 0 && bodyIsPayload) blockEnded();
        } else {
          at = readHeader(bytes, at);
        }
      }
      if (unchoked) ask();
    }

    /** Takes header bytes until the message's kind is known: 4 of a keep-alive, 13 of a piece, 5 of any other. */
    function readHeader(bytes: Buffer, from: number): number {
      let at = from;
      while (at < bytes.length) {
        header[headerBytes++] = bytes[at++] ?? 0;
        if (headerBytes < 4) continue;
        const length = header.readUInt32BE(0);
        const isPiece = header[4] === PIECE;
        const wanted = length === 0 ? 4 : headerBytes > 4 && isPiece ? PIECE_HEADER_BYTES : 5;
        if (headerBytes < wanted) continue;
        if (length > 0 && header[4] === UNCHOKE) unchoked = true;
        if (length > 0 && header[4] === CHOKE) socket.destroy(new Error('the seed choked its only leecher'));
        bodyLeft = 4 + length - headerBytes;
        bodyIsPayload = length > 0 && isPiece;
        if (bodyIsPayload && firstPayload === 0) firstPayload = performance.now();
        headerBytes = 0;
        return at;
      }
      return at;
    }

    function blockEnded(): void {
      outstanding--;
      if (payloadBytes < torrent.totalBytes) return;
      const now = performance.now();
      resolve({
        bytes: payloadBytes,
        seconds: (now - firstPayload) / 1000,
        waitSeconds: (firstPayload - started) / 1000,
      });
      socket.destroy();
    }

    function ask(): void {
      if (outstanding > REQUESTS_OUTSTANDING - REQUESTS_BATCH) return;
      const requests = blocks.take(REQUESTS_OUTSTANDING - outstanding);
      outstanding += requests.length / REQUEST_LENGTH_BYTES;
      if (requests.length > 0) socket.write(requests);
    }
  });
}

/** Every block of a torrent, in order, as REQUEST messages. */
class BlockSequence {
  readonly #totalBytes: number;
  readonly #pieceLengthBytes: number;
  #offset = 0;

  constructor(torrent: LibtorrentReading) {
    this.#totalBytes = torrent.totalBytes;
    this.#pieceLengthBytes = torrent.pieceLengthBytes;
  }

  /** The next `count` requests, fewer at the end; a fresh buffer. */
  take(count: number): Buffer {
    const requests = Buffer.alloc(count * REQUEST_LENGTH_BYTES);
    let at = 0;
    for (let taken = 0; taken < count && this.#offset < this.#totalBytes; taken++) {
      const begin = this.#offset % this.#pieceLengthBytes;
      const inPiece = Math.min(this.#pieceLengthBytes - begin, this.#totalBytes - this.#offset);
      const length = Math.min(BLOCK_LENGTH_BYTES, inPiece);
      at = requests.writeUInt32BE(13, at);
      at = requests.writeUInt8(REQUEST, at);
      at = requests.writeUInt32BE(Math.floor(this.#offset / this.#pieceLengthBytes), at);
      at = requests.writeUInt32BE(begin, at);
      at = requests.writeUInt32BE(length, at);
      this.#offset += length;
    }
    return requests.subarray(0, at);
  }
}
