// Which program ran: what a printed or written failure names, so that it can be found again.

import { execFileSync } from 'node:child_process';
import { DEFAULT_SETTINGS } from '#engine';

/** The commit of the checkout in the current folder, with a plus where files differ from it; outside of one, the program's name and
 *  version. */
export function revision(): string {
  try {
    const commit = git('rev-parse', '--short=10', 'HEAD');
    return git('status', '--porcelain') === '' ? commit : `${commit}+`;
  } catch {
    return DEFAULT_SETTINGS.clientName;
  }
}

function git(...argv: string[]): string {
  return execFileSync('git', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
