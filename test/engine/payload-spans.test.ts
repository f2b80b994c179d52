// What a journal leaves out of a peer's stream is payload, all of it and nothing else: a reader tells the same of a stream without it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PayloadSpans } from '../../engine/journal/payload-spans.ts';
import { HANDSHAKE_BYTES, writeHandshake } from '../../engine/wire/handshake.ts';

import { anyMessage, joined, written } from './wire-arbitraries.ts';
import { Recorder } from './wire-recorder.ts';

const HANDSHAKE = written(HANDSHAKE_BYTES, (out) => writeHandshake(out, 0, new Uint8Array(20), new Uint8Array(20)));
const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2_000 })), {
  minLength: 1,
  maxLength: 8,
});
/** Bytes that are changed behind the handshake: a hostile or broken peer. */
const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });

function chunksOf(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunks.at(-1)!.length)
    chunks.push(bytes.subarray(at, at + (lengths[chunks.length % lengths.length] as number)));
  return chunks;
}

/** The chunk with other bytes where it is left out; how many those are. */
function withoutPayload(spans: PayloadSpans, chunk: Uint8Array): { readonly bytes: Uint8Array; readonly left: number } {
  const bytes = chunk.slice();
  let left = 0;
  for (let at = 0; at < chunk.length; ) {
    const end = spans.next(chunk, at);
    expect(end).toBeGreaterThan(at);
    if (spans.payload) {
      bytes.fill(0xa5, at, end);
      left += end - at;
    }
    at = end;
  }
  return { bytes, left };
}

/** What a reader tells of the chunks, and its first fault; of payload only its length. */
function told(chunks: readonly Uint8Array[]): string[] {
  const recorder = new Recorder();
  const faults = chunks.map((chunk) => recorder.received(chunk)).filter((fault) => fault !== null);
  const calls = recorder.calls.map((call) => (call.startsWith('end ') ? `end ${call.length}` : call));
  return [...calls, ...faults];
}

test('payload spans: a reader tells the same of a stream without its payload (any messages, any damage, any cuts)', () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 20 }), changes, cuts, (sent, changed, lengths) => {
      const bytes = joined([HANDSHAKE, ...sent.map((message) => message.bytes)]);
      for (const [place, value] of changed) {
        if (bytes.length > HANDSHAKE_BYTES) bytes[HANDSHAKE_BYTES + (place % (bytes.length - HANDSHAKE_BYTES))] = value;
      }
      const chunks = chunksOf(bytes, lengths);
      const spans = new PayloadSpans();
      const parts = chunks.map((chunk) => withoutPayload(spans, chunk));
      expect(told(parts.map((part) => part.bytes))).toEqual(told(chunks));
      const left = parts.reduce((sum, part) => sum + part.left, 0);
      if (changed.length === 0) expect(left).toBe(sent.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0));
    }),
    { numRuns: 1_000 },
  );
});

test('payload spans: payload that comes apart as stamps is skipped', () => {
  const spans = new PayloadSpans();
  const header = Uint8Array.of(0, 0, 0x40, 9, 7, 0, 0, 0, 1, 0, 0, 0, 0);
  expect(withoutPayload(spans, joined([HANDSHAKE, header])).left).toBe(0);
  spans.skip(16_384);
  expect(withoutPayload(spans, header).left).toBe(0);
  expect(withoutPayload(spans, new Uint8Array(100)).left).toBe(100);
});
