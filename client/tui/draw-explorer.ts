// Draws the file explorer: a folder, what the selected `.torrent` says, which of its files are taken, and where they go.

import type { Canvas, Rect } from './canvas.ts';
import { clip, clipStart, fit } from './cells.ts';
import { visible } from './field.ts';
import { counted, moment, size } from './format.ts';
import { explorerLayout } from './layout.ts';
import { OFFER } from './pages/files.ts';
import { FOLDER } from './pages/folder.ts';
import type { Explorer, Offer, Preview, State } from './state.ts';
import { type Context, drawTable } from './table.ts';

const LABEL_CELLS = 10;
const KEYS = {
  browse: 'Enter opens  ← above  / filter  s sort  . hidden  ~ home  f P e  Esc closes',
  choose: 'Enter adds  Space take or skip  a all  +/- priority  / filter  f P e  Esc back',
  saveTo: 'the folder to save to: Enter is done',
};

export function drawExplorer(canvas: Canvas, state: State, explorer: Explorer, context: Context): void {
  const { list, facts, files, options } = explorerLayout(state);
  const { folder, offer, stage, error } = explorer;
  const { filter } = state.tables[stage === 'browse' ? 'folder' : 'offer'];
  const title = filter === '' ? folder : `${folder} · only “${filter}”`;
  canvas.put(0, 1, fit(` ${clipStart(title, state.columns - 2)}`, state.columns), 'strong');
  if (list !== null) {
    const focused = stage === 'browse';
    if (explorer.entries === null || error !== null) {
      canvas.put(list.x + 1, list.y + 1, error ?? 'one moment …', error === null ? 'dim' : 'bad', list.width - 1);
    } else {
      drawTable(canvas, list, FOLDER, state.views.folder, {
        name: 'folder',
        state: state.tables.folder,
        focused,
        context,
      });
    }
  }
  if (facts !== null && files !== null) drawOffer(canvas, facts, files, offer, { state, stage, context });
  drawOptions(canvas, options, explorer, state);
}

interface Shown {
  readonly state: State;
  readonly stage: Explorer['stage'];
  readonly context: Context;
}

function drawOffer(canvas: Canvas, facts: Rect, files: Rect, offer: Offer | null, shown: Shown): void {
  if (offer?.kind !== 'ready') {
    const text =
      offer === null ? 'select a .torrent file to see what is in it' : offer.kind === 'reading' ? 'reading …' : '';
    canvas.put(facts.x, facts.y, text, 'dim', facts.width);
    if (offer?.kind === 'wrong') canvas.put(facts.x, facts.y, clip(offer.reason, facts.width), 'bad', facts.width);
    return;
  }
  const { state, stage, context } = shown;
  factsOf(offer, state)
    .slice(0, facts.height)
    .forEach(([label, value], at) => {
      canvas.put(facts.x, facts.y + at, fit(label, LABEL_CELLS), 'dim', facts.width);
      const cells = facts.width - LABEL_CELLS;
      canvas.put(facts.x + LABEL_CELLS, facts.y + at, clip(value, cells), at === 0 ? 'strong' : 'text', cells);
    });
  if (files.height < 2) return;
  const focused = stage === 'choose';
  drawTable(canvas, files, OFFER, state.views.offer, { name: 'offer', state: state.tables.offer, focused, context });
}

function factsOf(
  { preview, files }: Extract<Offer, { kind: 'ready' }>,
  { units, torrents }: State,
): [string, string][] {
  const shown = files.filter((file) => !file.pad);
  const taken = shown.filter((file) => file.priority > 0);
  const takenBytes = taken.reduce((sum, file) => sum + file.lengthBytes, 0);
  const all = taken.length === shown.length;
  const have = torrents.has(preview.infoHash) ? ' (it is in the list already)' : '';
  return [
    ['Name', `${preview.name}${have}`],
    ['Size', `${size(preview.totalBytes, units)} in ${counted(shown.length, 'file')}`],
    ['Taken', all ? 'all files' : `${size(takenBytes, units)} in ${counted(taken.length, 'file')}`],
    ['Pieces', `${preview.pieceCount} of ${size(preview.pieceLengthBytes, units)}`],
    ['Trackers', trackersOf(preview)],
    ['Private', preview.private ? 'yes: peers only from its trackers' : 'no'],
    [
      'Made',
      [preview.createdAt === null ? '' : moment(preview.createdAt), preview.createdBy ?? '']
        .filter(Boolean)
        .join(' with '),
    ],
    ['Comment', preview.comment ?? ''],
  ];
}

function trackersOf({ tiers }: Preview): string {
  const urls = tiers.flat();
  const more = urls.length > 1 ? ` and ${counted(urls.length - 1, 'other')}` : '';
  return urls.length === 0 ? 'none' : `${urls[0]}${more}`;
}

/** Where it goes and how it starts, and the keys. */
function drawOptions(canvas: Canvas, { x, y, width, height }: Rect, explorer: Explorer, state: State): void {
  if (height === 0) return;
  const { saveTo, stage, paused, sequential } = explorer;
  let at = x + 1;
  at += canvas.put(at, y, 'f Save to ', stage === 'saveTo' ? 'accent' : 'dim');
  const cells = Math.max(1, Math.min(width - at - 34, 80));
  const shown = stage === 'saveTo' ? visible(saveTo, cells) : { text: clipStart(saveTo.text, cells), cursor: 0 };
  canvas.put(at, y, fit(shown.text, cells), 'field', cells);
  canvas.zone({ x, y, width: at - x + cells, height: 1 }, { kind: 'press', key: 'f' });
  if (stage === 'saveTo') canvas.cursor = { x: Math.min(width - 1, at + shown.cursor), y };
  at += cells + 2;
  for (const [key, text, on] of [
    ['P', 'P paused', paused],
    ['e', 'e in order', sequential],
  ] as const) {
    const begin = at;
    at += canvas.put(at, y, `${on ? '[x]' : '[ ]'} ${text}`, on ? 'accent' : 'dim', width - at) + 2;
    canvas.zone({ x: begin, y, width: at - begin, height: 1 }, { kind: 'press', key });
  }
  if (height > 2) canvas.put(x + 1, y + 2, clip(KEYS[stage], state.columns - 2), 'dim');
}
