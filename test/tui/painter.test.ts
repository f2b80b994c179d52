// What is painted, read back from a terminal emulator: every column stands where it should, whatever stands before it.

// oxlint-disable no-control-regex

import xterm from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Canvas } from '../../client/tui/canvas.ts';
import { clusters, fit } from '../../client/tui/cells.ts';
import { Painter } from '../../client/tui/painter.ts';
import { makeTheme, type Role } from '../../client/tui/theme.ts';
import { hostileText } from './hostile-text.ts';
import { LOOK } from './support.ts';

const THEME = makeTheme(LOOK, 256);
const [WIDTH, HEIGHT] = [40, 3];
const ROLES: readonly Role[] = ['text', 'selected', 'dim'];

function emulator(): xterm.Terminal {
  return new xterm.Terminal({ cols: WIDTH, rows: HEIGHT, allowProposedApi: true, scrollback: 0 });
}

function written(terminal: xterm.Terminal, text: string): Promise<void> {
  return new Promise((resolve) => terminal.write(text, resolve));
}

/** Text and colours of every cell. */
function screenOf(terminal: xterm.Terminal): string[] {
  return Array.from({ length: HEIGHT }, (_, y) => {
    const line = terminal.buffer.active.getLine(y);
    const cells = Array.from({ length: WIDTH }, (_cell, x) => {
      const cell = line?.getCell(x);
      return `${cell?.getChars() || ' '}${cell?.getFgColor()}${cell?.isInverse()}`;
    });
    return cells.join('|');
  });
}

const row = fc.record({ text: hostileText, x: fc.integer({ min: 0, max: 12 }), role: fc.constantFrom(...ROLES) });
const frame = fc.array(row, { minLength: HEIGHT, maxLength: HEIGHT });

function drawn(rows: readonly { readonly text: string; readonly x: number; readonly role: Role }[]): Canvas {
  const canvas = new Canvas(WIDTH, HEIGHT);
  rows.forEach(({ text, x, role }, y) => canvas.put(x, y, text, role));
  return canvas;
}

describe('painter', () => {
  test('columns: the next one stands where it should after any string (property)', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        const canvas = new Canvas(WIDTH, HEIGHT);
        canvas.put(0, 0, fit(text, 20));
        canvas.put(20, 0, 'NEXT', 'accent');
        canvas.put(0, 1, 'below');
        const terminal = emulator();
        await written(terminal, new Painter().paint(canvas, THEME));
        const line = terminal.buffer.active.getLine(0);
        expect(Array.from({ length: 4 }, (_, at) => line?.getCell(20 + at)?.getChars()).join('')).toBe('NEXT');
        expect(terminal.buffer.active.getLine(1)?.translateToString(true)).toMatch(/^below */);
        terminal.dispose();
      }),
      { numRuns: 300 },
    );
  });

  test('changes: the frame after another shows what it shows on an empty screen (property)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 2, maxLength: 4 }), async (frames) => {
        const [stepwise, fresh] = [emulator(), emulator()];
        const painter = new Painter();
        for (const rows of frames) await written(stepwise, painter.paint(drawn(rows), THEME));
        await written(fresh, new Painter().paint(drawn(frames.at(-1) ?? []), THEME));
        expect(screenOf(stepwise)).toEqual(screenOf(fresh));
        stepwise.dispose();
        fresh.dispose();
      }),
      { numRuns: 200 },
    );
  });

  test('changes: an equal frame writes nothing, one changed figure a few bytes', () => {
    const painter = new Painter();
    const rows = Array.from({ length: HEIGHT }, (_, y) => ({
      text: `row ${y}  12.5 MiB/s`,
      x: 0,
      role: 'text' as const,
    }));
    painter.paint(drawn(rows), THEME);
    expect(painter.paint(drawn(rows), THEME)).toBe('');
    const changed = painter.paint(drawn([{ text: 'row 0  13.5 MiB/s', x: 0, role: 'text' }, ...rows.slice(1)]), THEME);
    expect(changed).toContain('\u001b[1;9H');
    expect(changed.replace(/\u001b\[[?;\d]*[A-Za-z]/g, '')).toBe('3');
  });

  test('theme: another one paints everything anew', () => {
    const painter = new Painter();
    const canvas = drawn([]);
    painter.paint(canvas, THEME);
    const other = painter.paint(canvas, makeTheme({ ...LOOK, theme: 'nord' }, 256));
    expect(other.length).toBeGreaterThan(WIDTH * HEIGHT);
  });

  test('canvas: half of a wide character that is written over becomes a blank', () => {
    const canvas = new Canvas(WIDTH, HEIGHT);
    canvas.put(0, 0, '日本');
    canvas.put(1, 0, 'x');
    expect(canvas.line(0).trimEnd()).toBe(' x本');
    canvas.put(2, 0, '語');
    expect(canvas.line(0).trimEnd()).toBe(' x語');
  });

  test('canvas: a wide character that has no room for its other half is left out', () => {
    const canvas = new Canvas(3, 1);
    canvas.put(0, 0, 'ab日');
    expect(canvas.line(0)).toBe('ab ');
    expect(clusters('日')[0]?.cells).toBe(2);
  });
});
