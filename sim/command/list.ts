// `starling sim list`: what there is to run.

import type { Command } from 'commander';
import { scenarios } from '#scenarios';
import type { SimOutput } from './output.ts';
import { listing } from './report.ts';

export function addList(program: Command, output: SimOutput): void {
  program
    .command('list')
    .description('names every scenario, what it shows and its knobs')
    .action(() => scenarios.flatMap(listing).forEach(output.out));
}
