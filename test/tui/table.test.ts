// Tables of any rows: which columns fit, in which order rows stand, and the selection that stays on its row.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PEERS } from '../../client/tui/pages/peers.ts';
import {
  arrange,
  type Column,
  FRESH,
  layoutColumns,
  move,
  settle,
  sortBy,
  sortByNext,
} from '../../client/tui/table.ts';
import { TORRENTS } from '../../client/tui/torrents.ts';
import { peerRow, torrentRow } from './support.ts';

const ROWS = [3, 1, 2].map((at) => torrentRow(at, { downloadBps: at * 100, name: `name ${at * 10}` }));

describe('table', () => {
  test('columns: they fit any width, the name is always there, and widths add up (property)', () => {
    for (const columns of [TORRENTS.columns, PEERS.columns as never]) {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 220 }), (width) => {
          const laid = layoutColumns(columns as typeof TORRENTS.columns, width);
          const taken = laid.reduce((sum, { cells }) => sum + cells + 1, -1);
          const least = laid.every(({ column }) => column.gives === 0);
          expect(taken === width || least).toBe(true);
          expect(laid.some(({ column }) => column.gives === 0)).toBe(true);
        }),
      );
    }
  });

  test('columns: the list shows name, size, done, rates, time left, peers and state on 80 columns', () => {
    const keys = layoutColumns(TORRENTS.columns, 80).map(({ column }) => column.key);
    expect(keys).toEqual(['name', 'size', 'done', 'down', 'up', 'left', 'peers', 'state']);
    expect(layoutColumns(TORRENTS.columns, 200).length).toBe(TORRENTS.columns.length);
  });

  test('order: a click sorts, another one turns it round; what is large comes first', () => {
    const names = (state: typeof FRESH) => arrange(TORRENTS, ROWS, state).map((row) => row.name);
    const byName = sortBy(TORRENTS, FRESH, 'name');
    expect(names(byName)).toEqual(['name 10', 'name 20', 'name 30']);
    expect(names(sortBy(TORRENTS, byName, 'name'))).toEqual(['name 30', 'name 20', 'name 10']);
    expect(names(sortBy(TORRENTS, FRESH, 'down'))).toEqual(['name 30', 'name 20', 'name 10']);
    expect(sortByNext(TORRENTS, byName).sort?.column).toBe('size');
  });

  test('order: every column of torrents and peers is a consistent order, in which what is the same is equal (property)', () => {
    const few = fc.constantFrom(0, 1, 20);
    const peer = fc
      .record({ seed: fc.boolean(), snubbed: fc.boolean(), amInterested: fc.boolean(), pieces: few, downloadBps: few })
      .map((more) => peerRow(1, more));
    const torrent = fc
      .record({ downloadBps: few, uploadedBytes: few, haveBytes: few, peers: few })
      .map((more) => torrentRow(1, more));
    const consistent = <Row>(columns: readonly Column<Row>[], row: fc.Arbitrary<Row>) =>
      fc.assert(
        fc.property(row, row, row, (a, b, c) => {
          for (const { compare, key } of columns) {
            if (compare === undefined) continue;
            const sign = (x: Row, y: Row) => Math.sign(compare(x, y));
            expect(sign(a, { ...a }), key).toBe(0);
            expect(sign(a, b) + sign(b, a), key).toBe(0);
            if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c), key).toBeLessThanOrEqual(0);
          }
        }),
      );
    consistent(PEERS.columns, peer);
    consistent(TORRENTS.columns, torrent);
  });

  test('order: every column of a peer that says something about it sorts, seeds first by their letter', () => {
    expect(PEERS.columns.filter(({ compare }) => compare === undefined)).toEqual([]);
    const peers = [peerRow(1), peerRow(2, { seed: true }), peerRow(3)];
    const sorted = arrange(PEERS, peers, sortBy(PEERS, FRESH, 'flags'));
    expect(sorted.map(({ conn }) => conn)).toEqual([2, 1, 3]);
  });

  test('filter: all words, in any order and case', () => {
    const names = (filter: string) => arrange(TORRENTS, ROWS, { ...FRESH, filter }).map((row) => row.name);
    expect(names('10 NAME')).toEqual(['name 10']);
    expect(names('download')).toHaveLength(3);
    expect(names('nowhere')).toEqual([]);
  });

  test('selection: stays on its row while rows move, and on its place when the row is gone', () => {
    const selected = move(TORRENTS, ROWS, settle(TORRENTS, ROWS, FRESH, 10), 1);
    expect(selected.selected).toBe(ROWS[1]?.key);
    const turned = settle(TORRENTS, ROWS.toReversed(), selected, 10);
    expect(turned).toMatchObject({ selected: ROWS[1]?.key, index: 1 });
    const last = settle(TORRENTS, [ROWS[2], ROWS[0], ROWS[1]] as typeof ROWS, turned, 10);
    expect(last).toMatchObject({ selected: ROWS[1]?.key, index: 2 });
    const without = settle(
      TORRENTS,
      ROWS.filter((row) => row !== ROWS[1]),
      selected,
      10,
    );
    expect(without).toMatchObject({ selected: ROWS[2]?.key, index: 1 });
    expect(settle(TORRENTS, [], selected, 10)).toMatchObject({ selected: null, index: 0 });
  });

  test('scrolling: the selection is visible, whatever moves (property)', () => {
    const all = Array.from({ length: 50 }, (_, at) => torrentRow(at));
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: -60, max: 60 }), fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 30 })),
        ),
        (steps) => {
          let state = settle(TORRENTS, all, FRESH, 10);
          for (const [by, count, height] of steps) {
            const rows = all.slice(0, count);
            state = settle(TORRENTS, rows, move(TORRENTS, rows, state, by), height);
            expect(state.top).toBeLessThanOrEqual(state.index);
            expect(state.index).toBeLessThan(state.top + height);
            expect(state.top + Math.min(height, count)).toBeLessThanOrEqual(Math.max(count, 0));
          }
        },
      ),
    );
  });
});
