// What a terminal sends, as events: cut anywhere it means the same.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Input, type InputEvent } from '../../client/tui/input.ts';

const SENT: readonly (readonly [string, InputEvent])[] = [
  ['a', { kind: 'key', key: 'a' }],
  ['日', { kind: 'key', key: '日' }],
  ['🦀', { kind: 'key', key: '🦀' }],
  ['\u001b[A', { kind: 'key', key: 'up' }],
  ['\u001bOB', { kind: 'key', key: 'down' }],
  ['\u001b[1;5A', { kind: 'key', key: 'ctrl-up' }],
  ['\u001b[5~', { kind: 'key', key: 'pageup' }],
  ['\u001b[Z', { kind: 'key', key: 'shift-tab' }],
  ['\u001bOP', { kind: 'key', key: 'f1' }],
  ['\r', { kind: 'key', key: 'enter' }],
  ['\u007f', { kind: 'key', key: 'backspace' }],
  ['\u0003', { kind: 'key', key: 'ctrl-c' }],
  ['\u001bx', { kind: 'key', key: 'alt-x' }],
  ['\u001b[<0;10;5M', { kind: 'mouse', action: 'press', x: 9, y: 4 }],
  ['\u001b[<64;1;1M', { kind: 'mouse', action: 'wheelUp', x: 0, y: 0 }],
  ['\u001b[<65;200;60M', { kind: 'mouse', action: 'wheelDown', x: 199, y: 59 }],
  ['\u001b[200~magnet:?xt=\u001b[A\n\u001b[201~', { kind: 'paste', text: 'magnet:?xt=\u001b[A\n' }],
];

function readAll(chunks: readonly string[]): InputEvent[] {
  const input = new Input();
  return [...chunks.flatMap((chunk) => input.feed(chunk)), ...input.flush()];
}

describe('input', () => {
  test.each(SENT)('input: %j is one event', (text, event) => {
    expect(readAll([text])).toEqual([event]);
  });

  test('input: events are the same wherever the bytes are cut (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SENT), { maxLength: 8 }), fc.array(fc.nat(200)), (sent, cuts) => {
        const characters = Array.from(sent.map(([text]) => text).join(''));
        const ends = [...new Set([...cuts.map((cut) => cut % (characters.length + 1)), characters.length])].sort(
          (a, b) => a - b,
        );
        const chunks = ends.map((end, at) => characters.slice(ends[at - 1] ?? 0, end).join(''));
        expect(readAll(chunks)).toEqual(sent.map(([, event]) => event));
      }),
      { numRuns: 1000 },
    );
  });

  test('input: any text gives events and never throws, and nothing waits for ever (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (chunks) => {
        const input = new Input();
        for (const chunk of chunks) input.feed(chunk);
        input.flush();
        expect(input.waiting).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test('input: a lone Escape is a key once nothing follows', () => {
    const input = new Input();
    expect(input.feed('\u001b')).toEqual([]);
    expect(input.waiting).toBe(true);
    expect(input.flush()).toEqual([{ kind: 'key', key: 'escape' }]);
  });

  test('input: a release of the button, other buttons and unknown sequences are nothing', () => {
    expect(readAll(['\u001b[<0;1;1m', '\u001b[<2;1;1M', '\u001b[?62;c', '\u001b[99~'])).toEqual([]);
  });

  test('input: a paste is bounded', () => {
    const [event] = readAll([`\u001b[200~${'x'.repeat(1_000_000)}\u001b[201~`]);
    expect(event?.kind === 'paste' && event.text.length).toBe(65_536);
  });
});
