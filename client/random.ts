// Chance that nobody can guess, for what a stranger must not forge. What shall be replayed takes its chance from a seed instead.

import { randomBytes, randomInt } from 'node:crypto';
import type { RandomStream } from '#engine';

/** Draws from the system's secure source; forks are the same source. */
export const secureRandom: RandomStream = {
  fork: () => secureRandom,
  uint32: () => randomBytes(4).readUInt32BE(),
  below: (bound) => randomInt(bound),
};
