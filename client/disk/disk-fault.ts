// Which of the engine's four kinds a failed disk call is.

import type { DiskFault } from '#engine';
import { errorCode } from '../failure.ts';

const FAULTS: ReadonlyMap<string | null, DiskFault> = new Map([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['ENOENT', 'missing'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'denied'],
  ['ELOOP', 'denied'],
]);

/** Maps a system error to what the engine decides by: `full` is retried until there is room. */
export function diskFault(error: unknown): DiskFault {
  return FAULTS.get(errorCode(error)) ?? 'failed';
}
