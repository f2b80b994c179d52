// A terminal's screen as a page, to be photographed: one box a cell, so that columns stand as they do in a terminal.

import type { Screen } from './screen.ts';

const CELL_WIDTH_PX = 8.4;
const CELL_HEIGHT_PX = 18;
const SIXTEEN = ['#000', '#cd0000', '#00cd00', '#cdcd00', '#00e', '#cd00cd', '#00cdcd', '#e5e5e5'];
const BRIGHT = ['#7f7f7f', '#f00', '#0f0', '#ff0', '#5c5cff', '#f0f', '#0ff', '#fff'];

interface Colour {
  readonly rgb: boolean;
  readonly value: number;
}

/** HTML of the whole screen, and its size in pixels. */
export function pageOf(screen: Screen): { readonly html: string; readonly widthPx: number; readonly heightPx: number } {
  const rows = screen.lines().map((_line, y) => screen.cells(y));
  const boxes = rows.flatMap((cells, y) =>
    cells.map((cell, x) => {
      const [front, behind] = [css(cell.foreground, '#d8dee9'), css(cell.background, '#171c24')];
      const [colour, background] = cell.inverse ? [behind, front] : [front, behind];
      const style = [
        `left:${x * CELL_WIDTH_PX}px`,
        `top:${y * CELL_HEIGHT_PX}px`,
        `width:${cell.width * CELL_WIDTH_PX + 0.5}px`,
        `color:${colour}`,
        `background:${background}`,
        cell.bold ? 'font-weight:bold' : '',
        cell.underline ? 'box-shadow:inset 0 -1px' : '',
      ];
      return cell.width === 0 ? '' : `<i style="${style.filter(Boolean).join(';')}">${escaped(cell.text)}</i>`;
    }),
  );
  const widthPx = Math.ceil((rows[0]?.length ?? 0) * CELL_WIDTH_PX);
  const heightPx = rows.length * CELL_HEIGHT_PX;
  const style = `body{margin:0;background:#171c24}i{position:absolute;height:${CELL_HEIGHT_PX}px;font:normal 14px/${CELL_HEIGHT_PX}px
    "DejaVu Sans Mono","Noto Sans Mono",monospace;white-space:pre;overflow:hidden}`;
  const html = `<!doctype html><meta charset="utf-8"><style>${style}</style>${boxes.join('')}`;
  return { html, widthPx, heightPx };
}

function css(colour: Colour | null, otherwise: string): string {
  if (colour === null) return otherwise;
  if (colour.rgb) return `#${colour.value.toString(16).padStart(6, '0')}`;
  return [...SIXTEEN, ...BRIGHT][colour.value] ?? otherwise;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
