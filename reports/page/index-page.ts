// The page of many runs: those that failed first, and a filter.

import { button, element, say, table, type Child } from './dom.ts';
import { replay } from './summary.ts';
import { themeButton } from './theme.ts';
import { count, seconds } from './units.ts';

interface Row {
  readonly scenario: string;
  readonly seed: number;
  readonly peers: number;
  readonly virtualS: number;
  readonly digest: string;
  readonly ok: boolean;
  readonly reason: string | null;
  readonly href: string | null;
  readonly replayCommand: string;
}

const ROWS_SHOWN = 200;

const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as { title: string; rows: Row[] };
const rows = [...data.rows].sort(
  (a, b) =>
    Number(a.ok) - Number(b.ok) || (a.scenario < b.scenario ? -1 : a.scenario > b.scenario ? 1 : a.seed - b.seed),
);
const failed = rows.filter(({ ok }) => !ok).length;

const filter = element('input', {
  type: 'search',
  id: 'filter',
  placeholder: 'scenario, seed, digest or reason',
  autocomplete: 'off',
});
const onlyFailed = element('input', { type: 'checkbox', id: 'only-failed' });
const matching = element('p', { class: 'finding', 'aria-live': 'polite' });
const list = element('div', {});
let limit = ROWS_SHOWN;

function show(): void {
  const wanted = filter.value.toLowerCase().split(/\s+/);
  const found = rows.filter(
    (row) =>
      (!onlyFailed.checked || !row.ok) &&
      wanted.every((word) =>
        `${row.scenario} ${row.seed} ${row.digest} ${row.reason ?? ''}`.toLowerCase().includes(word),
      ),
  );
  say(matching, `${count(found.length, 'run')} of ${rows.length.toLocaleString('en')}`);
  const heads = [
    { title: 'verdict' },
    { title: 'scenario' },
    { title: 'seed', numeric: true },
    { title: 'peers', numeric: true },
    { title: 'virtual time', numeric: true },
    { title: 'digest' },
    { title: 'why, and how to see it again' },
  ];
  list.replaceChildren(table(heads, found.slice(0, limit).map(cells)));
  if (found.length > limit)
    list.append(
      button(`Show all ${found.length}`, { class: 'more' }, () => {
        limit = Infinity;
        show();
      }),
    );
}

function cells(row: Row): Child[] {
  return [
    element('span', { class: row.ok ? 'verdict ok' : 'verdict failed' }, row.ok ? '✓ held' : '✗ failed'),
    // Only a file beside the index, never another scheme.
    row.href === null ? row.scenario : element('a', { href: `./${row.href}` }, row.scenario),
    String(row.seed),
    row.peers.toLocaleString('en'),
    seconds(row.virtualS),
    element('code', {}, row.digest),
    row.ok ? '' : element('div', {}, element('p', { class: 'why' }, row.reason ?? ''), replay(row.replayCommand)),
  ];
}

for (const input of [filter, onlyFailed])
  input.addEventListener('input', () => {
    limit = ROWS_SHOWN;
    show();
  });

document
  .getElementById('page')
  ?.replaceChildren(
    element(
      'header',
      {},
      element(
        'div',
        { class: 'title' },
        element(
          'span',
          { class: failed === 0 ? 'verdict ok' : 'verdict failed' },
          failed === 0 ? '✓ all held' : `✗ ${failed} failed`,
        ),
        element('h1', {}, data.title),
        themeButton(),
      ),
      element(
        'div',
        { class: 'filter' },
        element('label', { for: 'filter' }, 'Filter'),
        filter,
        element('label', { class: 'check' }, onlyFailed, ' failed only'),
      ),
      matching,
    ),
    element('section', { class: 'card', 'aria-label': 'Runs' }, list),
  );
show();
