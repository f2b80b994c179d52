import { expect, test } from 'vitest';
import {
  HANDSHAKE_BYTES,
  offersExtensions,
  offersFast,
  RESERVED_AT,
  writeHandshake,
} from '../../engine/wire/handshake.ts';
import { writeUint64 } from '../../engine/wire/integers.ts';
import * as messages from '../../engine/wire/messages.ts';

const FILL = 0xee;
const AT = 3;

/** What a writer puts at offset 3, as hex; it must touch nothing before or after. */
function hexOf(lengthBytes: number, write: (out: Uint8Array, at: number) => number): string {
  const out = new Uint8Array(AT + lengthBytes + 2).fill(FILL);
  expect(write(out, AT)).toBe(AT + lengthBytes);
  expect([...out.subarray(0, AT), ...out.subarray(AT + lengthBytes)]).toEqual(
    Array.from({ length: AT + 2 }, () => FILL),
  );
  return Buffer.from(out.subarray(AT, AT + lengthBytes)).toString('hex');
}

test('wire messages: are the bytes of BEP 3 and BEP 6 (ids alone)', () => {
  expect(hexOf(messages.KEEP_ALIVE_BYTES, messages.writeKeepAlive)).toBe('00000000');
  expect(hexOf(messages.BARE_BYTES, messages.writeChoke)).toBe('0000000100');
  expect(hexOf(messages.BARE_BYTES, messages.writeUnchoke)).toBe('0000000101');
  expect(hexOf(messages.BARE_BYTES, messages.writeInterested)).toBe('0000000102');
  expect(hexOf(messages.BARE_BYTES, messages.writeNotInterested)).toBe('0000000103');
  expect(hexOf(messages.BARE_BYTES, messages.writeHaveAll)).toBe('000000010e');
  expect(hexOf(messages.BARE_BYTES, messages.writeHaveNone)).toBe('000000010f');
});

test('wire messages: are the bytes of BEP 3 and BEP 6 (a piece: 0, 258, 2³² − 1)', () => {
  expect(hexOf(messages.HAVE_BYTES, (out, at) => messages.writeHave(out, at, 0))).toBe('000000050400000000');
  expect(hexOf(messages.HAVE_BYTES, (out, at) => messages.writeSuggest(out, at, 258))).toBe('000000050d00000102');
  expect(hexOf(messages.HAVE_BYTES, (out, at) => messages.writeAllowedFast(out, at, 2 ** 32 - 1))).toBe(
    '0000000511ffffffff',
  );
});

test('wire messages: are the bytes of BEP 3 and BEP 6 (a block)', () => {
  const block = '000000010000400000002000';
  expect(hexOf(messages.REQUEST_BYTES, (out, at) => messages.writeRequest(out, at, 1, 0x4000, 0x2000))).toBe(
    `0000000d06${block}`,
  );
  expect(hexOf(messages.REQUEST_BYTES, (out, at) => messages.writeCancel(out, at, 1, 0x4000, 0x2000))).toBe(
    `0000000d08${block}`,
  );
  expect(hexOf(messages.REQUEST_BYTES, (out, at) => messages.writeReject(out, at, 1, 0x4000, 0x2000))).toBe(
    `0000000d10${block}`,
  );
});

test('wire messages: are the bytes of BEP 3, 5 and 10 (port, and headers before a payload)', () => {
  expect(hexOf(messages.PORT_BYTES, (out, at) => messages.writePort(out, at, 6881))).toBe('00000003091ae1');
  expect(hexOf(messages.PIECE_HEADER_BYTES, (out, at) => messages.writePieceHeader(out, at, 2, 0x4000, 0x4000))).toBe(
    '00004009070000000200004000',
  );
  expect(hexOf(messages.BITFIELD_HEADER_BYTES, (out, at) => messages.writeBitfieldHeader(out, at, 165))).toBe(
    '000000a605',
  );
  expect(hexOf(messages.EXTENDED_HEADER_BYTES, (out, at) => messages.writeExtendedHeader(out, at, 3, 10))).toBe(
    '0000000c1403',
  );
});

test('wire integers: 64 bits (0, 2³² − 1, 2³², 2⁵³ − 1)', () => {
  const write64 = (value: number): string => hexOf(8, (out, at) => writeUint64(out, at, value));
  expect(write64(0)).toBe('0000000000000000');
  expect(write64(2 ** 32 - 1)).toBe('00000000ffffffff');
  expect(write64(2 ** 32)).toBe('0000000100000000');
  expect(write64(2 ** 53 - 1)).toBe('001fffffffffffff');
});

test('wire 14: our handshake is 68 bytes that offer extensions and fast, and nothing else', () => {
  const infoHash = new Uint8Array(20).fill(1);
  const peerId = new Uint8Array(20).fill(2);
  expect(hexOf(HANDSHAKE_BYTES, (out, at) => writeHandshake(out, at, infoHash, peerId))).toBe(
    `13${Buffer.from('BitTorrent protocol').toString('hex')}0000000000100004${'01'.repeat(20)}${'02'.repeat(20)}`,
  );
});

test('wire 45: reserved[5] & 0x10 is the extension protocol, reserved[7] & 0x04 the fast extension (each bit alone)', () => {
  for (let bit = 0; bit < 64; bit += 1) {
    const reserved = new Uint8Array(8);
    reserved[bit >>> 3] = 1 << (bit & 7);
    expect(offersExtensions(reserved)).toBe(bit === 5 * 8 + 4);
    expect(offersFast(reserved)).toBe(bit === 7 * 8 + 2);
  }
  const ours = new Uint8Array(HANDSHAKE_BYTES);
  writeHandshake(ours, 0, new Uint8Array(20), new Uint8Array(20));
  const reserved = ours.subarray(RESERVED_AT, RESERVED_AT + 8);
  expect(offersExtensions(reserved) && offersFast(reserved)).toBe(true);
});
