import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PATH_COMPONENT_BYTES_MAX } from '../../engine/limits.ts';
import { distinctPaths, safeComponent } from '../../engine/metainfo/safe-path.ts';

const BIDI = '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069';

function expectSafe(component: string): void {
  expect(component).not.toBe('');
  expect(component).not.toMatch(/[/\\]|[. ]$|^[a-z]:/i);
  expect(component).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)( *$| *[.:])/i);
  const forbidden = Array.from(component).filter((character) => {
    const code = character.codePointAt(0) as number;
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || BIDI.includes(character);
  });
  expect(forbidden).toEqual([]);
  expect(Buffer.byteLength(component)).toBeLessThanOrEqual(PATH_COMPONENT_BYTES_MAX);
}

const HOSTILE_CHARACTER = fc.oneof(
  fc.constantFrom(
    '.',
    ' ',
    '/',
    '\\',
    ':',
    '\0',
    '\u001b',
    '\u0085',
    '\u202e',
    'é',
    'e\u0301',
    'É',
    '😀',
    '(',
    '1',
    ')',
  ),
  fc.constantFrom('con', 'NUL', 'aux', 'COM1', 'lpt¹', 'c:', '..'),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const HOSTILE = fc.oneof(
  fc.array(HOSTILE_CHARACTER, { maxLength: 8 }).map((parts) => parts.join('')),
  fc.tuple(HOSTILE_CHARACTER, fc.integer({ min: 80, max: 300 }), HOSTILE_CHARACTER).map(([a, n, b]) => a.repeat(n) + b),
);

test.each([
  ['', '_'],
  ['.', '_'],
  ['..', '__'],
  ['...', '___'],
  [' ', '_'],
  ['a/b', 'a_b'],
  ['..\\..\\a', '.._.._a'],
  ['/', '_'],
  ['a\0b', 'a_b'],
  ['a\u001b[2Jb', 'a_[2Jb'],
  ['a\u009bb', 'a_b'],
  ['C:', 'C_'],
  ['c:evil', 'c_evil'],
  ['title: subtitle', 'title: subtitle'],
  ['CON', '_CON'],
  ['nul.tar.gz', '_nul.tar.gz'],
  ['Com1', '_Com1'],
  ['LPT².x', '_LPT².x'],
  ['aux .h', '_aux .h'],
  ['com10', 'com10'],
  ['console', 'console'],
  ['name.', 'name_'],
  ['name. . ', 'name____'],
  ['.hidden', '.hidden'],
  ['photo\u202egpj.exe', 'photo_gpj.exe'],
  ['what?.txt', 'what?.txt'],
  ['日本.txt', '日本.txt'],
])('safe-path: neutralises a hostile component and keeps a plain one (%j → %j)', (text, expected) => {
  expect(safeComponent(text)).toBe(expected);
  expectSafe(expected);
});

test('safe-path: cuts between characters and keeps the extension (255 bytes, 256, 2- and 4-byte characters)', () => {
  expect(safeComponent('a'.repeat(255))).toBe('a'.repeat(255));
  expect(safeComponent('a'.repeat(256))).toBe('a'.repeat(255));
  expect(safeComponent(`${'a'.repeat(300)}.flac`)).toBe(`${'a'.repeat(250)}.flac`);
  expect(safeComponent('é'.repeat(200))).toBe('é'.repeat(127));
  expect(safeComponent(`${'😀'.repeat(100)}.mkv`)).toBe(`${'😀'.repeat(62)}.mkv`);
  expect(safeComponent(`a.${'b'.repeat(300)}`)).toBe(`a.${'b'.repeat(253)}`);
  expect(safeComponent(`${'a'.repeat(254)}.${'b'.repeat(300)}`)).toBe(`${'a'.repeat(254)}_`);
});

test('safe-path: every component is safe, and safe ones stay (any text)', () => {
  fc.assert(
    fc.property(HOSTILE, (text) => {
      const component = safeComponent(text);
      expectSafe(component);
      expect(safeComponent(component)).toBe(component);
    }),
    { numRuns: 2_000 },
  );
});

/** What a file system that ignores case and composition takes for the same. */
function folded(path: readonly string[]): string {
  return path.join('/').normalize('NFC').toLowerCase();
}

test('safe-path: no two files share a path and none is a folder of another (any names)', () => {
  const NAME = fc.oneof(
    fc.constantFrom(
      'a',
      'A',
      'b',
      'a (2)',
      'a (3)',
      'A (4)',
      'a (2) (3)',
      'a (4-2)',
      'é',
      'e\u0301',
      'É',
      'ß',
      'ẞ',
      'x.y',
    ),
    fc.constantFrom('z'.repeat(255), `Z${'z'.repeat(254)}`, `${'z'.repeat(251)} (2)`),
    HOSTILE,
  );
  fc.assert(
    fc.property(fc.array(fc.array(NAME, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), (names) => {
      const wanted = names.map((path) => path.map(safeComponent));
      const paths = distinctPaths(wanted);
      const all = new Set(paths.map(folded));
      expect(all.size).toBe(names.length);
      for (const [index, path] of paths.entries()) {
        path.forEach(expectSafe);
        expect(path.slice(0, -1)).toEqual(wanted[index]?.slice(0, -1));
        for (let depth = 1; depth < path.length; depth += 1) expect(all).not.toContain(folded(path.slice(0, depth)));
      }
      expect(distinctPaths(wanted)).toEqual(paths);
      expect(distinctPaths(paths)).toEqual(paths);
    }),
    { numRuns: 1_000 },
  );
});

test('safe-path: a renamed file that meets a name like its own turns on (a taken "a (2)")', () => {
  expect(distinctPaths([['a (2)'], ['a'], ['a'], ['a (3)'], ['a (4)']])).toEqual([
    ['a (2)'],
    ['a'],
    ['a (3)'],
    ['a (3) (4)'],
    ['a (4)'],
  ]);
  expect(distinctPaths([['a (3)'], ['a'], ['a'], ['a (3-2)']]).map(([name]) => name)).toEqual([
    'a (3)',
    'a',
    'a (3-2)',
    'a (3-2) (4)',
  ]);
});

test('safe-path: 100,000 files of one long name all keep a path of their own', () => {
  const long = `${'n'.repeat(250)}.bin`;
  const paths = distinctPaths(Array.from({ length: 100_000 }, () => [long]));
  expect(new Set(paths.map((path) => path.join('/'))).size).toBe(100_000);
  expect(paths[99_999]).toEqual([`${'n'.repeat(242)} (100000).bin`]);
});
