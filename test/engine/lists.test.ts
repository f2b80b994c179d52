import fc from 'fast-check';
import { expect, test } from 'vitest';
import { insertAt, keepOnly, remove } from '../../engine/lists.ts';

test('lists: what is put in stands where it was put, what is taken out is gone, the others keep their order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer()), fc.integer(), fc.nat(), (list, item, place) => {
      fc.pre(!list.includes(item));
      const at = place % (list.length + 1);
      const grown = [...list];
      insertAt(grown, at, item);
      expect(grown).toEqual([...list.slice(0, at), item, ...list.slice(at)]);
      remove(grown, item);
      expect(grown).toEqual(list);
      remove(grown, item);
      expect(grown).toEqual(list);
    }),
  );
});

test('lists: those that stay keep their order, and each is asked once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (list) => {
      const asked: number[] = [];
      const kept = [...list];
      keepOnly(kept, (item) => {
        asked.push(item);
        return item % 2 === 0;
      });
      expect(kept).toEqual(list.filter((item) => item % 2 === 0));
      expect(asked).toEqual(list);
    }),
  );
});
