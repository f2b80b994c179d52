// How validations are shown: rows of a table in the terminal, and the page of the documentation.

import type { Outcome, Validation } from '#sim';

export interface Validated {
  readonly validation: Validation;
  readonly outcomes: readonly Outcome[];
}

const HEADINGS = ['', 'theory', 'measured', 'least … most', 'band', 'seeds in band', 'verdict'];

/** Aligned lines, headings first. */
export function rows(outcomes: readonly Outcome[]): string[] {
  const table = [HEADINGS, ...outcomes.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => (row[column] as string).length)));
  return table.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  '),
  );
}

/** `docs/VALIDATION.md`, whole. */
export function page(results: readonly Validated[], seeds: number): string {
  return `${[
    '# Validation',
    '',
    `Experiments of the literature, done again with the real engine in the simulated swarm. Written by \`npm run sim validate -- --seeds ${seeds} --write\`;`,
    `do not edit. Figures are ${seeds === 1 ? 'those of seed 1' : `means over the seeds 1 … ${seeds}, with the least and the most beside them`}; a band is judged on the mean.`,
    'The same seeds give the same figures on every machine. "–": there is an order to keep, but no figure in theory.',
    '',
    '| | result | verdict |',
    '|---|---|---|',
    ...results.map(({ validation: { name, title }, outcomes }) => `| ${name} | ${title} | ${verdict(outcomes)} |`),
    '',
    ...results.flatMap(section),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

function section({ validation: { name, title, source, setup, findings }, outcomes }: Validated): string[] {
  return [
    `## ${name}: ${title}`,
    '',
    `Source: ${source}.`,
    '',
    setup('full'),
    '',
    `|${HEADINGS.join('|')}|`,
    `|---|${HEADINGS.slice(1)
      .map(() => '--:')
      .join('|')}|`,
    ...outcomes.map((outcome) => `| ${cells(outcome).join(' | ')} |`),
    '',
    ...findings.flatMap((finding) => [finding, '']),
  ];
}

function verdict(outcomes: readonly Outcome[]): string {
  const missed = outcomes.filter(({ ok }) => !ok).length;
  return missed === 0 ? 'in band' : `**${missed} of ${outcomes.length} missed**`;
}

function cells({ quantity, unit, theory, mean, least, most, band, seeds, seedsInBand, ok }: Outcome): string[] {
  return [
    unit === '' ? quantity : `${quantity} (${unit})`,
    theory === null ? '–' : figure(theory),
    figure(mean),
    `${figure(least)} … ${figure(most)}`,
    bandText(band),
    `${seedsInBand}/${seeds}`,
    ok ? 'ok' : 'MISSED',
  ];
}

function bandText([lowest, highest]: Outcome['band']): string {
  if (lowest === highest) return figure(lowest);
  if (lowest === -Infinity) return `≤ ${figure(highest)}`;
  if (highest === Infinity) return `≥ ${figure(lowest)}`;
  return `${figure(lowest)} … ${figure(highest)}`;
}

/** Three decimals below ten, as many digits above. */
function figure(value: number): string {
  const magnitude = Math.abs(value);
  return Number(value.toFixed(magnitude < 10 ? 3 : magnitude < 100 ? 2 : magnitude < 1000 ? 1 : 0)).toString();
}
