// How a command fails for the user: one line that names what and where, and an exit code. Anything else that is thrown is our own bug.

import { printable } from '#harness/untrusted-text';

/** Ends the command with exit code 1 and `message` as its one line on stderr. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EEXIST: 'something else of that name is there',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  EMFILE: 'too many open files',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'no such address on this machine',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ETIMEDOUT: 'timed out',
  ENETUNREACH: 'network unreachable',
  EHOSTUNREACH: 'host unreachable',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name lookup failed',
  ELOOP: 'leads through a symbolic link out of the folder',
};

/** The code of a system error (`ENOENT`), or null. */
export function errorCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}

/** Why a system call failed, in a few plain words. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error);
  if (code !== null && REASONS[code] !== undefined) return REASONS[code];
  return printable(error instanceof Error ? error.message : String(error));
}
