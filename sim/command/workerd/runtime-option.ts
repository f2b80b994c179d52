// `--runtime`: where runs are made.

import { createRequire } from 'node:module';
import { Option } from 'commander';
import { howToInstall, UsageError } from '../arguments.ts';

const PACKAGE = 'workerd@1';
const require = createRequire(import.meta.url);

export type Runtime = 'node' | 'workerd';

export function runtimeOption(): Option {
  return new Option('--runtime <name>', 'workerd: large swarms in less memory and time; its package is installed apart')
    .choices(['node', 'workerd'] satisfies Runtime[])
    .default('node');
}

/** The path of workerd where it is asked for, else null. Throws `UsageError` that says what to install where it is missing. `memoryMiB`: the
 *  limit that was asked for. */
export function workerdIfAsked(runtime: Runtime, memoryMiB?: number): string | null {
  if (runtime === 'node') return null;
  if (memoryMiB !== undefined) throw new UsageError('--memory limits threads of Node: not with --runtime workerd');
  try {
    // It exports its path.
    return (require('workerd') as { readonly default: string }).default;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'MODULE_NOT_FOUND'
        ? `--runtime workerd needs a package that is not installed: ${howToInstall(PACKAGE)}`
        : `--runtime workerd: ${message.trim().split('\n', 1)[0]}`,
    );
  }
}
