// `starling sim marks`: which scenario reaches what. Every event that an engine can report is a mark; one that no scenario states is not
// tested, and fails.

import type { Command } from 'commander';
import { EVENTS, type EventName } from '#engine';
import { scenarios } from '#scenarios';
import { runScenario, type Scenario } from '#sim';
import { wholeNumber } from './arguments.ts';
import { EXIT_FAILED, EXIT_OK, type SimOutput } from './output.ts';

const MARK_WIDTH = 19;

export function addMarks(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('marks')
    .description('runs every scenario with its defaults and prints how often each event happened where')
    .option('--seed <n>', 'what all chance comes from', wholeNumber, 1)
    .action(({ seed }: { readonly seed: number }) => {
      const counts = scenarios.map((scenario) => runScenario(scenario, seed).result.marks);
      table(scenarios, counts).forEach(output.out);
      const unstated = unstatedMarks(scenarios);
      for (const mark of unstated) output.err(`no scenario states "${mark}"`);
      exit(unstated.length === 0 ? EXIT_OK : EXIT_FAILED);
    });
}

/** Events that no scenario promises to reach. */
export function unstatedMarks(list: readonly Scenario[]): EventName[] {
  const stated = new Set(list.flatMap(({ marks }) => marks));
  return (Object.keys(EVENTS) as EventName[]).filter((mark) => !stated.has(mark));
}

/** A row for each mark, a column for each scenario: the count, with a star where the scenario promises it. */
function table(list: readonly Scenario[], counts: readonly { readonly [mark: string]: number }[]): string[] {
  const titles = list.map(({ name }, column) => `${String(column + 1).padStart(2)}  ${name}`);
  const row = (title: string, cells: readonly string[]) =>
    `${title.padEnd(MARK_WIDTH)}${cells.map((cell) => cell.padStart(7)).join('')}`.trimEnd();
  return [
    ...titles,
    '',
    row(
      '* = must be reached',
      list.map((_, column) => String(column + 1)),
    ),
    ...Object.keys(EVENTS).map((mark) =>
      row(
        mark,
        list.map(({ marks }, column) => {
          const count = counts[column]?.[mark] ?? 0;
          return `${count === 0 ? '·' : shortened(count)}${marks.includes(mark as EventName) ? '*' : ''}`;
        }),
      ),
    ),
  ];
}

function shortened(count: number): string {
  return count < 10_000 ? String(count) : `${Math.round(count / 1000)}k`;
}
