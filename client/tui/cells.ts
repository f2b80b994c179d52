// Text as a terminal's cells: what may stand in one, and how many it takes.
//
// Always: whatever the text, what comes out of here holds no control character, no direction control and nothing of zero width but at most
// two marks on a letter; its width is the sum of its clusters' cells. Terminals disagree about the width of much of Unicode, so a cluster
// also says whether its width is beyond doubt: the painter puts the cursor right after those where it is not.

import { eastAsianWidth } from 'get-east-asian-width';

export interface Cluster {
  readonly text: string;
  readonly cells: 1 | 2;
  /** Every terminal agrees about its width. */
  readonly sure: boolean;
}

/** Longer text is cut before it is looked at: no screen is this wide. */
const TEXT_LENGTH_MAX = 2048;
const MARKS_MAX = 2;
const ZERO_WIDTH_JOINER = 0x200d;
const REPLACEMENT: Cluster = { text: '\ufffd', cells: 1, sure: true };
const ASCII = Array.from({ length: 95 }, (_, at): Cluster => {
  return { text: String.fromCharCode(0x20 + at), cells: 1, sure: true };
});

const HIDDEN = /^[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]$/u;
const MARK = /^[\p{Mn}\p{Me}]$/u;

/** The cells that `text` takes, in order. */
export function clusters(text: string): Cluster[] {
  const cut = text.length > TEXT_LENGTH_MAX ? text.slice(0, TEXT_LENGTH_MAX) : text;
  const result: Cluster[] = [];
  let marks = 0;
  for (const character of cut.toWellFormed().normalize('NFC')) {
    const code = character.codePointAt(0) as number;
    if (code >= 0x20 && code < 0x7f) {
      result.push(ASCII[code - 0x20] as Cluster);
      marks = 0;
    } else if (MARK.test(character) && !isDropped(code) && !HIDDEN.test(character)) {
      const before = result.at(-1);
      if (before !== undefined && marks < MARKS_MAX && before !== REPLACEMENT) {
        result[result.length - 1] = { text: before.text + character, cells: before.cells, sure: false };
        marks += 1;
      } else if (before === undefined) {
        result.push(REPLACEMENT);
      }
    } else if (!isDropped(code)) {
      result.push(HIDDEN.test(character) ? REPLACEMENT : single(character, code));
      marks = 0;
    }
  }
  return result;
}

/** How many cells `text` takes. */
export function cellWidth(text: string): number {
  let cells = 0;
  for (const cluster of clusters(text)) cells += cluster.cells;
  return cells;
}

/** `text` in at most `cells` cells; what is cut ends in `…`. */
export function clip(text: string, cells: number): string {
  const parts = clusters(text);
  if (widthOf(parts) <= cells) return joined(parts);
  if (cells <= 0) return '';
  let width = 0;
  let count = 0;
  while (width + (parts[count] as Cluster).cells <= cells - 1) {
    width += (parts[count] as Cluster).cells;
    count += 1;
  }
  return `${joined(parts.slice(0, count))}…`;
}

/** The same, cut at the left: of a path or of what is being typed, the end says most. */
export function clipStart(text: string, cells: number): string {
  const parts = clusters(text);
  if (widthOf(parts) <= cells) return joined(parts);
  if (cells <= 0) return '';
  let width = 0;
  let from = parts.length;
  while (width + (parts[from - 1] as Cluster).cells <= cells - 1) {
    from -= 1;
    width += (parts[from] as Cluster).cells;
  }
  return `…${joined(parts.slice(from))}`;
}

/** `text` in exactly `cells` cells. */
export function fit(text: string, cells: number, align: 'left' | 'right' = 'left'): string {
  const clipped = clip(text, cells);
  const space = ' '.repeat(Math.max(0, cells - cellWidth(clipped)));
  return align === 'left' ? clipped + space : space + clipped;
}

/** `text` in lines of at most `cells` cells, broken at spaces where that is possible. */
export function wrap(text: string, cells: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of joined(clusters(text)).split(' ')) {
    let rest = line === '' ? word : `${line} ${word}`;
    if (line !== '' && cellWidth(rest) > cells) {
      lines.push(line);
      rest = word;
    }
    while (cellWidth(rest) > cells && cells > 1) {
      const head = headOf(rest, cells);
      lines.push(head);
      rest = rest.slice(head.length);
    }
    line = rest;
  }
  return [...lines, line];
}

function headOf(text: string, cells: number): string {
  let width = 0;
  let head = '';
  for (const cluster of clusters(text)) {
    if (width + cluster.cells > cells) break;
    width += cluster.cells;
    head += cluster.text;
  }
  return head;
}

function widthOf(parts: readonly Cluster[]): number {
  return parts.reduce((sum, part) => sum + part.cells, 0);
}

function joined(parts: readonly Cluster[]): string {
  return parts.map((part) => part.text).join('');
}

function single(text: string, code: number): Cluster {
  const cells = eastAsianWidth(code);
  return { text, cells, sure: cells === 2 ? isSurelyWide(code) : isSurelyNarrow(code) };
}

/** What only changes how the character before looks, or joins emoji to one that is as wide as the terminal likes. */
function isDropped(code: number): boolean {
  const selector = (code >= 0xfe00 && code < 0xfe10) || (code >= 0xe0100 && code < 0xe01f0);
  return selector || code === ZERO_WIDTH_JOINER || (code >= 0x1f3fb && code < 0x1f400);
}

function isSurelyNarrow(code: number): boolean {
  const letters = (code >= 0xa1 && code < 0x300) || (code >= 0x370 && code < 0x530);
  // What we draw with ourselves: punctuation, arrows, lines, blocks, Braille, marks.
  const drawing = (code >= 0x2010 && code < 0x2027) || (code >= 0x2190 && code < 0x2194) || code === 0xfffd;
  return letters || drawing || (code >= 0x2500 && code < 0x25d0) || (code >= 0x2800 && code < 0x2900);
}

function isSurelyWide(code: number): boolean {
  const kana = code >= 0x3041 && code < 0x3100;
  return kana || (code >= 0x4e00 && code < 0xa000) || (code >= 0xac00 && code < 0xd7a4);
}
