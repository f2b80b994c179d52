import { describe, expect, test } from 'vitest';
import { OneAtATime, OneAtATimeEach, OneOnly, SharedEach } from '../../client/one-at-a-time.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A task that notes its beginning and its end; fails where `error` is given. */
function noting(notes: string[], name: string, error: Error | null = null) {
  return async () => {
    notes.push(`${name} begins`);
    await turn();
    notes.push(`${name} ends`);
    if (error !== null) throw error;
  };
}

describe('one at a time', () => {
  test('one at a time: in the order given, also after one that failed', async () => {
    const notes: string[] = [];
    const row = new OneAtATime();
    const settled = await Promise.allSettled([
      row.run(noting(notes, 'a')),
      row.run(noting(notes, 'b', new Error('no'))),
      row.run(noting(notes, 'c')),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(notes).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('one at a time, each: keys do not wait for each other, and one key keeps its order when its row was empty in between', async () => {
    const notes: string[] = [];
    const rows = new OneAtATimeEach();
    const first = rows.run('x', noting(notes, 'x1'));
    const second = rows.run('y', noting(notes, 'y1'));
    const third = first.then(() => rows.run('x', noting(notes, 'x3')));
    await Promise.all([first, second, third, rows.run('x', noting(notes, 'x2'))]);
    expect(notes.slice(0, 2)).toEqual(['x1 begins', 'y1 begins']);
    const ofX = notes.filter((note) => note.startsWith('x'));
    expect(ofX).toEqual(['x1 begins', 'x1 ends', 'x2 begins', 'x2 ends', 'x3 begins', 'x3 ends']);
  });

  test('shared, each: who asks before a run begins shares it, who asks after it has begun gets another', async () => {
    const notes: string[] = [];
    const shared = new SharedEach();
    const first = [shared.run('x', noting(notes, '1')), shared.run('x', noting(notes, 'shared'))];
    await turn();
    expect(notes).toEqual(['1 begins']);
    const later = [2, 3, 4].map((name) => shared.run('x', noting(notes, String(name), new Error('no'))));
    await Promise.all(first);
    expect((await Promise.allSettled(later)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    expect(notes).toEqual(['1 begins', '1 ends', '2 begins', '2 ends']);
    await shared.run('x', noting(notes, '5'));
    expect(notes.at(-1)).toBe('5 ends');
  });
});

test('one only: nothing is run while one is under way, and the next is after it has failed', async () => {
  const only = new OneOnly();
  const { promise, reject } = Promise.withResolvers<void>();
  let runs = 0;
  const first = only.run(() => {
    runs += 1;
    return promise;
  });
  const count = async () => {
    runs += 1;
  };
  await only.run(count);
  expect(runs).toBe(1);
  reject(new Error('failed'));
  await expect(first).rejects.toThrow('failed');
  await only.run(count);
  expect(runs).toBe(2);
});
