import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineBug } from '../../engine/bug.ts';
import { BLOCK_LENGTH_BYTES, WIRE_MESSAGE_BYTES_MAX } from '../../engine/limits.ts';
import { HANDSHAKE_BYTES, writeHandshake } from '../../engine/wire/handshake.ts';
import * as messages from '../../engine/wire/messages.ts';

import { anyMessage, joined, rawMessage, type Sent, written } from './wire-arbitraries.ts';
import { Recorder } from './wire-recorder.ts';

const INFO_HASH = new Uint8Array(20).fill(0xaa);
const PEER_ID = new Uint8Array(20).fill(0xbb);
const HANDSHAKE = written(HANDSHAKE_BYTES, (out) => writeHandshake(out, 0, INFO_HASH, PEER_ID));
const HANDSHAKE_CALLS = [`infoHash 0000000000100004 ${'aa'.repeat(20)}`, `peerId ${'bb'.repeat(20)}`];

/** A reader that has the handshake behind it; the recorder is empty again. */
function opened(): Recorder {
  const recorder = new Recorder();
  expect(recorder.received(HANDSHAKE)).toBeNull();
  recorder.calls.length = 0;
  return recorder;
}

/** The beginning of a message: a length and an id, no body. */
function announcedLength(length: number, id: number): Uint8Array {
  const head = rawMessage(id, new Uint8Array());
  new DataView(head.buffer).setUint32(0, length);
  return head;
}

function pieceHeader(payloadBytes: number): Uint8Array {
  return written(messages.PIECE_HEADER_BYTES, (out) => messages.writePieceHeader(out, 0, 3, 16_384, payloadBytes));
}

/** Cuts `bytes` into chunks of the given lengths, over and over. */
function chunksOf(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const end = Math.min(at + (lengths[index % lengths.length] as number), bytes.length);
    chunks.push(bytes.slice(at, end));
    at = end;
  }
  return chunks;
}

const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 600 })), {
  minLength: 1,
  maxLength: 12,
});

const streams = fc.array(anyMessage, { maxLength: 30 });

test('wire 14: a handshake is 68 bytes and its unknown reserved bits are ignored (all 64 set)', () => {
  const bytes = HANDSHAKE.slice().fill(0xff, 20, 28);
  const recorder = new Recorder();
  expect(recorder.received(bytes)).toBeNull();
  expect(recorder.calls).toEqual([`infoHash ffffffffffffffff ${'aa'.repeat(20)}`, HANDSHAKE_CALLS[1]]);
});

test('wire 14: a handshake may be cut anywhere (every place)', () => {
  for (let cut = 1; cut < HANDSHAKE_BYTES; cut += 1) {
    const recorder = new Recorder();
    expect(recorder.received(HANDSHAKE.subarray(0, cut))).toBeNull();
    expect(recorder.calls).toEqual(cut >= 48 ? HANDSHAKE_CALLS.slice(0, 1) : []);
    expect(recorder.received(HANDSHAKE.subarray(cut))).toBeNull();
    expect(recorder.calls).toEqual(HANDSHAKE_CALLS);
  }
});

test('wire 14: another protocol is refused at the first byte that differs (each of the 20)', () => {
  for (let at = 0; at < 20; at += 1) {
    const bytes = HANDSHAKE.slice();
    bytes[at] = (bytes[at] as number) ^ 1;
    const recorder = new Recorder();
    expect(recorder.received(bytes.subarray(0, at))).toBeNull();
    expect(recorder.received(bytes.subarray(at, at + 1))).toBe('protocolName');
    expect(recorder.received(bytes.subarray(at + 1))).toBeNull();
    expect(recorder.calls).toEqual([]);
  }
});

test('wire 15: the info-hash is told before the peer id has come (48 bytes), and can end the connection', () => {
  const recorder = new Recorder();
  recorder.answer = () => 'infoHash';
  expect(recorder.received(HANDSHAKE.subarray(0, 47))).toBeNull();
  expect(recorder.calls).toEqual([]);
  expect(recorder.received(HANDSHAKE.subarray(47))).toBe('infoHash');
  expect(recorder.calls).toEqual(HANDSHAKE_CALLS.slice(0, 1));
});

