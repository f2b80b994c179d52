// What a run was made of and what came of it, in figures: knobs, engine settings, peers, events.

import type { NodeRecord } from '#sim';
import type { PageClock } from './clock.ts';
import { button, card, type Child, element, longTable, table } from './dom.ts';
import type { Focus } from './one-peer.ts';
import type { Model } from './model.ts';
import { type Moment, words } from './moments.ts';
import { bytes, count, rate, seconds } from './units.ts';

const ROWS_AT_FIRST = 25;

export function knobs({ record }: Model): HTMLElement {
  const rows = record.knobs.map(({ name, value, default: usual, unit, doc }): Child[] => [
    element('code', {}, name),
    value === usual ? value : element('b', {}, value),
    unit,
    value === usual ? '' : usual,
    doc,
  ]);
  const changed = record.knobs.filter(({ value, default: usual }) => value !== usual).length;
  return card(
    'Knobs of the scenario',
    changed === 0 ? 'All stand at their defaults.' : `${count(changed, 'knob')} differ from the default.`,
    rows.length === 0
      ? null
      : table(
          [
            { title: 'knob' },
            { title: 'value', numeric: true },
            { title: 'unit' },
            { title: 'default', numeric: true },
            { title: 'meaning' },
          ],
          rows,
        ),
  );
}

export function settings({ record, nodes }: Model): HTMLElement {
  let changed = 0;
  const rows = Object.entries(record.settings).map(([name, usual]): Child[] => {
    const others = new Map<string, number>();
    for (const node of nodes) {
      const value = node.settings[name as keyof NodeRecord['settings']];
      if (value !== undefined && value !== usual) others.set(String(value), (others.get(String(value)) ?? 0) + 1);
    }
    if (others.size > 0) changed += 1;
    const text = [...others].map(([value, those]) => `${value} (${count(those, 'node')})`).join(', ');
    return [element('code', {}, name), String(usual), text === '' ? '' : element('b', {}, text)];
  });
  return card(
    'Settings of the engines',
    changed === 0 ? 'Every engine runs with the defaults.' : `${count(changed, 'setting')} differ from the default.`,
    table([{ title: 'setting' }, { title: 'default' }, { title: 'in this run' }], rows),
  );
}

export function peers({ record, nodes }: Model, focus: Focus): HTMLElement {
  const heads = [
    { title: 'node', numeric: true },
    { title: 'kind' },
    { title: 'up', numeric: true },
    { title: 'down', numeric: true },
    { title: 'round trip', numeric: true },
    { title: 'joined', numeric: true },
    { title: 'completed', numeric: true },
    { title: 'left', numeric: true },
    { title: 'downloaded', numeric: true },
    { title: 'uploaded', numeric: true },
  ];
  const at = (instant: number | null) => (instant === null ? '–' : seconds(instant));
  const row = (place: number): Child[] => {
    const node = nodes[place] as NodeRecord;
    return [
      nodeButton(focus, node.index),
      element('span', { class: `kind ${node.kind}` }, node.reachable ? node.kind : `${node.kind}, not reachable`),
      rate(node.upBps),
      rate(node.downBps),
      `${node.roundTripMs} ms${node.lossPercent > 0 ? `, ${node.lossPercent} % loss` : ''}`,
      at(node.joinedAtS),
      at(node.completedAtS),
      at(node.leftAtS),
      bytes(node.downloadedBytes),
      bytes(node.uploadedBytes),
    ];
  };
  const of = (kind: NodeRecord['kind'], one: string, many?: string) => {
    const those = nodes.filter((node) => node.kind === kind).length;
    return those === 0 ? [] : [count(those, one, many)];
  };
  const kinds = [
    ...of('seed', 'seed'),
    ...of('leecher', 'leecher'),
    ...of('adversary', 'adversary', 'adversaries'),
  ].join(', ');
  const more = nodes.length < record.nodeCount ? ` The first ${nodes.length} of ${record.nodeCount}.` : '';
  return card('Peers', `${kinds}.${more}`, longTable(heads, nodes.length, row, ROWS_AT_FIRST));
}

/** Null where the torrent is one file, which the head of the page names. */
export function files({ record }: Model): HTMLElement | null {
  const { torrent } = record;
  if (torrent.fileCount <= 1) return null;
  const more = torrent.files.length < torrent.fileCount ? `, the first ${torrent.files.length} of them here` : '';
  return card(
    'Files of the torrent',
    `${count(torrent.fileCount, 'file')}${more}.`,
    longTable(
      [{ title: 'path' }, { title: 'size', numeric: true }],
      torrent.files.length,
      (index) => [torrent.files[index]?.path ?? '', bytes(torrent.files[index]?.lengthBytes ?? 0)],
      ROWS_AT_FIRST,
    ),
  );
}

export function marks({ record }: Model): HTMLElement {
  const rows = Object.entries(record.result.marks)
    .sort(([, a], [, b]) => b - a)
    .map(([name, times]): Child[] => [words(name), times.toLocaleString('en'), record.eventMeanings[name] ?? '']);
  return card(
    'How often what happened',
    `${count(rows.length, 'kind')} of event, over all engines.`,
    table([{ title: 'event' }, { title: 'times', numeric: true }, { title: 'a and b in the trace' }], rows),
  );
}

/** `moments` as rows; a press on a time looks at that instant. */
export function momentTable(clock: PageClock, focus: Focus, moments: readonly Moment[]): HTMLElement {
  return card(
    'What happened when',
    'Violations, faults and rare events, the first hundred of each kind of event.',
    momentRows(clock, focus, moments),
  );
}

/** The table alone. */
export function momentRows(clock: PageClock, focus: Focus, moments: readonly Moment[]): HTMLElement {
  const row = (index: number): Child[] => {
    const { atS, sort, what, node, other, detail } = moments[index] as Moment;
    return [
      button(seconds(atS), { class: 'link' }, () => clock.seekTime(atS)),
      element('span', { class: `sort ${sort}` }, what),
      nodeButton(focus, node),
      nodeButton(focus, other),
      detail,
    ];
  };
  const heads = [
    { title: 'time', numeric: true },
    { title: 'what' },
    { title: 'node', numeric: true },
    { title: 'other node', numeric: true },
    { title: 'detail' },
  ];
  return longTable(heads, moments.length, row, ROWS_AT_FIRST);
}

/** The number of a node, which a press looks at more closely. */
function nodeButton(focus: Focus, node: number | null): Child {
  return node === null ? '' : button(String(node), { class: 'link' }, () => focus.show(node));
}
