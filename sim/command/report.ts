// How runs are shown: a row of the table, a JSON line, the list of scenarios.

import { existsSync } from 'node:fs';
import type { RunResult, Scenario } from '#sim';

const COLUMNS: readonly (readonly [string, number])[] = [
  ['scenario', -16],
  ['seed', 10],
  ['peers', 6],
  ['bytes', 11],
  ['virtual', 11],
  ['wall', 9],
  ['checks', 7],
  ['digest', 17],
  ['verdict', 8],
];

/** The first line of the table. */
export function header(): string {
  return aligned(COLUMNS.map(([title]) => title));
}

/** One run as a line of the table, and below it what the scenario has to tell. */
export function rows(result: RunResult, wallS: number): string[] {
  const row = aligned([
    result.scenario,
    String(result.seed),
    String(result.peers),
    bytesText(result.bytes),
    `${result.virtualS.toFixed(1)} s`,
    `${wallS.toFixed(2)} s`,
    String(result.checks),
    result.digest,
    result.ok ? 'ok' : 'FAILED',
  ]);
  return [row, ...result.notes.map((note) => `    ${note}`)];
}

/** One run as a JSON object on one line. */
export function jsonLine(result: RunResult, wallS: number): string {
  return JSON.stringify({ ...result, wallS: Number(wallS.toFixed(3)) });
}

/** The command that gives a run again: in a checkout npm's, where the program was installed its own. */
export function replayCommand(scenario: string, seed: number, settings: string): string {
  const options = `--seed ${seed}${settings}`;
  return inCheckout()
    ? `npm run sim scenario ${scenario} -- ${options}`
    : `starling sim scenario ${scenario} ${options}`;
}

/** Whether the sources stand beside the bundle. */
function inCheckout(): boolean {
  return import.meta.url.endsWith('.ts') || existsSync(new URL('../sim/command/report.ts', import.meta.url));
}

/** A scenario with its knobs, as lines. */
export function listing({ name, doc, knobs }: Scenario): string[] {
  return [
    `${name}  ${doc}`,
    ...Object.entries(knobs).map(([knob, { default: value, unit, doc: meaning }]) =>
      `    ${knob.padEnd(14)} ${`${value} ${unit}`.padEnd(12)} ${meaning}`.trimEnd(),
    ),
  ];
}

function aligned(cells: readonly string[]): string {
  return cells
    .map((cell, at) => {
      const width = (COLUMNS[at] as readonly [string, number])[1];
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
    })
    .join(' ')
    .trimEnd();
}

function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}
