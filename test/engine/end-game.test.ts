// End-game: several peers are asked for the last blocks, no peer twice at a time, and an arrival ends its duplicates.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BLOCK, equalBytes, Lab, makeTorrent, message, uint32 } from './lab.ts';

const { metainfo, data } = makeTorrent({ totalBytes: 5 * 2 * BLOCK + 3, pieceLength: 2 * BLOCK });
const REQUEST = 6;
const CANCEL = 8;
type Request = [number, number, number];

test('end-game: no peer is asked twice at a time, arrivals cancel, the file is right (any order of arrival)', () => {
  let duplicates = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      fc.boolean(),
      fc.infiniteStream(fc.nat(9_999)),
      (count, fast, chance) => {
        const lab = new Lab({ metainfo });
        const open = new Map<number, Request[]>();
        for (let i = 0; i < count; i += 1) {
          const conn = lab.peer({ id: `peer ${i}`, has: 'all', fast });
          open.set(conn, []);
          lab.say(conn, message(1));
        }
        for (let step = 0; step < 500 && !lab.status.complete; step += 1) {
          for (const [conn, waiting] of open) {
            for (const { id, body } of lab.frames(conn)) {
              if (id !== REQUEST && id !== CANCEL) continue;
              const asked: Request = [uint32(body, 0), uint32(body, 4), uint32(body, 8)];
              const at = waiting.findIndex((other) => String(other) === String(asked));
              expect(at === -1).toBe(id === REQUEST);
              if (id === REQUEST) waiting.push(asked);
              else {
                duplicates += 1;
                waiting.splice(at, 1);
                if (fast) lab.say(conn, message(16, ...body));
              }
            }
          }
          const ready = [...open].filter(([conn, waiting]) => waiting.length > 0 && !lab.closed.has(conn));
          if (ready.length === 0 || step % 5 === 4) lab.pass(1);
          if (ready.length === 0) continue;
          const [conn, waiting] = ready[(chance.next().value as number) % ready.length] as [number, Request[]];
          const [asked] = waiting.splice((chance.next().value as number) % waiting.length, 1) as [Request];
          lab.give(conn, data, asked);
        }
        expect(lab.status).toMatchObject({ complete: true, wastedBytes: 0, downloadedBytes: data.length });
        expect(equalBytes(lab.disk, data)).toBe(true);
        expect(lab.count('peerFault')).toBe(0);
      },
    ),
    { numRuns: 80 },
  );
  expect(duplicates).toBeGreaterThan(20);
});

test('end-game: whoever answers is never idle, however many do not', () => {
  const long = makeTorrent({ totalBytes: 18 * BLOCK, pieceLength: 2 * BLOCK });
  const lab = new Lab({ metainfo: long.metainfo });
  const silent = Array.from({ length: 5 }, (_, i) => lab.peer({ id: `silent ${i}`, has: 'all' }));
  for (const conn of silent) lab.say(conn, message(1));
  const honest = lab.peer({ id: 'honest', has: 'all' });
  lab.say(honest, message(1));
  const waiting: Request[] = [];
  // They are snubbed, and asked again after the time of a request, when few blocks are left.
  for (let seconds = 0; !lab.status.complete; seconds += 5) {
    expect(seconds).toBeLessThan(60 * 5);
    lab.pass(5);
    waiting.push(...lab.requests(honest));
    const asked = waiting.shift();
    expect(asked).toBeDefined();
    lab.give(honest, long.data, asked as Request);
  }
  expect(lab.count('peerSnubbed')).toBe(silent.length);
  expect(lab.count('requestTimedOut')).toBeGreaterThan(0);
  expect(lab.status).toMatchObject({ wastedBytes: 0, downloadedBytes: long.data.length });
});

test('end-game: what is late is for one who has given something, not for one who never has, while both are idle', () => {
  const { metainfo, data } = makeTorrent({ totalBytes: 5 * BLOCK, pieceLength: BLOCK });
  const lab = new Lab({ metainfo });
  const silent = lab.peer({ id: 'silent', has: Uint8Array.of(0x08) });
  const stranger = lab.peer({ id: 'stranger', has: 'all' });
  const proven = lab.peer({ id: 'proven', has: 'all' });
  lab.say(silent, message(1));
  expect(lab.requests(silent)).toEqual([[4, 0, BLOCK]]);
  lab.say(proven, message(1));
  const asked = lab.requests(proven);
  expect(asked).toHaveLength(4);
  lab.pass(1);
  for (const request of asked) lab.give(proven, data, request);
  lab.say(stranger, message(1));
  lab.pass(1);
  expect(lab.requests(stranger)).toEqual([]);
  expect(lab.requests(proven)).toEqual([[4, 0, BLOCK]]);
  // Once the other is asked for it too and does not answer, it is the stranger's turn.
  lab.pass(10);
  expect(lab.requests(stranger)).toEqual([[4, 0, BLOCK]]);
  lab.give(stranger, data, [4, 0, BLOCK]);
  lab.pass(1);
  expect(lab.status.complete).toBe(true);
});
