// The only clock of the client.

import type { Instant } from '#engine';

/** Monotonic integer microseconds since this process or thread started. */
export function now(): Instant {
  return Math.floor(performance.now() * 1000);
}

/** Milliseconds until `instant`, rounded up, so that a timer never fires early. At most what a timer takes. */
export function millisecondsUntil(instant: Instant): number {
  return Math.min(Math.max(0, Math.ceil((instant - now()) / 1000)), 2 ** 31 - 1);
}
