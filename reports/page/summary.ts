// The head of the page: whether the run held, what it was, and the command that gives it again.

import type { PageClock } from './clock.ts';
import { button, element, say } from './dom.ts';
import type { Model } from './model.ts';
import { themeButton } from './theme.ts';
import { bytes, count, seconds } from './units.ts';

const COPIED_MS = 1500;

export function summary({ record }: Model, clock: PageClock): HTMLElement {
  const { result, torrent } = record;
  const fact = (name: string, what: Node | string | null) =>
    what === null ? null : element('div', {}, element('dt', {}, name), element('dd', {}, what));
  const files = torrent.fileCount === 1 ? '' : `, ${count(torrent.fileCount, 'file')}`;
  return element(
    'header',
    {},
    element(
      'div',
      { class: 'title' },
      element('span', { class: result.ok ? 'verdict ok' : 'verdict failed' }, result.ok ? '✓ held' : '✗ failed'),
      element('h1', {}, result.scenario),
      themeButton(),
    ),
    element('p', { class: 'doc' }, record.doc),
    ...record.violations.map(({ atS, text }) =>
      element(
        'p',
        { class: 'violation', role: 'alert' },
        button(seconds(atS), { class: 'link' }, () => clock.seekTime(atS)),
        ` ${text}`,
      ),
    ),
    element(
      'dl',
      { class: 'facts' },
      fact('seed', String(result.seed)),
      fact('digest', element('code', {}, result.digest)),
      fact('commit', record.commit === null ? null : element('code', {}, record.commit)),
      fact('peers', record.nodeCount.toLocaleString('en')),
      fact('torrent', `${torrent.name}${files}`),
      fact(
        'size',
        `${bytes(torrent.totalBytes)} in ${count(torrent.pieceCount, 'piece')} of ${bytes(torrent.pieceLengthBytes)}`,
      ),
      fact('virtual time', seconds(result.virtualS)),
      fact('checks', result.checks.toLocaleString('en')),
    ),
    replay(record.replayCommand),
    result.notes.length === 0
      ? null
      : element('ul', { class: 'notes' }, ...result.notes.map((note) => element('li', {}, note))),
  );
}

/** A command with a button that copies it. */
export function replay(command: string): HTMLElement {
  const copy = button('Copy', { 'aria-label': 'Copy the command that gives this run again' }, () => {
    copyText(command).then(
      () => {
        say(copy, 'Copied');
        setTimeout(() => say(copy, 'Copy'), COPIED_MS);
      },
      () => say(copy, 'Select it by hand'),
    );
  });
  return element('div', { class: 'replay' }, element('code', {}, command), copy);
}

async function copyText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