test('wire 16: the handler can refuse the peer id, and what follows in the chunk is not parsed', () => {
  const recorder = new Recorder();
  recorder.answer = (call) => (call.startsWith('peerId') ? 'peerId' : null);
  expect(recorder.received(joined([HANDSHAKE, rawMessage(messages.CHOKE, new Uint8Array())]))).toBe('peerId');
  expect(recorder.calls).toEqual(HANDSHAKE_CALLS);
});

test('wire 19: length 0 is a keep-alive (three in a row, the last one cut)', () => {
  const recorder = opened();
  expect(recorder.received(new Uint8Array(11))).toBeNull();
  expect(recorder.calls).toEqual(['keepAlive', 'keepAlive']);
  expect(recorder.received(new Uint8Array(1))).toBeNull();
  expect(recorder.calls).toEqual(['keepAlive', 'keepAlive', 'keepAlive']);
});

test('wire 20: a length that is wrong for its id closes before the body comes (one byte short, one over)', () => {
  const exact: readonly (readonly [length: number, ids: readonly number[]])[] = [
    [1, [messages.CHOKE, messages.UNCHOKE, messages.INTERESTED, messages.NOT_INTERESTED]],
    [1, [messages.HAVE_ALL, messages.HAVE_NONE]],
    [3, [messages.PORT]],
    [5, [messages.HAVE, messages.SUGGEST, messages.ALLOWED_FAST]],
    [13, [messages.REQUEST, messages.CANCEL, messages.REJECT]],
  ];
  for (const [length, ids] of exact) {
    for (const id of ids) {
      expect(opened().received(announcedLength(length, id))).toBeNull();
      expect(opened().received(announcedLength(length + 1, id))).toBe('messageLength');
      if (length > 1) expect(opened().received(announcedLength(length - 1, id))).toBe('messageLength');
    }
  }
});

test('wire 20: a PIECE has at least an index and a begin, an extended message an id (one byte short)', () => {
  expect(opened().received(announcedLength(8, messages.PIECE))).toBe('messageLength');
  expect(opened().received(announcedLength(9, messages.PIECE))).toBeNull();
  expect(opened().received(announcedLength(1, messages.EXTENDED))).toBe('messageLength');
  expect(opened().received(announcedLength(2, messages.EXTENDED))).toBeNull();
});

test('wire 20: a wrong length is seen when length and id come byte by byte', () => {
  const recorder = opened();
  const head = announcedLength(6, messages.HAVE);
  for (const byte of head.subarray(0, 4)) expect(recorder.received(Uint8Array.of(byte))).toBeNull();
  expect(recorder.received(head.subarray(4))).toBe('messageLength');
});

