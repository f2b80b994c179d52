// `starling sim validate`: the experiments of the literature with the real engine, theory beside measurement, and the page that tells of them.

import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Size, validate, type Validation, validations } from '#sim';
import { UsageError, wholeNumber } from './arguments.ts';
import { EXIT_FAILED, EXIT_OK, type SimOutput } from './output.ts';
import { page, rows } from './validation-page.ts';

const PAGE = 'docs/VALIDATION.md';

interface ValidateOptions {
  readonly seeds: number;
  readonly quick: boolean;
  readonly json: boolean;
  readonly write: boolean;
}

export function addValidate(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('validate [NAME...]')
    .description('does experiments of the literature again (V1 …): what theory says beside what was measured')
    .option('--seeds <n>', 'runs of each, seeds 1 … n; a band is judged on their mean', wholeNumber, 1)
    .option('--quick', 'smaller sizes, a few seconds in all', false)
    .option('--json', 'one JSON object for each of them', false)
    .option('--write', `writes ${PAGE} below the working directory; all of them, in full size`, false)
    .action((names: readonly string[], options: ValidateOptions) => {
      exit(validateAll(namedOf(names), options, output) ? EXIT_OK : EXIT_FAILED);
    });
}

/** True when every figure lies in its band. */
function validateAll(list: readonly Validation[], options: ValidateOptions, output: SimOutput): boolean {
  const { seeds, quick, json, write } = options;
  if (seeds === 0) throw new UsageError('--seeds 0 measures nothing');
  if (write && (quick || list.length < validations.length))
    throw new UsageError('--write takes every validation in full size: leave out names and --quick');
  const size: Size = quick ? 'quick' : 'full';
  const results = list.map((validation) => {
    if (!json) output.out(`${validation.name}  ${validation.title}`);
    const outcomes = validate(validation, seeds, size);
    if (json) output.out(JSON.stringify({ name: validation.name, size, ok: outcomes.every(({ ok }) => ok), outcomes }));
    else rows(outcomes).forEach((row) => output.out(`    ${row}`));
    return { validation, outcomes };
  });
  if (write) writeFileSync(PAGE, page(results, seeds));
  return results.every(({ outcomes }) => outcomes.every(({ ok }) => ok));
}

function namedOf(names: readonly string[]): readonly Validation[] {
  if (names.length === 0) return validations;
  return names.map((name) => {
    const found = validations.find((validation) => validation.name === name.toUpperCase());
    if (found !== undefined) return found;
    throw new UsageError(`no validation "${name}"; there are: ${validations.map((known) => known.name).join(', ')}`);
  });
}
