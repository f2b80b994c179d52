import fc from 'fast-check';
import { expect, test } from 'vitest';
import { insertAt, remove } from '../../engine/lists.ts';

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
