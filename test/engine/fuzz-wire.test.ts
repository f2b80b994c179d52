import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeExtensionHandshake, encodeExtensionHandshake } from '../../engine/wire/extension-handshake.ts';
import { HANDSHAKE_BYTES, writeHandshake } from '../../engine/wire/handshake.ts';
import { WireReader } from '../../engine/wire/reader.ts';
import { anyMessage, joined, written } from './wire-arbitraries.ts';
import { Recorder } from './wire-recorder.ts';

/** What a reader may reserve beyond the bytes that have come. */
const SLACK_BYTES = 4096;

const HANDSHAKE = written(HANDSHAKE_BYTES, (out) => writeHandshake(out, 0, new Uint8Array(20), new Uint8Array(20)));

interface Mutation {
  readonly at: number;
  readonly kind: 'set' | 'insert' | 'remove';
  readonly value: number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('set', 'insert', 'remove'),
  value: fc.oneof(fc.constantFrom(0, 1, 16, 127, 128, 255), fc.nat(255)),
});

function mutated(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  const list = Array.from(bytes);
  for (const { at, kind, value } of mutations) {
    const place = at % (list.length + 1);
    if (kind === 'set') list[place] = value;
    else if (kind === 'insert') list.splice(place, 0, value);
    else list.splice(place, 1);
  }
  return Uint8Array.from(list);
}

/** Delivers `bytes` in chunks; returns how many faults there were. Memory is checked after every chunk. */
function deliver(reader: WireReader, bytes: Uint8Array, lengths: readonly number[]): number {
  let faults = 0;
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const end = Math.min(at + (lengths[index % lengths.length] as number), bytes.length);
    if (reader.received(bytes.subarray(at, end)) !== null) faults += 1;
    at = end;
    expect(reader.scratchBytes).toBeLessThanOrEqual(at + SLACK_BYTES);
  }
  return faults;
}

const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });

test('fuzz wire: mutated streams never throw, fault at most once, and hold no more than came', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 20 }),
      fc.array(mutation, { minLength: 1, maxLength: 10 }),
      cuts,
      (sent, mutations, lengths) => {
        const reader = new Recorder();
        expect(reader.received(HANDSHAKE)).toBeNull();
        const bytes = mutated(joined(sent.map((message) => message.bytes)), mutations);
        expect(deliver(reader, bytes, lengths)).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('fuzz wire: the same mutated bytes give the same calls and the same fault, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 10 }),
      fc.array(mutation, { maxLength: 6 }),
      cuts,
      (sent, mutations, lengths) => {
        const bytes = mutated(joined([HANDSHAKE, ...sent.map((message) => message.bytes)]), mutations);
        const uncut = new Recorder();
        const fault = uncut.received(bytes);
        const cut = new Recorder();
        expect(deliver(cut, bytes, lengths)).toBe(fault === null ? 0 : 1);
        expect(cut.calls).toEqual(uncut.calls);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('fuzz wire: any bytes after the handshake never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), cuts, (bytes, lengths) => {
      const reader = new Recorder();
      expect(reader.received(HANDSHAKE)).toBeNull();
      expect(deliver(reader, bytes, lengths)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 1_000 },
  );
});

test('fuzz wire: mutated extension handshakes never throw and stay in their bounds', () => {
  const valid = encodeExtensionHandshake({
    messages: new Map([
      ['ut_pex', 1],
      ['ut_metadata', 2],
    ]),
    port: 6881,
    client: 'Starling',
    reqq: 250,
    metadataSizeBytes: 20_000,
    yourIp: '10.0.0.1',
    uploadOnly: true,
  });
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), (mutations) => {
      const decoded = decodeExtensionHandshake(mutated(valid, mutations));
      if (decoded === null) return;
      for (const id of decoded.messages.values()) expect(id >= 0 && id <= 255).toBe(true);
      expect(decoded.port === null || (decoded.port >= 1 && decoded.port <= 65_535)).toBe(true);
      expect(decoded.reqq === null || decoded.reqq >= 1).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});
