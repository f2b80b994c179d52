// Paths as people type them.

import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** `~` is the home folder; what is relative begins where the program was started. */
export function absolute(typed: string): string {
  return resolve(typed.replace(/^~(?=\/|$)/, homedir));
}
