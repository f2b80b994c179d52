// Loads what shares a sweep over machines. Its packages are peers that most people never need: npm installs them only where asked to.

import { howToInstall, UsageError } from '../arguments.ts';

const PACKAGES = 'bullmq@6 ioredis@5';

/** The module `fleet.ts`. Throws `UsageError` that says what to install where a package of it is missing. */
export async function loadFleet(): Promise<typeof import('./fleet.ts')> {
  try {
    // BullMQ looks for ioredis only when it connects.
    await import('ioredis');
    return await import('./fleet.ts');
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(`--redis needs two packages that are not installed: ${howToInstall(PACKAGES)}`);
  }
}
