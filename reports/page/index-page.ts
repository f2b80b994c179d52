// The page of many runs: what failed and how often, then every run, those that failed first, with a filter.

import type { IndexData, IndexRow } from '../render.ts';
import { button, card, type Child, element, say, table } from './dom.ts';
import { replay } from './summary.ts';
import { themeButton } from './theme.ts';
import { count, percent, seconds } from './units.ts';

const ROWS_SHOWN = 200;

const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as IndexData;
const rows = [...data.rows].sort(
  (a, b) =>
    Number(a.ok) - Number(b.ok) || Number(a.scenario > b.scenario) - Number(a.scenario < b.scenario) || a.seed - b.seed,
);
const failed = rows.filter(({ ok }) => !ok);

const filter = element('input', {
  type: 'search',
  id: 'filter',
  placeholder: 'scenario, seed, digest or reason',
  autocomplete: 'off',
});
const onlyFailed = element('input', { type: 'checkbox' });
const matching = element('p', { class: 'finding', 'aria-live': 'polite' });
const list = element('div', { class: 'runs' });
let limit = ROWS_SHOWN;

function show(): void {
  const wanted = filter.value.toLowerCase().split(/\s+/);
  const found = rows.filter((row) => {
    const text = `${row.scenario} ${row.seed} ${row.digest ?? ''} ${row.reason ?? ''}`.toLowerCase();
    return (!onlyFailed.checked || !row.ok) && wanted.every((word) => text.includes(word));
  });
  say(matching, `${count(found.length, 'run')} of ${rows.length.toLocaleString('en')}`);
  const heads = [
    { title: 'verdict' },
    { title: 'scenario' },
    { title: 'seed', numeric: true },
    { title: 'virtual time', numeric: true },
    { title: 'wall time', numeric: true },
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

function cells(row: IndexRow): Child[] {
  return [
    verdict(row.ok, row.ok ? '✓ held' : '✗ failed'),
    link(row, row.scenario),
    String(row.seed),
    row.digest === null ? '–' : seconds(row.virtualS),
    row.digest === null ? '–' : seconds(row.wallS),
    element('code', {}, row.digest ?? '–'),
    element(
      'div',
      { class: 'why' },
      row.ok ? null : element('p', {}, row.reason ?? ''),
      row.ok ? element('code', {}, row.replayCommand) : replay(row.replayCommand),
    ),
  ];
}

function verdict(ok: boolean, text: string): HTMLElement {
  return element('span', { class: ok ? 'verdict ok' : 'verdict failed' }, text);
}

/** Only ever a file beside the index, never another scheme. */
function link({ href }: IndexRow, text: string): Child {
  return href === null ? element('span', { class: 'plain' }, text) : element('a', { href: `./${href}` }, text);
}

/** Failures by the law that they broke, the most frequent first. */
function laws(): HTMLElement {
  const kinds = Map.groupBy(failed, ({ claim, reason }) => claim ?? reason ?? '');
  const sorted = [...kinds].sort(([, a], [, b]) => b.length - a.length);
  return card(
    'What failed',
    `${count(failed.length, 'run')} broke ${count(sorted.length, 'law')}.`,
    table(
      [
        { title: 'runs', numeric: true },
        { title: 'law, with N for figures' },
        { title: 'scenarios' },
        { title: 'for example' },
      ],
      sorted.map(([law, those]): Child[] => {
        const example = those.find(({ href }) => href !== null) ?? (those[0] as IndexRow);
        return [
          those.length.toLocaleString('en'),
          law,
          [...new Set(those.map(({ scenario }) => scenario))].join(', '),
          link(example, `seed ${example.seed}`),
        ];
      }),
    ),
  );
}

function byScenario(): HTMLElement {
  const groups = [...Map.groupBy(rows, ({ scenario }) => scenario)].sort(([a], [b]) => Number(a > b) - Number(a < b));
  const middle = (those: readonly IndexRow[], of: (row: IndexRow) => number) =>
    those.map(of).sort((a, b) => a - b)[Math.floor(those.length / 2)] as number;
  return card(
    'Scenarios',
    `${count(groups.length, 'scenario')}.`,
    table(
      [
        { title: 'scenario' },
        { title: 'runs', numeric: true },
        { title: 'failed', numeric: true },
        { title: 'median virtual time', numeric: true },
        { title: 'median wall time', numeric: true },
      ],
      groups.map(([name, those]): Child[] => {
        const bad = those.filter(({ ok }) => !ok).length;
        return [
          name,
          those.length.toLocaleString('en'),
          bad === 0 ? '0' : element('b', { class: 'failed' }, `${bad} (${percent(bad / those.length)})`),
          seconds(middle(those, ({ virtualS }) => virtualS)),
          seconds(middle(those, ({ wallS }) => wallS)),
        ];
      }),
    ),
  );
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
        verdict(failed.length === 0, failed.length === 0 ? '✓ all held' : `✗ ${failed.length} failed`),
        element('h1', {}, data.title),
        themeButton(),
      ),
    ),
    element(
      'div',
      { class: 'cards one' },
      failed.length === 0 ? null : laws(),
      byScenario(),
      element(
        'section',
        { class: 'card', 'aria-label': 'Runs' },
        element('h2', {}, 'Runs'),
        matching,
        element(
          'div',
          { class: 'filter' },
          element('label', { for: 'filter' }, 'Filter'),
          filter,
          element('label', { class: 'check' }, onlyFailed, ' failed only'),
        ),
        list,
      ),
    ),
    element('footer', {}, `Made by ${data.commit}. The same command gives the same run on every machine.`),
  );
show();
