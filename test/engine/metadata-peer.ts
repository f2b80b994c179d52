// The other end of the metadata exchange, for tests: a peer of the lab that offers metadata, hears requests and answers as the test says.

import bencode from 'bencode';
import { type Lab, makeTorrent, message } from './lab.ts';

export const METADATA_PIECE = 16_384;
/** 2,000 pieces of 16 bytes: its metadata takes three pieces, the last one short. */
export const { metainfo, data } = makeTorrent({
  totalBytes: 32_000,
  pieceLength: 16,
  trackers: [['http://one/announce']],
});
export const info = metainfo.infoBytes;

export interface HeardMessage {
  readonly type: number;
  readonly piece: number;
  readonly totalSize: number | undefined;
  readonly data: Uint8Array;
}

const EXTENDED = 20;

export class MetadataPeer {
  readonly lab: Lab;
  readonly conn: number;
  /** The id under which it wants to be asked. */
  readonly id: number;
  /** The engine's id for the same. */
  engineId: number | undefined;
  /** What the engine said in its last extension handshake. */
  said: Record<string, unknown> = {};

  constructor(
    lab: Lab,
    options: { id?: string; host?: string; messageId?: number; has?: 'all' | 'none'; fast?: boolean } = {},
  ) {
    this.lab = lab;
    this.id = options.messageId ?? 7;
    const { id = 'p', host = '10.0.0.2', has = 'all', fast = true } = options;
    this.conn = lab.peer({ id, host, has, fast, extensions: true });
  }

  /** Its extension handshake. */
  offer(size: number | null, more: Record<string, unknown> = {}): this {
    return this.handshake({ m: { ut_metadata: this.id }, ...(size === null ? {} : { metadata_size: size }), ...more });
  }

  handshake(content: Record<string, unknown>): this {
    this.lab.say(this.conn, message(EXTENDED, 0, ...bencode.encode(content as never)));
    return this;
  }

  /** Messages of the metadata exchange that the engine sent since this was last asked. */
  heard(): HeardMessage[] {
    const heard: HeardMessage[] = [];
    for (const { id, body } of this.lab.frames(this.conn)) {
      if (id !== EXTENDED) continue;
      if (body[0] === 0) {
        this.said = bencode.decode(body.subarray(1)) as Record<string, unknown>;
        this.engineId = (this.said['m'] as Record<string, number>)['ut_metadata'];
      } else if (body[0] === this.id) heard.push(read(body.subarray(1)));
    }
    return heard;
  }

  /** The pieces that the engine asked for since this was last asked. */
  asked(): number[] {
    return this.heard().flatMap(({ type, piece }) => (type === 0 ? [piece] : []));
  }

  say(content: Record<string, unknown>, rest: Uint8Array = new Uint8Array(0)): void {
    if (this.engineId === undefined) this.heard();
    this.lab.say(this.conn, message(EXTENDED, this.engineId ?? 0xff, ...bencode.encode(content as never), ...rest));
  }

  give(piece: number, whole: Uint8Array = info, totalSize: number | undefined = whole.length): void {
    const part = whole.subarray(piece * METADATA_PIECE, (piece + 1) * METADATA_PIECE);
    this.say({ msg_type: 1, piece, ...(totalSize === undefined ? {} : { total_size: totalSize }) }, part);
  }

  /** Gives whatever the engine asks for, from `whole`, until it asks for nothing more. */
  giveAll(whole: Uint8Array = info): void {
    for (let pieces = this.asked(); pieces.length > 0; pieces = this.asked())
      for (const piece of pieces) this.give(piece, whole);
  }

  request(piece: number): void {
    this.say({ msg_type: 0, piece });
  }

  reject(piece: number): void {
    this.say({ msg_type: 2, piece });
  }
}

function read(payload: Uint8Array): HeardMessage {
  // The dictionary ends before the first data: integers and keys of ours hold no `ee`.
  const end = Buffer.from(payload).indexOf('ee') + 2;
  const head = bencode.decode(payload.subarray(0, end)) as Record<string, number>;
  return {
    type: head['msg_type'] as number,
    piece: head['piece'] as number,
    totalSize: head['total_size'],
    data: payload.subarray(end),
  };
}

/** The same with one byte of a piece changed. */
export function spoilt(piece: number): Uint8Array {
  const bytes = info.slice();
  bytes[piece * METADATA_PIECE + 3] = (bytes[piece * METADATA_PIECE + 3] as number) ^ 1;
  return bytes;
}