test('wire 21: a length above the largest message closes before the id comes; the largest is legal', () => {
  for (const id of [messages.BITFIELD, messages.EXTENDED, 99]) {
    const largest = opened();
    expect(largest.received(announcedLength(WIRE_MESSAGE_BYTES_MAX, id))).toBeNull();
    expect(largest.scratchBytes).toBeLessThanOrEqual(5 + 4096);
    const over = opened();
    expect(over.received(announcedLength(WIRE_MESSAGE_BYTES_MAX + 1, id).subarray(0, 4))).toBe('messageTooLong');
    expect(over.scratchBytes).toBe(0);
  }
  expect(opened().received(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toBe('messageTooLong');
});

test('wire 21: the largest message arrives whole and its memory is given back (chunks of 1,000 bytes)', () => {
  const recorder = opened();
  const bits = new Uint8Array(WIRE_MESSAGE_BYTES_MAX - 1).fill(0x5a);
  let receivedBytes = 0;
  for (const chunk of chunksOf(rawMessage(messages.BITFIELD, bits), [1000])) {
    expect(recorder.received(chunk)).toBeNull();
    receivedBytes += chunk.length;
    if (recorder.scratchBytes > receivedBytes + 4096)
      expect.fail(`${recorder.scratchBytes} bytes for ${receivedBytes}`);
  }
  expect(recorder.calls).toEqual([`bitfield ${'5a'.repeat(bits.length)}`]);
  expect(recorder.scratchBytes).toBeLessThanOrEqual(32);
});

test('wire 22: an unknown id is ignored and its body not kept (empty, 1 byte, the largest)', () => {
  const recorder = opened();
  for (const bodyBytes of [0, 1, WIRE_MESSAGE_BYTES_MAX - 1]) {
    for (const chunk of chunksOf(rawMessage(21, new Uint8Array(bodyBytes).fill(9)), [3, 60_000])) {
      expect(recorder.received(chunk)).toBeNull();
      expect(recorder.scratchBytes).toBeLessThanOrEqual(32);
    }
  }
  expect(recorder.received(rawMessage(messages.UNCHOKE, new Uint8Array()))).toBeNull();
  expect(recorder.calls).toEqual(['unchoke']);
});

test('wire 34: a payload longer than a block closes at the header (16,384 passes, 16,385 not)', () => {
  const whole = opened();
  expect(whole.received(pieceHeader(BLOCK_LENGTH_BYTES))).toBeNull();
  expect(whole.calls).toEqual(['piece 3 16384 16384']);
  const over = opened();
  expect(over.received(pieceHeader(BLOCK_LENGTH_BYTES + 1).subarray(0, 5))).toBe('pieceRange');
  expect(over.calls).toEqual([]);
});

test('wire 47, 48: extended messages of any id are passed on, also twice (ids 0, 0, 255; empty payload)', () => {
  const recorder = opened();
  for (const id of [0, 0, 255]) {
    const bytes = written(messages.EXTENDED_HEADER_BYTES, (out) => messages.writeExtendedHeader(out, 0, id, 0));
    expect(recorder.received(bytes)).toBeNull();
  }
  expect(recorder.calls).toEqual(['extended 0 ', 'extended 0 ', 'extended 255 ']);
});

test('wire reader: payload is never kept (a block in chunks of 1,000 bytes)', () => {
  const recorder = opened();
  const payload = Uint8Array.from({ length: BLOCK_LENGTH_BYTES }, (_, index) => index & 0xff);
  for (const chunk of chunksOf(joined([pieceHeader(payload.length), payload]), [1000])) {
    expect(recorder.received(chunk)).toBeNull();
    expect(recorder.scratchBytes).toBeLessThanOrEqual(32);
  }
  expect(recorder.calls).toEqual(['piece 3 16384 16384', `end ${Buffer.from(payload).toString('hex')}`]);
});

test('wire reader: an empty payload ends at once (length 9, nothing after it)', () => {
  const recorder = opened();
  expect(recorder.received(pieceHeader(0))).toBeNull();
  expect(recorder.calls).toEqual(['piece 3 16384 0', 'end ']);
});

test('wire reader: a PIECE that the handler refuses at its header owes no end (payload of 0 and 1 bytes)', () => {
  for (const payloadBytes of [0, 1]) {
    const recorder = opened();
    recorder.answer = () => 'pieceUnasked';
    expect(recorder.received(joined([pieceHeader(payloadBytes), new Uint8Array(payloadBytes)]))).toBe('pieceUnasked');
    expect(recorder.calls).toEqual([`piece 3 16384 ${payloadBytes}`]);
  }
});

test('wire reader: an idle reader holds no memory, and little after its first cut message', () => {
  const recorder = opened();
  expect(recorder.scratchBytes).toBe(0);
  expect(recorder.received(new Uint8Array())).toBeNull();
  expect(recorder.scratchBytes).toBe(0);
  expect(recorder.received(new Uint8Array(1))).toBeNull();
  expect(recorder.scratchBytes).toBeLessThanOrEqual(32);
});

test('wire reader: any cut of any stream gives the calls that its messages owe', () => {
  fc.assert(
    fc.property(streams, cuts, (sent, lengths) => {
      const recorder = new Recorder();
      for (const chunk of chunksOf(joined([HANDSHAKE, ...sent.map(({ bytes }) => bytes)]), lengths)) {
        expect(recorder.received(chunk)).toBeNull();
      }
      expect(recorder.calls).toEqual([...HANDSHAKE_CALLS, ...sent.flatMap(({ calls }) => calls)]);
    }),
    { numRuns: 500 },
  );
});

/** Delivers a message, the payload of a PIECE as stamps in parts, everything before it as bytes in chunks. */
function deliverStamped(recorder: Recorder, { bytes, payloadBytes }: Sent, lengths: readonly number[]): void {
  for (const chunk of chunksOf(bytes.subarray(0, bytes.length - payloadBytes), lengths)) {
    expect(recorder.received(chunk)).toBeNull();
  }
  for (const part of chunksOf(new Uint8Array(payloadBytes), lengths)) {
    expect(recorder.receivedPayload(77, part.length)).toBeNull();
  }
}

test('wire reader: payload may come as stamps, in any parts (any stream)', () => {
  fc.assert(
    fc.property(streams, cuts, (sent, lengths) => {
      const recorder = opened();
      for (const message of sent) deliverStamped(recorder, message, lengths);
      const owed = sent.flatMap(({ calls, payloadBytes }) =>
        payloadBytes === 0 ? calls : [calls[0] as string, `end stamp 77 ${payloadBytes}`],
      );
      expect(recorder.calls).toEqual(owed);
    }),
    { numRuns: 300 },
  );
});

test('wire reader: a stamp outside a payload is the driver’s bug (before, longer than what is left, after, empty)', () => {
  const recorder = opened();
  expect(() => recorder.receivedPayload(1, 1)).toThrow(EngineBug);
  expect(recorder.received(pieceHeader(10))).toBeNull();
  expect(() => recorder.receivedPayload(1, 11)).toThrow(EngineBug);
  expect(() => recorder.receivedPayload(1, 0)).toThrow(EngineBug);
  expect(recorder.receivedPayload(1, 10)).toBeNull();
  expect(() => recorder.receivedPayload(1, 1)).toThrow(EngineBug);
  expect(recorder.calls).toEqual(['piece 3 16384 10', 'end stamp 1 10']);
});

test('wire reader: the first fault of the handler ends the parsing (any stream, any call of it)', () => {
  fc.assert(
    fc.property(streams, fc.nat(), cuts, (sent, choice, lengths) => {
      const owed = sent.flatMap(({ calls }) => calls).filter((call) => call !== 'keepAlive');
      fc.pre(owed.length > 0);
      const recorder = opened();
      let remaining = choice % owed.length;
      recorder.answer = (call) => {
        if (call === 'keepAlive' || call.startsWith('bytes')) return null;
        remaining -= 1;
        return remaining < 0 ? 'haveRange' : null;
      };
      const faults = chunksOf(joined(sent.map(({ bytes }) => bytes)), lengths).map((chunk) => recorder.received(chunk));
      expect(faults.filter((fault) => fault !== null)).toEqual(['haveRange']);
      expect(recorder.calls.filter((call) => call !== 'keepAlive')).toEqual(owed.slice(0, (choice % owed.length) + 1));
      expect(recorder.scratchBytes).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('wire reader: nothing is parsed after `stop` (in every call of a chunk, and afterwards)', () => {
  const chunk = joined([
    new Uint8Array(4),
    rawMessage(messages.CHOKE, new Uint8Array()),
    pieceHeader(2),
    Uint8Array.of(1, 2),
    rawMessage(messages.EXTENDED, Uint8Array.of(0, 1)),
    rawMessage(messages.UNCHOKE, new Uint8Array()),
  ]);
  const owed = ['keepAlive', 'choke', 'piece 3 16384 2', 'end 0102', 'extended 0 01', 'unchoke'];
  for (const [index, last] of owed.entries()) {
    const recorder = opened();
    recorder.answer = (call) => {
      if (call === last) recorder.stopParsing();
      return null;
    };
    expect(recorder.received(chunk)).toBeNull();
    expect(recorder.received(chunk)).toBeNull();
    expect(recorder.receivedPayload(1, 1)).toBeNull();
    expect(recorder.calls).toEqual(owed.slice(0, index + 1));
  }
});

test('wire reader: `stop` in the middle of a payload owes no end (bytes, the last of them)', () => {
  const recorder = opened();
  recorder.answer = (call) => {
    if (call === 'bytes 2') recorder.stopParsing();
    return null;
  };
  expect(recorder.received(joined([pieceHeader(2), Uint8Array.of(1, 2)]))).toBeNull();
  expect(recorder.calls).toEqual(['piece 3 16384 2']);
});

test('wire reader: the handler’s fault about a message that was cut is returned (bitfield in two parts)', () => {
  const recorder = opened();
  recorder.answer = () => 'bitfieldLength';
  const bytes = rawMessage(messages.BITFIELD, new Uint8Array(100));
  expect(recorder.received(bytes.subarray(0, 50))).toBeNull();
  expect(recorder.received(bytes.subarray(50))).toBe('bitfieldLength');
  expect(recorder.scratchBytes).toBe(0);
});
