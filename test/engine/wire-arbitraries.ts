// Valid messages of every kind as arbitraries: the bytes that our writers make, and the calls that a reader owes for them.

import fc from 'fast-check';
import * as messages from '../../engine/wire/messages.ts';

export interface Sent {
  readonly bytes: Uint8Array;
  readonly calls: readonly string[];
  /** Length of the payload at the end of `bytes` that may also be delivered as a stamp; 0 for all but PIECE. */
  readonly payloadBytes: number;
}

/** Writes one message into a buffer of exactly `lengthBytes` and checks that the writer filled it. */
export function written(lengthBytes: number, write: (out: Uint8Array) => number): Uint8Array {
  const out = new Uint8Array(lengthBytes);
  const end = write(out);
  if (end !== lengthBytes) throw new Error(`the writer ended at ${end} of ${lengthBytes} bytes`);
  return out;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A message of any id, legal or not. */
export function rawMessage(id: number, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(5);
  new DataView(head.buffer).setUint32(0, 1 + body.length);
  head[4] = id;
  return joined([head, body]);
}

const uint32 = fc.oneof(fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff));
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const hex = (content: Uint8Array): string => Buffer.from(content).toString('hex');

const sent = (content: Uint8Array, ...calls: string[]): Sent => ({ bytes: content, calls, payloadBytes: 0 });

const bare = fc.constantFrom(
  sent(
    written(messages.KEEP_ALIVE_BYTES, (out) => messages.writeKeepAlive(out, 0)),
    'keepAlive',
  ),
  sent(
    written(messages.BARE_BYTES, (out) => messages.writeChoke(out, 0)),
    'choke',
  ),
  sent(
    written(messages.BARE_BYTES, (out) => messages.writeUnchoke(out, 0)),
    'unchoke',
  ),
  sent(
    written(messages.BARE_BYTES, (out) => messages.writeInterested(out, 0)),
    'interested',
  ),
  sent(
    written(messages.BARE_BYTES, (out) => messages.writeNotInterested(out, 0)),
    'notInterested',
  ),
  sent(
    written(messages.BARE_BYTES, (out) => messages.writeHaveAll(out, 0)),
    'haveAll',
  ),
  sent(
    written(messages.BARE_BYTES, (out) => messages.writeHaveNone(out, 0)),
    'haveNone',
  ),
);

const pieceMessage = fc
  .tuple(
    fc.constantFrom(
      ['have', messages.writeHave] as const,
      ['suggest', messages.writeSuggest] as const,
      ['allowedFast', messages.writeAllowedFast] as const,
    ),
    uint32,
  )
  .map(([[name, write], piece]) =>
    sent(
      written(messages.HAVE_BYTES, (out) => write(out, 0, piece)),
      `${name} ${piece}`,
    ),
  );

const blockMessage = fc
  .tuple(
    fc.constantFrom(
      ['request', messages.writeRequest] as const,
      ['cancel', messages.writeCancel] as const,
      ['reject', messages.writeReject] as const,
    ),
    uint32,
    uint32,
    uint32,
  )
  .map(([[name, write], piece, beginBytes, lengthBytes]) =>
    sent(
      written(messages.REQUEST_BYTES, (out) => write(out, 0, piece, beginBytes, lengthBytes)),
      `${name} ${piece} ${beginBytes} ${lengthBytes}`,
    ),
  );

const port = fc.nat(0xffff).map((number) =>
  sent(
    written(messages.PORT_BYTES, (out) => messages.writePort(out, 0, number)),
    `port ${number}`,
  ),
);

const bitfield = bytes(200).map((bits) =>
  sent(
    joined([written(messages.BITFIELD_HEADER_BYTES, (out) => messages.writeBitfieldHeader(out, 0, bits.length)), bits]),
    `bitfield ${hex(bits)}`,
  ),
);

const extended = fc
  .tuple(fc.nat(255), bytes(200))
  .map(([id, payload]) =>
    sent(
      joined([
        written(messages.EXTENDED_HEADER_BYTES, (out) => messages.writeExtendedHeader(out, 0, id, payload.length)),
        payload,
      ]),
      `extended ${id} ${hex(payload)}`,
    ),
  );

const unknown = fc
  .tuple(fc.constantFrom(10, 11, 12, 18, 19, 21, 23, 255), bytes(100))
  .map(([id, body]) => sent(rawMessage(id, body)));

const piece = fc.tuple(uint32, uint32, bytes(300)).map(
  ([index, beginBytes, payload]): Sent => ({
    bytes: joined([
      written(messages.PIECE_HEADER_BYTES, (out) =>
        messages.writePieceHeader(out, 0, index, beginBytes, payload.length),
      ),
      payload,
    ]),
    calls: [`piece ${index} ${beginBytes} ${payload.length}`, `end ${hex(payload)}`],
    payloadBytes: payload.length,
  }),
);

/** Any legal message. */
export const anyMessage: fc.Arbitrary<Sent> = fc.oneof(
  bare,
  pieceMessage,
  blockMessage,
  port,
  bitfield,
  extended,
  unknown,
  piece,
);
